"""The outbox: what waits to be written to one line, in order, each piece with the delivery that it settles.

The deadline is on progress: while the line takes a byte now and then it is alive, however long the queue is.
"""

from collections import deque
from collections.abc import Callable

from gateway.actors import Delivery


class WritesInHand:
    """The pieces that wait to be written to one line. Not thread-safe: it lives on the thread that owns the line."""

    def __init__(self, *, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._pieces: deque[tuple[bytes, Delivery | None]] = deque()
        self._stuck_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def due_s(self) -> float | None:
        """When the line counts as stuck, on the monotonic clock; None: nothing waits."""
        return self._stuck_s + self.timeout_s if self._pieces else None

    def add(self, content: bytes, delivery: Delivery | None, *, now_s: float) -> None:
        """Put `content` in the queue; `delivery` is done when all of it is written."""
        if not self._pieces:
            self._stuck_s = now_s
        self._pieces.append((content, delivery))

    def write(self, write: Callable[[bytes], int], *, now_s: float) -> int:
        """Write as much as the line takes now; return how many pieces are written whole. What `write` raises goes on to the caller."""
        through = 0
        while self._pieces:
            content, delivery = self._pieces[0]
            taken = write(content)
            if taken:
                self._stuck_s = now_s
            if taken < len(content):
                self._pieces[0] = (content[taken:], delivery)
                break
            self._pieces.popleft()
            through += 1
            if delivery is not None:
                delivery.done()
        return through

    def fail(self, reason: str) -> int:
        """Give up all pieces that wait; return how many they were."""
        dropped = len(self._pieces)
        while self._pieces:
            _, delivery = self._pieces.popleft()
            if delivery is not None:
                delivery.failed(reason)
        return dropped

    def clear(self) -> None:
        """Forget all pieces that wait, and settle nothing."""
        self._pieces.clear()
