"""An outpour: what happens somewhere in the gateway, streamed to a client that may be slow. What it cannot take is counted and left out."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from gateway.control.pending import Asker

T = TypeVar("T")


class Outpour(ABC, Generic[T]):
    """One stream to one client. `add` is called on one other thread, and only appends; the rest runs on the control actor's."""

    most_waiting: int
    """Items that may wait between that thread and the client."""

    def __init__(self, connection: Asker, n: Any, *, wake: Callable[[], None]) -> None:
        self.connection = connection
        self._n = n
        self._wake = wake
        self._waiting: deque[T] = deque()
        self._left_out = 0
        """Only the other thread counts up, and only the control actor's says how many: taken apart, no count is lost between them."""
        self._said_left_out = 0

    def add(self, item: T, *, counts: int = 1) -> None:
        """Add an item to the stream, or leave it out, which counts for so many. On the other thread; wake the client's when all are in."""
        if len(self._waiting) < self.most_waiting:
            self._waiting.append(item)
        else:
            self._left_out += counts

    @abstractmethod
    def say(self, item: T) -> Iterable[dict[str, Any]]:
        """The fields of each answer that an item makes."""

    @property
    def pours_on(self) -> bool:
        """Whether the stream has more, and the client can take it."""
        return bool(self._waiting) and self.connection.open and not self.connection.sluggish

    def pour(self) -> None:
        """Send the client what it can take of the stream."""
        while self._waiting and not self.connection.sluggish:
            for fields in self.say(self._waiting.popleft()):
                self.connection.say({"n": self._n, "ok": True, **fields})
        left_out = self._left_out - self._said_left_out
        if left_out and not self._waiting:
            self._said_left_out += left_out
            self.connection.say({"n": self._n, "ok": True, "left_out": left_out})
