"""Listening: the bytes that come and go over the wire of one device, streamed to a client that may be slow. What it cannot take is counted
and left out; nothing of it is taken from the device."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from gateway.actors.wire import Way
from gateway.control.outpour import Outpour

MOST_WAITING = 1000
"""Pieces that may wait between the device and the client, of 64 kB at most each."""
_PIECE = 4096
"""Bytes of one answer."""


class WireBytes(NamedTuple):
    """Bytes that came or went at once."""

    at_ms: int
    way: Way
    content: bytes


class Listening(Outpour[WireBytes]):
    """The stream of one wire to one client."""

    most_waiting = MOST_WAITING

    def hear(self, way: Way, content: bytes) -> None:
        """Add bytes to the stream. On the device's thread."""
        self.add(WireBytes(time.time_ns() // 1_000_000, way, content), counts=len(content))
        self._wake()

    def say(self, item: WireBytes) -> Iterator[dict[str, Any]]:
        for at in range(0, len(item.content), _PIECE):
            yield {"wire": {"at_ms": item.at_ms, "way": item.way, "hex": item.content[at : at + _PIECE].hex()}}
