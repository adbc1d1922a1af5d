"""What can be wrong with a pin: its chip is not there, or the chip will not give it."""

from gateway.actors import GatewayError


class ChipMissing(GatewayError, LookupError):
    """Raised where there is no GPIO chip to ask: look again later."""


class PinFault(GatewayError, OSError):
    """Raised where the chip is there and does not do what was asked of it: mend what the text names; tried again later."""
