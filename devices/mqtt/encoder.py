"""The encoder: a publish in words → the bytes of its packet, for the version of MQTT that this connection speaks."""

from devices.mqtt.dialects.dialect import Saying
from devices.mqtt.echoes import SaidAtBroker
from devices.mqtt.outbox import Item, OwnPublish, Settling
from devices.mqtt.packets import ID_LENGTHS, PUBLISH, fixed_header, properties, publish, text
from devices.mqtt.topics import check_topic
from gateway.actors import Delivery, Message
from gateway.actors.vocabulary import PREFIX, Publish

_CACHED = 1024
_QOS1 = PUBLISH | 1 << 1


class PublishEncoder:
    """Makes publishes for the outbox, as bytes. Topics that were checked are kept, at most 1024 of them.

    `prefix` is the connection's own, for topics of `Publish` that begin with {prefix}/. `root` stands in front of all others of
    those; other items say their whole topic.
    """

    def __init__(self, said: SaidAtBroker | None = None, *, v5: bool, message_ids: bool, prefix: str, root: str = "") -> None:
        """Make an encoder. `said` is told what is published."""
        self._at_broker = said or SaidAtBroker()
        self._watched = self._at_broker.watched
        self._root = root
        self._v5 = v5
        self._prefix = prefix
        self._message_ids = v5 and message_ids
        self._before_id = [properties("x" * length)[:-length] if length else b"\x00" for length in range(ID_LENGTHS)] if v5 else [b""]
        self._topics: dict[str, bytes] = {}
        self._said: set[str] = set()

    def says(self, topic: str) -> bool:
        """Whether this connection publishes under a topic, as far as is kept: see the class."""
        return topic in self._said

    def of_delivery(self, asked: Publish, delivery: Delivery) -> Item:
        """Make the publish of a delivery of the verb `publish`. The busiest function of this folder: it makes nothing that it need not.

        Raises ValueError where the topic is none, or the whole too large.
        """
        message = delivery.message
        fields = asked.__dict__
        name = fields["topic"]
        topic = self._topics.get(name) or self._checked(name)
        body = fields["body"].encode()
        if self._watched:
            self._at_broker.note(topic, body, message.sender)
        message_id = message.id.encode() if self._message_ids else b""
        if fields["expires_s"] or fields["qos"] == 0 or len(message_id) >= ID_LENGTHS:
            return self.item(
                delivery,
                self._whole(name),
                body,
                qos=asked.qos,
                retain=asked.retain,
                message_id=message.id,
                expires_s=asked.expires_s,
                expires_ms=deadline_of(message),
            )
        tail = self._before_id[len(message_id)] + message_id + body
        return delivery, fixed_header(_QOS1 | fields["retain"], len(topic) + 2 + len(tail)) + topic, tail, 1, deadline_of(message)

    def of_saying(self, saying: Saying) -> Item:
        """Make a publish of the connection's own. Raises ValueError where its topic is none."""
        return self.item(OwnPublish(), saying.topic, saying.body, qos=saying.qos, retain=saying.retain)

    def item(
        self,
        settling: Settling,
        topic: str,
        body: bytes,
        *,
        qos: int = 1,
        retain: bool = False,
        message_id: str = "",
        expires_s: int = 0,
        correlation: bytes = b"",
        expires_ms: int = 0,
    ) -> Item:
        """Make any publish; `expires_ms` is on the gateway's clock. Raises ValueError where its topic is none, or it is too large."""
        block = b""
        if self._v5:
            block = properties(message_id if self._message_ids else "", expires_s=expires_s, correlation=correlation)
        head, tail = publish(text(check_topic(topic).encode()), body, qos=qos, retain=retain, block=block)
        return settling, head, tail, qos, expires_ms

    def _whole(self, topic: str) -> str:
        """The topic of a `Publish` as it is sent to the broker."""
        return f"{self._prefix}/{topic.removeprefix(PREFIX)}" if topic.startswith(PREFIX) else self._root + topic

    def _checked(self, name: str) -> bytes:
        """The topic of a `Publish` as bytes, kept in a cache."""
        if len(self._topics) >= _CACHED:
            self._topics.clear()
            self._said.clear()
        whole = check_topic(self._whole(name))
        self._said.add(whole)
        encoded = self._topics[name] = text(whole.encode())
        self._at_broker.add(whole)
        return encoded


def deadline_of(message: Message) -> int:
    """Until when a message may be sent, on the gateway's clock; 0: for ever."""
    return message.until.clock_ms if message.until is not None else message.expires_ms
