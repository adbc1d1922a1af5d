"""What is sent again over the next connection: under the packet ids that it had, where the broker has kept our session."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]


def yes(*, with_session: bool) -> Callable[[FakeBroker, int, bytes], bool]:
    """A broker that takes us, and acknowledges no publish over its first connection."""

    def script(broker: FakeBroker, first: int, body: bytes) -> bool:
        del body
        if first >> 4 == 1:
            broker.send(b"\x20\x03" + bytes([with_session and broker.connections > 1]) + b"\x00\x00")
        return first >> 4 == 1 or (first >> 4 == 3 and broker.connections == 1)

    return script


def states(broker: FakeBroker) -> list[tuple[int, int, bytes]]:
    """Each publish of a state that came: its first byte, its packet id, its payload."""
    found = [(first, body) for first, body in broker.received if first >> 4 == 3 and body[2:7] == b"state"]
    return [(first, int.from_bytes(body[7:9], "big"), body[-1:]) for first, body in found]


@pytest.mark.parametrize("with_session", [True, False])
def test_what_was_not_acknowledged_keeps_its_packet_ids(connect: Connect, with_session: bool) -> None:
    """Marked as repeats, in order, and what is new takes none of their ids; a broker without our session gets them anew."""
    with FakeBroker(yes(with_session=with_session)) as broker, connect(broker.port, message_ids=False) as gateway:
        gateway.until_subscribed()
        for n in range(3):
            gateway.tell("publish", {"topic": "state", "body": str(n), "retain": True}, id=f"m{n}")
        broker.until(lambda: len(states(broker)) == 3)
        before = states(broker)
        broker.hang_up()
        broker.until(lambda: broker.connections == 2)
        assert gateway.tell("publish", {"topic": "state", "body": "3", "retain": True}, id="m3").wait() == "done"
        broker.until(lambda: len(states(broker)) == 7)
        again = states(broker)[3:]
        assert [payload for _, _, payload in again] == [b"0", b"1", b"2", b"3"]
        if with_session:
            assert again[:3] == [(first | 8, packet_id, payload) for first, packet_id, payload in before]
        assert [first for first, _, _ in again] == ([0x3B] * 3 if with_session else [0x33] * 3) + [0x33]
        second = [body for first, body in broker.received if first >> 4 == 8][2:]
        ids = [packet_id for _, packet_id, _ in again] + [int.from_bytes(body[:2], "big") for body in second]
        assert len(set(ids)) == len(ids) == 6
