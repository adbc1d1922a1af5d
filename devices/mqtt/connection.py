"""One connection to an MQTT broker: what the gateway publishes, and the way in for commands and for messages of others.

Out, a publish is done when the broker has acknowledged it; while there is no connection the broker is away, and publishes wait on disk.
In, a message is acknowledged to the broker when it is on disk. What is said and heard by the connection itself is in its dialects.

It is no `Link` (devices/link): that is open when its `open` returns. A connection is open when the broker says so, and whole when the
broker has taken its subscriptions; until then it must read and keep time, and may carry mail already. Hence its chart.
Source: OASIS MQTT Version 5.0 and Version 3.1.1.
"""

import math
import time
from collections.abc import Sequence
from typing import ClassVar

from devices.mqtt.answers import COUNTERS_SAID, Answers, tell_connected
from devices.mqtt.chart import FAREWELL_S, SUBACK_S, Cause, SessionPhase, chart
from devices.mqtt.dialects import dialects_of
from devices.mqtt.dialects.asked import AskedTopics
from devices.mqtt.dialects.dialect import Saying, Session
from devices.mqtt.echoes import Echoes
from devices.mqtt.encoder import PublishEncoder
from devices.mqtt.events import Closed, Event, SessionOpened, Subscribed, Unsubscribed
from devices.mqtt.faults import why_unsubscribed
from devices.mqtt.handover import OpenConnection, same_login
from devices.mqtt.inbox import Inbox
from devices.mqtt.limits import Limits
from devices.mqtt.outbox import PublishesInHand, Settling
from devices.mqtt.reasons import OF_A_PUBLISH, reason_text
from devices.mqtt.reconnect import Reconnect, SessionEnding
from devices.mqtt.routes import Routes
from devices.mqtt.settings import MqttSettings, Names
from devices.mqtt.subscribing import Subscribing
from gateway.actors import By, Delivery, GatewayError, Health, HostBound, Message, Reply, Settings, Start, verb
from gateway.actors.course import Course, Table
from gateway.actors.ids import key_of
from gateway.actors.vocabulary import Listen, Publish
from gateway.deferred import deferred

_FULL_S = 0.05
"""How soon messages that wait for room in the gateway are offered again."""
_TEND_S = 0.25
_IDLE_S = 60.0
_SETTLED = frozenset({SessionPhase.READY, SessionPhase.DENIED})
"""The phases in which a connection can change hands."""


class Connection(HostBound):
    """Keeps one connection to a broker: publishes at least once, by the message's own id; takes in `tell`, `ask` and what it subscribes to.

    Where it stands is in `chart.py`, and changes in `_move` alone. The packets themselves do not ask the chart.
    """

    kind = "mqtt"
    settings_model = MqttSettings
    window: ClassVar[int] = 500
    close_s: ClassVar[float] = 8.0
    carries: ClassVar[bool] = True
    counters_said = COUNTERS_SAID
    step_s: ClassVar[float] = 60.0
    """A name that cannot be looked up takes as long as the resolver wants: half a minute and more."""
    stuck_s: ClassVar[float] = 5.0
    """For how long the gateway may take nothing of what waits until we read on all the same, because PUBACKs may lie behind it."""
    machine: ClassVar[Table[SessionPhase, Cause]] = chart()

    def __init__(self, key: str, settings: MqttSettings) -> None:
        self._key = key
        self._settings = settings

    # --- verbs

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None:
        """Publish a text under a topic; the delivery is done when the broker has it."""
        delivery.keep()
        try:
            self._outbox.waiting.append(self._encoder.of_delivery(publish, delivery))
        except ValueError as error:
            delivery.failed(str(error), retry=False)

    @verb
    def reply(self, answer: Reply, delivery: Delivery) -> None:
        """Publish an actor's answer to an ask that came in here, where that ask wants it."""
        delivery.keep()
        try:
            self._answers.give(answer, key_of(delivery.message.to), delivery)
        except (GatewayError, ValueError) as error:
            delivery.failed(str(error), retry=False)

    @verb(by=By.ACTORS)
    def listen(self, listen: Listen, delivery: Delivery) -> None:
        """Have an actor hear something of the broker, beside what the file says, in the place of what it asked for before."""
        if self._asked.take(listen, delivery):
            self._inbox.look_at_all()
            self._routes.work_out()
            self._subscribing.want(self._routes.filters)
            self._due_s = 0.0

    # --- hooks

    def started(self, start: Start) -> None:
        """Make everything that a connection needs, and begin to connect: a broker that is absent is no error. Where another actor has left
        an open connection, go on with that."""
        del start
        settings, host = self._settings, self.host
        self._names = names = Names(self._key, settings)
        self._echoes = echoes = Echoes(host, settings.host, settings.port_number)
        self._encoder = PublishEncoder(echoes.said, v5=settings.v5, message_ids=settings.message_ids, root=names.root, prefix=names.prefix)
        session = Session(names, settings, host, self._say)
        self._asked = AskedTopics(session)
        self._dialects = [*dialects_of(session), self._asked]
        self._routes = Routes(self._dialects, says=self._encoder.says)
        self._limits = Limits()
        self._held_back_s = -math.inf
        """When the broker was last held back."""
        self._due_s = 0.0
        left = self.inherited if isinstance(self.inherited, OpenConnection) else None
        if left is not None:
            self._go_on(left)
        else:
            self._begin()
        self._subscribing: Subscribing = Subscribing(host, self._routes.filters, self._link, before=left.subscribing if left else None)
        self._inbox.heard = self._echoes.heard
        self._next_s = 0.0 if left else self._course.due_s() or math.inf
        self._link.watch(host.fileno())

    def _begin(self) -> None:
        """Begin with nothing."""
        # paho is imported by gateways that have a connection, OpenSSL by those that speak TLS, and a client of HTTP for a proxy's sake
        with deferred("ssl", "hashlib", "urllib.request"):
            from devices.mqtt.link import BrokerLink  # noqa: PLC0415

        settings, host, names = self._settings, self.host, self._names
        self._outbox = outbox = PublishesInHand(in_flight=settings.in_flight, is_late=self._is_late, all_done=host.all_done)
        self._answers = self._make_answers()
        self._inbox = Inbox(host, self._routes, pending=settings.receive_maximum, refuse=self._answers.refuse)
        self._link = BrokerLink(
            settings,
            names,
            will=next(filter(None, [one.will() for one in self._dialects]), None),
            in_use=outbox.sent,
            on_puback=outbox.acked,
            on_pubacks=outbox.acked_all,
            on_arrival=self._inbox.arrived,
        )
        self._reconnect = Reconnect(settings, names)
        self._course = Course(self.machine, now_s=time.monotonic(), owner=self._reconnect)
        host.report(Health.STARTING, f"connecting to {settings.address}")
        host.away(f"connecting to {settings.address}")

    def _go_on(self, left: OpenConnection) -> None:
        """Go on with a connection that is open; its filters are mended by `_tend`."""
        self._link, self._outbox, self._inbox, self._reconnect, self._course, self._limits, _ = left
        self._outbox.belong_to(is_late=self._is_late, all_done=self.host.all_done)
        self._answers = self._make_answers()
        self._inbox.belong_to(self.host, self._routes, refuse=self._answers.refuse)
        self.host.report(Health.STARTING, f"connected to {self._settings.address}, subscribing")

    def _make_answers(self) -> Answers:
        return Answers(self.host, self._routes, dialects=self._dialects, say=self._say, encoder=self._encoder, outbox=self._outbox)

    def wait(self) -> None:
        """Block until the broker, the host or the clock has something for this actor."""
        self._link.wait(self._patience_s())

    def tick(self) -> None:
        """Connect to the broker when it is time; send what is due: acknowledgements first, then publishes."""
        now_s = time.monotonic()
        self._follow(now_s)
        if now_s >= self._due_s:
            self._tend(now_s)
            self._follow(now_s)
        self._inbox.bring_in()
        while self._inbox.repeats:
            self._answers.give_again(self._inbox.repeats.popleft())
        self._hold_back(now_s)
        self._flush()
        self._count()

    def quiet(self) -> None:
        """Take in no more: what the broker sends from now on it sends again when the gateway is back."""
        self._inbox.quiet = True
        self._link.hold_back(False)

    def close(self) -> None:
        """See what is under way to its end, say the last words, and disconnect; for two seconds at most."""
        if not hasattr(self, "_link"):
            return
        self.quiet()
        self._link.unwatch(self.host.fileno())
        self._move(Cause.CLOSE, time.monotonic())
        deadline_s = self._next_s
        self._last_words(deadline_s)
        self._link.drop("we are closing", Cause.FAREWELL if time.monotonic() < deadline_s else Cause.FAREWELL_OVER)
        self._follow(time.monotonic())
        if self._course.phase is not SessionPhase.CLOSED:  # there was no socket
            self._move(Cause.FAREWELL, time.monotonic())
        self.host.report(Health.CLOSED, "")

    def hand_over(self, heir: Settings) -> OpenConnection | None:
        """Leave an open connection to whoever logs in at the broker in the same way, once what is under way has come to its end."""
        if hasattr(self, "_link") and same_login(self._settings, heir) and self._course.phase in _SETTLED:
            self._link.unwatch(self.host.fileno())
            self._drain(time.monotonic() + FAREWELL_S)
            if self._course.phase in _SETTLED and not (self._outbox.sent or self._outbox.waiting):
                self._inbox.look_at_all()
                return OpenConnection(self._link, self._outbox, self._inbox, self._reconnect, self._course, self._limits, self._subscribing)
            self._link.watch(self.host.fileno())
        self.close()
        return None

    # --- the connection

    def _move(self, cause: Cause, now_s: float) -> None:
        """Move to the phase that the chart gives for `cause`."""
        self._course.take(cause, now_s=now_s)
        self._next_s = self._course.due_s() or math.inf
        self._due_s = 0.0
        self.host.entered(self._course.phase.value, cause.value)

    def _tend(self, now_s: float) -> None:
        """Do what is due by the clock; a few times a second are enough."""
        if self._subscribing.must_mend and self._course.phase in _SETTLED:
            self._mend_filters(now_s)
        elif self._course.phase is SessionPhase.READY:
            self._echoes.look()
        due = self._course.due(now_s)
        if due is Cause.NO_SUBACK and now_s - self._held_back_s < SUBACK_S:  # it lies behind what we have not read
            self._next_s = self._held_back_s + SUBACK_S
        elif due is not None:
            self._in_time(due, now_s)
        self._due_s = min(now_s + _TEND_S, self._next_s, self._link.ping_due_s)
        if self._link.is_connected:
            self._link.keep_alive(now_s)
            self._check_progress(now_s)

    def _in_time(self, due: Cause, now_s: float) -> None:
        """End a phase that has lasted as long as it may. Where that ends the connection, the move is made when it has."""
        match due:
            case Cause.TIME_TO_CONNECT:
                self._open(now_s)
            case Cause.NO_CONNACK | Cause.NO_SUBACK:
                waited_s = now_s - (self._course.since_s(self._course.phase) or now_s)
                self._link.drop(f"{due.value} ({waited_s:.1f} s)", due)
            case Cause.TIME_TO_SUBSCRIBE:
                self._move(due, now_s)
                self._subscribing.try_again()

    def _open(self, now_s: float) -> None:
        if not self._subscribing.is_written:
            self._next_s = now_s + _FULL_S
            return
        self._move(Cause.TIME_TO_CONNECT, now_s)
        try:
            self._link.open()
        except (OSError, ValueError) as error:
            self._end(self._reconnect.could_not(error, now_s), now_s)
        else:
            self._move(Cause.REACHED, time.monotonic())

    def _end(self, ending: SessionEnding, now_s: float) -> None:
        self._move(ending.cause, now_s)
        self.host.report(ending.health, ending.said)
        self.host.away(ending.said)

    def _follow(self, now_s: float) -> None:
        while self._link.events:
            self._react(self._link.events.popleft(), now_s)

    def _react(self, event: Event, now_s: float) -> None:
        match event:
            case SessionOpened() if self._course.phase is SessionPhase.LOGGING_IN:  # not where we are closing meanwhile
                self._opened(event, now_s)
            case Subscribed() if self._course.phase is SessionPhase.SUBSCRIBING:
                self._subscribed(event.codes, now_s)
            case Unsubscribed():
                self._subscribing.unsubscribed()
            case Closed():
                self._closed(event, now_s)

    def _opened(self, event: SessionOpened, now_s: float) -> None:
        self._move(Cause.WELCOME, now_s)
        self._limits = event.limits
        self._outbox.opened(event.limits, session_present=event.session_present)
        self._link.reserve(self._outbox.unacked_ids)
        self._inbox.opened(session_present=event.session_present)
        self.host.report(Health.OK, f"connected to {self._settings.address} as {self._names.client_id!r}{event.limits.said}")
        self.host.back()
        tell_connected(self.host, (self._settings.connected_to, *self._asked.by))
        said = (self._encoder.of_saying(saying) for one in reversed(self._dialects) for saying in reversed(one.at_connect()))
        self._outbox.waiting.extendleft(said)
        if not self._subscribing.begin(event.limits, session_present=event.session_present):
            self._move(Cause.NOTHING_TO_SUBSCRIBE, now_s)

    def _mend_filters(self, now_s: float) -> None:
        """Subscribe to what is wanted and the open connection has not."""
        if not self._subscribing.is_written:
            self._next_s = now_s + _FULL_S
            return
        self._move(Cause.OTHERS_WANTED, now_s)
        if not self._subscribing.mend():
            self._subscribed([], now_s)

    def _subscribed(self, codes: Sequence[int], now_s: float) -> None:
        refusals = self._subscribing.answered(codes)
        for saying in [saying for one in self._dialects for saying in one.when_heard()]:
            self._say(saying)
        if refusals:
            self._move(Cause.SUBSCRIPTION_DENIED, now_s)
            self.host.report(Health.FAULTY, why_unsubscribed(refusals, self._settings, self._names))
        else:
            self._move(Cause.SUBSCRIBED, now_s)
            self._echoes.well = f"connected to {self._settings.address} as {self._names.client_id!r}, {self._subscribing.said}"
            self._echoes.report()

    def _closed(self, event: Closed, now_s: float) -> None:
        because = reason_text(event.code) if event.code in OF_A_PUBLISH else ""
        upon = self._outbox.closed(by_broker=event.by_broker and (not event.code or bool(because)), because=because)
        self._inbox.closed(unheard_bytes=event.unheard_bytes)
        if self._course.phase is SessionPhase.CLOSING:
            self._move(event.cause, now_s)
            return
        since_s = self._course.since_s(SessionPhase.CONNECTED)
        self._end(self._reconnect.closed(event, now_s, lived_s=None if since_s is None else now_s - since_s, upon=upon), now_s)
        self.host.count("disconnects")

    def _say(self, saying: Saying) -> None:
        """Publish something by ourselves: see `Session.say`."""
        self._outbox.waiting.append(self._encoder.of_saying(saying))

    def _check_progress(self, now_s: float) -> None:
        """Give the connection up when the oldest publish has waited too long for its PUBACK."""
        is_blind = now_s - self._held_back_s < _TEND_S  # a PUBACK may lie behind what we do not read
        if self._outbox.unmoved_s(now_s, begin_anew=is_blind) > self._settings.ack_timeout_s:
            self._link.drop(f"it left a publish without its PUBACK for {self._settings.ack_timeout_s:g} s", Cause.NO_PUBACK)

    def _hold_back(self, now_s: float) -> None:
        """Read nothing while as many messages wait as may; but where the gateway takes none of them, and PUBACKs may lie behind what is
        unread, read on: what the gateway waits for may be those. What is left with the broker then comes by another connection."""
        link, inbox = self._link, self._inbox
        if inbox.must_reopen:
            link.drop("messages were left with it while nothing could be taken in", Cause.OVERRUN)
        full = inbox.is_full and link.is_open  # the broker's yes to our CONNECT must be read
        if full:
            self._held_back_s = now_s
            if self._outbox.sent and now_s - inbox.stuck_since_s > self.stuck_s:
                inbox.leave_the_rest()
                full = False
        if full is not link.holds_back:
            link.hold_back(full)

    def _is_late(self, settling: Settling) -> bool:
        """Whether a publish has expired, and must not be sent any more. What is no delivery does not expire."""
        message: Message | None = getattr(settling, "message", None)
        return message is not None and (self.host.time.left_ms(message) or 0) < 0

    def _flush(self) -> None:
        """Send in one write all that may be sent now, unless the socket is full."""
        link = self._link
        if not link.is_open or not link.is_drained:
            return
        self._outbox.written()
        parts = self._inbox.take_ready()
        if self._outbox.waiting:
            parts += self._outbox.next_batch(link.packet_ids, self.host.time.clock_ms())
        if parts:
            link.write(b"".join(parts))
            if link.is_open and link.is_drained:
                self._outbox.written()

    def _count(self) -> None:
        if self._outbox.published:
            self.host.count("published", self._outbox.published)
            self._outbox.published = 0
        self._inbox.count()

    def _patience_s(self) -> float:
        """For how many seconds this actor has nothing to do but wait for others."""
        patience_s = 0.0 if self._link.events else min(_IDLE_S, max(0.0, self._next_s - time.monotonic()))
        if not self._link.is_connected:
            return patience_s
        if self._inbox.pending:
            return min(patience_s, _FULL_S)
        until_ping_s = max(0.0, self._link.ping_due_s - time.monotonic())
        return min(patience_s, until_ping_s, 1.0 if self._outbox.sent or not self._link.is_open else _IDLE_S)

    def _drain(self, deadline_s: float) -> None:
        """See the publishes in hand to their end."""
        while self._link.is_open and (self._outbox.sent or self._outbox.waiting) and time.monotonic() < deadline_s:
            self._flush()
            self._link.wait(0.02)
            self._follow(time.monotonic())

    def _last_words(self, deadline_s: float) -> None:
        self._drain(deadline_s)
        if self._link.is_open:
            self._flush()
            said = [self._encoder.of_saying(saying._replace(qos=0)) for one in self._dialects for saying in one.at_end()]
            packets = [self._limits.borne(head, tail, 0) for _, head, tail, *_ in said]
            self._link.say_goodbye(b"".join(head + tail for head, tail, _ in packets), deadline_s)
