"""Ages: which messages of an outbox must not wait any longer, and when.

Two deadlines end a message: the age limit of its verb, and what whoever sent it said. Both are on the gateway's clock, which may be
moved on when the wall clock is vouched for, and the deadlines with it: so each is looked at again when its time has come. One that
only the wall clock can tell is not looked at before that can be trusted, and one of a message that is in no memory, and on its way to the
disk, not before it can be read.
"""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from gateway.actors.messages import Deadline, Message
from gateway.runtime.clock import GatewayClock
from gateway.runtime.mail import Mail
from gateway.runtime.round import Round


class AgeEnd(NamedTuple):
    """One message of an outbox, and the time at which to look at it. The message may have been dealt with by then."""

    at_ms: int
    seq: int
    """Its place, which no other has: what stands behind it is never compared."""
    message: Message
    act_by: Deadline | None


class Ages:
    """The messages of an outbox that have a deadline, by when to look at them. On the engine's thread."""

    __slots__ = ("_ends", "_unread", "_unsaid")

    def __init__(self) -> None:
        self._ends: list[AgeEnd] = []
        self._unsaid: list[AgeEnd] = []
        """The messages of which nobody can say when they expire, until the wall clock can be trusted."""
        self._unread: list[tuple[int, AgeEnd]] = []
        """By place, the messages whose deadline has passed, and that can be read only after a commit that is not done yet."""

    def __bool__(self) -> bool:
        return bool(self._ends or self._unsaid or self._unread)

    @property
    def awaits_commit(self) -> bool:
        """Whether a commit lets a message be read whose deadline has passed."""
        return bool(self._unread)

    def mind(self, mail: Mail, clock_ms: int) -> None:
        """Watch the deadline of a message that waits from now on."""
        until, act_by = mail.message.until, mail.act_by
        known = [one.clock_ms for one in (until, act_by) if one is not None and one.clock_ms]
        if known or mail.message.expires_ms:
            heapq.heappush(self._ends, AgeEnd(min(known, default=clock_ms), mail.seq, mail.message, act_by))

    def put_off(self, end: AgeEnd) -> None:
        """Look at a message whose deadline has passed again when it is on disk."""
        heapq.heappush(self._unread, (end.seq, end))

    def ended(self, round: Round, clock: GatewayClock, committed_seq: int) -> Iterator[AgeEnd]:
        """Each message whose deadline has passed; every one up to the place `committed_seq` is on disk."""
        while self._unread and self._unread[0][0] <= committed_seq:
            heapq.heappush(self._ends, heapq.heappop(self._unread)[1])
        if round.synced and self._unsaid:
            for end in self._unsaid:
                heapq.heappush(self._ends, end)
            self._unsaid = []
        while self._ends and self._ends[0].at_ms < round.clock_ms:
            end = heapq.heappop(self._ends)
            left_ms = clock.least_left_ms(end.message, end.act_by)
            if left_ms is None:
                self._unsaid.append(end)
            elif left_ms < 0:
                yield end
            else:
                heapq.heappush(self._ends, end._replace(at_ms=round.clock_ms + left_ms))

    def next_s(self, now_s: float, clock_ms: int) -> float | None:
        """Monotonic second at which the next deadline passes, by two clocks that are read now; None where there is none."""
        return now_s + (self._ends[0].at_ms + 1 - clock_ms) / 1000 if self._ends else None
