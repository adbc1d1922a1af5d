"""Turns: one message handled, start to end, and what becomes of one that raises."""

import heapq
import logging
import random
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from gateway.actors.builtins import BUILTINS
from gateway.actors.copies import NO_TIES
from gateway.actors.errors import BadPayload
from gateway.actors.gather import GATHER
from gateway.actors.guards import Deferred, Unwanted
from gateway.actors.messages import Message, said
from gateway.actors.stage import Stage
from gateway.actors.supervision import CHILD_FAILED, Fault
from gateway.runtime.batch import Turned
from gateway.runtime.cells import Cell, Life, Wait
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Due, Mail
from gateway.runtime.mailroom import Mailroom, printable
from gateway.runtime.round import Round
from gateway.runtime.sourced import Ledger
from gateway.runtime.supervision import Supervision, lightened, mark
from gateway.runtime.timetable import Timetable
from gateway.runtime.trail import FORWARDED, WELL

log = logging.getLogger(__name__)

_LAST_RETRY_S = 60.0
_REASON_AT_MOST = 1000
_DEFERRED_AT_MOST = 1000
"""How many messages of one actor may wait for a change of its state: they are held in memory."""


class Turns:
    """Runs the mail of cells. It is the world that stages ask. On the engine's thread."""

    def __init__(self, room: Mailroom, timetable: Timetable, ids: Ids, rng: random.Random, *, ledger: Ledger) -> None:
        self._room = room
        self._trail = room.trail
        self._timetable = timetable
        self._ledger = ledger
        self.new_id = ids.new
        self.find_verb = room.directory.find_verb
        self.random = rng.random
        self._retries: list[tuple[float, str]] = []
        self.watched = False
        """Whether somebody watches the turns."""
        self.total = 0
        self.failed = 0
        self.expired = 0
        self.supervision = Supervision(room, give_up=self._give_up, back_off=self._back_off)
        self.recorded: Mail | None = None
        """The mail whose attempt was put on disk before its turn: see `Engine._record_attempt`."""

    def run(self, cell: Cell, round: Round) -> None:
        """Handle the first message of a cell; drop it, or keep it for a retry."""
        actor = cell.actor
        mail = cell.box.head.popleft()
        message = mail.message
        since = self._room.last_seq
        self.total += 1
        cell.tally.turns += 1
        round.batch.turns += 1
        round.batch.urgent = True
        if 0 < message.expires_ms < round.now_ms:
            self._expire(cell, mail, round)
            return
        if mail.attempt >= actor.attempts:
            self._give_up(cell, mail, f"the process ended {mail.attempt} times while {cell.id} handled it", round)
            return
        mail.attempt += 1
        late_s = 0.0 if mail.timer is None else max(0, round.clock_ms - mail.timer.due_ms) / 1000
        stage: Stage[Any] = actor.stage_model(
            self, cell.id, cell.state, message, round.now_ms, round.clock_ms, late_s, actor, cell.life is Life.ALIVE, cell.ties
        )
        try:
            row = actor.verbs.get(message.verb) or BUILTINS[message.verb]
            row.run(actor, message.payload, stage)
            if type(stage.state) is not actor.state_model:
                _check_state(stage.state, cell)
            if message.route is not None and not stage.routed:
                stage.forward()
            if stage.orders:
                self.supervision.check(stage.orders)
        except Deferred as error:
            self._defer(cell, mail, error, round)
            return
        except Exception as error:  # noqa: BLE001  # here faults are decided: one bad message must not stop its neighbours
            self._fail(cell, mail, error, round)
            return
        self._apply(cell, stage, round)
        if mail.stored:
            cell.box.drop(mail, round)
        if self._trail.on:
            outcome = WELL if message.route is None else _went(stage)
            self._trail.note(mail, since, self._room.last_seq, round.batch.number, round.now_ms, outcome)
        if self.watched:
            round.batch.turned.append(Turned(message, "", round.batch.number))

    def _apply(self, cell: Cell, stage: Stage[Any], round: Round) -> None:
        """Take the effects of a turn that went well."""
        if stage.rare or cell.ties is not NO_TIES:
            self._apply_rare(cell, stage, round)
            return
        if stage.state is not cell.state or stage.timers:
            cell.state = stage.state
            cell.life = Life.ALIVE
            if cell.deferred:
                cell.recall()
            if stage.timers:
                self._set_timers(cell, stage, round)
            mark(cell, round)
        for message in stage.mail:
            self._room.deliver(message, round)

    def _apply_rare(self, cell: Cell, stage: Stage[Any], round: Round) -> None:
        """The same for one that did more, or whose actor is tied to others."""
        for child, decision in stage.orders:
            self.supervision.carry_out(decision, self._room.activation.cell(child), "", round)
        watched = stage.ties.watchers and not stage.stopped
        if watched:
            self.supervision.spread(cell, stage, round)
        if stage.stopped:
            cell.state, cell.ties = stage.state, stage.ties
            if stage.events:  # they go with its life, but who follows them hears of it
                self._ledger.record(cell, stage, round, self._room, self.new_id)
            stage.mail = [message for message in stage.mail if not message.to.startswith(f"{cell.id}/{GATHER}/")]
            self.supervision.end(cell, round)
        else:
            lived = stage.state is not cell.state or stage.timers or stage.events or stage.born is not (cell.life is Life.ALIVE)
            if lived or stage.ties is not cell.ties:
                self._change(cell, stage, round, lived=bool(lived))
        if not watched:
            for message in stage.mail:
                self._room.deliver(message, round)
        if stage.verdict is not None:
            self.supervision.decided(*stage.verdict, cell.id, round)

    def _change(self, cell: Cell, stage: Stage[Any], round: Round, *, lived: bool) -> None:
        """Take the state, the timers and the ties that a turn left; `lived` where it left more than ties."""
        if lived:
            cell.life = Life.ALIVE
            cell.recall()
        if stage.ties is not NO_TIES:
            cell.ties = lightened(stage.ties)
        cell.state = stage.state
        cell.settle()
        if stage.timers:
            self._set_timers(cell, stage, round)
        if stage.events:
            self._ledger.record(cell, stage, round, self._room, self.new_id)
        mark(cell, round)

    def _set_timers(self, cell: Cell, stage: Stage[Any], round: Round) -> None:
        """Take the timers that a turn set and cancelled. One that has fired already, and waits behind other mail, is called back."""
        timers = dict(cell.timers)
        if cell.box.head or cell.deferred:
            _call_back(cell, stage.timers, round)
        for name, timer in stage.timers.items():
            if timer is None:
                timers.pop(name, None)
            else:
                timers[name] = timer
        cell.timers = timers
        if cell.arm() and cell.wake_ms is not None:
            self._timetable.add(cell.wake_ms, cell.id)

    def fire(self, cell: Cell, round: Round) -> None:
        """Its wake time has come: send it the timers that are due, and set the next wake time."""
        if cell.wait is Wait.UNREADABLE:
            return
        clock_ms = round.clock_ms
        due = sorted((name for name, t in cell.timers.items() if t.due_ms <= clock_ms), key=lambda name: cell.timers[name].due_ms)
        fired = {name: cell.timers[name] for name in due}
        cell.timers = {name: t for name, t in cell.timers.items() if name not in due}
        cell.wake_ms = None
        cell.woken = True
        if cell.arm() and cell.wake_ms is not None:
            self._timetable.add(cell.wake_ms, cell.id)
        mark(cell, round)
        round.batch.urgent = True
        for name, timer in fired.items():
            message = Message(self.new_id(), cell.id, timer.verb, timer.payload, cell.id)
            self._room.deliver(message, round, Due(timer.due_ms, name))

    def _fail(self, cell: Cell, mail: Mail, error: Exception, round: Round) -> None:
        """A turn raised: try it again later, mail behind it waits; or give it up."""
        if isinstance(error, Unwanted):
            self._give_up(cell, mail, str(error), round)
            return
        self.failed += 1
        cell.tally.failed += 1
        reason = f"{type(error).__name__}: {_in_a_line(error)}"
        if isinstance(mail.message.payload, Fault) and mail.message.verb == CHILD_FAILED:
            self.supervision.undecided(mail.message.payload, error, round)
            cell.box.drop(mail, round)
            self._room.note(mail, self._room.last_seq, round, f"failed: {reason}; what failed at its child is skipped")
            return
        if mail.attempt >= cell.actor.attempts:
            log.error("%s of %s failed %d times", mail.message.verb, cell.id, mail.attempt, exc_info=error)
            self._judge(cell, mail, reason, round)
            return
        delay_s = _delay_s(cell, mail.attempt)
        log.warning("%s of %s failed: %s; attempt %d in %.1f s", mail.message.verb, cell.id, reason, mail.attempt + 1, delay_s)
        cell.box.head.appendleft(mail)
        cell.box.save(mail, round)
        cell.box.save_new(round)
        self._back_off(cell, mail.attempt, f"{mail.message.verb} failed: {reason}", round)
        self._room.note(mail, self._room.last_seq, round, f"failed, attempt {mail.attempt}: {reason}")

    def _back_off(self, cell: Cell, attempts: int, fault: str, round: Round) -> None:
        """Have its mail wait for a while. All of it must be on disk, or go there with this batch."""
        self._room.schedule.hold(cell, Wait.BACKOFF, fault)
        heapq.heappush(self._retries, (round.now_s + _delay_s(cell, attempts), cell.id))

    def _judge(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        """Its attempts are used up: the actor, or who supervises it, decides."""
        fault = Fault(actor=cell.id, verb=mail.message.verb, reason=printable(reason), attempts=mail.attempt, message=mail.message.id)
        since = self._room.last_seq
        given_up = self.supervision.judge(cell, mail, fault, round)
        self._room.note(mail, since, round, f"failed, attempt {fault.attempts}: {reason}")
        if given_up:
            self._give_up(cell, mail, reason, round)

    def _defer(self, cell: Cell, mail: Mail, why: Deferred, round: Round) -> None:
        """Let a message wait until its actor's state has changed; not too many of them."""
        mail.attempt -= 1
        if len(cell.deferred or ()) >= _DEFERRED_AT_MOST:
            self._give_up(cell, mail, f"{why}, and {_DEFERRED_AT_MOST} messages wait with it", round)
            return
        if not mail.stored or mail is self.recorded:
            cell.box.save(mail, round)
        cell.defer(mail)
        self._room.note(mail, self._room.last_seq, round, f"deferred: {why}")

    def _give_up(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        self._room.bury(cell.id, mail, reason, round)
        cell.box.drop(mail, round)
        if self.watched:
            round.batch.turned.append(Turned(mail.message, reason, round.batch.number))

    def _expire(self, cell: Cell, mail: Mail, round: Round) -> None:
        self.expired += 1
        since = self._room.last_seq
        reason = f"expired {(round.now_ms - mail.message.expires_ms) / 1000:.0f} s ago"
        if mail.message.route is None:
            self._room.refuse(mail.message, reason, round)
        else:  # what it carries has come some way: whoever sent it off is to know
            self._room.bury(cell.id, mail, reason, round)
        cell.box.drop(mail, round)
        self._room.note(mail, since, round, reason)
        if self.watched:
            round.batch.turned.append(Turned(mail.message, "expired", round.batch.number))

    def retry_due(self, now_s: float) -> None:
        """Let the cells whose backoff is over go on."""
        while self._retries and self._retries[0][0] <= now_s:
            cell = self._room.cells.get(heapq.heappop(self._retries)[1])
            if cell is not None and cell.wait is Wait.BACKOFF:
                self._room.schedule.release(cell)

    def next_retry_s(self) -> float | None:
        """Monotonic second of the next retry; None when there is none."""
        return self._retries[0][0] if self._retries else None


def _delay_s(cell: Cell, attempts: int) -> float:
    """Seconds before the next attempt after so many."""
    return min(_LAST_RETRY_S, cell.actor.retry_s * 2.0 ** (attempts - 1))


def _went(stage: Stage[Any]) -> str:
    """The outcome of a turn whose message is on a route."""
    route = stage.message.route
    on = route is not None and any(made.route is not None and made.route.of == route.of for made in stage.mail)
    return FORWARDED if on else WELL


def _in_a_line(error: Exception) -> str:
    """What an error says, for lists: pydantic writes a paragraph, and where to read more."""
    text = said(error) if isinstance(error, ValidationError) else str(error)
    return " ".join(text.split())[:_REASON_AT_MOST]


def _call_back(cell: Cell, names: Collection[str], round: Round) -> None:
    """Drop the mail of timers of these names: they are set anew, or cancelled."""
    for box in (cell.box.head, cell.deferred or ()):
        for mail in [mail for mail in box if mail.timer is not None and mail.timer.name in names]:
            box.remove(mail)  # type: ignore[union-attr]  # the empty tuple has none to remove
            cell.box.drop(mail, round)


def _check_state(state: Any, cell: Cell) -> None:
    model = cell.actor.state_model
    if not isinstance(state, model):
        raise BadPayload(f"cannot keep the state of {cell.id}: {type(state).__name__} is no {model.__name__}")
