"""Ids of what comes in: when the same id is a repeat, and when it is not."""

from collections.abc import Callable
from typing import Any

import pytest

from devices.mqtt.packets import fixed_header, text
from gateway.actors import Reply
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]


def with_our_session(broker: FakeBroker, first: int, rest: bytes) -> bool:
    del rest
    if first >> 4 == 1:
        broker.send(b"\x20\x03\x01\x00\x00")
    return first >> 4 == 1


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("qos", [0, 1])
def test_an_ask_under_a_fixed_id_is_a_new_ask_each_time(mosquitto: Mosquitto, connect: Connect, protocol: str, qos: int) -> None:
    """The id in its topic says where the answer goes: each is handled, and answered with what holds then."""
    with connect(mosquitto.port, protocol=protocol) as gateway, Peer(mosquitto.port, v5=False) as peer:
        gateway.until_subscribed()
        peer.listen("gw/reply/nodered")
        for n in range(3):
            peer.publish("gw/ask/twin/boiler/read/nodered", qos=qos)
            sent = gateway.until(lambda n=n: gateway.sent[n : n + 1])[0]
            assert len(gateway.handled) == n + 1
            gateway.tell("reply", Reply(of=sent.id, body={"t": n}), to=sent.reply_to, id=f"r{n}")
            peer.until(lambda n=n: len(peer.heard) == n + 1)
            assert b'"of":"nodered"' in peer.heard[n].payload.replace(b" ", b"")
            assert b'{"t":%d}' % n in peer.heard[n].payload.replace(b" ", b"")


def test_an_ask_under_a_fixed_id_that_comes_again_is_handled_once(connect: Connect) -> None:
    """The broker marks it as a repeat, over the next connection: that is the same ask."""
    body = text(b"gw/ask/twin/boiler/read/nodered") + b"\x00\x07\x00"
    with FakeBroker(with_our_session) as broker, connect(broker.port, commit=False) as gateway:
        gateway.until_subscribed()
        broker.send(fixed_header(0x32, len(body)) + body)
        gateway.until(lambda: gateway.sent)
        broker.hang_up()
        broker.until(lambda: len(broker.packets(8)) == 4)
        gateway.sent[0].receipt.resolve()
        broker.send(fixed_header(0x3A, len(body)) + body)
        gateway.until(lambda: len(gateway.sent) == 2)
        assert len(gateway.handled) == 1


def test_one_id_for_two_actors_names_two_messages(mosquitto: Mosquitto, connect: Connect) -> None:
    """An id counts together with whom it is for, the verb, and what it says; the same of all is a repeat."""
    said = [("twin/a/report", b"{}"), ("twin/b/report", b"{}"), ("twin/a/forget", b"{}"), ("twin/a/report", b'{"n":1}')]
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        for _ in range(2):
            for address, payload in said:
                peer.publish(f"gw/tell/{address}", payload, UserProperty=("id", "7"))
        gateway.until(lambda: len(gateway.sent) == 8)
        assert [f"{to}/{verb}" for to, verb, _ in gateway.handled] == [address for address, _ in said]


def pressed(packet_id: int, *, dup: bool) -> bytes:
    """A command as the broker sends it; all are the same but for their packets' ids."""
    body = text(b"gw/tell/toggle/hall/pressed") + packet_id.to_bytes(2, "big") + b"\x00{}"
    return fixed_header(0x3A if dup else 0x32, len(body)) + body


def test_a_new_command_under_a_packet_id_that_was_acknowledged_is_run(connect: Connect) -> None:
    """The connection broke before it came, so it is marked as a repeat: of nothing that we had. A broker may use the lowest free id."""
    with FakeBroker(with_our_session) as broker, connect(broker.port) as gateway:
        for times in range(1, 4):
            broker.until(lambda times=times: len(broker.packets(8)) == 2 * times)
            broker.send(pressed(1, dup=times > 1))
            broker.until(lambda times=times: len(broker.packets(4)) == times)
            assert len(gateway.handled) == times
            broker.until(lambda times=times: len(broker.packets(3)) == 2 * times)  # what comes later would reset it
            broker.hang_up()


def test_a_command_that_was_left_unacknowledged_is_run_once_over_many_connections(connect: Connect) -> None:
    """Though the broker brings it again only after a connection over which it said nothing."""
    with FakeBroker(with_our_session) as broker, connect(broker.port, commit=False) as gateway:
        gateway.until_subscribed()
        broker.send(pressed(1, dup=False))
        gateway.until(lambda: gateway.sent)
        for connections in (2, 3):
            broker.hang_up()
            broker.until(lambda connections=connections: len(broker.packets(8)) == 2 * connections)
        gateway.sent[0].receipt.resolve()
        broker.send(pressed(1, dup=True))
        gateway.until(lambda: len(gateway.sent) == 2)
        assert len(gateway.handled) == 1


def test_a_repeat_on_the_same_connection_is_no_new_command(connect: Connect) -> None:
    """A broker that sends again what is not acknowledged in its time had not read our acknowledgement when it did."""
    with FakeBroker(with_our_session) as broker, connect(broker.port) as gateway:
        broker.until(lambda: len(broker.packets(8)) == 2)
        broker.send(pressed(1, dup=False))
        broker.until(lambda: len(broker.packets(4)) == 1)
        broker.send(pressed(1, dup=True))
        broker.until(lambda: len(broker.packets(4)) == 2)
        assert len(gateway.handled) == 1


def test_an_acknowledgement_that_the_broker_may_never_have_had_leaves_its_id_bound(connect: Connect) -> None:
    """The connection broke behind it: what comes again under that id is the same command, and is not run twice."""

    def breaks_at_the_first_puback(broker: FakeBroker, first: int, rest: bytes) -> bool:
        if first >> 4 == 4 and len(broker.packets(4)) == 1:
            broker.reset()
            return True
        return with_our_session(broker, first, rest)

    with FakeBroker(breaks_at_the_first_puback) as broker, connect(broker.port) as gateway:
        broker.until(lambda: len(broker.packets(8)) == 2)
        broker.send(pressed(1, dup=False))
        broker.until(lambda: len(broker.packets(8)) == 4)
        broker.send(pressed(1, dup=True))
        broker.until(lambda: len(broker.packets(4)) == 2)
        assert len(gateway.handled) == 1
