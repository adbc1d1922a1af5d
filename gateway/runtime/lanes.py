"""Lanes: who waits behind a message that its sink refused. Its sender's later messages do, so that their order is kept; nobody else's.

A sender has a lane while a message of it that was refused is not dealt with, and until what waited behind it has gone. What waits
there is on disk; of one that was never tried only its place is kept in memory, so a long lane costs some bytes a message.
"""

import heapq
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from itertools import islice, takewhile

from gateway.runtime.mail import Mail

Waiting = Mail | int
"""A message in memory, or the place of one that is only on disk."""


def place(waiting: Waiting) -> int:
    """The place of a waiting message in the order of all mail."""
    return waiting if isinstance(waiting, int) else waiting.seq


class Lane:
    """The messages of one sender that wait, in order, behind a refused one."""

    __slots__ = ("not_before_s", "refused", "waiting")

    def __init__(self) -> None:
        self.refused: list[int] = []
        """The places of its refused messages that are not dealt with, waiting or in hand, in order."""
        self.not_before_s: dict[int, float] = {}
        """When each of them may be tried again."""
        self.waiting: deque[Waiting] = deque()
        """What waits, in order: refused ones, and what came after the first of them."""

    def holds(self, seq: int) -> bool:
        """Whether an earlier message of the same sender waits or is in hand, so that the message at `seq` must wait."""
        return bool((self.refused and self.refused[0] < seq) or (self.waiting and place(self.waiting[0]) < seq))

    def put(self, waiting: Waiting) -> None:
        """Add a message to the lane, in its place."""
        if not self.waiting or place(self.waiting[-1]) < place(waiting):
            self.waiting.append(waiting)
        else:
            insort(self.waiting, waiting, key=place)

    def next(self, now_s: float) -> Waiting | None:
        """The message that may go now; None while a refused message before it is in hand, or its own time has not come."""
        if not self.waiting:
            return None
        seq = place(self.waiting[0])
        if (self.refused and self.refused[0] < seq) or self.not_before_s.get(seq, 0.0) > now_s:
            return None
        return self.waiting[0]

    def find(self, seq: int) -> Waiting | None:
        """The message at this place, wherever it stands in the lane; None where it does not wait here."""
        at = self._index(seq)
        return None if at is None else self.waiting[at]

    def remove(self, seq: int) -> Waiting | None:
        """Take a message out of the lane, wherever it stands; None where it does not wait here."""
        at = self._index(seq)
        if at is None:
            return None
        found = self.waiting[at]
        del self.waiting[at]
        return found

    def _index(self, seq: int) -> int | None:
        at = bisect_left(self.waiting, seq, key=place)
        return at if at < len(self.waiting) and place(self.waiting[at]) == seq else None


class Lanes:
    """The lanes of one outbox, by sender. On the engine's thread. Seconds are monotonic."""

    def __init__(self) -> None:
        self.by_sender: dict[str, Lane] = {}
        """Empty for most: whoever asks whether there are lanes looks here, for that is asked several times a commit."""
        self._times: list[tuple[float, int, str]] = []
        """(when, place, sender) of refused messages that may be tried again then; some are dealt with meanwhile."""
        self._stirred: set[str] = set()
        """Senders in whose lane something may go that could not before."""
        self.unread: set[str] = set()
        """Senders whose next message is only on disk, and may go."""

    def __len__(self) -> int:
        return len(self.by_sender)

    def refuse(self, mail: Mail, not_before_s: float) -> None:
        """Have a refused message wait until `not_before_s`, and what its sender sent after it wait behind it."""
        sender, seq = mail.message.sender, mail.seq
        lane = self.by_sender.setdefault(sender, Lane())
        if seq not in lane.not_before_s:
            insort(lane.refused, seq)
        lane.not_before_s[seq] = not_before_s
        lane.put(mail)
        heapq.heappush(self._times, (not_before_s, seq, sender))

    def hold_back(self, mail: Mail) -> bool:
        """Have a message wait in its sender's lane, where an earlier one of that sender waits; return whether it does."""
        lane = self.by_sender.get(mail.message.sender)
        if lane is None or not lane.holds(mail.seq):
            return False
        lane.put(mail if mail.attempt else mail.seq)  # one that was tried is not on disk as it is here, maybe
        return True

    def release(self, mail: Mail) -> None:
        """Note that a message is dealt with: those that waited behind it may go."""
        sender = mail.message.sender
        lane = self.by_sender.get(sender)
        if lane is not None:
            if lane.not_before_s.pop(mail.seq, None) is not None:
                lane.refused.remove(mail.seq)
            self._stirred.add(sender)

    def has_place(self, seq: int, sender: str) -> bool:
        """Whether a message waits in its sender's lane, and is only on disk."""
        lane = self.by_sender.get(sender)
        return lane is not None and isinstance(lane.find(seq), int)

    def remove(self, seq: int, sender: str) -> Waiting | None:
        """Take a message out of its sender's lane; None where it does not wait there."""
        lane = self.by_sender.get(sender)
        found = None if lane is None else lane.remove(seq)
        if found is not None:
            self._stirred.add(sender)
        return found

    def let_go(self, now_s: float) -> list[Mail]:
        """Take the messages that may go now out of the lanes, where they are in memory; the senders of the others are put into `unread`."""
        while self._times and self._times[0][0] <= now_s:
            self._stirred.add(heapq.heappop(self._times)[2])
        gone: list[Mail] = []
        for sender in self._stirred:
            self._let_go(sender, now_s, gone)
        self._stirred.clear()
        return gone

    def _let_go(self, sender: str, now_s: float, gone: list[Mail]) -> None:
        lane = self.by_sender.get(sender)
        if lane is None:
            return
        while (found := lane.next(now_s)) is not None:
            if isinstance(found, int):
                self.unread.add(sender)
                return
            lane.waiting.popleft()
            gone.append(found)
        self._drop_empty(sender, lane)

    def first_unread(self, now_s: float) -> dict[int, str]:
        """The places of the next messages of the senders in `unread`; a sender that was refused again meanwhile leaves it."""
        found = {sender: lane.next(now_s) for sender in self.unread if (lane := self.by_sender.get(sender)) is not None}
        self.unread = {sender for sender, waiting in found.items() if isinstance(waiting, int)}
        return {place(waiting): sender for sender, waiting in found.items() if isinstance(waiting, int)}

    def was_read(self, sender: str) -> int | None:
        """Take the next message of a sender out of its lane, because it was read from disk; return the place of the one behind it that must
        be read too."""
        lane = self.by_sender[sender]
        lane.waiting.popleft()
        found = lane.waiting[0] if lane.waiting else None
        if isinstance(found, int):
            return found
        self.unread.discard(sender)
        self._stirred.add(sender)
        return None

    def _drop_empty(self, sender: str, lane: Lane) -> None:
        if not lane.waiting and not lane.refused:
            del self.by_sender[sender]

    @property
    def next_s(self) -> float | None:
        """When a message may go; 0: now; None: not before something else happens. Of what is to be read first this does not tell."""
        if self._stirred:
            return 0.0
        return self._times[0][0] if self._times else None

    def places(self, first: int, below: int) -> Iterator[int]:
        """The places of the messages that wait, from `first` on and below `below`, in no order."""
        for lane in self.by_sender.values():
            behind = islice(lane.waiting, bisect_left(lane.waiting, first, key=place), None)
            yield from takewhile(below.__gt__, map(place, behind))

    def mail(self) -> list[Mail]:
        """The messages that wait and are in memory."""
        return [waiting for lane in self.by_sender.values() for waiting in lane.waiting if not isinstance(waiting, int)]
