"""The link: one connection to the broker after another, each with a client of its own, driven by poll on the actor's thread.

What paho calls back while it reads is kept as an event, and acted on when it has returned. This file imports paho; it is
imported when a connection actor starts, and not before.
"""

import math
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.mqtt.chart import Cause
from devices.mqtt.dialects.dialect import Saying
from devices.mqtt.events import Closed, Event, SessionOpened, Subscribed, Unsubscribed
from devices.mqtt.faults import password_of, tls_context
from devices.mqtt.filters import Filter
from devices.mqtt.lean import LeanClient
from devices.mqtt.limits import limits_of
from devices.mqtt.packets import IncomingPublish
from devices.mqtt.reasons import OF_A_LOGIN, PROTOCOL_ERROR, QOS_NOT_SUPPORTED, RETAIN_NOT_SUPPORTED, TAKEN_OVER, reason_text
from devices.mqtt.settings import MqttSettings, Names

CONNECT_S = 3.0
"""How long TCP may take to connect, and TLS to shake hands, seconds each."""
_LOOK_S = 0.02
"""How often to look whether the broker has hung up, seconds."""
_READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class BrokerLink:
    """The connection of one actor to its broker, on the actor's thread. Ids in `in_use` belong to publishes without a PUBACK."""

    def __init__(
        self,
        settings: MqttSettings,
        names: Names,
        *,
        will: Saying | None,
        in_use: Container[int],
        on_puback: Callable[[int, int], None],
        on_pubacks: Callable[[Sequence[int]], None],
        on_arrival: Callable[[IncomingPublish], None],
    ) -> None:
        self.events: deque[Event] = deque()
        self.is_open = False
        """Whether the broker has taken us."""
        self.holds_back = False
        """Whether nothing is read, because no more can be taken in."""
        self._settings = settings
        self._names = names
        self._in_use = in_use
        self._on_puback = on_puback
        self._on_pubacks = on_pubacks
        self._on_arrival = on_arrival
        self._client: LeanClient | None = None
        self._fd = -1
        self._poll = select.poll()
        self._refusal = 0
        self._will = will
        """Our will, as the broker bears it: it refuses a CONNECT with more QoS than it takes, or with retain (MQTT 5.0, 3.1.2.6)."""
        self._subacks_due: list[int] = []
        """The packet ids of the SUBSCRIBEs under way, in the order of their filters; and the broker's answers so far by packet id."""
        self._suback_codes: dict[int, list[int]] = {}
        self._writes = False

    @property
    def is_connected(self) -> bool:
        """Whether the connection has a socket, accepted by the broker or not yet."""
        return self._client is not None

    @property
    def is_drained(self) -> bool:
        """Whether all that was written has gone into the socket."""
        return self._client is None or not self._client.want_write()

    @property
    def packet_ids(self) -> Callable[[], int]:
        """The source of packet ids for publishes, for as long as this connection lasts."""
        if self._client is None:
            raise RuntimeError("cannot give out packet ids: there is no connection")
        return self._client.new_packet_id

    def watch(self, fd: int) -> None:
        """Let `wait` return when `fd` is readable, too."""
        self._poll.register(fd, _READABLE)

    def unwatch(self, fd: int) -> None:
        """Have `wait` not look at `fd` any more."""
        self._poll.unregister(fd)

    def open(self) -> None:
        """Connect, and send CONNECT. Raises OSError (BadSetting among them) or ValueError: see `why_no_connection`."""
        client = self._new_client()
        settings = self._settings
        where = {"host": settings.host, "port": settings.port_number, "keepalive": settings.keepalive_s}
        try:
            if settings.v5:
                client.connect(**where, clean_start=False, properties=self._connect_properties())  # type: ignore[arg-type]  # the dict mixes types
            else:
                client.connect(**where)  # type: ignore[arg-type]  # the dict mixes types
        except BaseException:
            client.drop()
            raise
        self._client = client
        self._refusal = 0

    def wait(self, timeout_s: float) -> None:
        """Block until there is something to read or write, at most `timeout_s` seconds; then read and write it."""
        for fd, event in self._poll.poll(timeout_s * 1000):
            if fd != self._fd or self._client is None:
                continue
            if event & _READABLE:
                if self.holds_back:  # then it is no data
                    self._client.lost()
                    continue
                self._client.loop_read()
            if event & select.POLLOUT and self._fd == fd:
                self._client.loop_write()

    @property
    def ping_due_s(self) -> float:
        """At which monotonic second `keep_alive` has something to do."""
        return self._client.ping_due_s if self._client is not None else math.inf

    def keep_alive(self, now_s: float) -> None:
        """Ping the broker when it is time; end the connection when the broker did not answer the last ping."""
        if self._client is not None and not self._client.keep_alive(now_s, unread=self.holds_back):
            self.drop("it fell silent", Cause.SILENT)

    def hold_back(self, full: bool) -> None:
        """Read nothing from the broker while we are `full`: TCP then holds back what it has for us."""
        if full is not self.holds_back:
            self.holds_back = full
            self._watch_socket()

    def write(self, packets: bytes) -> None:
        """Write whole packets to the socket; what the socket does not take waits."""
        if self._client is not None:
            self._client.write(packets)

    def subscribe(self, filters: Sequence[Filter], *, by_id: bool) -> None:
        """Subscribe to filters; `by_id` where the broker takes identifiers. Kept messages come with a new subscription, not with an old
        one (MQTT 5)."""
        if self._client is None or not filters:
            return
        self._suback_codes.clear()
        if self._settings.v5 and by_id:
            self._subacks_due = self._client.subscribe_each(filters)
        elif self._settings.v5:
            options = [
                SubscribeOptions(one.qos, noLocal=one.fresh, retainAsPublished=one.tells_kept, retainHandling=2 if one.fresh else 1)
                for one in filters
            ]
            self._subacks_due = self._client.subscribe_to([(one.topic, option) for one, option in zip(filters, options, strict=True)])
        else:
            self._subacks_due = self._client.subscribe_to([(one.topic, one.qos) for one in filters])

    def reserve(self, packet_ids: Iterable[int]) -> None:
        """Give these packet ids to nothing new: they belong to publishes that are to be sent again."""
        if self._client is not None:
            self._client.reserve(packet_ids)

    def unsubscribe(self, topics: Sequence[str]) -> None:
        """Unsubscribe from filters that our session holds."""
        if self._client is not None and topics:
            self._client.unsubscribe_from(topics)

    def say_goodbye(self, last: bytes, deadline_s: float) -> None:
        """Send the last packets and DISCONNECT, after which the broker does not publish our will; return when it has hung up."""
        if self._client is not None:
            self.write(last)
            self._client.disconnect()
        while self.is_connected and time.monotonic() < deadline_s:
            self.wait(_LOOK_S)

    def drop(self, because: str, cause: Cause = Cause.DROPPED) -> None:
        """Close the socket at once, for a reason of our own."""
        client = self._client
        if client is not None:
            self._lost(Closed(cause, because, by_broker=False))
            client.drop()

    def _new_client(self) -> LeanClient:
        settings, names = self._settings, self._names
        client = LeanClient(
            names.client_id,
            v5=settings.v5,
            max_packet_bytes=settings.max_packet_bytes,
            in_use=self._in_use,
            on_puback=self._on_puback,
            on_pubacks=self._on_pubacks,
            on_arrival=self._on_arrival,
        )
        client.connect_timeout = CONNECT_S
        if (will := self._will) is not None:
            client.will_set(will.topic, will.body, qos=will.qos, retain=will.retain)
        if settings.username:
            client.username_pw_set(settings.username, password_of(settings, names))
        if settings.tls:
            client.tls_set_context(tls_context(settings, names))
        client.on_connect = self._connack
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._suback
        client.on_unsubscribe = self._unsuback
        client.on_socket_open = self._socket_opened
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._wants_write
        client.on_socket_unregister_write = self._wants_no_write
        return client

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's types end here
        properties.SessionExpiryInterval = self._settings.session_expiry_s
        properties.ReceiveMaximum = self._settings.receive_maximum
        properties.MaximumPacketSize = self._settings.max_packet_bytes
        return properties

    def _lost(self, event: Closed) -> None:
        """Tell of the connection's end, only once: paho tells of some ends twice (a ping without an answer)."""
        if self._client is not None:
            self.is_open = self.holds_back = False
            self.events.append(event._replace(unheard_bytes=self._client.unheard_bytes))
            self._client = None

    # --- called back by paho; a socket's descriptor is watched from its opening to its closing

    def _connack(self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None) -> None:
        del client, userdata
        if reason.value >= 0x80:
            self._refusal = reason.value  # the connection closes next
            if self._will is not None and reason.value == QOS_NOT_SUPPORTED:
                self._will = self._will._replace(qos=0)
            elif self._will is not None and reason.value == RETAIN_NOT_SUPPORTED:
                self._will = self._will._replace(retain=False)
            return
        self.is_open = True
        self.events.append(SessionOpened(flags.session_present, limits_of(properties)))

    def _suback(self, client: Client, userdata: Any, packet_id: int, codes: list[ReasonCode], properties: Properties | None) -> None:
        del client, userdata, properties
        if self._client is not None:
            self._client.subscribed(packet_id)
        self._suback_codes[packet_id] = [code.value for code in codes]
        if self._suback_codes.keys() >= set(self._subacks_due):
            self.events.append(Subscribed([code for one in self._subacks_due for code in self._suback_codes[one]]))

    def _unsuback(self, client: Client, userdata: Any, packet_id: int, *rest: Any) -> None:
        del client, userdata, rest
        if self._client is not None:
            self._client.subscribed(packet_id)
        self.events.append(Unsubscribed())

    def _disconnected(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del client, userdata, properties
        self._lost(self._ending(reason, said_so=flags.is_disconnect_packet_from_server))

    def _ending(self, reason: ReasonCode, *, said_so: bool) -> Closed:
        """Why paho's client has closed its socket."""
        if said_so:
            code = self._client.said_goodbye if self._client is not None else reason.value
            cause = Cause.TAKEN_OVER if code == TAKEN_OVER else Cause.SENT_AWAY
            return Closed(cause, f"it said {reason_text(code)}", by_broker=True, code=code)
        if self._refusal:
            cause = Cause.BAD_LOGIN if self._refusal in OF_A_LOGIN else Cause.REFUSED
            return Closed(cause, f"it said {reason_text(self._refusal)}", by_broker=True, code=self._refusal)
        if reason.value == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return Closed(Cause.FAREWELL, "we said goodbye", by_broker=False)
        if reason.value == PROTOCOL_ERROR:
            return Closed(Cause.HUNG_UP, "it sent what is no MQTT packet", by_broker=True)
        return Closed(Cause.HUNG_UP, "it was closed", by_broker=True)

    def _socket_opened(self, client: Client, userdata: Any, sock: Any) -> None:
        del client, userdata
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._fd = sock.fileno()
        self._writes = False
        self._poll.register(self._fd, 0)
        self._watch_socket()

    def _socket_closed(self, client: Client, userdata: Any, sock: Any) -> None:
        del client, userdata
        self._poll.unregister(sock.fileno())
        self._fd = -1

    def _wants_write(self, *rest: Any) -> None:
        del rest
        self._writes = True
        self._watch_socket()

    def _wants_no_write(self, *rest: Any) -> None:
        del rest
        self._writes = False
        self._watch_socket()

    def _watch_socket(self) -> None:
        """Watch the socket for what is wanted of it now."""
        if self._fd >= 0:
            self._poll.modify(self._fd, (0 if self.holds_back else _READABLE) | (select.POLLOUT if self._writes else 0))
