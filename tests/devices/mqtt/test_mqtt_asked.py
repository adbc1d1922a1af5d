"""What actors ask to hear of a broker while the gateway runs, beside what the file says."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.actors import Message
from gateway.actors.vocabulary import Heard, Listen
from gateway.testing.bench import BenchDelivery
from tests.brokers import Mosquitto, Peer

Connect = Callable[..., Any]
ME = "homeassistant/main"
STATUS = Heard(topic="ha/status", verb="status")
CLEARED = Heard(topic="ha/device/+/config", verb="cleared", cleared=True)
BUTTON = {"topic": "buttons/+", "to": "toggle/hall", "verb": "pressed"}


def ask(gateway: Any, *wanted: Heard, by: str = ME) -> BenchDelivery:
    """Have an actor ask to hear something, and no more than that."""
    delivery = BenchDelivery(Message("m1", gateway.me, "listen", Listen(wanted=wanted), sender=by))
    gateway.give(delivery)
    return delivery


def until_heard(gateway: Any, peer: Peer, topic: str, payload: str) -> list[Any]:
    """Publish one message, and return all that was handled when it is."""
    peer.publish(topic, payload)
    gateway.until(lambda: gateway.handled and "last" in str(gateway.handled[-1]))
    return [(to, verb, said) for to, verb, said in gateway.handled if verb != "connected"]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_actor_hears_what_it_asks_for_until_it_asks_for_no_more(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """On the open connection, beside what the file says; what it named before and names no more is over at the broker too."""
    with connect(mosquitto.port, protocol=protocol, subscribe=[BUTTON]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        assert ask(gateway, STATUS, Heard(topic="old/x", verb="old")).wait() == "done"
        gateway.until_health("subscribed to 5 filters")
        assert until_heard(gateway, peer, "ha/status", "last") == [(ME, "status", {"text": "last"})]
        assert ask(gateway, STATUS).wait() == "done"
        gateway.until(lambda: "old/x" not in gateway.remembered)
        peer.publish("old/x", "nobody wants it")
        peer.publish("buttons/b", b'{"last":1}')
        gateway.until(lambda: len(gateway.handled) == 2)
        assert gateway.handled[-1] == ("toggle/hall", "pressed", b'{"last":1}')
        assert ask(gateway).wait() == "done"
        gateway.until(lambda: "status" not in gateway.remembered)
        assert gateway.counters["disconnects"] == 0


@pytest.mark.parametrize("killed", [False, True])
def test_what_was_asked_for_is_heard_over_restarts(mosquitto: Mosquitto, connect: Connect, killed: bool) -> None:
    """Whoever has asked is told of each connection too, once; also where the file says that it is."""
    with connect(mosquitto.port, killed=killed) as gateway:
        gateway.until_subscribed()
        assert ask(gateway, STATUS).wait() == "done"
    after = connect(mosquitto.port, connected_to=ME)
    after.remembered = gateway.remembered
    with after, Peer(mosquitto.port) as peer:
        after.until_health("subscribed to 3 filters")
        assert until_heard(after, peer, "ha/status", "last") == [(ME, "status", {"text": "last"})]
        assert [(to, verb) for to, verb, _ in after.handled].count((ME, "connected")) == 1


def test_a_topic_that_somebody_else_clears_is_heard_of_and_nothing_else_there(mosquitto: Mosquitto, connect: Connect) -> None:
    """Neither what is published there, nor what was kept, nor what this gateway clears itself."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        peer.publish("ha/device/kept/config", "{}", retain=True)
        gateway.until_subscribed()
        assert ask(gateway, CLEARED).wait() == "done"
        gateway.until_health("subscribed to 3 filters")
        for topic, payload in (("ha/device/a/config", "{}"), ("ha/device/b/config", "not even JSON")):
            peer.publish(topic, payload, retain=True)
        assert gateway.tell("publish", {"topic": "ha/device/a/config", "retain": True}).wait() == "done"
        peer.publish("ha/device/kept/config", b"", retain=True)
        gateway.until(lambda: gateway.handled)
        peer.publish("ha/device/last/config", b"", retain=True)
        gateway.until(lambda: len(gateway.handled) == 2)
        assert gateway.handled == [(ME, "cleared", {"topic": f"ha/device/{name}/config"}) for name in ("kept", "last")]
        assert gateway.counters["refused"] == gateway.counters["retained"] == 0


def test_what_is_cleared_while_the_gateway_is_down_is_heard_when_it_is_back(mosquitto: Mosquitto, connect: Connect) -> None:
    """The broker keeps it for the session, in its place."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        peer.publish("ha/device/a/config", "{}", retain=True)
        gateway.until_subscribed()
        assert ask(gateway, CLEARED).wait() == "done"
        gateway.until_health("subscribed to 3 filters")
    after = connect(mosquitto.port)
    after.remembered = gateway.remembered
    with Peer(mosquitto.port) as peer:
        peer.publish("ha/device/a/config", b"", retain=True)
        with after:
            after.until(lambda: (ME, "cleared", {"topic": "ha/device/a/config"}) in after.handled)


def test_a_broker_of_3_1_1_cannot_tell_whose_message_it_is(mosquitto: Mosquitto, connect: Connect) -> None:
    """So nothing is heard of what is cleared: it could be our own."""
    with connect(mosquitto.port, protocol="3.1.1") as gateway:
        gateway.until_subscribed()
        assert ask(gateway, CLEARED, STATUS).wait() == "done"
        gateway.until_health("subscribed to 3 filters")


def test_a_filter_that_is_none_is_refused_and_changes_nothing(mosquitto: Mosquitto, connect: Connect) -> None:
    """A broker would close the connection upon it."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        delivery = ask(gateway, Heard(topic="ha/#/x", verb="status"))
        assert delivery.wait().startswith("cannot use 'ha/#/x' as a topic filter")
        assert "ha" not in gateway.remembered
