"""What the broker brings in one piece with its yes to our CONNECT, while the gateway has no room."""

from collections.abc import Callable
from typing import Any

from devices.mqtt.packets import fixed_header, text
from tests.devices.mqtt.fake_broker import FakeBroker

YES_WITH_SESSION = b"\x20\x03\x01\x00\x00"


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


def test_more_than_it_may_send_with_its_yes_is_left_for_the_next_connection(connect: Callable[..., Any]) -> None:
    """A broker that keeps no receive maximum is asked again, when all that waited is acknowledged."""
    with FakeBroker(_at_once(4)) as broker:
        gateway = connect(broker.port, receive_maximum=2)
        gateway.full = True
        with gateway:
            gateway.until_subscribed()
            gateway.full = False
            broker.until(lambda: broker.connections == 2)
            assert [body[:2] for body in broker.packets(4)][:2] == [b"\x00\x01", b"\x00\x02"]
