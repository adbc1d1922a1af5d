"""Despatch: hands mail to host-bound actors, and takes it back settled."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from gateway.actors.errors import BadId, BadPayload, UnknownTarget
from gateway.actors.hostbound import HostBound
from gateway.actors.messages import Reply
from gateway.actors.routes import Sending, onward
from gateway.actors.verbs import Mode
from gateway.runtime.cautious import Cautious
from gateway.runtime.clock import GatewayClock
from gateway.runtime.crowd import CROWDED_S
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.ingress import Ingress
from gateway.runtime.lent import count_noted
from gateway.runtime.mail import Mail, act_by_of, decode
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.outbox import Outbox
from gateway.runtime.round import Round
from gateway.runtime.trail import DONE, FORWARDED
from gateway.store.store import BoxSize, MailRow, Store

log = logging.getLogger(__name__)

_ATTEMPTS = 10
"""So often a message may be refused in one life before it is given up."""
_FIRST_RETRY_S = 0.5
_LAST_RETRY_S = 60.0
_UNKNOWN = "outcome unknown: the gateway stopped while it was being done; look before you repeat it"
_UNKNOWN_AWAY = "outcome unknown: {id} went away while it was being done ({why}); look before you repeat it"
_PAGES = 8
"""How many pages of a mailbox are looked through at once for mail that need not wait behind a refused message."""
_READ_AT_ONCE = 512

_box = attrgetter("box")


class Despatch:
    """Hands mail to the host-bound actors, by their outboxes. On the engine's thread."""

    def __init__(self, room: Mailroom, ingress: Ingress, store: Store, clock: GatewayClock, *, cautious: Cautious) -> None:
        self._room = room
        self._ingress = ingress
        self._store = store
        self._clock = clock
        self._cautious = cautious
        self.give: Callable[[str], Callable[[list[HandedOut]], None]] = lambda id: lambda deliveries: None
        self.expired = 0
        """How many messages waited too long."""
        self._limits: dict[str, Mapping[str, float]] = {}
        self._timed: dict[str, Outbox] = {}
        """Outboxes in which something falls due."""
        self._again = False
        """Whether there is more to look through at once."""
        self._counts = False
        """Whether there was mail in hand when the last life ended."""

    def make_outbox(self, id: str, stored: BoxSize | None) -> Outbox:
        """Make a host-bound actor's outbox, with what the store has of it."""
        kind = self._room.directory.hosted[id]
        outbox = Outbox(
            id,
            window=kind.window,
            give=self.give(id),
            post=self._ingress.settle,
            once={name for name, row in kind.verbs.items() if row.mode is Mode.AT_MOST_ONCE},
            idle={name for name, row in kind.verbs.items() if row.idle},
            limits=self._limits.get(id, {name: row.act_within_s for name, row in kind.verbs.items()}),
            stored=stored,
        )
        outbox.suspects = self._cautious.suspects(id)
        return outbox

    def resume(self, notes: dict[str, str], round: Round, *, absent: Iterable[str]) -> None:
        """Have the attempts counted that were under way when the last life ended. The `absent` get nothing until they are `back`."""
        for id in absent:
            self._room.outboxes[id].open = False
        self._counts = count_noted(notes, round.batch.changes)

    def fit(self, outbox: Outbox, kind: type[HostBound]) -> None:
        """Have an outbox that was kept aside serve an actor of this kind."""
        outbox.window = kind.window
        outbox.once = frozenset(name for name, row in kind.verbs.items() if row.mode is Mode.AT_MOST_ONCE)
        outbox.idle = frozenset(name for name, row in kind.verbs.items() if row.idle)
        outbox.limits = self._limits.get(outbox.box.id, {name: row.act_within_s for name, row in kind.verbs.items()})

    def forget(self, id: str) -> None:
        """Forget what was to be done for an actor that has left at some time."""
        self._timed.pop(id, None)
        self._limits.pop(id, None)

    def limit_ages(self, id: str, limits: Mapping[str, float]) -> None:
        """Say for how many seconds a message may wait for an actor, by verb, where that is not as its class says. Any thread."""
        self._limits[id] = limits
        if id in self._room.outboxes:
            self._room.outboxes[id].limits = limits

    # --- out

    def hand_out(self, committed: int, committed_seq: int, round: Round) -> None:
        """Decide what is handed out with the commit of this batch, as far as the windows allow."""
        touched = self._room.touched
        if self._counts and not committed:
            return  # the attempts of the last life are counted with the first commit: before that, the rows do not have them
        if self._timed:
            touched.update(self._timed)
        self._cautious.look(committed, round)
        self._again = False
        crowds: dict[str, str] = {}
        for id, outbox in list(touched.items()):
            self._freshen(outbox, round, committed, committed_seq)
            if outbox.crowd.waits_too_long(round.now_s):
                crowds.update(dict.fromkeys(outbox.crowd.crowders(round.now_s), id))
            if outbox.rests:
                del touched[id]
        if crowds != self._ingress.crowds:
            self._ingress.crowd(crowds)

    def _freshen(self, outbox: Outbox, round: Round, committed: int, committed_seq: int) -> None:
        """Take out of an outbox what is too old, let go what waited for its time, and hand out."""
        self._expire(outbox, round, committed_seq)
        if outbox.lanes.by_sender:
            self._let_go(outbox, round, committed_seq)
        box, one_by_one = outbox.box, self._cautious.deliveries_left > 0
        for _ in range(_PAGES):
            if not box.head and box.readable(committed_seq):
                self._read_back(outbox, round, committed_seq)
            outbox.hand_out_all(round, committed=committed, one_by_one=one_by_one)
            if (one_by_one or outbox.suspects) and (mail := outbox.next()) and outbox.must_be_alone(mail, one_by_one=one_by_one):
                self._hand_out_alone(outbox, round)
                break
            if box.head or not box.readable(committed_seq):
                break
        else:
            self._again = True
        if outbox.lanes.by_sender or outbox.ages:
            self._timed[box.id] = outbox
        else:
            self._timed.pop(box.id, None)

    def _let_go(self, outbox: Outbox, round: Round, committed_seq: int) -> None:
        """Put back in line the messages that need not wait behind a refused one any more, the first that is only on disk included."""
        lanes = outbox.lanes
        for mail in lanes.let_go(round.now_s):
            outbox.put_back(mail)
        if lanes.unread and len(outbox.box.head) < _READ_AT_ONCE:
            self._read_lanes(outbox, round, committed_seq)
            for mail in lanes.let_go(round.now_s):
                outbox.put_back(mail)

    def _read_lanes(self, outbox: Outbox, round: Round, committed_seq: int) -> None:
        """Read a page of the mail that waited on disk only, of the senders whose turn it is."""
        wanted = outbox.lanes.first_unread(round.now_s)
        for row in self._store.mail(outbox.box.id, min(wanted, default=committed_seq) - 1, _READ_AT_ONCE):
            sender = wanted.pop(row.seq, None)
            if sender is not None and row.seq <= committed_seq:
                self._take_in(outbox, row, round)
                following = outbox.lanes.was_read(sender)
                if following is not None:
                    wanted[following] = sender
        self._again = self._again or (min(wanted, default=committed_seq + 1) <= committed_seq)

    def _take_in(self, outbox: Outbox, row: MailRow, round: Round) -> None:
        """Put a stored row into the outbox's memory: it was never tried in this life, and its deadline is watched already."""
        mail = self._read(outbox, row, round)
        if mail is not None:
            outbox.put_back(mail)

    def _read(self, outbox: Outbox, row: MailRow, round: Round) -> Mail | None:
        """Read a stored message; None where it cannot be read, which makes it a dead letter."""
        try:
            mail = Mail(decode(row.message, self._room.directory.find_row), row.seq, stored=True)
        except (ValueError, LookupError) as error:
            self._room.dead_letters.add_raw(row.box, row.message, str(error), attempt=row.attempt, round=round)
            round.batch.drop(row.box, row.seq)
            outbox.box.count -= 1
            outbox.box.bytes -= len(row.message)
            return None
        mail.size = len(row.message)
        mail.act_by = act_by_of(row.message)
        return mail

    def _read_back(self, outbox: Outbox, round: Round, committed_seq: int) -> None:
        self._room.read_back(outbox.box, self._store, round, committed_seq=committed_seq)
        for mail in list(outbox.box.head):
            if mail.attempt and mail.message.verb in outbox.once:
                outbox.box.head.remove(mail)
                self._give_up(outbox, mail, _UNKNOWN, round)
            elif mail.act_by or mail.message.until or mail.message.expires_ms:
                outbox.ages.mind(mail, round.clock_ms)

    # --- one at a time, after an unclean end

    def _hand_out_alone(self, outbox: Outbox, round: Round) -> None:
        if self._cautious.waits:
            return
        reason = self._cautious.guilty(outbox, round)
        if reason:
            self._give_up(outbox, outbox.box.head.popleft(), reason, round)
        elif self._cautious.hand_out(outbox, round):  # the others come first the next time
            self._room.touched[outbox.box.id] = self._room.touched.pop(outbox.box.id)

    # --- back

    def settle(self, settled: Sequence[HandedOut], round: Round) -> None:
        """Take deliveries back that host-bound actors have settled as done or failed, in their order: runs of plain ones all at once."""
        for box, run in groupby(settled, _box):
            outbox, deliveries = self._room.outboxes.get(box), list(run)
            if outbox is None:  # it has left, and these were taken back
                continue
            if outbox.lanes.by_sender or self._cautious.careful or not all(map(outbox.is_plain, deliveries)):
                for delivery in deliveries:
                    self._settle(delivery, round)
            elif done := outbox.settle_done(deliveries, round):
                self._all_done(outbox, done, round)

    def _all_done(self, outbox: Outbox, done: Sequence[Mail], round: Round) -> None:
        """Note of messages that were done, and are deleted, what `_done` notes of one."""
        room, batch = self._room, round.batch
        room.touched[outbox.box.id] = outbox
        room.taken_from(outbox.box)
        outbox.crowd.done_s = round.now_s
        if room.trail.on:
            room.trail.note_done(done, room.last_seq, batch.number, round.clock_ms)
        if not batch.lazy_since_s:
            batch.lazy_since_s = round.now_s

    def _settle(self, delivery: HandedOut, round: Round) -> None:
        outbox = self._room.outboxes[delivery.box]
        mail = outbox.settle(delivery)
        if mail is not None:
            self._room.touched[delivery.box] = outbox
            self._cautious.ended(delivery.box, mail.seq, round)
            if not delivery.reason:
                self._done(outbox, mail, delivery, round)
                return
            if delivery.retry and mail.message.verb not in outbox.once:
                self._refused(outbox, mail, delivery.reason, round)
            else:
                self._give_up(outbox, mail, delivery.reason, round)
        if hasattr(delivery, "go_on"):
            delivery.go_on()

    def _done(self, outbox: Outbox, mail: Mail, delivery: HandedOut, round: Round) -> None:
        outbox.drop(mail, round)
        self._room.taken_from(outbox.box)
        message = mail.message
        outbox.crowd.done_s = round.now_s
        since, outcome = self._room.last_seq, DONE
        if message.route is not None and message.route.ahead:
            outcome = self._forward(outbox, mail, delivery, round)
        elif message.reply_to and not self._room.directory.hosted[outbox.box.id].passes_on:
            self._room.answer(message, Reply(of=message.asked, body=delivery.body), round)
        self._room.note(mail, since, round, outcome)
        if message.verb in outbox.once:
            round.batch.urgent = True
        elif not round.batch.lazy_since_s:
            round.batch.lazy_since_s = outbox.crowd.done_s

    def _forward(self, outbox: Outbox, mail: Mail, delivery: HandedOut, round: Round) -> str:
        """Send a message on along its route, with what the actor gave back; return the outcome."""
        sending = Sending(self._room.directory.find_verb, self._room.new_id, mail.message.to, round.now_ms, round.clock_ms)
        try:
            message = onward(mail.message, delivery.body, sending)
        except (BadPayload, BadId, UnknownTarget) as error:  # it was done all the same
            self._room.bury(outbox.box.id, mail, f"it was done, but cannot go on along its route: {error}", round)
            return DONE
        if message is not None:
            self._room.deliver(message, round)
            round.batch.urgent = True
        return f"{DONE}, {FORWARDED}"

    def _refused(self, outbox: Outbox, mail: Mail, reason: str, round: Round) -> None:
        """Try a refused message again after a while, and what its sender sent after it behind it; or give the message up."""
        failures = outbox.refuse(mail, round)
        if failures >= _ATTEMPTS:
            self._give_up(outbox, mail, reason, round)
            return
        delay_s = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** (failures - 1))
        log.warning("%s to %s failed: %s; attempt %d in %.1f s", mail.message.verb, mail.message.to, reason, mail.attempt + 1, delay_s)
        self._room.note(mail, self._room.last_seq, round, f"failed, attempt {mail.attempt}: {reason}")
        outbox.lanes.refuse(mail, round.now_s + delay_s)
        for seq in outbox.take_back_behind(mail, round):
            self._cautious.ended(outbox.box.id, seq, round)

    def _give_up(self, outbox: Outbox, mail: Mail, reason: str, round: Round) -> None:
        self._cautious.ended(outbox.box.id, mail.seq, round)
        self._room.bury(outbox.box.id, mail, reason, round)
        outbox.drop(mail, round)
        self._room.taken_from(outbox.box)

    def _expire(self, outbox: Outbox, round: Round, committed_seq: int) -> None:
        """Give up a message that has waited too long, and tell whoever asked."""
        for found in outbox.too_old(round, self._clock, committed_seq) if outbox.ages else ():
            mail = found if isinstance(found, Mail) else self._read_place(outbox, found, round)
            if mail is not None:
                self.expired += 1
                self._give_up(outbox, mail, self._why_expired(outbox, mail), round)

    def _why_expired(self, outbox: Outbox, mail: Mail) -> str:
        """Why a message has expired: by its own word, or by the limit of its verb; and what it waited for."""
        left_ms = self._clock.left_ms(mail.message) if mail.message.expires_ms else None
        limit_s = outbox.limits.get(mail.message.verb, 0.0)
        said = f"expired {-left_ms / 1000:.0f} s ago" if left_ms is not None and left_ms < 0 else f"expired after {limit_s:g} s"
        return f"{said}: {outbox.box.id} is away: {outbox.away}" if outbox.away else f"{said}: {outbox.box.id} did not come to it"

    def _read_place(self, outbox: Outbox, place: int, round: Round) -> Mail | None:
        rows = self._store.mail(outbox.box.id, place - 1, 1)
        return self._read(outbox, rows[0], round) if rows and rows[0].seq == place else None

    # --- who comes and goes

    def reclaim(self, id: str, round: Round, *, for_good: bool = False, then: Callable[[], None] | None = None) -> None:
        """Take back what an actor that is gone had in hands, then call `then`; `for_good`: nobody takes its place, until `back` is
        called."""
        outbox = self._room.outboxes.get(id)
        if outbox is None:  # it has left: the last words of one of its threads
            return
        outbox.open, outbox.away = not for_good, ""
        self._take_back(outbox, _UNKNOWN, round, counted=True, then=then)

    def away(self, id: str, why: str, round: Round, *, then: Callable[[], None] | None = None) -> None:
        """Hand an actor nothing, because what it owns is away; what it had in hands goes back, no attempt counted. Then call `then`."""
        outbox = self._room.outboxes.get(id)
        if outbox is None:
            return
        outbox.open, outbox.away = False, why or "it did not say why"
        self._take_back(outbox, _UNKNOWN_AWAY.format(id=id, why=outbox.away), round, counted=False, then=then)

    def back(self, id: str) -> None:
        """Hand an actor mail again, because what it owns is there."""
        outbox = self._room.outboxes.get(id)
        if outbox is not None:
            outbox.open, outbox.away = True, ""
            self._room.touched[id] = outbox

    def _take_back(self, outbox: Outbox, unknown: str, round: Round, *, counted: bool, then: Callable[[], None] | None) -> None:
        for seq in outbox.in_hand:
            self._cautious.ended(outbox.box.id, seq, round)
        for mail in outbox.take_back(round, counted=counted):
            self._give_up(outbox, mail, unknown, round)
        self._room.touched[outbox.box.id] = outbox
        if not round.batch.lazy_since_s:
            round.batch.lazy_since_s = round.now_s
        if then is not None:
            then()

    # --- for others

    def next_s(self) -> list[float]:
        """Monotonic second at which there is something to hand out or to give up; None where nothing is due."""
        now_s = self._clock.mono_s()
        if self._again:
            return [now_s]
        times: list[float] = []
        if self._timed:
            clock_ms = self._clock.clock_ms()
            times += [at_s for outbox in self._timed.values() if (at_s := outbox.next_s(now_s, clock_ms)) is not None]
        if self._cautious.waits and self._cautious.until_s:
            times.append(self._cautious.until_s)
        return [*times, now_s + CROWDED_S] if self._ingress.crowds else times
