"""Fullness: mailboxes that are full, and who waits for room in them.

A full mailbox makes whoever fills it wait, and no dead letters: a source blocks or is refused before its message is taken, what had
been taken by then is put aside, and an actor whose turn would write to it has that turn put off. Nobody waits for somebody who
waits for them: there the bound gives way, to an actor as far as it must, to what comes from outside up to twice the bound. Above that
it is refused, and whoever brought it is told so at once.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.runtime.cells import Cell, Wait
from gateway.runtime.mail import Arrival, PlainArrival
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.schedule import Schedule

_HOPS_AT_MOST = 1000
_GIVES_WAY_TO = 2.0
"""How often its bound a mailbox may hold where it cannot be waited for."""


class SentElsewhere(NamedTuple):
    """What is on its way to a host, or to a group that another host serves. It is full as a mailbox is."""

    id: str
    """`host/NAME`, or `group N`."""
    total: int
    bytes: int


class Fullness:
    """Knows the full mailboxes, and makes those that would write to them wait. On the engine's thread; any thread may ask `in_the_way`,
    `overfull` and `how`."""

    def __init__(
        self, schedule: Schedule, box_of: Callable[[str], str | None], part_of_bound: Callable[[Mailbox | SentElsewhere], float]
    ) -> None:
        """`box_of` says whose mailbox takes the mail for a host-bound actor's id, and by which way the mail for an actor goes that is
        served elsewhere; None for an ordinary actor here."""
        self.full: dict[str, Mailbox | SentElsewhere] = {}
        """The mailboxes that are full, by id, and the ways to others."""
        self.elsewhere: frozenset[str] = frozenset()
        """Which of them are ways to others."""
        self.eased = False
        """Whether one has room again, or its actor began to wait for somebody, so that sources look anew: one of them may go on."""
        self._schedule = schedule
        self._box_of = box_of
        self._part_of_bound = part_of_bound
        self._parked: defaultdict[str, deque[Arrival | PlainArrival]] = defaultdict(deque)
        self._producers: defaultdict[str, dict[str, Cell]] = defaultdict(dict)
        self._waits: dict[str, str] = {}
        """By the id of an actor that waits, the mailbox it waits for."""
        self._back: deque[Arrival | PlainArrival] = deque()

    def mark(self, box: Mailbox) -> None:
        """Note that a mailbox is full."""
        self.full[box.id] = box

    @property
    def any_here(self) -> bool:
        """Whether a mailbox of this engine's own is full. Any thread."""
        return len(self.full) > len(self.elsewhere)

    def look_elsewhere(self, sent: Mapping[str, SentElsewhere]) -> list[str]:
        """Note the ways to others that are full, and return those for which actors wait here."""
        for way in self.elsewhere - sent.keys():
            self.clear(way)
        self.full.update(sent)
        self.elsewhere = frozenset(sent)
        return [way for way in sent if self._producers.get(way)]

    def how(self, id: str) -> str:
        """Say how full a mailbox is now, for people; empty where it is not full. Any thread may ask."""
        box = self.full.get(id)
        if box is None:
            return ""
        return f"{box.total} messages, {box.bytes} bytes" if box.bytes else f"{box.total} messages, new"

    def overfull(self, me: str, to: str) -> str:
        """Find the mailbox that `me` must not wait for, and that holds twice its bound; empty where there is none. Any thread may ask."""
        id = to if to in self.full else self._box_of(to) or to
        box = self.full.get(id)
        return id if box is not None and id != me and self._part_of_bound(box) >= _GIVES_WAY_TO else ""

    def clear(self, box: str) -> None:
        """Note that a mailbox has room again: messages put aside for it come next, and actors that wait for it go on."""
        if self.full.pop(box, None) is None:
            return
        self.eased = True
        self._back.extend(self._parked.pop(box, ()))
        for cell in self._producers.pop(box, {}).values():
            self._waits.pop(cell.id, None)
            if cell.wait is Wait.ROOM:
                self._schedule.release(cell)

    def park(self, box: str, arrival: Arrival | PlainArrival) -> None:
        """Put aside a message that was taken in before its mailbox was known to be full."""
        self._parked[box].append(arrival)

    def let_back(self) -> None:
        """Have all that were put aside come next, whether there is room or not: the gateway ends."""
        for parked in self._parked.values():
            self._back.extend(parked)
        self._parked.clear()

    @property
    def comes_back(self) -> bool:
        """Whether there are such messages that `brought_back` gives."""
        return bool(self._back)

    def brought_back(self) -> Iterable[Arrival | PlainArrival]:
        """The messages that were put aside for mailboxes that have room again, in the order in which they came."""
        while self._back:
            yield self._back.popleft()

    def in_the_way(self, me: str, to: Iterable[str]) -> str:
        """The first full mailbox that `me` would write to, by the ids written to; empty where none is full, or where `me` must not wait for
        it."""
        for id in to:
            box = id if id in self.full else self._box_of(id) or id
            if box in self.full and box != me and not self._waits_on(box, me):
                return box
        return ""

    def have_wait(self, cell: Cell, box: str) -> None:
        """Have an actor's mail wait until a mailbox has room."""
        self._producers[box][cell.id] = cell
        self._waits[cell.id] = box
        self.eased = True
        self._schedule.hold(cell, Wait.ROOM, f"it waits for room in the mailbox of {box}, which is full ({self.how(box)})")
        if self._parked:
            self._bring_back()

    def _bring_back(self) -> None:
        """Have those that were put aside come next where their source must not wait any more, before what it sends from now on."""
        for box, parked in list(self._parked.items()):
            free = {source for source in {arrival.message.sender for arrival in parked} if self._waits_on(box, source)}
            if free:
                self._back.extend(arrival for arrival in parked if arrival.message.sender in free)
                self._parked[box] = deque(arrival for arrival in parked if arrival.message.sender not in free)
            if not self._parked[box]:
                del self._parked[box]

    def _waits_on(self, box: str, me: str) -> bool:
        """Whether the actor of a mailbox waits for `me`, directly or by way of others."""
        for _ in range(_HOPS_AT_MOST):
            found = self._waits.get(box)
            if found is None:
                return False
            if found == me:
                return True
            box = found
        return True
