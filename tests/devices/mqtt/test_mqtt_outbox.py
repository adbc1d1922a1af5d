"""The outbox: order, the window, and what becomes of a publish that the broker does not want."""

from itertools import count

import pytest

from devices.mqtt.encoder import PublishEncoder
from devices.mqtt.limits import Limits
from devices.mqtt.outbox import STRIKES, OwnPublish, PublishesInHand
from gateway.actors import Message
from gateway.actors.vocabulary import Publish
from gateway.testing.bench import BenchDelivery

ENCODER = PublishEncoder(v5=True, message_ids=True, prefix="gw")


class Broker:
    """An outbox, and the packet ids it was told to send."""

    def __init__(self, *, in_flight: int = 4, receive_maximum: int = 65535, max_packet_bytes: int = 0) -> None:
        self.now_s = 0.0
        self.outbox = PublishesInHand(in_flight=in_flight, clock=lambda: self.now_s)
        self.outbox.opened(Limits(receive_maximum, max_packet_bytes), session_present=True)
        self._ids = count(1)
        self._given: list[BenchDelivery] = []

    def give(self, name: str, *, qos: int = 1, body: str = "", expires_ms: int = 0) -> BenchDelivery:
        asked = Publish(topic=name, body=body, qos=qos)
        delivery = BenchDelivery(Message(name, "mqtt/main", "publish", asked, expires_ms=expires_ms))
        self._hand(delivery)
        return delivery

    def _hand(self, delivery: BenchDelivery) -> None:
        asked = delivery.message.payload
        assert isinstance(asked, Publish)
        self._given.append(delivery)
        self.outbox.waiting.append(ENCODER.of_delivery(asked, delivery))

    def close(self, *, by_broker: bool, because: str = "") -> None:
        """The connection is gone, and there is another: the host gives again what is not settled."""
        self.outbox.closed(by_broker=by_broker, because=because)
        given, self._given = self._given, []
        for delivery in given:
            if not delivery.outcome:
                self._hand(delivery)

    def send(self, now_ms: int = 0) -> list[str]:
        """Send what may be sent; the names of all that are under way."""
        self.outbox.next_batch(lambda: next(self._ids), now_ms)
        return self.under_way

    @property
    def under_way(self) -> list[str]:
        return [item[0].message.id for item in self.outbox.sent.values() if isinstance(item[0], BenchDelivery)]

    def ack_oldest(self, code: int = 0) -> None:
        self.outbox.acked(next(iter(self.outbox.sent)), code)


def test_no_more_are_under_way_than_either_side_allows() -> None:
    """The smaller of in_flight and the broker's receive maximum."""
    broker = Broker(in_flight=4, receive_maximum=2)
    for name in "abc":
        broker.give(name)
    assert broker.send() == ["a", "b"]
    broker.ack_oldest()
    assert broker.send() == ["b", "c"]


def test_a_full_window_is_refilled_in_batches() -> None:
    """While more wait than fit, half the window is to be free; the last ones go at once."""
    broker = Broker(in_flight=4)
    for name in "abcdefg":
        broker.give(name)
    broker.send()
    broker.ack_oldest()
    assert broker.send() == ["b", "c", "d"]
    broker.ack_oldest()
    assert broker.send() == ["c", "d", "e", "f"]
    broker.ack_oldest()
    assert broker.send() == ["d", "e", "f", "g"]


def test_a_closed_connection_puts_all_back_in_their_order() -> None:
    """What was under way goes first; notices of the old connection are gone."""
    broker = Broker(in_flight=2)
    broker.outbox.waiting.append(ENCODER.item(OwnPublish(), "gw/status", b"online"))
    for name in "abc":
        broker.give(name)
    broker.send()
    broker.close(by_broker=False)
    assert broker.send() == ["a", "b"]
    assert [item[0].message.id for item in broker.outbox.waiting if isinstance(item[0], BenchDelivery)] == ["c"]


def test_at_qos_0_done_means_written() -> None:
    """There is no acknowledgement to wait for; one that was not written goes again."""
    broker = Broker()
    first, second = broker.give("a", qos=0), broker.give("b", qos=0)
    broker.send()
    broker.close(by_broker=False)
    assert (first.outcome, second.outcome) == ("", "")
    broker.send()
    broker.outbox.written()
    assert (first.outcome, second.outcome, broker.outbox.sent) == ("done", "done", {})


def test_codes_decide_whether_it_is_tried_again() -> None:
    """What the broker would refuse again becomes a dead letter, with the code's name; what may pass is retried."""
    broker = Broker()
    denied, full = broker.give("a"), broker.give("b")
    broker.send()
    broker.ack_oldest(0x87)
    broker.ack_oldest(0x97)
    assert (denied.outcome, denied.retry) == ("cannot publish to a: the broker said 0x87 Not authorized; mend its access list", False)
    assert (full.outcome, full.retry) == ("cannot publish to b: the broker said 0x97 Quota exceeded", True)


@pytest.mark.parametrize(("pause_s", "under_way"), [(0.1, []), (10.0, ["a"])])
def test_a_connection_that_ends_long_after_a_denial_did_not_end_upon_it(pause_s: float, under_way: list[str]) -> None:
    """Whoever mends an access list starts the broker anew: what is published then is not left alone for a minute."""
    broker = Broker()
    broker.give("a")
    broker.send()
    broker.ack_oldest(0x87)
    broker.now_s += pause_s
    broker.close(by_broker=True)
    broker.give("a")
    assert broker.send() == under_way


def test_what_expired_meanwhile_is_not_sent() -> None:
    """A message that waited out its time fails for good."""
    broker = Broker()
    late = broker.give("a", expires_ms=1000)
    assert broker.send(now_ms=1001) == []
    assert late.outcome == "cannot publish it: it expired while the broker could not be reached"


def test_what_the_broker_cannot_take_is_not_sent() -> None:
    """Its maximum packet size is known before it would close the connection over it."""
    broker = Broker(max_packet_bytes=100)
    large, small = broker.give("a", body="x" * 100), broker.give("b")
    assert broker.send() == ["b"]
    assert (large.outcome, large.retry, small.outcome) == ("cannot publish it: the broker takes no packet over 100 bytes", False, "")


def test_one_poisonous_publish_does_not_stop_its_neighbours() -> None:
    """A broker that closes the connection upon one of many gets them one by one, and the one that does it is given up."""
    broker = Broker()
    for name in "abc":
        broker.give(name)
    poison = broker.give("p")
    broker.send()
    broker.close(by_broker=True)
    for _ in "abc":
        assert len(broker.send()) == 1
        broker.ack_oldest()
    for _ in range(STRIKES):
        assert poison.outcome == ""
        assert broker.send() == ["p"]
        broker.close(by_broker=True)
    assert poison.outcome == "cannot publish it: the broker closes the connection upon it (5 times in a row)"
    broker.give("d")
    broker.give("e")
    assert broker.send() == ["d", "e"]


def test_a_broker_that_says_why_needs_to_say_it_once() -> None:
    """A DISCONNECT for the only publish under way is its answer."""
    broker = Broker()
    poison = broker.give("p")
    broker.send()
    broker.close(by_broker=True, because="0x95 Packet too large")
    assert poison.outcome == "cannot publish it: the broker closes the connection upon it (0x95 Packet too large)"


def test_an_acknowledgement_of_nothing_is_nothing() -> None:
    """A PUBACK that comes twice, or for a packet id of an older connection, is passed over."""
    broker = Broker()
    broker.outbox.acked(9, 0)
    assert broker.outbox.published == 0


def test_a_deadline_that_has_moved_meanwhile_is_heeded() -> None:
    """The gateway's clock was moved on by the time in which the machine was off: what was given since the boot is in time all the same."""
    broker = Broker()
    broker.outbox = PublishesInHand(in_flight=4, is_late=lambda settling: False)
    broker.give("a", expires_ms=1000)
    assert broker.send(now_ms=9_000_000) == ["a"]


def test_pubacks_that_come_together_settle_all_that_they_name() -> None:
    """Each publish once, our own notices too; what nobody sent is passed over, and the window is as free as by single ones."""
    broker = Broker(in_flight=4)
    own = OwnPublish()
    broker.outbox.waiting.append(ENCODER.item(own, "gw/status", b"online"))
    deliveries = [broker.give(name) for name in "abcde"]
    assert broker.send() == ["a", "b", "c"]
    broker.outbox.acked_all([1, 3, 3, 99, 2])
    assert ([one.outcome for one in deliveries], own.settled) == (["done", "done", "", "", ""], True)
    assert broker.outbox.published == 3
    assert broker.send() == ["c", "d", "e"]
