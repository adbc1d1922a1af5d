"""Turns: one message handled, start to end, and what becomes of one that raises."""

import heapq
import logging
import random
from typing import Any

from gateway.actors.errors import BadPayload
from gateway.actors.messages import Message
from gateway.actors.stage import Stage
from gateway.runtime.batch import Batch, Turned
from gateway.runtime.cells import Cell
from gateway.runtime.clock import Clock
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Mail
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.timetable import Timetable

log = logging.getLogger(__name__)

_LAST_RETRY_S = 60.0


class Turns:
    """Runs the mail of cells. It is the world that stages ask. On the engine's thread."""

    def __init__(self, room: Mailroom, timetable: Timetable, clock: Clock, ids: Ids, rng: random.Random) -> None:
        self._room = room
        self._timetable = timetable
        self._clock = clock
        self.new_id = ids.new
        self.find_verb = room.directory.find_verb
        self.random = rng.random
        self._retries: list[tuple[float, str]] = []
        self.watched = False
        """Whether somebody watches the turns."""
        self.total = 0
        self.failed = 0
        self.expired = 0

    def run(self, cell: Cell, batch: Batch, now_ms: int, clock_ms: int) -> None:
        """Handle the first message of a cell; drop it, or keep it for a retry."""
        actor = cell.actor
        mail = cell.box.head.popleft()
        message = mail.message
        self.total += 1
        batch.turns += 1
        batch.urgent = True
        if 0 < message.expires_ms < now_ms:
            self._expire(cell, mail, batch, now_ms)
            return
        if mail.attempt >= actor.attempts:
            self._give_up(cell, mail, f"the process ended {mail.attempt} times while {cell.id} handled it", batch)
            return
        mail.attempt += 1
        stage: Stage[Any] = Stage(self, cell.id, cell.state, message, now_ms, clock_ms, mail.late_s)
        try:
            actor.verbs[message.verb].run(actor, message.payload, stage)
            if type(stage.state) is not actor.state_model:
                _check_state(stage.state, cell)
        except Exception as error:  # noqa: BLE001  # here faults are decided: one bad message must not stop its neighbours
            self._fail(cell, mail, error, batch)
            return
        self._apply(cell, stage, batch, now_ms)
        if mail.stored:
            cell.box.drop(mail, batch)
        if self.watched:
            batch.turned.append(Turned(message, "", batch.number))

    def _apply(self, cell: Cell, stage: Stage[Any], batch: Batch, now_ms: int) -> None:
        """Take the effects of a turn that went well."""
        if stage.stopped:
            for child in self._room.family(cell.id):
                child.end()
                self._mark(child, batch)
                if child.blocked:
                    self._room.unblock(child)
            cell.end()
            self._mark(cell, batch)
        elif stage.state is not cell.state or stage.timers:
            cell.state = stage.state
            cell.ended = False
            if stage.timers:
                self._set_timers(cell, stage)
            self._mark(cell, batch)
        for message in stage.mail:
            self._room.deliver(message, batch, now_ms=now_ms)

    def _set_timers(self, cell: Cell, stage: Stage[Any]) -> None:
        timers = dict(cell.timers)
        for name, timer in stage.timers.items():
            if timer is None:
                timers.pop(name, None)
            else:
                timers[name] = timer
        cell.timers = timers
        if cell.arm() and cell.wake_ms is not None:
            self._timetable.add(cell.wake_ms, cell.id)

    def _mark(self, cell: Cell, batch: Batch) -> None:
        cell.batch = batch.number
        batch.dirty[cell.id] = cell

    def fire(self, cell: Cell, batch: Batch) -> None:
        """Its wake time has come: send it the timers that are due, and set the next wake time."""
        if cell.unreadable:
            return
        clock_ms = self._clock.clock_ms()
        due = sorted((name for name, t in cell.timers.items() if t.due_ms <= clock_ms), key=lambda name: cell.timers[name].due_ms)
        fired = [cell.timers[name] for name in due]
        cell.timers = {name: t for name, t in cell.timers.items() if name not in due}
        cell.wake_ms = None
        cell.woken = True
        if cell.arm() and cell.wake_ms is not None:
            self._timetable.add(cell.wake_ms, cell.id)
        self._mark(cell, batch)
        batch.urgent = True
        for timer in fired:
            message = Message(self.new_id(), cell.id, timer.verb, timer.payload, cell.id)
            late_s = (clock_ms - timer.due_ms) / 1000
            self._room.deliver(message, batch, now_ms=self._clock.now_ms(), late_s=late_s)

    def _fail(self, cell: Cell, mail: Mail, error: Exception, batch: Batch) -> None:
        """A turn raised: try it again later, mail behind it waits; or give it up."""
        self.failed += 1
        reason = f"{type(error).__name__}: {error}"
        if mail.attempt >= cell.actor.attempts:
            log.error("%s of %s failed %d times", mail.message.verb, cell.id, mail.attempt, exc_info=error)
            self._give_up(cell, mail, reason, batch)
            return
        delay_s = min(_LAST_RETRY_S, cell.actor.retry_s * 2 ** (mail.attempt - 1))
        log.warning("%s of %s failed: %s; attempt %d in %.1f s", mail.message.verb, cell.id, reason, mail.attempt + 1, delay_s)
        cell.box.head.appendleft(mail)
        cell.box.save(mail, batch)
        cell.box.save_new(batch)
        self._room.block(cell, f"{mail.message.verb} failed: {reason}")
        heapq.heappush(self._retries, (self._clock.mono_s() + delay_s, cell.id))

    def _give_up(self, cell: Cell, mail: Mail, reason: str, batch: Batch) -> None:
        now_ms = self._clock.now_ms()
        self._room.dead_letters.add(cell.id, mail, reason, at_ms=now_ms, batch=batch)
        self._room.refuse(mail.message, reason, batch, now_ms=now_ms)
        cell.box.drop(mail, batch)
        if self.watched:
            batch.turned.append(Turned(mail.message, reason, batch.number))

    def _expire(self, cell: Cell, mail: Mail, batch: Batch, now_ms: int) -> None:
        self.expired += 1
        late_s = (now_ms - mail.message.expires_ms) / 1000
        self._room.refuse(mail.message, f"expired {late_s:.0f} s ago", batch, now_ms=now_ms)
        cell.box.drop(mail, batch)
        if self.watched:
            batch.turned.append(Turned(mail.message, "expired", batch.number))

    def retry_due(self, now_s: float) -> None:
        """Let the cells whose backoff is over go on."""
        while self._retries and self._retries[0][0] <= now_s:
            cell = self._room.cells.get(heapq.heappop(self._retries)[1])
            if cell is not None:
                self._room.unblock(cell)

    def next_retry_s(self) -> float | None:
        """Monotonic second of the next retry; None when there is none."""
        return self._retries[0][0] if self._retries else None


def _check_state(state: Any, cell: Cell) -> None:
    model = cell.actor.state_model
    if not isinstance(state, model):
        raise BadPayload(f"cannot keep the state of {cell.id}: {type(state).__name__} is no {model.__name__}")
