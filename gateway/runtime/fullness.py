"""Fullness: mailboxes that are full, and who waits for room in them.

A full mailbox makes whoever fills it wait, and no dead letters: a source blocks or is refused before its message is taken, and an actor
whose turn would write to it has that turn put off. What had been taken by then goes into it all the same: that is never more than may be
under way, and aside it would take up the room of others, and of whoever it waits for. Nobody waits for somebody who waits for them: there
the bound gives way, to an actor as far as it must, to what comes from outside up to twice the bound. Above that it is refused, and
whoever brought it is told so at once.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.runtime.cells import Cell, Wait
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
    """Knows the full mailboxes, and makes those that would write to them wait. On the engine's thread; any thread may ask `keeps_back`,
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
        self._producers: defaultdict[str, dict[str, Cell]] = defaultdict(dict)
        self._waits: dict[str, str] = {}
        """By the id of an actor that waits, the mailbox it waits for."""
        self.sources: Mapping[int, tuple[str, str]] = {}
        """By the number of each thread that waits: which source's it is, and whom it writes to. The ingress's; set by the engine."""

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
        id = self._box(to)
        box = self.full.get(id)
        return id if box is not None and id != me and self._part_of_bound(box) >= _GIVES_WAY_TO else ""

    def clear(self, box: str) -> None:
        """Note that a mailbox has room again: actors that wait for it go on."""
        if self.full.pop(box, None) is None:
            return
        self.eased = True
        for cell in self._producers.pop(box, {}).values():
            self._waits.pop(cell.id, None)
            if cell.wait is Wait.ROOM:
                self._schedule.release(cell)

    def in_the_way(self, me: str, to: Iterable[str]) -> str:
        """The first full mailbox that an actor would write to, by the ids written to; empty where none is full, or where `me` must not wait
        for it."""
        for id in to:
            box = self._box(id)
            if box in self.full and box != me and not self._waits_on(box, me, {}):
                return box
        return ""

    def keeps_back(self, me: str, to: str) -> str:
        """The full mailbox that a source waits for before it writes to an actor; empty as above. Any thread may ask.

        Where actors and sources wait for each other in a circle it is the sources that go on, as what they bring has a bound.
        """
        box = self._box(to)
        return box if box in self.full and box != me and not self._waits_on(box, me, self._sources()) else ""

    def _sources(self) -> Mapping[str, list[str]]:
        """By the id of each source that waits, the full mailboxes it waits for."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for source, to in list(self.sources.values()):
            if (box := self._box(to)) in self.full:
                found[source].append(box)
        return found

    def _box(self, to: str) -> str:
        return to if to in self.full else self._box_of(to) or to

    def have_wait(self, cell: Cell, box: str) -> None:
        """Have an actor's mail wait until a mailbox has room."""
        self._producers[box][cell.id] = cell
        self._waits[cell.id] = box
        self.eased = True
        self._schedule.hold(cell, Wait.ROOM, f"it waits for room in the mailbox of {box}, which is full ({self.how(box)})")

    def _waits_on(self, box: str, me: str, sources: Mapping[str, list[str]]) -> bool:
        """Whether the actor of a mailbox waits for `me`, directly or by way of others, `sources` among them."""
        seen, ahead = set[str](), [box]
        while ahead and len(seen) < _HOPS_AT_MOST:
            at = ahead.pop()
            seen.add(at)
            found = [*sources.get(at, ()), *filter(None, (self._waits.get(at),))]
            if me in found:
                return True
            ahead += [one for one in found if one not in seen]
        return bool(ahead)
