"""What a broker does not bear, by its CONNACK; and what an older program asked of it in our name."""

from collections.abc import Callable
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from devices.mqtt.limits import Limits
from devices.mqtt.packets import fixed_header, publish, text
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker
from tests.waiting import until

Connect = Callable[..., Any]


def yes_but(*properties: bytes) -> Callable[[FakeBroker, int, bytes], bool]:
    """A broker that takes us, with such properties in its CONNACK."""
    said = b"".join(properties)

    def script(broker: FakeBroker, first: int, body: bytes) -> bool:
        del body
        if first >> 4 != 1:
            return False
        broker.send(fixed_header(0x20, 3 + len(said)) + b"\x00\x00" + bytes([len(said)]) + said)
        return True

    return script


def test_a_broker_without_retain_and_qos_1_gets_what_it_bears(connect: Connect) -> None:
    """Nothing that it would close the connection upon; and people are told what that costs."""
    with FakeBroker(yes_but(b"\x25\x00", b"\x24\x00")) as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        assert gateway.tell("publish", {"topic": "a", "body": "1", "retain": True}).wait() == "done"
        broker.until(lambda: len(broker.packets(3)) == 3)
        assert [first for first, _ in broker.received if first >> 4 == 3] == [0x30, 0x30, 0x30]
        assert broker.packets(3)[2] == b"\x00\x01a\x09\x26\x00\x02id\x00\x02m11"
        assert gateway.health[-1][1].endswith(
            "subscribed to 2 filters; the broker takes no QoS 1, so what it loses is lost, "
            "and keeps no retained messages, so who comes later does not see the last values"
        )


def test_a_broker_without_wildcards_is_asked_for_none(connect: Connect) -> None:
    """What it would answer by closing the connection is not asked for; the rest is."""
    subscribe = [{"topic": "bell", "to": "toggle/hall", "verb": "pressed"}]
    with FakeBroker(yes_but(b"\x28\x00")) as broker, connect(broker.port, subscribe=subscribe) as gateway:
        gateway.until_health("subscribed to 1 filters; the broker takes no filter with + or #, so the gateway hears no commands")
        assert b"#" not in b"".join(broker.packets(8))


def test_a_lower_qos_than_was_asked_for_is_told(connect: Connect) -> None:
    """By the filters that the broker grants it for; the others are not named."""
    subscribe = [{"topic": f"a/{n}", "to": "toggle/hall", "verb": "pressed", "qos": int(n > 0)} for n in range(6)]

    def script(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 == 8:
            broker.send(b"\x90\x04" + body[:2] + b"\x00" + (b"\x00" if b"a/" in body else b"\x01"))
        return first >> 4 == 8

    with FakeBroker(script) as broker, connect(broker.port, subscribe=subscribe) as gateway:
        gateway.until_health(
            "subscribed to 8 filters; the broker grants 'a/1', 'a/2', 'a/3' and 2 more no QoS 1, so what is lost on the way there is lost"
        )


@pytest.mark.parametrize(("code", "flags"), [(b"\x9a", 0x0C), (b"\x9b", 0x24)])
def test_a_will_that_is_refused_is_made_smaller(connect: Connect, code: bytes, flags: int) -> None:
    """The next CONNECT has one that this broker bears: without retain, or with QoS 0."""

    def script(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 != 1 or body[7] & 0x3C == flags:
            return False
        broker.send(b"\x20\x03\x00" + code + b"\x00")
        broker.hang_up()
        return True

    with FakeBroker(script) as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        assert broker.connections == 2


def test_the_brokers_keepalive_is_kept(connect: Connect) -> None:
    """It asks for a word each second, where we would have pinged once a minute."""
    with FakeBroker(yes_but(b"\x13\x00\x01")) as broker, connect(broker.port, keepalive_s=60) as gateway:
        gateway.until_subscribed()
        broker.until(lambda: len(broker.packets(12)) >= 2)


@pytest.mark.parametrize("size", [1, 100, 200, 16370, 20000])
def test_a_smaller_publish_is_a_whole_packet(size: int) -> None:
    """However long its length is written."""
    head, tail = publish(text(b"a/b"), b"x" * size, qos=1, retain=True, block=b"\x00")
    head, tail, qos = Limits(max_qos=0, retains=False).borne(head, tail, 1)
    expected = publish(text(b"a/b"), b"x" * size, qos=0, retain=False, block=b"\x00")
    assert (head, tail, qos) == (*expected, 0)
    assert Limits(max_qos=1, retains=False).borne(*publish(text(b"a"), b"1", qos=1, retain=True), 1)[0][0] == 0x32


def test_a_message_of_qos_2_that_an_older_program_left_is_taken_once(mosquitto: Mosquitto, connect: Connect) -> None:
    """Its subscription was made at QoS 2 under our name: each message is answered as the standard says, over one connection."""
    older = Client(CallbackAPIVersion.VERSION2, client_id="old", protocol=MQTTProtocolVersion.MQTTv311, clean_session=False)
    told: list[object] = []
    older.on_subscribe = lambda *rest: told.append(rest)
    older.connect("127.0.0.1", mosquitto.port)
    older.loop_start()
    older.subscribe("gw/tell/#", 2)
    until(lambda: told)
    older.disconnect()
    older.loop_stop()
    with Peer(mosquitto.port) as peer:
        for n in range(3):
            peer.publish("gw/tell/twin/t/report", b'{"n":%d}' % n, qos=2)
        with connect(mosquitto.port, client_id="old", protocol="3.1.1") as gateway:
            gateway.until(lambda: len(gateway.sent) == 3)
            peer.publish("gw/tell/twin/t/report", b'{"n":3}', qos=2)
            gateway.until(lambda: len(gateway.sent) == 4)
            assert [sent.payload for sent in gateway.sent] == [b'{"n":%d}' % n for n in range(4)]
        assert gateway.counters["disconnects"] == 0


def test_qos_2_is_answered_to_its_end(connect: Connect) -> None:
    """PUBREC when it is on disk, PUBCOMP whenever the broker asks for it."""
    body = text(b"gw/tell/twin/t/report") + b"\x00\x07\x00{}"
    with FakeBroker() as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        broker.send(fixed_header(0x34, len(body)) + body)
        broker.until(lambda: broker.packets(5) == [b"\x00\x07"])
        broker.send(b"\x62\x02\x00\x07")
        broker.send(b"\x62\x03\x00\x08\x92")
        broker.until(lambda: broker.packets(7) == [b"\x00\x07", b"\x00\x08"])
        assert len(gateway.sent) == 1
