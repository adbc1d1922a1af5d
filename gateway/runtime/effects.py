"""Effects: what a turn left becomes so, in the batch of its round. An outcome has been checked: nothing here can fail on it."""

from collections.abc import Collection, Iterator
from typing import Any

from gateway.actors.copies import Parcel, changes
from gateway.actors.messages import Message
from gateway.actors.models import State
from gateway.actors.supervision import ChildOrder, Decision
from gateway.actors.ties import NO_TIES, Ties
from gateway.actors.turn import Outcome
from gateway.runtime.cells import ALIVE, Cell
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round
from gateway.runtime.sourced import Ledger
from gateway.runtime.supervision import Supervision, lightened, mark
from gateway.runtime.timetable import Timetable

Step = Message | ChildOrder | Parcel


class Effects:
    """Applies the outcomes of turns to the cells of their actors. On the engine's thread."""

    def __init__(self, room: Mailroom, timetable: Timetable, ledger: Ledger, supervision: Supervision) -> None:
        self._room = room
        self._timetable = timetable
        self._ledger = ledger
        self._supervision = supervision

    def apply(self, cell: Cell, cause: Message, outcome: Outcome, round: Round) -> None:
        """Apply what the turn of the message `cause` left."""
        state, mail, timers, _, _, rare, _, _, _, _ = outcome  # at once: each by its name takes half as long as all of them
        if rare or cell.ties is not NO_TIES:
            self._apply_rare(cell, cause, outcome, round)
            return
        if state is not cell.state or timers:
            if cell.deferred:
                _recall(cell, state)
            cell.state = state
            cell.life = ALIVE
            if timers:
                self._set_timers(cell, outcome, round)
            batch = round.batch  # as `mark` does, which would be a call a turn
            cell.batch = batch.number
            batch.dirty[cell.id] = cell
        for message in mail:
            self._room.deliver(message, round)

    def keep_ties(self, cell: Cell, ties: Ties, round: Round) -> None:
        """Change an actor's ties although its turn raised."""
        if ties is not cell.ties:
            cell.ties = lightened(ties)
            cell.settle()
            mark(cell, round)

    def _apply_rare(self, cell: Cell, cause: Message, outcome: Outcome, round: Round) -> None:
        """Apply the outcome of a turn that did more than most, or whose actor is tied to others."""
        if outcome.stopped:
            self._end(cell, cause, outcome, round)
        else:
            ties = outcome.ties
            parcels: list[Parcel] = []
            if ties.watchers:
                ties, parcels = changes(
                    ties, cell.state, outcome.state, mail=outcome.mail, now_ms=round.now_ms, knows=self._room.activation.knows
                )
            self._change(cell, cause, outcome, ties, round)
            for step in _in_order(outcome.mail, outcome.orders, parcels):
                self._take(step, cell, round)
        if outcome.verdict is not None:
            self._supervision.decided(*outcome.verdict, cell.id, round)

    def _change(self, cell: Cell, cause: Message, outcome: Outcome, ties: Ties, round: Round) -> None:
        """Give the cell the state, the timers, the events and the ties that a turn left."""
        alive = cell.life is ALIVE
        lived = outcome.state is not cell.state or outcome.timers or outcome.events or outcome.born is not alive
        if not lived and ties is cell.ties:
            return
        if lived:
            cell.life = ALIVE
            if cell.deferred:
                _recall(cell, outcome.state)
        if ties is not NO_TIES:
            cell.ties = lightened(ties)
        cell.state = outcome.state
        cell.settle()
        if outcome.timers:
            self._set_timers(cell, outcome, round)
        if outcome.events:
            self._ledger.record(cell, outcome.events, cause, round, self._room)
        mark(cell, round)

    def _end(self, cell: Cell, cause: Message, outcome: Outcome, round: Round) -> None:
        """End an actor. What it sent to its own children came before its end, and revives none of them."""
        cell.state, cell.ties = outcome.state, outcome.ties
        if outcome.events:  # they go with its life, but who follows them hears of it
            self._ledger.record(cell, outcome.events, cause, round, self._room)
        below = f"{cell.id}/"
        to_others = []
        for step in _in_order(outcome.mail, outcome.orders, []):
            if isinstance(step, Message) and not step.to.startswith(below):
                to_others.append(step)
            else:
                self._take(step, cell, round)
        self._supervision.end(cell, round)
        for message in to_others:
            self._room.deliver(message, round)

    def _take(self, step: Step, cell: Cell, round: Round) -> None:
        if isinstance(step, Message):
            self._room.deliver(step, round)
        elif isinstance(step, ChildOrder):
            child = self._room.activation.cell(step.child)
            if step.decision is Decision.STOP:
                self._supervision.stop_child(child, round)
            else:
                self._supervision.carry_out(step.decision, child, "", round)
        else:
            self._supervision.send([step], cell.id, round)

    def _set_timers(self, cell: Cell, outcome: Outcome, round: Round) -> None:
        """Set and cancel an actor's timers as a turn said. One that has fired already, and waits behind other mail, is called back."""
        timers = dict(cell.timers)
        if cell.box.head or cell.deferred:
            _call_back(cell, outcome.timers, round)
        if cell.box.below:
            cell.box.call_back(outcome.timers, self._room.cells.store, round)
        for name, timer in outcome.timers.items():
            if timer is None:
                timers.pop(name, None)
            else:
                timers[name] = timer if round.synced else timer._replace(set_ms=round.clock_ms)
        cell.timers = timers
        if cell.arm() and cell.wake_ms is not None:
            self._timetable.add(cell.wake_ms, cell.id)


def _recall(cell: Cell, state: State) -> None:
    """Put deferred mail back in line where the actor has come into another phase: in the old one it would be deferred again."""
    machine = cell.actor.machine
    if machine is None or machine.phase_of(state) is not machine.phase_of(cell.state):
        cell.recall()


def _in_order(mail: list[Message], orders: Collection[ChildOrder], parcels: Collection[Parcel]) -> Iterator[Step]:
    """A turn's messages, with the orders and copies in their places between them."""
    others: list[Any] = sorted([*parcels, *orders], key=lambda one: one.at)  # stable: parcels go before orders of the same place
    at = 0
    for one in others:
        yield from mail[at : one.at]
        at = max(at, one.at)
        yield one
    yield from mail[at:]


def _call_back(cell: Cell, names: Collection[str], round: Round) -> None:
    """Drop the waiting messages of timers that a turn has set anew or cancelled."""
    for box in (cell.box.head, cell.deferred or ()):
        for mail in [mail for mail in box if mail.timer is not None and mail.timer.name in names]:
            box.remove(mail)  # type: ignore[union-attr]  # the empty tuple has none to remove
            cell.box.drop(mail, round)
