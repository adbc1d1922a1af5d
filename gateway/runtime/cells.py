"""Cells: the ordinary actors that are in memory now. An idle actor leaves it without anyone noticing: its state is in the store.

No thread, task, queue or file stands for an actor that is not here; one that is here is one small object.

A cell's life says what there is of its actor, and what the next commit does about it:

    life      there is                                             the store has, after the commit
    ABSENT    nothing: nobody gave it a state                      no row
    TIED      no state, but it is tied to others, or is paused     a row for its ties
    ALIVE     a state, timers or events that a turn gave it        a row
    ENDED     nothing any more: it was stopped in this batch       no row; then it is ABSENT

    a turn that changed something → ALIVE     one that changed ties only → TIED, where it was not alive
    stop, reset, the last tie of one that is TIED → ENDED, and TIED at once where others still watch one that was reset

Its wait says whether its mail is handled:

    wait         until                                                  set by
    NONE         it is handled
    BACKOFF      a retry is due                                         a turn that raised
    ROOM         a mailbox it writes to has room                        a turn that would have overfilled one
    PAUSED       somebody resumes it; it is on disk, as `Ties.paused`   supervision, the actor itself
    UNREADABLE   another program reads its state, or somebody forgets it   loading
    TIME         the wall clock can be trusted                          a message of which nobody can say yet whether it has expired
"""

import enum
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from math import inf
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.errors import ANYTHING
from gateway.actors.ids import root_of
from gateway.actors.models import State
from gateway.actors.payloads import read_stored
from gateway.actors.ties import NO_TIES, Ties
from gateway.runtime.clock import GatewayClock
from gateway.runtime.families import Families
from gateway.runtime.mail import Mail
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.timetable import Timers, decode_timers, encode_timers, first_due_ms
from gateway.runtime.versions import why_unreadable
from gateway.store.store import BoxSize, Changes, StateRow, Store

_AHEAD_BYTES = 256 * 1024
"""About how many bytes of states are read ahead."""
_new = tuple.__new__
"""Makes a row of all its fields in their order: twice as fast as calling its class, for what is made once a turn."""


class KindTally:
    """What the runtime counts of all actors of one kind, since the start of the host."""

    __slots__ = ("bytes", "ended", "failed", "passivated", "turns")

    def __init__(self) -> None:
        self.turns = 0
        self.failed = 0
        self.passivated = 0
        self.ended = 0
        self.bytes = 0
        """How many bytes the states of those in memory have, as they are stored."""


class Life(enum.Enum):
    """Where an actor stands between its beginning and its end: see the table above."""

    ABSENT = "absent"
    TIED = "tied"
    ALIVE = "alive"
    ENDED = "ended"


class Wait(enum.Enum):
    """Why an actor's mail waits: see the table above."""

    NONE = "none"
    BACKOFF = "backoff"
    ROOM = "room"
    PAUSED = "paused"
    UNREADABLE = "unreadable"
    TIME = "time"


ALIVE, ENDED = Life.ALIVE, Life.ENDED
NO_WAIT = Wait.NONE
"""For what is asked once a message: to find a member by its enum takes Python 3.11 as long as a small call, and by a name nothing."""


class Cell:
    """One ordinary actor in memory. `state`, `timers` and `ties` are as the last turn left them."""

    __slots__ = (
        "actor",
        "batch",
        "box",
        "deferred",
        "fault",
        "id",
        "life",
        "queued",
        "size",
        "state",
        "stored",
        "tally",
        "ties",
        "timers",
        "used_s",
        "wait",
        "wake_ms",
        "woken",
    )

    def __init__(self, id: str, actor: Actor[Any], box: Mailbox, tally: KindTally) -> None:
        self.id = id
        self.actor = actor
        self.box = box
        self.state: State = actor.state_model()
        self.timers: Timers = {}
        self.ties = NO_TIES
        self.life = Life.ABSENT
        self.wait = Wait.NONE
        self.deferred: deque[Mail] | None = None
        """Mail that waits, on disk, until the state changes; None for most."""
        self.tally = tally
        self.wake_ms: int | None = None
        """The wake time that the store has, or will have after the commit under way."""
        self.woken = False
        """Whether this batch changes it."""
        self.stored = False
        """Whether the store has a row of it, or will have."""
        self.queued = False
        """Whether it is in line for its turn."""
        self.fault = ""
        """Why its mail waits, for people: a line, and maybe more below it; empty when it does not."""
        self.batch = 0
        """Number of the last batch that changed it."""
        self.used_s = 0.0
        """Monotonic second of its last use."""
        self.size = 0
        """How many bytes its state has, as it is stored."""

    def weigh(self, size: int) -> None:
        """Its state, as it is stored, has so many bytes now."""
        self.tally.bytes += size - self.size
        self.size = size

    @property
    def why(self) -> str:
        """Why the actor's mail waits, in a line."""
        return self.fault.partition("\n")[0]

    @property
    def idle(self) -> bool:
        """Whether only its state keeps the actor in memory."""
        return not (self.queued or self.wait is not NO_WAIT or self.box.head or self.box.spilled or self.deferred)

    def arm(self) -> bool:
        """Move the actor's wake time forward to its first timer, where that is earlier; return whether it moved."""
        due_ms = first_due_ms(self.timers)
        if due_ms is None or (self.wake_ms is not None and self.wake_ms <= due_ms):
            return False
        self.wake_ms = due_ms
        self.woken = True
        return True

    def row(self) -> StateRow:
        """The row that the store keeps of the actor's state."""
        timers = encode_timers(self.timers) if self.timers else None
        ties = None if self.ties is NO_TIES else self.ties.changed(unborn=self.life is Life.TIED).to_json()
        state = self.state
        blob = state.__pydantic_serializer__.to_json(state)  # as `to_json` does, which would be a call a turn
        return _new(StateRow, (self.id, state.VERSION, blob, timers, self.wake_ms, ties))

    def seal(self, changes: Changes) -> None:
        """Put the actor's state, or the actor's end, into the commit."""
        if self.life is ENDED:
            if self.stored:
                changes.gone.append(self.id)
            self.life = Life.ABSENT
            self.stored = self.woken = False
            self.weigh(0)
            return
        rows = changes.woken if self.woken else changes.states
        row = self.row()
        rows.append(row)
        size = len(row.state)
        self.tally.bytes += size - self.size
        self.size = size
        self.woken = False
        self.stored = True

    def end(self) -> None:
        """Forget everything of the actor: a later message begins a new life."""
        self.tally.ended += 1
        self.state = self.actor.state_model()
        self.timers = {}
        self.ties = NO_TIES
        self.life = Life.ENDED
        self.wake_ms = None
        self.woken = True
        self.recall()

    def settle(self) -> None:
        """Set the cell's life after a change that gave the actor none: it is tied, or absent."""
        if self.life is not Life.ALIVE:
            self.life = Life.ENDED if self.ties is NO_TIES else Life.TIED

    def defer(self, mail: Mail) -> None:
        """Put mail aside until the actor's state changes."""
        if self.deferred is None:
            self.deferred = deque()
        self.deferred.append(mail)

    def recall(self) -> None:
        """Put the mail that was put aside back, before newer mail."""
        if self.deferred:
            self.box.head.extendleft(reversed(self.deferred))
            self.deferred = None

    def restore(self, row: StateRow) -> None:
        """Take the actor's state from a stored row. Where the row cannot be read, the actor's mail waits, and nothing is lost."""
        self.stored = True
        self.wake_ms = row.wake_ms
        self.weigh(len(row.state))
        try:
            self._restore_ties(row.ties)
            self.state = self.read(row)
            self.timers = decode_timers(row.timers, self.actor.verbs)
        except ANYTHING as error:  # an upcast is the actor's own code: it may raise anything
            self.wait = Wait.UNREADABLE
            self.fault = why_unreadable(self.id, root_of(self.id) if self.actor.inner else self.id, error)

    def read(self, row: StateRow) -> State:
        """Read the actor's state from a stored row. Raises where it cannot be read."""
        return read_state(self.actor.state_model, row)

    def mend(self, clock: GatewayClock) -> None:
        """Replace the times that could not be trusted by the true ones, where they are known by now."""
        self.state = self.state.mended(clock.mended)
        if any(timer.set_ms for timer in self.timers.values()):
            self.timers = {name: clock.moved_timer(timer) for name, timer in self.timers.items()}

    def _restore_ties(self, ties: bytes | None) -> None:
        self.life = Life.ALIVE
        if ties is not None:
            self.ties = Ties.model_validate_json(ties)
            self.life = Life.TIED if self.ties.unborn else Life.ALIVE
            self.wait = Wait.PAUSED if self.ties.paused else Wait.NONE
            self.fault = self.ties.paused


class Cells:
    """The cells in memory, the longest idle first. On the engine's thread."""

    def __init__(self, store: Store, new_cell: Callable[[str, Actor[Any], Mailbox, KindTally], Cell], clock: GatewayClock) -> None:
        self.store = store
        self._new_cell = new_cell
        self._clock = clock
        self._cells: OrderedDict[str, Cell] = OrderedDict()
        self._families = Families()
        """The ids of those that have a parent."""
        self.tallies: defaultdict[str, KindTally] = defaultdict(KindTally)
        """What was counted of each kind."""
        self.ahead: dict[str, StateRow | None] = {}
        """Rows of actors that are about to be wanted, read many at a time; see `look_ahead`."""
        self.get = self._cells.get
        self.read = 0
        """How many bytes of states were read from the store in this life."""

    @property
    def bytes(self) -> int:
        """How many bytes the states of the active actors have, as they are stored."""
        return sum(tally.bytes for tally in self.tallies.values())

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells.values())

    def activate(self, id: str, actor: Actor[Any], stored: BoxSize | None = None, *, removed: bool = False) -> Cell:
        """Make an actor's cell, with the state that the store has; `removed`: without it, for a commit to come deletes that state."""
        box = Mailbox(id, spilled_to=stored.last_seq, count=stored.count, size=stored.bytes) if stored else Mailbox(id)
        cell = self._new_cell(id, actor, box, self.tallies[actor.kind])
        row = None if removed else self.ahead.pop(id) if id in self.ahead else self.store.load(id)
        if row is not None:
            cell.restore(row)
            cell.mend(self._clock)
            self.read += len(row.state)
        if removed:
            cell.woken = cell.stored = True
        self._cells[id] = cell
        self._families.add(id)
        return cell

    def look_ahead(self, ids: Iterable[str]) -> None:
        """Read at once what the store has of some actors that will be wanted in this round, as far as they are not in memory. Within the
        round that stays true: what may leave memory is on disk. Have `ahead` cleared then."""
        wanted = [id for id in dict.fromkeys(ids) if id not in self._cells]
        if len(wanted) > 1:
            self.ahead = self.store.load_many(wanted, _AHEAD_BYTES)

    def children_under(self, id: str) -> Collection[str]:
        """The descendants of an actor that are in memory."""
        return self._families.under(id)

    def peek(self, id: str, actor: Actor[Any], row: StateRow) -> Cell:
        """Make a cell from a stored row, to look at only: it does not become an active one."""
        cell = self._new_cell(id, actor, Mailbox(id), KindTally())
        cell.restore(row)
        cell.mend(self._clock)
        return cell

    def family(self, prefix: str, after: str) -> list[tuple[str, bool]]:
        """The next ids with a prefix that the store has, each with whether that actor has ties."""
        return self.store.family(prefix, after, 1000)

    def stored(self, prefix: str, after: str) -> list[str]:
        """The next ids with a prefix that the store has."""
        return self.store.actors(prefix, after, 1000)

    def touch(self, cell: Cell, now_s: float) -> None:
        """Note that a cell is used now: it is the last to leave memory."""
        cell.used_s = now_s
        self._cells.move_to_end(cell.id)

    def passivate(
        self, *, now_s: float, idle_before_s: float, at_most: int, bytes_at_most: int, committed: int, in_vain: float = inf
    ) -> int:
        """Drop from memory the cells that were idle since before a time, and the longest idle above the caps; return how many.

        No more than about so many are looked at `in_vain`, which cannot leave now: the next call goes on behind those that are in use.
        """
        leaving, used = [], []
        for cell in self._candidates(idle_before_s, at_most, self.bytes - bytes_at_most):
            if not cell.idle:
                used.append(cell)
            elif cell.batch <= committed:
                leaving.append(cell)
                continue
            in_vain -= 1
            if in_vain <= 0:
                break
        for cell in used:
            self.touch(cell, now_s)  # it is not looked at again before those that may be idle
        for cell in leaving:
            self._drop(cell.id)
            cell.tally.passivated += 1
        return len(leaving)

    def drop_ended(self, ids: Collection[str], *, committed: int) -> None:
        """Drop from memory those of some actors that have ended: living actors must not make room for them."""
        for id in ids:
            cell = self._cells.get(id)
            if cell is not None and cell.life is Life.ABSENT and cell.idle and cell.batch <= committed:
                self._drop(id)

    def _drop(self, id: str) -> None:
        self._cells.pop(id).weigh(0)
        self._families.remove(id)

    def _candidates(self, idle_before_s: float, at_most: int, too_heavy: int) -> Iterator[Cell]:
        """Those that may go, the longest idle first; `too_heavy`: so many bytes of states are too many."""
        above = len(self._cells) - at_most
        for cell in self._cells.values():
            if above <= 0 and too_heavy <= 0 and cell.used_s > idle_before_s:
                return
            above -= 1
            too_heavy -= cell.size
            yield cell


def read_state(model: type[State], row: StateRow) -> State:
    """Read a stored state, taken up to today's version step by step. Raises StateTooNew, or DoesNotFit."""
    return read_stored(model, row.version, row.state, what="its state")
