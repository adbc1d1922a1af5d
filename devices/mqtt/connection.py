"""One connection to an MQTT broker: what the gateway publishes, and the way in for commands and for messages of others.

Out, a publish is done when the broker has acknowledged it. In, a message is acknowledged to the broker when it is on disk.
Source: OASIS MQTT Version 5.0 and Version 3.1.1.
"""

import time
from typing import ClassVar

from devices.mqtt.answers import Answers
from devices.mqtt.encoder import Encoder
from devices.mqtt.events import Closed, Event, Opened, Subscribed, Unwelcome
from devices.mqtt.faults import why_unsubscribed
from devices.mqtt.inbox import Inbox
from devices.mqtt.outbox import Notice, Outbox
from devices.mqtt.packets import puback
from devices.mqtt.reasons import OF_A_PUBLISH, reason_text
from devices.mqtt.reconnect import Reconnect
from devices.mqtt.routes import Routes
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Delivery, Health, HostBound, Reply, Start, verb
from gateway.actors.ids import key_of
from gateway.actors.vocabulary import Publish

_FULL_S = 0.05
"""How soon messages that wait for room in the gateway are offered again."""
_TEND_S = 0.25
_FAREWELL_S = 2.0
"""How long closing waits for the broker."""


class Connection(HostBound):
    """Publishes at least once, under the message's own id; takes in `tell`, `ask` and what it subscribes to."""

    kind = "mqtt"
    settings_model = MqttSettings
    window: ClassVar[int] = 500
    close_s: ClassVar[float] = 8.0

    def __init__(self, key: str, settings: MqttSettings) -> None:
        self._key = key
        self._settings = settings

    # --- verbs

    @verb
    def publish(self, publish: Publish, delivery: Delivery) -> None:
        """Publish text under a topic; done when the broker has it."""
        delivery.keep()
        try:
            self._outbox.waiting.append(self._encoder.of_delivery(publish, delivery))
        except ValueError as error:
            delivery.failed(str(error), retry=False)

    @verb
    def reply(self, answer: Reply, delivery: Delivery) -> None:
        """Publish an actor's answer to an ask that came in here, where that ask wants it."""
        self._answers.give(answer, key_of(delivery.message.to), delivery)
        delivery.keep()

    # --- hooks

    def started(self, start: Start) -> None:
        """Make everything that a connection needs, and begin to connect: a broker that is absent is no error."""
        from devices.mqtt.link import Link  # noqa: PLC0415  # paho is imported by gateways that have a connection, and no others

        del start
        settings, host = self._settings, self.host
        self._names = names = Names(self._key, settings)
        self._encoder = Encoder(v5=settings.v5, message_ids=settings.message_ids)
        self._outbox = Outbox(in_flight=settings.in_flight)
        self._routes = Routes(names, settings.subscribe, commands=settings.commands)
        self._answers = Answers(host, names, self._routes, encoder=self._encoder, outbox=self._outbox)
        self._inbox = Inbox(host, self._routes, pending=settings.receive_maximum, refuse=self._answers.refuse)
        self._link = Link(settings, names, in_use=self._outbox.sent, on_puback=self._outbox.acked, on_arrival=self._inbox.arrived)
        self._reconnect = Reconnect(settings, names)
        self._filters = [(one, 1) for one in self._routes.filters] + [(one.topic, one.qos) for one in settings.subscribe]
        self._oldest = (0, 0.0)
        self._due_s = 0.0
        self._link.watch(host.fileno())
        host.report(Health.STARTING, f"connecting to {settings.address}")

    def wait(self) -> None:
        """Block until the broker, the host or the clock has something for us."""
        self._link.wait(self._patience_s())

    def tick(self) -> None:
        """Connect when it is time; send what is due: acknowledgements first, then publishes."""
        now_s = time.monotonic()
        if now_s >= self._due_s:
            self._tend(now_s)
        self._follow(now_s)
        self._inbox.retry()
        while self._inbox.repeats:
            self._answers.give_again(self._inbox.repeats.popleft())
        if self._inbox.must_reopen:
            self._link.drop("it sent more than it may, and will again")
        self._flush()
        self._count()

    def quiet(self) -> None:
        """Take in no more: what the broker sends from now on it sends again when we are back."""
        self._inbox.quiet = True

    def close(self) -> None:
        """See what is under way to its end, say "offline", and disconnect; for two seconds at most."""
        if not hasattr(self, "_link"):
            return
        self._link.unwatch(self.host.fileno())
        deadline_s = time.monotonic() + _FAREWELL_S
        self._last_words(deadline_s)
        self._link.drop("we are closing")
        self.host.report(Health.CLOSED, "")

    # --- the connection

    def _tend(self, now_s: float) -> None:
        """What the clock asks for; a few times a second are enough."""
        if not self._link.is_connected:
            if now_s >= self._reconnect.next_s:
                self._open(now_s)
            return
        self._due_s = now_s + min(_TEND_S, self._settings.keepalive_s / 4)
        self._link.check_time(now_s)
        self._check_progress(now_s)

    def _open(self, now_s: float) -> None:
        try:
            self._link.open()
        except (OSError, ValueError) as error:
            self.host.report(*self._reconnect.could_not(error, now_s))

    def _follow(self, now_s: float) -> None:
        while self._link.events:
            self._react(self._link.events.popleft(), now_s)

    def _react(self, event: Event, now_s: float) -> None:
        match event:
            case Opened():
                self._opened(event, now_s)
            case Unwelcome():
                self._reconnect.unwelcome(event.code)
            case Subscribed():
                self._subscribed(event.codes)
            case Closed():
                because = reason_text(event.code) if event.code in OF_A_PUBLISH else ""
                self._outbox.closed(by_broker=event.by_broker and (not event.code or bool(because)), because=because)
                self._inbox.closed()
                self.host.report(*self._reconnect.closed(event, now_s))
                self.host.count("disconnects")

    def _opened(self, event: Opened, now_s: float) -> None:
        self._reconnect.opened(now_s)
        self._outbox.opened(receive_maximum=event.receive_maximum, max_packet_bytes=event.max_packet_bytes)
        self._inbox.opened(session_present=event.session_present)
        self._link.subscribe(self._filters)
        self._outbox.waiting.appendleft(self._encoder.item(Notice(), self._names.status, b"online", retain=True))
        self.host.report(Health.OK, f"connected to {self._settings.address} as {self._names.client_id!r}")

    def _subscribed(self, codes: list[int]) -> None:
        refusals = [(one, code) for (one, _), code in zip(self._filters, codes, strict=False) if code >= 0x80]
        if refusals:
            self.host.report(Health.FAULTY, why_unsubscribed(refusals, self._settings, self._names))
        else:
            where = f"{self._settings.address} as {self._names.client_id!r}"
            self.host.report(Health.OK, f"connected to {where}, subscribed to {len(codes)} filters")

    def _check_progress(self, now_s: float) -> None:
        """Give the connection up when the oldest publish has waited too long for its PUBACK."""
        oldest = next(iter(self._outbox.sent), 0)
        if oldest != self._oldest[0]:
            self._oldest = (oldest, now_s)
        elif oldest and now_s - self._oldest[1] > self._settings.ack_timeout_s:
            self._link.drop(f"it left a publish without its PUBACK for {self._settings.ack_timeout_s:g} s")

    def _flush(self) -> None:
        """Send in one write all that may be sent now, unless the socket is full."""
        link = self._link
        if not link.is_open or not link.is_drained:
            return
        self._outbox.written()
        parts = [puback(packet_id) for packet_id in self._inbox.take_ready()]
        if self._outbox.waiting:
            parts += self._outbox.next_batch(link.packet_ids, time.time_ns() // 1_000_000)
        if parts:
            link.write(b"".join(parts))
            if link.is_open and link.is_drained:
                self._outbox.written()

    def _count(self) -> None:
        if self._outbox.published:
            self.host.count("published", self._outbox.published)
            self._outbox.published = 0
        if self._inbox.received:
            self.host.count("received", self._inbox.received)
            self._inbox.received = 0

    def _patience_s(self) -> float:
        """How long there is nothing to do but wait for others."""
        if not self._link.is_connected:
            return max(0.0, self._reconnect.next_s - time.monotonic())
        if self._inbox.pending:
            return _FULL_S
        return min(self._settings.keepalive_s / 4, 1.0 if self._outbox.sent or not self._link.is_open else 15.0)

    def _last_words(self, deadline_s: float) -> None:
        link, outbox = self._link, self._outbox
        while link.is_open and (outbox.sent or outbox.waiting) and time.monotonic() < deadline_s:
            self._flush()
            link.wait(0.02)
            self._follow(time.monotonic())
        if not link.is_open:
            return
        self._flush()
        head, tail = self._encoder.item(Notice(), self._names.status, b"offline", qos=0, retain=True)[1:3]
        link.write(head + tail)
        link.say_goodbye()
        while link.is_connected and time.monotonic() < deadline_s:
            link.wait(0.02)
