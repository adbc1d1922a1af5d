"""Packets made and read by hand, against paho's."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.client import Client, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

from devices.mqtt.encoder import PublishEncoder
from devices.mqtt.outbox import OwnPublish
from devices.mqtt.packets import IncomingPublish, Malformed, publish, read_publish, read_varint, text, varint
from devices.mqtt.topics import filter_pattern
from gateway.actors import Message
from gateway.actors.vocabulary import Publish
from gateway.testing.bench import BenchDelivery

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311
topics = st.text(st.characters(exclude_characters="+#\0", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=40)


def by_paho(protocol: MQTTProtocolVersion, **fields: object) -> bytes:
    """The bytes paho would send for a publish."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    client._sock = object()  # type: ignore[assignment]  # any: it is never written to
    client.on_socket_register_write = lambda *_: None
    client._send_publish(**fields)  # type: ignore[arg-type]  # the fields are checked by paho
    client._sock = None
    return bytes(client._out_packet[0]["packet"])


def whole(item: tuple[object, bytes, bytes, int, int], packet_id: int) -> bytes:
    _, head, tail, qos, _ = item
    return head + (packet_id.to_bytes(2, "big") if qos else b"") + tail


@given(topics, st.binary(max_size=20000), st.integers(1, 65535), st.booleans(), st.text(st.characters(codec="ascii"), max_size=130))
def test_what_we_send_is_what_paho_would(topic: str, body: bytes, packet_id: int, retain: bool, message_id: str) -> None:
    """Byte for byte, at QoS 1 and MQTT 5, with the message's id as a user property."""
    properties = PahoProperties(PacketTypes.PUBLISH)
    if message_id:
        properties.UserProperty = ("id", message_id)
    theirs = by_paho(V5, mid=packet_id, topic=topic.encode(), payload=body, qos=1, retain=retain, properties=properties)
    encoder = PublishEncoder(v5=True, message_ids=True, prefix="gw")
    assert whole(encoder.item(OwnPublish(), topic, body, retain=retain, message_id=message_id), packet_id) == theirs


@given(
    topics,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
    st.booleans(),
    st.sampled_from([0, 1]),
    st.sampled_from([0, 60]),
)
def test_the_short_way_makes_the_same_bytes(topic: str, body: str, retain: bool, qos: int, expires_s: int) -> None:
    """The busy path of deliveries and the way that can do everything encode alike, for both versions, below a root or not."""
    asked = Publish(topic=topic, body=body, retain=retain, qos=qos, expires_s=expires_s)
    for (v5, message_ids), root in itertools.product([(True, True), (True, False), (False, True)], ["", "simulated/"]):
        encoder = PublishEncoder(v5=v5, message_ids=message_ids, root=root, prefix="gw")
        for message_id in ("m1", "m" * 121, "m" * 122, "m" * 200):
            delivery = BenchDelivery(Message(message_id, "mqtt/main", "publish", asked, expires_ms=7))
            plain = encoder.item(
                delivery, root + topic, body.encode(), qos=qos, retain=retain, message_id=message_id, expires_s=expires_s, expires_ms=7
            )
            assert encoder.of_delivery(asked, delivery) == plain


def test_a_publish_of_3_1_1_has_no_properties() -> None:
    """In MQTT 3.1.1 the body stands right behind the packet id."""
    ours = whole(PublishEncoder(v5=False, message_ids=True, prefix="gw").item(OwnPublish(), "a/b", b"hi", message_id="m1"), 7)
    assert ours == by_paho(V311, mid=7, topic=b"a/b", payload=b"hi", qos=1) == b"\x32\x09\x00\x03a/b\x00\x07hi"


@given(topics, st.binary(max_size=300), st.booleans(), st.booleans(), st.binary(max_size=30))
def test_what_paho_sends_is_read_in_full(topic: str, body: bytes, dup: bool, retain: bool, correlation: bytes) -> None:
    """Every property that there is, those that mean something and those that do not."""
    properties = PahoProperties(PacketTypes.PUBLISH)
    properties.PayloadFormatIndicator = 1
    properties.MessageExpiryInterval = 60
    properties.ContentType = "application/json"
    properties.ResponseTopic = "answers/here"
    properties.CorrelationData = correlation
    properties.UserProperty = [("x", "y"), ("id", "7"), ("expires", "123")]
    properties.TopicAlias = 5
    properties.SubscriptionIdentifier = [1, 268_435_455]
    packet = by_paho(V5, mid=9, topic=topic.encode(), payload=body, qos=1, retain=retain, dup=dup, properties=properties)
    length, start = read_varint(packet, 1)
    assert len(packet) == start + length
    arrival = read_publish(packet[0], packet[start:], v5=True)
    assert (arrival.topic, arrival.payload, arrival.packet_id, arrival.qos, arrival.dup, arrival.retained) == (
        topic,
        body,
        9,
        1,
        dup,
        retain,
    )
    assert arrival.properties == ("7", "123", 60, "answers/here", correlation, (1, 268_435_455), "")
    assert arrival.fault == ""


@given(st.integers(0, 255), st.binary(max_size=60), st.booleans())
def test_garbage_is_malformed_and_nothing_else(first: int, packet: bytes, v5: bool) -> None:
    """Whatever comes, the reader returns or raises Malformed."""
    with contextlib.suppress(Malformed):
        read_publish(0x30 | first & 15, packet, v5=v5)


def test_a_topic_that_is_not_utf8_is_reported_and_its_packet_id_is_known() -> None:
    """It can be acknowledged, so that the broker does not bring it for ever."""
    head, tail = publish(text(b"a/\xff"), b"hi", block=b"\0")
    arrival = read_publish(head[0], head[2:] + b"\0\x05" + tail, v5=True)
    assert (arrival.topic, arrival.fault, arrival.packet_id) == ("a/\\xff", "its topic is not UTF-8", 5)


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (b"\x26\x00\x02id\x00\x01\xff", "its user property id is not UTF-8"),
        (b"\x26\x00\x07expires\x00\x01\xff", "its user property expires is not UTF-8"),
        (b"\x08\x00\x01\xff", "its response topic is not UTF-8"),
        (b"\x26\x00\x01\xff\x00\x01\xff", ""),
    ],
)
def test_a_property_that_is_not_utf8_is_reported_and_ends_no_connection(block: bytes, fault: str) -> None:
    """A broker that passes it on would bring it again with each connection, and nothing behind it."""
    head, tail = publish(text(b"a/b"), b"hi", block=varint(len(block)) + block)
    arrival = read_publish(head[0], head[2:] + b"\0\x05" + tail, v5=True)
    assert (arrival.topic, arrival.payload, arrival.fault, arrival.packet_id) == ("a/b", b"hi", fault, 5)


def test_a_message_without_a_topic_is_reported() -> None:
    """We allow no alias, so a broker that sends one alone is wrong, and its message is lost: that is said."""
    arrival = read_publish(0x32, b"\0\0\0\x05\x03\x23\0\x01hi", v5=True)
    assert (arrival.fault, arrival.packet_id) == ("it has no topic; a broker that names one by an alias alone was not asked to", 5)


@given(st.integers(0, 268_435_455))
def test_lengths_go_there_and_back(number: int) -> None:
    """Seven bits a byte, and not complete without its last one."""
    encoded = varint(number)
    assert read_varint(encoded, 0) == (number, len(encoded))
    assert read_varint(encoded[:-1], 0) == (-1, 0)


def test_a_length_of_five_bytes_is_malformed() -> None:
    """The standard ends at four."""
    with pytest.raises(Malformed, match="cannot read a length: it has more than four bytes"):
        read_varint(b"\xff\xff\xff\xff\x01", 0)


@given(
    st.lists(st.sampled_from(["a", "b", "", "+", "$x"]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["a", "b", ""]), min_size=1, max_size=5),
)
def test_filters_match_what_paho_matches(levels: list[str], names: list[str]) -> None:
    """Our patterns and paho's matcher agree."""
    for filter_text in ("/".join(levels), "/".join([*levels, "#"])):
        topic = "/".join(names)
        if filter_text and topic:
            assert bool(filter_pattern(filter_text).fullmatch(topic)) == topic_matches_sub(filter_text, topic)


_PARTS = [b"\x0b\x02", b"\x0b\x81\x01", b"\x01\x01", b"\x02\x00\x00\x00\x09", b"\x09\x00\x01c", b"\x26", b"\x0b", b"\x99"]


@given(st.lists(st.sampled_from(_PARTS)))
def test_properties_are_the_same_however_short_they_are(parts: list[bytes]) -> None:
    """What is kept of short ones is what is read of them; with more that means nothing they are long, and are read each time."""
    block = b"".join(parts)
    assert _read_twice(block) == _read_twice(b"\x01\x00" * 4 + block)


def test_an_identifier_that_is_cut_off_is_malformed() -> None:
    """At the end of the packet too, where nothing stands behind it."""
    with pytest.raises(Malformed, match="in the middle of a subscription's identifier"):
        read_publish(0x30, b"\x00\x01t\x01\x0b", v5=True)


def _read_twice(block: bytes) -> list[IncomingPublish | None]:
    """A PUBLISH with these properties as it is read at first and later; None where it is malformed."""
    read: list[IncomingPublish | None] = []
    for _ in range(2):
        try:
            read.append(read_publish(0x30, b"\x00\x01t" + bytes([len(block)]) + block + b"body", v5=True))
        except Malformed:
            read.append(None)
    return read
