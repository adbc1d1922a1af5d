"""Listening: the bytes that come and go over the wire of one device, streamed to a client that may be slow. What it cannot take is counted
and left out; nothing of it is taken from the device."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.hostbound import Way
from gateway.control.connection import ControlClient

MOST_WAITING = 1000
"""Pieces that may wait between the device and the client, of 64 kB at most each."""
_PIECE = 4096
"""Bytes of one answer."""


class WireBytes(NamedTuple):
    """Bytes that came or went at once."""

    at_ms: int
    way: Way
    content: bytes


class Listening:
    """The stream of one wire to one client. `hear` runs on the device's thread and only appends; the rest runs on the control actor's."""

    def __init__(self, connection: ControlClient, n: Any, *, wake: Callable[[], None]) -> None:
        self.connection = connection
        self._n = n
        self._wake = wake
        self._waiting: deque[WireBytes] = deque()
        self._left_out = 0
        self._said_left_out = 0

    def hear(self, way: Way, content: bytes) -> None:
        """Add bytes to the stream. On the device's thread."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(WireBytes(time.time_ns() // 1_000_000, way, content))
        else:
            self._left_out += len(content)
        self._wake()

    @property
    def pours_on(self) -> bool:
        """Whether the stream has more, and the client can take it."""
        return bool(self._waiting) and self.connection.open and not self.connection.sluggish

    def pour(self) -> None:
        """Send the client what it can take of the stream."""
        while self._waiting and not self.connection.sluggish:
            heard = self._waiting.popleft()
            for at in range(0, len(heard.content), _PIECE):
                piece = heard.content[at : at + _PIECE]
                self.connection.say({"n": self._n, "ok": True, "wire": {"at_ms": heard.at_ms, "way": heard.way, "hex": piece.hex()}})
        left_out = self._left_out - self._said_left_out
        if left_out and not self._waiting:
            self._said_left_out += left_out
            self.connection.say({"n": self._n, "ok": True, "left_out": left_out})
