"""The outbox: what waits to be written to one line, in order, each piece with the delivery that it settles.

The deadline is on progress: while the line takes a byte now and then it is alive, however long the queue is.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from gateway.actors import Delivery


class UnsentText(NamedTuple):
    """What waits to be written, or is left of it."""

    content: bytes
    delivery: Delivery | None
    size: int
    """How many bytes it was at first."""
    once: bool
    """Whether it is tried at most once."""


class WritesInHand:
    """The pieces that wait to be written to one line. Not thread-safe: it lives on the thread that owns the line."""

    def __init__(self, *, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._pieces: deque[UnsentText] = deque()
        self._stuck_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def due_s(self) -> float | None:
        """When the line counts as stuck, on the monotonic clock; None: nothing waits."""
        return self._stuck_s + self.timeout_s if self._pieces else None

    def add(self, content: bytes, delivery: Delivery | None, *, now_s: float, once: bool = False) -> None:
        """Put `content` in the queue; `delivery` is done when all of it is written. `once`: it is tried at most once."""
        if not self._pieces:
            self._stuck_s = now_s
        self._pieces.append(UnsentText(content, delivery, len(content), once))

    def write(self, write: Callable[[bytes], int], *, now_s: float) -> int:
        """Write as much as the line takes now; return how many pieces are written whole. What `write` raises goes on to the caller."""
        through = 0
        while self._pieces:
            content, delivery, size, once = self._pieces[0]
            taken = write(content)
            if taken:
                self._stuck_s = now_s
            if taken < len(content):
                self._pieces[0] = UnsentText(content[taken:], delivery, size, once)
                break
            self._pieces.popleft()
            through += 1
            if delivery is not None:
                delivery.done()
        return through

    def fail(self, reason: str) -> int:
        """Give up all pieces that wait; return how many they were."""
        dropped = len(self._pieces)
        self._fail_those_of_once(reason)
        while self._pieces:
            _, delivery, _, once = self._pieces.popleft()
            if delivery is not None and not once:
                delivery.failed(reason)
        return dropped

    def clear(self, reason: str) -> None:
        """Forget all pieces that wait. Those that are tried at most once have failed, for that reason; the others are not settled."""
        self._fail_those_of_once(reason)
        self._pieces.clear()

    def _fail_those_of_once(self, reason: str) -> None:
        """Fail what is tried at most once, and say how much of it may have reached the device."""
        for piece in self._pieces:
            if piece.once and piece.delivery is not None:
                written = piece.size - len(piece.content)
                fate = (
                    f"unknown: {written} of its {piece.size} bytes were written; look what the device did"
                    if written
                    else "nothing of it was written"
                )
                piece.delivery.failed(f"{reason}; {fate}", retry=False)
