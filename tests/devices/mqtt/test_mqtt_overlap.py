"""Filters that overlap: each subscription hears each message once, however many copies the broker sends."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.mqtt.filters import filters_of
from devices.mqtt.packets import fixed_header, text
from devices.mqtt.settings import MqttSettings, Subscription
from devices.mqtt.topics import covers, filter_pattern
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.conftest import settings
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]


def sub(topic: str, to: str, verb: str = "pressed") -> dict[str, str]:
    return {"topic": topic, "to": to, "verb": verb}


HOME = [sub("home/#", "toggle/first"), sub("home/bell", "toggle/second"), sub("home/bell", "toggle/third"), sub("+/bell", "toggle/last")]


def test_each_subscription_hears_a_message_once(mosquitto: Mosquitto, connect: Connect) -> None:
    """mosquitto sends a copy for each filter; two subscriptions of one filter have one copy between them."""
    with connect(mosquitto.port, subscribe=HOME) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        for topic in ("home/bell", "home/door", "shed/bell", "end"):
            peer.publish(topic, b"{}")
        peer.publish("home/bell", b"{}", UserProperty=("id", "7"))
        peer.publish("gw/tell/toggle/end/pressed", b"{}")
        gateway.until(lambda: ("toggle/end", "pressed", b"{}") in gateway.handled)
        told = sorted(to for to, _, _ in gateway.handled)
        assert told == ["toggle/end", *3 * ["toggle/first"], *3 * ["toggle/last"], *2 * ["toggle/second"], *2 * ["toggle/third"]]


def test_a_command_is_run_once_though_a_subscription_hears_it_too(mosquitto: Mosquitto, connect: Connect) -> None:
    """The one filter is ours, the other the user's; each has its copy."""
    with connect(mosquitto.port, subscribe=[sub("#", "twin/all", "report")]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/toggle/a/pressed", b"{}")
        peer.publish("end", b"{}")
        gateway.until(lambda: len(gateway.handled) == 3)
        assert sorted(to for to, _, _ in gateway.handled) == ["toggle/a", "twin/all", "twin/all"]


def test_one_copy_for_all_filters_is_told_to_each_and_acknowledged_once(connect: Connect) -> None:
    """A broker may put all identifiers into one packet. It is acknowledged when every subscriber's message is on disk."""
    ids = {one.topic: one.id for one in filters_of([Subscription.model_validate(one) for one in HOME])}
    block = b"".join(b"\x0b" + _varint(ids[name]) for name in ("home/#", "home/bell"))
    body = text(b"home/bell") + b"\x00\x07" + bytes([len(block)]) + block + b"{}"
    with FakeBroker() as broker, connect(broker.port, subscribe=HOME, commands=False, commit=False) as gateway:
        gateway.until_subscribed()
        assert len(broker.packets(8)) == 3
        broker.send(fixed_header(0x32, len(body)) + body)
        gateway.until(lambda: len(gateway.sent) == 3)
        assert [sent.to for sent in gateway.sent] == ["toggle/first", "toggle/second", "toggle/third"]
        broker.until(lambda: broker.packets(3))
        for sent in gateway.sent:
            assert broker.packets(4) == []
            sent.receipt.resolve()
        broker.until(lambda: broker.packets(4) == [b"\x00\x07"])


def test_a_broker_without_identifiers_is_asked_without(connect: Connect) -> None:
    """All filters go in one SUBSCRIBE, and a message goes to the first that it matches."""
    body = text(b"home/bell") + b"\x00\x07\x00{}"

    def script(broker: FakeBroker, first: int, rest: bytes) -> bool:
        if first >> 4 == 1:
            broker.send(b"\x20\x05\x00\x00\x02\x29\x00")
        elif first >> 4 == 8:
            broker.send(b"\x90\x06" + rest[:2] + b"\x00\x01\x01\x01")
        return first >> 4 in {1, 8}

    with FakeBroker(script) as broker, connect(broker.port, subscribe=HOME, commands=False) as gateway:
        gateway.until_subscribed()
        assert len(broker.packets(8)) == 1
        broker.send(fixed_header(0x32, len(body)) + body)
        broker.until(lambda: broker.packets(4))
        assert [to for to, _, _ in gateway.handled] == ["toggle/first"]


def test_what_can_never_work_is_refused() -> None:
    """The same twice; on MQTT 3.1.1 what lies under another's filter, where nothing says for which of them a message came."""
    with pytest.raises(ValidationError, match="'subscribe' 2 is the same as 1: each message would be told twice; take one out"):
        settings(1883, subscribe=[HOME[0], HOME[0]])
    with pytest.raises(ValidationError) as caught:
        settings(1883, subscribe=HOME[:2], protocol="3.1.1")
    said = "'subscribe' 2 ('home/bell') would hear nothing: 1 ('home/#') takes all of it on MQTT 3.1.1"
    assert f'{said}; put it before that one, or set protocol = "5"' in str(caught.value)
    assert isinstance(settings(1883, subscribe=[HOME[1], HOME[2], HOME[0]], protocol="3.1.1"), MqttSettings)


LEVEL = st.sampled_from(["a", "b", "", "+", "$x"])
FILTER = st.builds(lambda levels, rest: "/".join([*levels, *rest]), st.lists(LEVEL, min_size=1, max_size=3), st.sampled_from([[], ["#"]]))
TOPIC = st.builds("/".join, st.lists(st.sampled_from(["a", "b", "", "$x"]), min_size=1, max_size=4))


@given(FILTER, FILTER, TOPIC)
def test_a_filter_that_covers_another_matches_all_of_its_topics(wide: str, narrow: str, topic: str) -> None:
    """No topic is heard by the narrow one alone."""
    if covers(wide, narrow) and filter_pattern(narrow).fullmatch(topic):
        assert filter_pattern(wide).fullmatch(topic)


@pytest.mark.parametrize(
    ("wide", "narrow", "does"),
    [("a/#", "a", True), ("a/+", "a/#", False), ("#", "$SYS/x", False), ("+/b", "a/b", True), ("a/b", "a/+", False), ("#", "a/+/c", True)],
)
def test_what_covers_what(wide: str, narrow: str, does: bool) -> None:
    """By level; a wildcard in front covers no system topic."""
    assert covers(wide, narrow) is does


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes((*out, number))
