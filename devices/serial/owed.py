"""Owed acknowledgements: what is to be written back because its line is on disk now."""

from collections import deque
from collections.abc import Callable

from gateway.actors import Receipt
from gateway.actors.receipts import prompt


class OwedAcks:
    """The acknowledgements of one port that are to be written. Added by any thread; `take` belongs to the port's."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` wakes the port's thread."""
        self.opening = 0
        """Which opening of the port this is: acknowledgements of an earlier one are dropped."""
        self.waiting = False
        """Whether there are some."""
        self._wake = wake
        self._acks: deque[tuple[int, bytes]] = deque()

    def owe(self, ack: bytes, opening: int) -> None:
        """Have an acknowledgement written, where the port was not closed since the line came, in opening `opening`."""
        self._acks.append((opening, ack))
        if not self.waiting:
            self.waiting = True
            self._wake()

    def after_commit(self, ack: bytes) -> Callable[[Receipt], None]:
        """The callback by which an acknowledgement of this opening is owed."""
        opening = self.opening

        @prompt
        def on_commit(receipt: Receipt) -> None:
            del receipt
            self.owe(ack, opening)

        return on_commit

    def take(self) -> list[bytes]:
        """The acknowledgements of this opening that have come due since the last time."""
        self.waiting = False
        taken = []
        while self._acks:
            opening, ack = self._acks.popleft()
            if opening == self.opening:
                taken.append(ack)
        return taken
