"""What can be wrong with a pin: its chip is not there, or the chip will not give it."""

from devices.link import Faulty, Missing


class ChipMissing(Missing):
    """Raised where there is no GPIO chip to ask: look again later."""


class PinFault(Faulty):
    """Raised where the chip is there and does not do what was asked of it: mend what the text names; tried again later."""
