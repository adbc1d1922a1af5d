"""Said phase: where in its life a host-bound actor says that it is."""

from typing import NamedTuple


class SaidPhase(NamedTuple):
    """The phase a host-bound actor is in, by its own word."""

    name: str
    cause: str
    since_s: float
    """Monotonic second of its coming there."""
