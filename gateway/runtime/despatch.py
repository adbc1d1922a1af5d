"""Despatch: hands mail to host-bound actors, and takes it back settled."""

import logging
from collections.abc import Callable

from gateway.actors.errors import BadId, BadPayload, UnknownTarget
from gateway.actors.messages import REPLY, Message, Reply, read_payload
from gateway.actors.routes import Sending, onward
from gateway.actors.verbs import Mode
from gateway.runtime.clock import Clock
from gateway.runtime.deliveries import Delivery
from gateway.runtime.ingress import Ingress
from gateway.runtime.mail import Mail
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.outbox import CROWDED_S, Outbox
from gateway.runtime.round import Round
from gateway.runtime.settings import EngineSettings
from gateway.runtime.trail import DONE, FORWARDED
from gateway.store.store import BoxSize, Store

log = logging.getLogger(__name__)

_ATTEMPTS = 10
_FIRST_RETRY_S = 0.5
_LAST_RETRY_S = 60.0
_UNKNOWN = "outcome unknown: the gateway stopped while it was being done; look before you repeat it"


class Despatch:
    """All outboxes. On the engine's thread."""

    def __init__(self, room: Mailroom, ingress: Ingress, store: Store, clock: Clock, settings: EngineSettings) -> None:
        self._room = room
        self._ingress = ingress
        self._store = store
        self._clock = clock
        self._settings = settings
        self.give: Callable[[str], Callable[[list[Delivery]], None]] = lambda id: lambda deliveries: None
        self._backoffs: dict[str, float] = {}

    def make_outbox(self, id: str, stored: BoxSize | None) -> Outbox:
        """An outbox, with what the store has of it."""
        kind = self._room.directory.hosted[id]
        once = {name for name, row in kind.verbs.items() if row.mode is Mode.AT_MOST_ONCE}
        return Outbox(
            id,
            window=kind.window,
            give=self.give(id),
            post=self._ingress.settle,
            is_once=once.__contains__,
            stored=stored,
        )

    def hand_out(self, committed: int, committed_seq: int, round: Round) -> None:
        """Hand out what is on disk and fits the windows."""
        touched = self._room.touched
        crowded = False
        for id, outbox in list(touched.items()):
            if not outbox.box.head and outbox.box.readable(committed_seq):
                self._read_back(outbox, round, committed_seq)
            ready = outbox.next(committed, committed_seq, round)
            if ready:
                outbox.give(ready)
            crowded = crowded or outbox.crowded(round.now_s)
            if not outbox.box.head and not outbox.box.spilled:
                del touched[id]
        if crowded is not self._ingress.crowded:
            self._ingress.crowd(crowded)

    def _read_back(self, outbox: Outbox, round: Round, committed_seq: int) -> None:
        self._room.read_back(outbox.box, self._store, round, committed_seq=committed_seq)
        for mail in [m for m in outbox.box.head if m.attempt and outbox.is_once(m.message.verb)]:
            outbox.box.head.remove(mail)
            self._give_up(outbox, mail, _UNKNOWN, round)

    def settle(self, delivery: Delivery, round: Round) -> None:
        """A host-bound actor said done or failed."""
        outbox = self._room.outboxes[delivery.box]
        mail = outbox.settle(delivery)
        if mail is None:
            return
        self._room.touched[delivery.box] = outbox
        if not delivery.reason:
            self._done(outbox, mail, delivery, round)
        elif delivery.retry and mail.attempt < _ATTEMPTS and not outbox.is_once(mail.message.verb):
            self._retry(outbox, mail, delivery.reason, round)
        else:
            self._give_up(outbox, mail, delivery.reason, round)

    def _done(self, outbox: Outbox, mail: Mail, delivery: Delivery, round: Round) -> None:
        outbox.box.drop(mail, round)
        self._room.taken_from(outbox.box)
        message = mail.message
        outbox.done_s = round.now_s
        since, outcome = self._room.last_seq, DONE
        if message.route is not None and message.route.ahead:
            outcome = self._forward(outbox, mail, delivery, round)
        elif message.reply_to:
            self._answer(message, delivery, round)
        self._room.note(mail, since, round, outcome)
        if outbox.is_once(message.verb):
            round.batch.urgent = True
        elif not round.batch.lazy_since_s:
            round.batch.lazy_since_s = outbox.done_s

    def _forward(self, outbox: Outbox, mail: Mail, delivery: Delivery, round: Round) -> str:
        """Send it on along its route, with what the actor gave back; the outcome."""
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

    def _answer(self, message: Message, delivery: Delivery, round: Round) -> None:
        try:
            reply = read_payload(Reply, {"of": message.asked, "body": delivery.body}, where=f"{REPLY} to {message.reply_to}")
        except BadPayload as error:  # it was done all the same
            log.error("%s gave an answer that cannot be sent: %s", message.to, error)
            reply = Reply(of=message.asked)
        self._room.answer(message, reply, round)

    def _retry(self, outbox: Outbox, mail: Mail, reason: str, round: Round) -> None:
        delay_s = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2 ** (mail.attempt - 1))
        log.warning("%s to %s failed: %s; attempt %d in %.1f s", mail.message.verb, mail.message.to, reason, mail.attempt + 1, delay_s)
        self._room.note(mail, self._room.last_seq, round, f"failed, attempt {mail.attempt}: {reason}")
        outbox.put_back(mail)
        outbox.not_before_s = round.now_s + delay_s
        self._backoffs[outbox.box.id] = outbox.not_before_s

    def _give_up(self, outbox: Outbox, mail: Mail, reason: str, round: Round) -> None:
        self._room.bury(outbox.box.id, mail, reason, round)
        outbox.box.drop(mail, round)
        self._room.taken_from(outbox.box)

    def reclaim(self, id: str, round: Round, *, for_good: bool = False) -> None:
        """An actor is gone with what it had in hands; `for_good` when it is closed, and gets no more until another takes its place."""
        outbox = self._room.outboxes[id]
        outbox.window = 0 if for_good else self._room.directory.hosted[id].window
        for mail in outbox.reclaim(round):
            self._give_up(outbox, mail, _UNKNOWN, round)
        self._room.touched[id] = outbox

    def next_s(self) -> list[float]:
        """Monotonic seconds at which a backoff ends."""
        now_s = self._clock.mono_s()
        self._backoffs = {id: at for id, at in self._backoffs.items() if at > now_s}
        times = list(self._backoffs.values())
        return [*times, now_s + CROWDED_S] if self._ingress.crowded else times
