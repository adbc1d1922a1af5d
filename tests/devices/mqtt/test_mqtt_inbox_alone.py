"""The inbox by itself: acknowledgement after the commit and in order, back-pressure, ids."""

import gc
from collections.abc import Iterator

import pytest

from devices.mqtt.connection import Connection
from devices.mqtt.inbox import WAITING_BYTES, Inbox, IncomingCopy
from devices.mqtt.packets import IncomingPublish, Properties
from devices.mqtt.settings import MqttSettings
from gateway.actors import Receipt
from gateway.testing import ManualClock
from gateway.testing.bench import Bench
from tests.devices.mqtt.conftest import routes_of


class Box:
    """An inbox on a bench that runs no thread: the test commits."""

    def __init__(self, *, pending: int = 3) -> None:
        self.bench = Bench(Connection("main", MqttSettings()), commit=False)
        self.refused: list[str] = []
        routes = routes_of(self.bench)
        self.inbox = Inbox(self.bench, routes, pending=pending, refuse=lambda arrival, error: self.refused.append(str(error)))

    def arrive(self, packet_id: int, payload: bytes = b"{}", *, topic: str = "gw/tell/a/b/c", dup: bool = False, **properties: str) -> None:
        qos = 1 if packet_id else 0
        first = not self.inbox.pending
        self.inbox.arrived(IncomingPublish(topic, payload, packet_id, qos, dup, False, Properties(**properties)))  # type: ignore[arg-type]  # texts only
        if first:  # as the next tick does; what waits already goes on waiting
            self.inbox.bring_in()

    def acknowledged(self) -> list[int]:
        """The packet ids that are acknowledged now."""
        return [int.from_bytes(packet[2:], "big") for packet in self.inbox.take_ready()]

    @property
    def receipts(self) -> list[Receipt]:
        return [sent.receipt for sent in self.bench.sent]


@pytest.fixture
def box() -> Iterator[Box]:
    made = Box()
    with made.bench:
        made.bench.stop()
        yield made


def test_a_message_is_acknowledged_after_its_commit_in_order_of_arrival(box: Box) -> None:
    """A later commit does not overtake an earlier message's acknowledgement."""
    box.arrive(1)
    box.arrive(2)
    assert box.acknowledged() == []
    box.receipts[1].resolve()
    assert box.acknowledged() == []
    box.receipts[0].resolve()
    assert box.acknowledged() == [1, 2]


def test_what_another_connection_brought_is_not_acknowledged(box: Box) -> None:
    """Its packet ids mean nothing on the next one."""
    box.arrive(1)
    box.inbox.closed()
    box.arrive(7)
    for receipt in box.receipts:
        receipt.resolve()
    assert box.acknowledged() == [7]


def test_one_for_which_there_is_no_room_holds_up_all_behind_it(box: Box) -> None:
    """Those before it are in, each acknowledged in its turn, and what can never be taken is refused when its turn has come."""
    box.bench.full = True
    for packet_id, topic in enumerate(("gw/tell/a/b/c", "gw/tell/a", "gw/tell/a/b/d"), start=1):
        box.arrive(packet_id, topic=topic)
    assert (box.inbox.pending, box.bench.sent, box.refused) == (3, [], [])
    box.bench.full = False
    box.inbox.bring_in()
    assert ([sent.verb for sent in box.bench.sent], len(box.refused), box.inbox.pending) == (["c", "d"], 1, 0)
    for receipt in box.receipts:
        receipt.resolve()
    assert box.acknowledged() == [1, 2, 3]


def test_when_the_gateway_is_full_messages_wait_in_order(box: Box) -> None:
    """Nothing blocks, nothing is acknowledged, and the first in is the first through."""
    box.bench.full = True
    box.arrive(1, b'{"n":1}')
    box.bench.full = False
    box.arrive(2, b'{"n":2}')
    assert (box.inbox.pending, box.bench.sent) == (2, [])
    box.inbox.bring_in()
    assert [sent.payload for sent in box.bench.sent] == [b'{"n":1}', b'{"n":2}']


def test_more_than_may_wait_is_taken_and_fills_the_inbox(box: Box) -> None:
    """A broker that ignores the receive maximum is no fault: what one read brought is taken, and nothing more is to be read."""
    box.bench.full = True
    for packet_id in range(1, 6):
        assert box.inbox.is_full is (packet_id > 3)
        box.arrive(packet_id)
    box.bench.full = False
    box.inbox.bring_in()
    assert (box.inbox.is_full, len(box.receipts), box.bench.counters) == (False, 5, {})


def test_large_messages_fill_the_inbox_by_their_bytes(box: Box) -> None:
    """A few of the largest are as much as may wait; once they are in the gateway there is room again."""
    box.bench.full = True
    box.arrive(1, b"{}" + b" " * WAITING_BYTES)
    assert (box.inbox.is_full, box.inbox.pending) == (True, 1)
    box.bench.full = False
    box.inbox.bring_in()
    assert not box.inbox.is_full
    box.bench.full = True
    box.arrive(2, b"{}" + b" " * WAITING_BYTES)
    box.inbox.closed()
    assert box.inbox.is_full
    box.inbox.opened(session_present=True)
    assert not box.inbox.is_full


@pytest.mark.parametrize("where", ["topic", "response_topic", "correlation"])
def test_what_stands_around_a_message_counts_as_well(where: str) -> None:
    """A topic may have 64 kB, and so may what an answer is to bear."""
    long = "x" * 60_000
    arrival = IncomingPublish("gw/tell/a/b/c", b"{}", 1, 1)
    if where == "topic":
        arrival = arrival._replace(topic=f"gw/tell/a/b/{long}")
    else:
        arrival = arrival._replace(properties=Properties(**{where: long.encode() if where == "correlation" else long}))  # type: ignore[arg-type]
    box = Box(pending=1000)
    with box.bench:
        box.bench.stop()
        box.bench.full = True
        for packet_id in range(1, 19):
            assert not box.inbox.is_full
            box.inbox.arrived(arrival._replace(packet_id=packet_id))
        assert box.inbox.is_full


def test_what_cannot_be_held_back_is_left_to_the_next_connection(box: Box) -> None:
    """Where we must read on, what is over the limit is not acknowledged, and a new connection brings it again."""
    box.bench.full = True
    box.inbox.leave_the_rest()
    for packet_id in range(1, 6):
        box.arrive(packet_id)
    box.arrive(0)
    assert (box.inbox.pending, box.bench.counters) == (3, {"left": 1, "dropped": 1})
    box.bench.full = False
    box.inbox.bring_in()
    for receipt in box.receipts:
        receipt.resolve()
    assert not box.inbox.must_reopen
    assert box.acknowledged() == [1, 2, 3]
    assert box.inbox.must_reopen
    box.inbox.closed()
    box.inbox.opened(session_present=True)
    assert not box.inbox.must_reopen


def test_what_waits_is_the_brokers_to_bring_again_if_it_kept_our_session(box: Box) -> None:
    """With the session, it brings all that was not acknowledged; without, what waits here is the only copy."""
    box.bench.full = True
    box.arrive(1)
    box.arrive(0)
    box.inbox.closed()
    box.inbox.opened(session_present=False)
    assert (box.inbox.pending, box.bench.forgotten) == (2, ["session"])
    box.inbox.closed()
    box.inbox.opened(session_present=True)
    assert (box.inbox.pending, box.bench.forgotten) == (1, ["session"])


def test_ids_are_the_senders_own_or_made_of_the_packet(box: Box) -> None:
    """The user property id counts for ever; a packet's own marks only while the broker keeps our session, and only a dup is a repeat."""
    box.arrive(1, id="order-7")
    box.arrive(2)
    box.arrive(2, dup=True)
    box.arrive(3)
    box.arrive(0)
    first, second, again, third, qos0 = [(sent.id, sent.scope, sent.again) for sent in box.bench.sent]
    assert first == ("order-7", "", True)
    assert (second[1:], again[1:]) == (("session", False), ("session", True))
    assert second[0] == again[0] != third[0]
    assert qos0[:2] == ("", "")


def test_expiry_travels_with_the_message(box: Box) -> None:
    """A command that is still good carries the moment when it is not."""
    box.arrive(1, expires="32503680000000")
    assert box.bench.sent[0].expires_ms == 32503680000000
    box.arrive(2, expires="1000")
    box.arrive(3, expires="soon")
    assert box.refused == ["expired", "cannot read the user property expires = 'soon': it must be milliseconds since 1970"]
    box.receipts[0].resolve()
    assert box.acknowledged() == [1, 2, 3]


def test_a_quiet_inbox_leaves_everything(box: Box) -> None:
    """On the way down, what still comes is left unacknowledged: the broker brings it when we are back."""
    box.inbox.quiet = True
    box.arrive(1)
    assert (box.bench.sent, box.acknowledged(), box.inbox.pending) == ([], [], 0)


def test_a_stale_command_is_left_to_the_gateway_while_nobody_can_say_that_it_is(box: Box) -> None:
    """Our wall clock was not set yet: it goes in with what it says, and waits there. What is left of an expiry interval needs no clock."""
    box.bench.time = ManualClock(voucher="")
    box.arrive(1, expires="1000")
    box.inbox.arrived(IncomingPublish("gw/tell/a/b/c", b"{}", 2, 1, False, False, Properties(expiry_s=30)))
    box.inbox.arrived(IncomingPublish("gw/tell/a/b/c", b"{}", 3, 1, False, False, Properties(expiry_s=0)))
    box.inbox.bring_in()
    assert [(sent.expires_ms, sent.expires_s) for sent in box.bench.sent] == [(1000, None), (0, 30)]
    assert box.refused == ["expired"]


@pytest.mark.parametrize(("made", "unheard", "again"), [(5, 0, 0), (5, 2, 2), (5, 9, 5), (20_000, 3, 3), (20_000, 4000, 4000)])
def test_what_the_broker_may_not_have_heard_may_come_again(box: Box, made: int, unheard: int, again: int) -> None:
    """An acknowledgement that lay in the socket when the connection went: the broker repeats those, and what it marks as a repeat under any
    other id is new."""
    for packet_id in range(1, made + 1):
        box.arrive(packet_id)
        box.receipts[-1].resolve()
        assert box.acknowledged() == [packet_id]
        box.bench.sent.clear()
    box.inbox.closed(unheard_bytes=4 * unheard)
    box.inbox.opened(session_present=True)
    for packet_id in (made - again, made - again + 1) if again else (made,):
        if packet_id:
            box.arrive(packet_id, dup=True)
    assert [sent.again for sent in box.bench.sent] == [False] * (again < made) + [True] * (again > 0)


@pytest.mark.parametrize(("topic", "payload"), [("gw/tell/a", b"{}"), ("gw/tell/a/b/c", b"{")])
def test_a_refused_one_is_freed_at_once(box: Box, topic: str, payload: bytes) -> None:
    """Why it is refused is kept without the frames that it came through: they have the message."""
    gc.collect()
    gc.disable()
    try:
        box.arrive(1, payload, topic=topic)
        assert len(box.refused) == 1
        assert not [one for one in gc.get_objects() if isinstance(one, IncomingCopy)]
    finally:
        gc.enable()
