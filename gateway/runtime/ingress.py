"""The ingress: where threads of the outside hand messages to the engine, bounded by count and bytes.

What came in counts until it is committed. A source that can wait blocks here; one that cannot is refused, and coalesces.
"""

import threading
from queue import SimpleQueue
from typing import Any

from gateway.actors.errors import Refused


class Ingress:
    """A queue to the engine's thread, and its bounds."""

    def __init__(self, *, messages: int, size: int) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        """Arrivals, settled deliveries, committed batches, and callables to run on the engine's thread."""
        self._messages = messages
        self._bytes = size
        self._held = 0
        self._held_bytes = 0
        self._shut = ""
        self.crowded = False
        """Whether sources that can wait should: somebody behind is slower than they are."""
        self._ended = False
        self._lock = threading.Lock()
        self._change = threading.Condition(self._lock)

    @property
    def held(self) -> int:
        """How many messages have come in and are not committed."""
        return self._held

    def admit(self, size: int, *, wait: bool, what: str) -> None:
        """Count one message in, when there is room; else block, or raise Refused. Raises Refused when the host ends."""
        with self._lock:
            while not self._has_room(size, wait=wait):
                if self._ended or not wait:
                    raise Refused(f"cannot take {what}: {self._why()}; send it again later")
                self._change.wait()
            self._held += 1
            self._held_bytes += size

    def _has_room(self, size: int, *, wait: bool) -> bool:
        if self._held >= self._messages or self._held_bytes + size > self._bytes > size:
            return False
        return not (self._ended or self._shut or (self.crowded and wait))

    def free(self, messages: int, size: int) -> None:
        """So many messages are committed."""
        with self._lock:
            self._held -= messages
            self._held_bytes -= size
            self._change.notify_all()

    def shut(self, reason: str) -> None:
        """Let nothing in until `open`: say why."""
        with self._lock:
            self._shut = reason

    def open(self) -> None:
        """Let messages in again."""
        with self._lock:
            self._shut = ""
            self._change.notify_all()

    def crowd(self, on: bool) -> None:
        """Let sources that can wait do so, or go on."""
        with self._lock:
            self.crowded = on
            if not on:
                self._change.notify_all()

    def end(self) -> None:
        """Let nothing in any more; who waits is refused."""
        with self._lock:
            self._ended = True
            self._change.notify_all()

    @property
    def why_shut(self) -> str:
        """Why nothing is let in; empty when it is open."""
        return self._shut

    def _why(self) -> str:
        if self._ended:
            return "the gateway is closing"
        return self._shut or f"{self._held} messages ({self._held_bytes} bytes) are under way"
