"""What the broker brings while the gateway has no room: in one piece with its yes to our CONNECT, and faster than it may."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from devices.mqtt.connection import Connection
from devices.mqtt.packets import fixed_header, text
from gateway.testing.clock import PATIENCE_S
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker

YES_WITH_SESSION = b"\x20\x03\x01\x00\x00"


@pytest.fixture
def stuck_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that does not wait for seconds until it reads on."""
    monkeypatch.setattr(Connection, "stuck_s", 0.05)


def _publish(packet_id: int) -> bytes:
    body = text(b"gw/tell/twin/t/report") + packet_id.to_bytes(2, "big") + b"\x00" + b'{"n":%d}' % packet_id
    return fixed_header(0x32, len(body)) + body


def _at_once(count: int) -> Callable[[FakeBroker, int, bytes], bool]:
    """A broker that kept so many messages for us, and is quick."""

    def script(broker: FakeBroker, first: int, body: bytes) -> bool:
        del body
        if first >> 4 != 1:
            return False
        broker.send(YES_WITH_SESSION + b"".join(map(_publish, range(1, count + 1))))
        return True

    return script


def test_what_comes_with_the_brokers_yes_waits_for_room_and_is_acknowledged(connect: Callable[..., Any]) -> None:
    """It is of this connection: forgotten, it would hold up every acknowledgement behind it for ever."""
    with FakeBroker(_at_once(3)) as broker:
        gateway = connect(broker.port)
        gateway.full = True
        with gateway:
            gateway.until_subscribed()
            gateway.full = False
            broker.until(lambda: [body[:2] for body in broker.packets(4)] == [b"\x00\x01", b"\x00\x02", b"\x00\x03"])


def test_more_than_it_may_send_with_its_yes_is_taken(connect: Callable[..., Any]) -> None:
    """A broker that keeps no receive maximum is merely fast: all is taken in order, by one connection."""
    with FakeBroker(_at_once(400)) as broker:
        gateway = connect(broker.port, receive_maximum=2)
        gateway.full = True
        with gateway:
            gateway.until_health("connected")
            gateway.full = False
            broker.until(lambda: len(broker.packets(4)) == 400)
        assert [body[:2] for body in broker.packets(4)] == [n.to_bytes(2, "big") for n in range(1, 401)]
        assert broker.connections == 1


class Flood:
    """Messages of a thousand bytes, sent as fast as the socket takes them; the answers to pings come behind them."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._over = threading.Event()

    def script(self, broker: FakeBroker, first: int, body: bytes) -> bool:
        """Leave pings without an answer until the flood is over."""
        del broker, body
        return first >> 4 == 12 and not self._over.is_set()

    def begin(self, broker: FakeBroker) -> None:
        """Send, on a thread of its own."""
        self._thread = threading.Thread(target=self._run, args=(broker,))
        self._thread.start()

    def _run(self, broker: FakeBroker) -> None:
        broker.send(b"".join(map(_large, range(1, self._count + 1))) + b"\xd0\x00")
        self._over.set()

    def join(self) -> None:
        """Block until all is sent."""
        self._thread.join(PATIENCE_S)


def _large(packet_id: int) -> bytes:
    body = text(b"gw/tell/twin/t/report") + packet_id.to_bytes(2, "big") + b"\x00" + b'{"n":%4d}' % packet_id + b" " * 1000
    return fixed_header(0x32, len(body)) + body


def test_a_flood_is_held_back_by_tcp_and_pings_go_on(connect: Callable[..., Any]) -> None:
    """Memory stays bounded, the broker hears our pings while its answers lie behind the flood, and nothing is lost."""
    flood = Flood(20_000)
    with FakeBroker(flood.script) as broker:
        gateway = connect(broker.port, receive_maximum=2, keepalive_s=1)
        with gateway:
            gateway.until_subscribed()
            broker.until(lambda: broker.packets(3))
            gateway.full = True
            flood.begin(broker)
            gateway.until(lambda: gateway.actor._link.holds_back)
            pings = len(broker.packets(12))
            broker.until(lambda: len(broker.packets(12)) >= pings + 4)
            assert gateway.actor._inbox.pending <= 2 + 65536 // 1000
            gateway.full = False
            gateway.until(lambda: len(gateway.sent) == 20_000)
            flood.join()
            broker.until(lambda: len(broker.packets(4)) == 20_000)
        assert (broker.connections, gateway.counters["disconnects"]) == (1, 0)


def test_a_broker_that_goes_while_it_is_held_back_is_noticed(connect: Callable[..., Any]) -> None:
    """We do not read, and still hear that the connection was reset."""
    with FakeBroker() as broker:
        gateway = connect(broker.port, receive_maximum=2, keepalive_s=1)
        with gateway:
            gateway.until_subscribed()
            gateway.full = True
            broker.send(b"".join(map(_large, range(1, 100))))
            gateway.until(lambda: gateway.actor._link.holds_back)
            broker.hang_up()
            broker.until(lambda: broker.connections == 2)


def test_what_lies_behind_a_flood_is_read_where_the_gateway_waits_for_it(connect: Callable[..., Any], stuck_soon: None) -> None:
    """Two connections may wait for each other's PUBACKs: after a while it is read on, and what was left comes by the next connection."""
    with FakeBroker() as broker:
        gateway = connect(broker.port, receive_maximum=2)
        with gateway:
            gateway.until_subscribed()
            gateway.full = True
            broker.send(b"".join(map(_large, range(1, 200))))
            gateway.until(lambda: gateway.actor._link.holds_back)
            delivery = gateway.tell("publish", {"topic": "a", "body": "1"})
            assert delivery.wait() == "done"
            assert gateway.sent == []
            gateway.full = False
            broker.until(lambda: broker.connections == 2)
            assert [body[:2] for body in broker.packets(4)] == [n.to_bytes(2, "big") for n in range(1, len(gateway.sent) + 1)]


def test_a_stock_mosquitto_may_be_as_fast_as_it_likes(mosquitto: Mosquitto, connect: Callable[..., Any]) -> None:
    """What it sends over the receive maximum is taken once, in order, by the connection that it came by."""
    with connect(mosquitto.port, receive_maximum=10, commit=False) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        gateway.full = True
        for n in range(900):
            peer.publish("gw/tell/twin/t/report", b'{"n":%d}' % n)
        gateway.full = False
        resolved = 0
        while resolved < 900:
            gateway.until(lambda: len(gateway.sent) > resolved)  # noqa: B023  # it is asked at once
            gateway.sent[resolved].receipt.resolve()
            resolved += 1
        assert [sent.payload for sent in gateway.sent] == [b'{"n":%d}' % n for n in range(900)]
        assert gateway.counters["disconnects"] == 0
