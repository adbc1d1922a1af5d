"""Wire: the bytes that come and go between a host-bound actor and what it owns, as they are listened to, recorded and replayed."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from gateway.actors.inbound import Inbound

Way = Literal["in", "out"]
"""Which way bytes go over a wire: to the gateway, or from it."""
Tap = Callable[[Way, bytes], None]
"""Hears what comes and goes over a wire, on the device's thread: it only takes note."""


class Piece(NamedTuple):
    """Bytes that went over a wire together."""

    at_s: float
    """Seconds since the first ones."""
    way: Way
    content: bytes


class Replayed(NamedTuple):
    """What a kind makes of some pieces of a wire."""

    at_s: float
    """Seconds since the first piece."""
    said: Sequence[Inbound]
    faults: Sequence[str]
    """What of the bytes could not be read, a sentence each."""
