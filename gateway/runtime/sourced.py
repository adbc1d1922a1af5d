"""Event-sourced actors in memory and on disk: their cells, and the ledger that numbers events and tells who follows them.

A commit holds the events of its turns. The state goes along only at the beginning of a life, when timers or ties change, and after
`snapshot_every` events: so an actor with events always has a row, and is listed and found as any other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from gateway.actors.actor import Actor
from gateway.actors.errors import DoesNotFit
from gateway.actors.messages import Message
from gateway.actors.models import Event, State
from gateway.actors.readmodel import FOLLOW, ReadModel, Recorded, Told
from gateway.actors.sourced import EventSourced
from gateway.actors.stamps import Stamp
from gateway.runtime.cells import Cell, KindTally, Life, read_state
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round
from gateway.store.store import Changes, EventRow, StateRow, Store

NOTE = "events"
"""Key of the note that holds the highest number an event ever had, where events with it may be gone."""

_PAGE = 500


class SourcedCell(Cell):
    """One event-sourced actor in memory."""

    __slots__ = ("_erased", "_kept_ties", "_kept_timers", "_ledger", "last", "pending", "since")

    actor: EventSourced[Any]

    def __init__(self, id: str, actor: EventSourced[Any], box: Mailbox, tally: KindTally, *, ledger: "Ledger") -> None:
        super().__init__(id, actor, box, tally)
        self._ledger = ledger
        self.last = 0
        """Number of the last event in its state."""
        self.since = 0
        """How many events its stored state does not hold."""
        self.pending: list[EventRow] = []
        """Events of the batch that fills now."""
        self._erased = False
        self._kept_timers = self.timers
        self._kept_ties = self.ties

    def record(self, row: EventRow) -> None:
        """Store an event with this batch."""
        self.pending.append(row)
        self.last = row.n
        self.since += 1

    def end(self) -> None:
        super().end()
        self.pending = []
        self.last = self.since = 0
        self._erased = True

    def read(self, row: StateRow) -> State:
        """Read the stored state, and fold the events behind it. A stored state of an older shape is not taken up: all events are folded
        anew."""
        state: State = self.actor.state_model()
        if row.version >= self.actor.state_model.VERSION:
            with suppress(DoesNotFit):  # its model was changed, and VERSION not raised: the events are the truth all the same
                state = read_state(self.actor.state_model, row)
                self.last = self._ledger.store.folded(self.id)
        while rows := self._ledger.store.events(self.id, self.last, _PAGE):
            for event in rows:
                state = self._folded(state, event)
            self.since += len(rows)
        return state

    def _folded(self, state: State, row: EventRow) -> State:
        event = self.actor.read_event(row.kind, row.version, row.body, n=row.n)
        self.last = row.n
        folded: State = self.actor.folded(state, event, self.id)
        return folded

    def restore(self, row: StateRow) -> None:
        super().restore(row)
        self._kept_timers, self._kept_ties = self.timers, self.ties

    def seal(self, changes: Changes) -> None:
        """Put the actor's events into the commit, and its whole state where there are many events."""
        if self._erased:
            self._erased = False
            changes.events_gone.append(self.id)
            changes.notes[NOTE] = str(self._ledger.last)
        changes.events += self.pending
        self.pending = []
        if self.life is Life.ENDED or self._wants_row(changes):
            super().seal(changes)

    def _wants_row(self, changes: Changes) -> bool:
        same = self.timers is self._kept_timers and self.ties is self._kept_ties and not self.woken
        if self.stored and same and self.since < self.actor.snapshot_every:
            return False
        self._kept_timers, self._kept_ties = self.timers, self.ties
        self.since = 0
        changes.folded.append((self.last, self.id))
        return True


class _Follower(NamedTuple):
    """A read model, and the events it follows."""

    id: str
    kinds: frozenset[str]
    """Kinds of actors."""
    events: tuple[str, ...]


class Ledger:
    """Numbers events, and tells read models of them. On the engine's thread."""

    def __init__(self, store: Store, notes: Mapping[str, str], made: Callable[[], Sequence[Actor[Any]]], first_number: int = 0) -> None:
        """Make a ledger. `made` gives the kinds that are in use by now."""
        self.store = store
        self.last = max(first_number, store.last_event(), int(notes.get(NOTE, "0")))
        """The highest number an event has, or ever had."""
        self._made = made
        self._known = 0
        """How many kinds were in use when that was last looked at."""
        self._followers: list[_Follower] = []
        self._recorded: dict[str, int] = {}
        """Number of the last event of each kind that was recorded in this life."""
        self._told: dict[str, int] = {}
        """Number of the last event that concerned each follower."""

    def new_cell(self, id: str, actor: Actor[Any], box: Mailbox, tally: KindTally) -> Cell:
        """Make a cell of the class that an actor's kind needs."""
        if isinstance(actor, EventSourced):
            return SourcedCell(id, actor, box, tally, ledger=self)
        return Cell(id, actor, box, tally)

    def record(self, cell: Cell, events: Sequence[Event], cause: Message, round: Round, room: Mailroom) -> None:
        """Number the events of a turn, store them with this round, and tell the read models that follow them."""
        assert isinstance(cell, SourcedCell)  # only its stage records
        if len(self._made()) != self._known:
            self._look_for_followers()
        for event in events:
            self.last += 1
            row = EventRow(self.last, cell.id, round.stamp().packed(), type(event).__name__, event.VERSION, event.to_json())
            cell.record(row)
            self._recorded[row.kind] = row.n
            for one in self._followers:
                if row.kind in one.events and cell.actor.kind in one.kinds:
                    room.deliver(self._telling(one, row, round.stamp(), cause, room.new_id()), round)

    def _look_for_followers(self) -> None:
        """Find the read models that are in use. One that came late sees by its first event that it missed some."""
        made = self._made()
        self._known = len(made)
        self._followers = [_follower(actor) for actor in made if isinstance(actor, ReadModel)]
        for one in self._followers:
            if one.id not in self._told:
                recorded_now = (self._recorded.get(kind, 0) for kind in one.events)  # not in the store yet, maybe
                self._told[one.id] = max(self.store.last_event(one.events), *recorded_now)

    def _telling(self, follower: _Follower, row: EventRow, stamp: Stamp, cause: Message, id: str) -> Message:
        told = Told(event=recorded(row, stamp), before=self._told[follower.id])
        self._told[follower.id] = row.n
        return Message(id, follower.id, FOLLOW, told, row.actor, "", cause.trace or cause.id)


def recorded(row: EventRow, stamp: Stamp) -> Recorded:
    """An event as read models are told it; `stamp` is its time by what is known now."""
    return Recorded(
        n=row.n,
        actor=row.actor,
        at_ms=stamp.wall_ms,
        synced=stamp.synced,
        kind=row.kind,
        version=row.version,
        body=json.loads(row.body),
    )


def _follower(actor: ReadModel[Any]) -> _Follower:
    return _Follower(actor.whole, frozenset(one.kind for one in actor.follows), tuple(sorted(actor.event_models)))
