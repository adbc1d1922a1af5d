"""Ids of what comes in: when the same id is a repeat, and when it is not."""

from collections.abc import Callable
from typing import Any

import pytest

from devices.mqtt.packets import fixed_header, text
from gateway.actors import Reply
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]


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

    def script(broker: FakeBroker, first: int, rest: bytes) -> bool:
        del rest
        if first >> 4 != 1:
            return False
        broker.send(b"\x20\x03\x01\x00\x00" + fixed_header(0x32 if broker.connections == 1 else 0x3A, len(body)) + body)
        return True

    with FakeBroker(script) as broker, connect(broker.port) as gateway:
        broker.until(lambda: broker.packets(4))
        broker.hang_up()
        broker.until(lambda: len(broker.packets(4)) == 2)
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
