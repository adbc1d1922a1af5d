"""A topic that begins with {prefix}/ goes on with the connection's own prefix: who publishes need not know it."""

from collections.abc import Callable

import pytest

from gateway.actors import Reply
from gateway.actors.vocabulary import Publish
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.conftest import Gateway

Connect = Callable[..., Gateway]


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_topic_goes_under_the_prefix(mosquitto: Mosquitto, connect: Connect, protocol: str, qos: int) -> None:
    """At its beginning, and nowhere else."""
    with Peer(mosquitto.port) as peer, connect(mosquitto.port, protocol=protocol) as gateway:
        peer.listen("#")
        gateway.until_subscribed()
        for number, topic in enumerate(["{prefix}/gpio/lamp", "a/{prefix}/b", "{prefix}", "gw/gpio/lamp"]):
            assert gateway.tell("publish", Publish(topic=topic, body=str(number), qos=qos), id=f"m{number}").wait() == "done"
        peer.until(lambda: len(peer.payloads("gw/gpio/lamp")) == 2)
        assert peer.payloads("gw/gpio/lamp") == [b"0", b"3"]
        assert (peer.payloads("a/{prefix}/b"), peer.payloads("{prefix}")) == ([b"1"], [b"2"])


def test_what_comes_of_it_must_be_a_topic(mosquitto: Mosquitto, connect: Connect) -> None:
    """As of any other topic."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        delivery = gateway.tell("publish", Publish(topic="{prefix}/+"))
        assert delivery.wait() == "cannot use 'gw/+' as a topic: it must have a character, and none of + # NUL"
        assert not delivery.retry


def test_where_an_answer_is_wanted_is_taken_literally(mosquitto: Mosquitto, connect: Connect) -> None:
    """A response topic is another's word, whatever it begins with."""
    with Peer(mosquitto.port) as peer, connect(mosquitto.port) as gateway:
        peer.listen("#")
        gateway.until_subscribed()
        gateway.tell("publish", Publish(topic="{prefix}/me", body="ours"))
        peer.publish("gw/ask/twin/door/read", "{}", ResponseTopic="{prefix}/me")
        asked = gateway.until(lambda: next((one for one in gateway.sent if one.reply_to), None))
        gateway.tell("reply", Reply(of="m2", body=1), to=asked.reply_to)
        peer.until(lambda: peer.payloads("{prefix}/me"))
        assert peer.payloads("gw/me") == [b"ours"]
