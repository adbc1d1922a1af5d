"""Turns: one message handled, start to end, and what becomes of one that raises."""

import heapq
import logging
import random

from gateway.actors.guards import Deferred, Unwanted
from gateway.actors.itinerary import Route
from gateway.actors.messages import Message
from gateway.actors.supervision import CHILD_FAILED, Fault
from gateway.actors.turn import Outcome, kept_anyway, run_turn
from gateway.actors.words import described, in_a_line
from gateway.runtime.batch import Turned
from gateway.runtime.cells import ALIVE, Cell, Wait
from gateway.runtime.clock import UNTRUSTED, GatewayClock
from gateway.runtime.effects import Effects
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Due, Mail
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round
from gateway.runtime.sourced import Ledger
from gateway.runtime.strangers import Strangers
from gateway.runtime.supervision import Supervision, mark
from gateway.runtime.timetable import Timetable
from gateway.runtime.trail import FORWARDED, WELL

log = logging.getLogger(__name__)

_LAST_RETRY_S = 60.0
_DEFERRED_AT_MOST = 1000
"""How many messages of one actor may wait for a change of its state: they are held in memory."""


class TurnRunner:
    """Runs the mail of cells, turn by turn. It is the World that stages ask. On the engine's thread."""

    def __init__(self, room: Mailroom, timetable: Timetable, ids: Ids, rng: random.Random, *, ledger: Ledger, time: GatewayClock) -> None:
        self._room = room
        self.time = time
        self._trail = room.trail
        self._timetable = timetable
        self.new_id = ids.new
        self.find_verb = room.directory.find_verb
        self.knows = room.activation.knows
        self.children = room.activation.children
        self.random = rng.random
        self._retries: list[tuple[float, str]] = []
        self.watched = False
        """Whether somebody watches the turns."""
        self.total = 0
        self.failed = 0
        self.expired = 0
        self.supervision = Supervision(room, give_up=self._give_up, back_off=self._back_off)
        self._strangers = Strangers(room)
        self.effects = Effects(room, timetable, ledger, self.supervision)
        self.visited = ""
        """Id of the actor whose turn runs now, or ran last in this round; any thread may look."""

    def run(self, cell: Cell, round: Round) -> None:
        """Handle the first message of a cell; then drop the message, or keep it for a retry."""
        actor = cell.actor
        mail = cell.box.head.popleft()
        message = mail.message
        since = self._room.last_seq
        self.begin(cell, round)
        if message.expires_ms and not self._timely(cell, mail, round):
            return
        mail.attempt += 1
        late_s = 0.0 if mail.timer is None else max(0, round.clock_ms - self.time.moved(mail.timer.due_ms, mail.timer.due_ms)) / 1000
        alive = cell.life is ALIVE
        try:
            outcome = run_turn(actor, cell.state, message, self, round.now_ms, round.clock_ms, late_s, alive, cell.ties)
        except BaseException as error:  # noqa: BLE001  # here faults are decided: one bad message, one that says sys.exit() too, stops nobody
            self.raised(cell, mail, error, round)
            return
        if not alive and actor.most and (reason := self._strangers.why_not(cell, message, outcome)):
            self._turn_away(cell, mail, reason, round)
            return
        if self._room.fullness.full and (box := self._in_the_way(cell, outcome, round)):
            self._put_off(cell, mail, box, round)
            return
        self.effects.apply(cell, message, outcome, round)
        if mail.stored:
            cell.box.drop(mail, round)
        self.ended_well(message, outcome, round, mail.seq, since, mail.timer)

    def begin(self, cell: Cell, round: Round) -> None:
        """Note that a turn of a cell begins."""
        self.visited = cell.id
        self.total += 1
        cell.tally.turns += 1
        batch = round.batch
        batch.turns += 1
        batch.urgent = True

    def raised(self, cell: Cell, mail: Mail, error: BaseException, round: Round) -> None:
        """Decide what becomes of a message whose turn raised; it is out of its mailbox."""
        if isinstance(error, Deferred):
            self._defer(cell, mail, error, round)
        else:
            self._fail(cell, mail, error, round)

    # Positional, for it is called once a turn.
    def ended_well(  # noqa: PLR0917
        self, message: Message, outcome: Outcome, round: Round, seq: int, since: int, timer: Due | None = None
    ) -> None:
        """Tell the trail, and whoever watches, of a turn that succeeded. What it made has the places behind `since`."""
        if self._trail.on:
            said = WELL if message.route is None else _went(message.route, outcome)
            timers = tuple(outcome.timers) if outcome.timers else ()
            self._trail.note(message, seq, since, self._room.last_seq, round.batch.number, round.clock_ms, said, timers, timer)
        if self.watched:
            round.batch.turned.append(Turned(message, "", round.batch.number))

    def _in_the_way(self, cell: Cell, outcome: Outcome, round: Round) -> str:
        """The full mailbox for which a turn is put off; empty where it goes on."""
        fullness, to = self._room.fullness, [sent.to for sent in outcome.mail]
        if not fullness.in_the_way(cell.id, to) or self._room.giving_way.lets_go_on(outcome, fullness.full, round):
            return ""
        return fullness.in_the_way(cell.id, to)  # another one, where what gave way made room in the first

    def _put_off(self, cell: Cell, mail: Mail, box: str, round: Round) -> None:
        """Put a turn off that would overfill a mailbox: it did not happen, and is run again when there is room. That is no attempt."""
        mail.attempt -= 1
        cell.box.head.appendleft(mail)
        cell.box.save(mail, round)
        cell.box.save_new(round)
        self._room.fullness.have_wait(cell, box)

    def _turn_away(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        """A turn would begin one actor too many: it did not happen. One dead letter counts all such messages of a kind."""
        n = self._room.dead_letters.add_counted(cell.actor.kind, mail, reason, round)
        self._room.refuse(mail.message, reason, round)
        cell.box.drop(mail, round)
        self._room.note(mail, self._room.last_seq, round, f"dead letter {n}: {reason}")
        if self.watched:
            round.batch.turned.append(Turned(mail.message, reason, round.batch.number))

    def fire(self, cell: Cell, round: Round) -> None:
        """Send a cell the timers that are due, and set its next wake time."""
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

    def _fail(self, cell: Cell, mail: Mail, error: BaseException, round: Round) -> None:
        """Try a message again later whose turn raised, with the mail behind it; or give the message up."""
        self.effects.keep_ties(cell, kept_anyway(cell.ties, mail.message), round)
        if isinstance(error, Unwanted):
            self._give_up(cell, mail, in_a_line(error), round)
            return
        self.failed += 1
        cell.tally.failed += 1
        reason = described(error)
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
        """Have a cell's mail wait for a while before the next attempt. All of it must be on disk, or go there with this batch."""
        self._room.schedule.hold(cell, Wait.BACKOFF, fault)
        heapq.heappush(self._retries, (round.now_s + _delay_s(cell, attempts), cell.id))

    def _judge(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        """Have the actor, or who supervises it, decide about a message whose attempts are used up."""
        fault = Fault(actor=cell.id, verb=mail.message.verb, reason=reason, attempts=mail.attempt, message=mail.message.id)
        since = self._room.last_seq
        given_up = self.supervision.judge(cell, mail, fault, round)
        self._room.note(mail, since, round, f"failed, attempt {fault.attempts}: {reason}")
        if given_up:
            self._give_up(cell, mail, reason, round)

    def _defer(self, cell: Cell, mail: Mail, why: Deferred, round: Round) -> None:
        """Put a message aside until its actor's state has changed; above a limit it is refused."""
        mail.attempt -= 1
        if len(cell.deferred or ()) >= _DEFERRED_AT_MOST:
            self._give_up(cell, mail, f"{why}, and {_DEFERRED_AT_MOST} messages wait with it", round)
            return
        if not mail.stored:
            cell.box.save(mail, round)
        cell.defer(mail)
        self._room.note(mail, self._room.last_seq, round, f"deferred: {why}")

    def set_aside(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        """Make a message that must not be handled any more a dead letter; it is out of its mailbox already."""
        self._give_up(cell, mail, reason, round)

    def _give_up(self, cell: Cell, mail: Mail, reason: str, round: Round) -> None:
        self._room.bury(cell.id, mail, reason, round)
        cell.box.drop(mail, round)
        if self.watched:
            round.batch.turned.append(Turned(mail.message, reason, round.batch.number))

    def _timely(self, cell: Cell, mail: Mail, round: Round) -> bool:
        """Whether a message that expires may be handled now. It has expired, or waits until somebody can say whether it has."""
        left_ms = self.time.left_ms(mail.message)
        if left_ms is None:
            cell.box.head.appendleft(mail)
            cell.box.save(mail, round)
            cell.box.save_new(round)
            self._room.schedule.hold(cell, Wait.TIME, f"nobody can say yet whether {mail.message.verb} has expired: {UNTRUSTED}")
            return False
        if left_ms < 0:
            self._expire(cell, mail, -left_ms, round)
        return left_ms >= 0

    def _expire(self, cell: Cell, mail: Mail, ago_ms: int, round: Round) -> None:
        self.expired += 1
        since = self._room.last_seq
        reason = f"expired {ago_ms / 1000:.0f} s ago"
        if mail.message.route is None:
            self._room.refuse(mail.message, reason, round)
        else:  # what it carries has come some way: whoever sent it off is to know
            self._room.bury(cell.id, mail, reason, round)
        cell.box.drop(mail, round)
        self._room.note(mail, since, round, reason)
        if self.watched:
            round.batch.turned.append(Turned(mail.message, "expired", round.batch.number))

    def retry_due(self, now_s: float) -> None:
        """Let the cells go on whose backoff is over."""
        while self._retries and self._retries[0][0] <= now_s:
            cell = self._room.cells.get(heapq.heappop(self._retries)[1])
            if cell is not None and cell.wait is Wait.BACKOFF:
                self._room.schedule.release(cell)

    def next_retry_s(self) -> float | None:
        """Monotonic second of the next retry; None where there is none."""
        return self._retries[0][0] if self._retries else None


def _delay_s(cell: Cell, attempts: int) -> float:
    """Seconds to wait before the next attempt, after so many."""
    return min(_LAST_RETRY_S, cell.actor.retry_s * 2.0 ** (attempts - 1))


def _went(route: Route, outcome: Outcome) -> str:
    """What became of a message on a route whose turn succeeded, in a word."""
    return FORWARDED if any(made.route is not None and made.route.of == route.of for made in outcome.mail) else WELL
