"""What the gateway has published itself and the broker brings back: it goes to its actor like anything else, is counted, and told."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from devices.mqtt.echoes import SaidAtBroker, said_at
from devices.mqtt.settings import MqttSettings
from gateway.actors import Health, Message
from gateway.actors.vocabulary import Publish
from gateway.testing.bench import BenchDelivery
from tests.brokers import Mosquitto, Peer

Connect = Callable[..., Any]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
TWIN = {"topic": "home/#", "to": "twin/all", "verb": "pressed"}


def go_round(gateway: Any, times: int, *, by: str = "twin/all", heard_by: Any = None) -> None:
    """Publish as an actor does that hears itself: once, and when that has come back again and again."""
    hears = heard_by or gateway
    for number in range(times):
        said = Publish(topic="home/all", body={"n": number})
        gateway.give(BenchDelivery(Message(f"m{number}", "mqtt/main", "publish", said, sender=by)))
        hears.until(lambda: hears.handled)
    hears.until(lambda: len(hears.handled) == times)


@BOTH
def test_an_actor_that_hears_itself_again_and_again_is_named(
    mosquitto: Mosquitto, connect: Connect, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is dropped; the log says it once, and the connection for as long as it lasts."""
    with caplog.at_level(logging.WARNING), connect(mosquitto.port, subscribe=[TWIN], protocol=protocol) as gateway:
        gateway.until_subscribed()
        gateway.actor._echoes._clock = lambda: 0.0
        go_round(gateway, 60)
        said = "what twin/all publishes under home/all comes back to it and goes round; narrow the filter in subscribe"
        gateway.until(lambda: gateway.wake() or gateway.health[-1] == (Health.FAULTY, said))  # else it looks when something comes
        assert gateway.counters["returned"] == 59, "the first has the topic watched"
        gateway.actor._echoes._clock = lambda: 100.0
        gateway.until(lambda: gateway.wake() or gateway.health[-1][0] is Health.OK)
        assert "subscribed to 3 filters" in gateway.health[-1][1]
    told = [record.message for record in caplog.records if "comes back" in record.message and "is told to" in record.message]
    assert told == [
        "mqtt/main: what twin/all publishes under home/all comes back, and is told to twin/all; "
        "where that is not meant, narrow the filter in subscribe"
    ]


@BOTH
def test_what_others_hear_or_say_is_no_round(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """An actor may hear another one by way of the broker; and another client may publish under a topic of ours."""
    with connect(mosquitto.port, subscribe=[TWIN], protocol=protocol) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        gateway.actor._echoes._clock = lambda: 0.0
        go_round(gateway, 60, by="twin/other")
        assert gateway.counters["returned"] == 59
        for number in range(60):
            peer.publish("home/all", b'{"others": %d}' % number)
        gateway.until(lambda: len(gateway.handled) == 120)
        assert gateway.counters["returned"] == 59
        assert {health for health, _ in gateway.health} <= {Health.STARTING, Health.OK}


def test_it_comes_back_by_another_connection(mosquitto: Mosquitto, connect: Connect) -> None:
    """Two connections to one broker are of one gateway."""
    one = connect(mosquitto.port, client_id="one", prefix="one")
    with one, connect(mosquitto.port, client_id="two", subscribe=[TWIN]) as other:
        one.until_subscribed()
        other.until_subscribed()
        go_round(one, 3, heard_by=other)
        other.until(lambda: other.counters["returned"] == 2)
        assert one.counters["returned"] == 0


def test_what_is_remembered_is_bounded() -> None:
    """However many topics and bodies there are."""
    said = SaidAtBroker()
    for topic in range(5000):
        said.add(str(topic))
        said.came_back(b"%d" % topic, b"", "mqtt/main")
    assert len(said.topics) <= 4096
    assert len(said.watched) <= 256
    for body in range(100):
        said.note(b"4999", b"%d" % body, "twin/a")
    assert said.came_back(b"4999", b"0", "mqtt/main") == ""
    assert said.came_back(b"4999", b"99", "mqtt/main") == "twin/a"
    assert said.came_back(b"4999", b"99", "mqtt/main") == "", "it is heard once"
    assert said.came_back(b"4999", b"99", "mqtt/other") == "twin/a"


def test_it_is_kept_per_broker() -> None:
    """As long as a connection has it."""
    one = said_at("broker.local", 1883)
    assert said_at("broker.local", 1883) is one
    assert said_at("broker.local", 8883) is not one
    assert said_at("Broker.local.", 1883) is one


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "LocalHost", "127.0.1.1"])
def test_this_machine_has_many_names(host: str) -> None:
    """A broker here is one, by whichever of them a connection reaches it."""
    here = said_at("localhost", 1883)
    assert said_at(host, 1883) is here
    assert MqttSettings(host=host, client_id="a").claims() == MqttSettings(client_id="a").claims()
