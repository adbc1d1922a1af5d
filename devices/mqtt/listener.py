"""A listener: a client that subscribes and tells what it hears, for the demo. The gateway itself does not use it."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

_KEEPALIVE_S = 30


class Heard(NamedTuple):
    """One message."""

    topic: str
    body: bytes
    id: str
    """The message id that the gateway gave it; empty on MQTT 3.1.1, which has no place for one."""
    retained: bool
    """Whether the broker had kept it from before."""


class Listener:
    """Subscribes to `topics` at QoS 1, and comes back by itself. `heard` is called on a thread of its own, and must not raise."""

    def __init__(self, host: str, port: int, topics: list[str], heard: Callable[[Heard], None], *, protocol: str = "5") -> None:
        self._topics = [(topic, 1) for topic in topics]
        self._heard = heard
        version = MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=version)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 2)
        self._client.connect_async(host, port, _KEEPALIVE_S)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, *rest: Any) -> None:
        client.subscribe(self._topics)

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        pairs = getattr(message.properties, "UserProperty", None) or []
        self._heard(Heard(message.topic, bytes(message.payload), dict(pairs).get("id", ""), bool(message.retain)))
