"""A listener: a client that subscribes and tells what it hears, for the demo. The gateway itself does not use it.

It misses nothing: the broker keeps its session while it is away, and each message until it has been heard. What the broker had
kept for new subscribers (retained) is no news, and told as such.
"""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway.actors import GatewayError

_KEEPALIVE_S = 30
_READY_S = 10.0
_A_WEEK_S = 7 * 86_400
_FOR_EVER_S = 0xFFFF_FFFF


class NotListening(GatewayError, OSError):
    """Raised where the broker did not take the subscription in time."""


class HeardMessage(NamedTuple):
    """One message that the listener heard."""

    topic: str
    body: bytes
    id: str
    """The message id that the gateway gave it; empty on MQTT 3.1.1, which has no place for one."""
    retained: bool
    """Whether the broker had kept it from before."""


class Listener:
    """A client that subscribes to `topics` at QoS 1 as `client_id`, and connects again by itself.

    `heard` is called on a thread of its own, and a message is acknowledged when it returns. What it raises ends the listening:
    it is kept in `fault`, and the broker keeps what was not heard for the next listener of this name.
    """

    def __init__(
        self,
        host: str,
        port: int,
        topics: list[str],
        heard: Callable[[HeardMessage], None],
        *,
        client_id: str,
        anew: bool = False,
        for_ever: bool = False,
        protocol: str = "5",
        ready_s: float = _READY_S,
    ) -> None:
        """Make a listener. `anew`: forget what the broker has kept for this name (MQTT 5). `ready_s`: how long it may take to subscribe.

        `for_ever`: the broker keeps the session for ever, and not for a week: what mosquitto 2.0.11 finds in its file after a kill
        of whoever was connected, has lasted for its whole time.
        """
        self.fault: Exception | None = None
        self._host, self._port = host, port
        self._anew = anew and protocol == "5"
        self._ready_s = ready_s
        self._topics = [(topic, 1) for topic in topics]
        self._heard = heard
        self._subscribed = threading.Event()
        self._client_id = client_id
        self._client = _client(client_id, v5=protocol == "5")
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 2)
        if protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's types end here
            properties.SessionExpiryInterval = _FOR_EVER_S if for_ever else _A_WEEK_S
            self._client.connect_async(host, port, _KEEPALIVE_S, clean_start=False, properties=properties)
        else:
            self._client.connect_async(host, port, _KEEPALIVE_S)

    def __enter__(self) -> Self:
        """Connect, and return when the broker has taken the subscription. Raises NotListening."""
        if self._anew:
            self._end_session()
        self._client.loop_start()
        if not self._subscribed.wait(self._ready_s):
            self.__exit__()
            raise self._not_in_time()
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _end_session(self) -> None:
        """End the session that the broker keeps: connect once with one that ends at once. (mosquitto 2.0.11 keeps none on disk that a clean
        start began.)"""
        client, there = _client(self._client_id, v5=True), threading.Event()
        client.on_connect = lambda *_: there.set()
        client.connect_async(self._host, self._port, _KEEPALIVE_S, clean_start=True)
        client.loop_start()
        ended = there.wait(self._ready_s)
        client.disconnect()
        client.loop_stop()
        if not ended:
            raise self._not_in_time()

    def _not_in_time(self) -> NotListening:
        where = f"{self._host}:{self._port}"
        return NotListening(f"cannot listen at {where}: the broker did not take the subscription within {self._ready_s:g} s; look at it")

    def _on_connect(self, client: Client, *rest: Any) -> None:
        client.subscribe(self._topics)

    def _on_subscribe(self, *rest: Any) -> None:
        self._subscribed.set()

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if self.fault is not None:
            return
        try:
            pairs = getattr(message.properties, "UserProperty", None) or []
            self._heard(HeardMessage(message.topic, bytes(message.payload), dict(pairs).get("id", ""), bool(message.retain)))
        except Exception as error:  # noqa: BLE001  # whoever hears may raise anything; it is decided by who looks at the fault
            self.fault = error
            return
        client.ack(message.mid, message.qos)


def _client(client_id: str, *, v5: bool) -> Client:
    if v5:
        return Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5, manual_ack=True)
    return Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True
    )
