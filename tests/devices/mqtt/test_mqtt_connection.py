"""A connection against a real broker: out, in, asks and answers, status."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from gateway.actors import Health, Reply
from tests.brokers import Mosquitto, Peer, find_program

Connect = Callable[..., Any]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
SENSORS = {"topic": "sensors/+/state", "to": "twin/{1}", "verb": "report"}


@BOTH
def test_a_publish_is_done_when_the_broker_has_it(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """Whoever listens has heard it, retained if that was wanted."""
    with Peer(mosquitto.port) as peer, connect(mosquitto.port, protocol=protocol) as gateway:
        peer.listen("a/#")
        assert gateway.tell("publish", {"topic": "a/b", "body": "grüß", "retain": True}).wait() == "done"
        peer.until(lambda: peer.heard)
        assert peer.payloads("a/b") == ["grüß".encode()]
        peer.listen("a/b")
        assert peer.until(lambda: len(peer.heard) == 2 and peer.heard[1].retained)


def test_a_publish_carries_its_messages_id(mosquitto: Mosquitto, connect: Connect) -> None:
    """In MQTT 5 the receiver can tell a repeat by the user property id; a shelf life becomes the message expiry."""
    with Peer(mosquitto.port) as peer, connect(mosquitto.port) as gateway:
        peer.listen("a/#")
        gateway.tell("publish", {"topic": "a/b", "expires_s": 60}, id="m-1").wait()
        heard = peer.until(lambda: peer.heard)[0]
        assert heard.properties.UserProperty == [("id", "m-1")]
        assert heard.properties.MessageExpiryInterval == 60


@BOTH
def test_five_hundred_publishes_keep_their_order(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """Done one and all, each once, in order for each QoS: brokers let QoS 0 overtake."""
    with Peer(mosquitto.port) as peer, connect(mosquitto.port, protocol=protocol) as gateway:
        peer.listen("n")
        given = [gateway.tell("publish", {"topic": "n", "body": str(n), "qos": int(n % 5 > 0)}, id=f"m{n}") for n in range(500)]
        assert {delivery.wait() for delivery in given} == {"done"}
        peer.until(lambda: len(peer.heard) == 500)
        for qos in (0, 1):
            assert [int(heard.payload) for heard in peer.heard if heard.qos == qos] == [n for n in range(500) if (n % 5 > 0) == qos]
        gateway.until(lambda: gateway.counters["published"] == 502)


def test_a_publish_without_a_proper_topic_is_a_dead_letter(mosquitto: Mosquitto, connect: Connect) -> None:
    """It is never tried again, and says why."""
    with connect(mosquitto.port) as gateway:
        delivery = gateway.tell("publish", {"topic": "a/+"})
        assert delivery.wait() == "cannot use 'a/+' as a topic: it must have a character, and none of + # NUL"
        assert not delivery.retry


@BOTH
def test_status_is_online_while_we_are_and_offline_after(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """Retained, and "offline" is published before a clean disconnect, for the will does not fire then."""
    with Peer(mosquitto.port) as peer:
        peer.listen("gw/status")
        with connect(mosquitto.port, protocol=protocol) as gateway:
            gateway.until_subscribed()
            peer.until(lambda: peer.payloads("gw/status") == [b"online"])
        peer.until(lambda: peer.payloads("gw/status") == [b"online", b"offline"])
        assert gateway.health[-1] == (Health.CLOSED, "")
        peer.listen("gw/status")
        assert peer.until(lambda: peer.heard[2:])[0][:3] == ("gw/status", b"offline", True)


@BOTH
def test_the_will_says_offline_for_who_cannot(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """A gateway that dies is offline to all who listen."""
    with Peer(mosquitto.port) as peer:
        peer.listen("gw/status")
        with connect(mosquitto.port, protocol=protocol, killed=True) as gateway:
            gateway.until_subscribed()
        peer.until(lambda: peer.payloads("gw/status") == [b"online", b"offline"])


@BOTH
def test_what_is_subscribed_to_reaches_its_actor(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """The payload goes on as it came; the template's {1} is the level that + stood for."""
    with connect(mosquitto.port, protocol=protocol, subscribe=[SENSORS]) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        for n in range(100):
            peer.publish(f"sensors/t{n}/state", json.dumps({"values": {"t": n}}))
        gateway.until(lambda: len(gateway.handled) == 100)
        assert gateway.handled == [(f"twin/t{n}", "report", json.dumps({"values": {"t": n}}).encode()) for n in range(100)]
        assert gateway.health[-1][1] == f"connected to 127.0.0.1:{mosquitto.port} as {client_id(gateway)!r}, subscribed to 3 filters"


def client_id(gateway: Any) -> str:
    return str(gateway.actor._names.client_id)


@BOTH
def test_a_tell_reaches_the_actor_it_names(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """The user's way in, with or without a payload, for parents and their children."""
    with connect(mosquitto.port, protocol=protocol) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/gpio/relay/switch", '{"on": true}')
        peer.publish("gw/tell/site/home/contacts/ann/call")
        gateway.until(lambda: len(gateway.handled) == 2)
        assert gateway.handled == [("gpio/relay", "switch", b'{"on": true}'), ("site/home/contacts/ann", "call", b"")]


def test_an_ask_is_answered_where_it_wants(mosquitto: Mosquitto, connect: Connect) -> None:
    """Response topic and correlation data travel in the id that the reply goes to, and come back with the answer."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("answers/ann")
        peer.publish("gw/ask/twin/t1/show", "{}", ResponseTopic="answers/ann", CorrelationData=b"\x00\x01")
        sent = gateway.until(lambda: gateway.sent)[0]
        assert sent.reply_to == "mqtt/main/reply/answers~ann,,AAE"
        delivery = gateway.tell("reply", Reply(of="m1", body={"t": 21.5}), to=sent.reply_to)
        assert delivery.wait() == "done"
        heard = peer.until(lambda: peer.heard)[0]
        assert json.loads(heard.payload) == {"of": "m1", "ok": True, "reason": "", "body": {"t": 21.5}}
        assert (heard.qos, heard.properties.CorrelationData) == (1, b"\x00\x01")


@BOTH
def test_an_ask_may_name_its_answer_by_an_id(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """For clients without response topics: the id is the last level of the ask's topic, and of the answer's."""
    with connect(mosquitto.port, protocol=protocol) as gateway, Peer(mosquitto.port, v5=False) as peer:
        gateway.until_subscribed()
        peer.listen("gw/reply/q7")
        peer.publish("gw/ask/twin/t1/show/q7", "{}")
        sent = gateway.until(lambda: gateway.sent)[0]
        assert (sent.to, sent.verb, sent.id, sent.reply_to) == ("twin/t1", "show", "q7", "mqtt/main/reply/gw~reply~q7")
        gateway.tell("reply", Reply(of="q7", ok=False, reason="no"), to=sent.reply_to)
        peer.until(lambda: peer.heard)
        assert json.loads(peer.heard[0].payload) == {"of": "q7", "ok": False, "reason": "no", "body": None}


def test_an_ask_that_cannot_be_taken_is_answered_at_once(mosquitto: Mosquitto, connect: Connect) -> None:
    """The asker hears why, and so does everybody under <prefix>/refused."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("answers/ann").listen("gw/refused")
        peer.publish("gw/ask/nobody/x/show", "{}", ResponseTopic="answers/ann", UserProperty=("id", "q1"))
        peer.until(lambda: len(peer.heard) == 2)
        reason = "cannot send to nobody/x: there is no kind 'nobody'"
        assert json.loads(peer.payloads("answers/ann")[0]) == {"of": "q1", "ok": False, "reason": reason, "body": None}
        assert json.loads(peer.payloads("gw/refused")[0]) == {"topic": "gw/ask/nobody/x/show", "id": "q1", "reason": reason}


@pytest.mark.parametrize("topic", ["b/" * 300, "b/" * 201], ids=len)
def test_an_ask_cannot_take_the_gateway_off_its_broker(mosquitto: Mosquitto, connect: Connect, topic: str) -> None:
    """By a response topic upon which the broker closes the connection, whether its ask is taken or refused; it is refused in public.

    Debian 13's mosquitto throws out whoever asks so, and the gateway never hears of it: there, this holds of itself.
    """
    if "version 2.0.11" not in subprocess.run([find_program("mosquitto"), "-h"], capture_output=True, text=True, check=False).stdout:
        return
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("gw/refused")
        for to in ("twin/t1", "nobody/x"):
            peer.publish(f"gw/ask/{to}/show", "{}", ResponseTopic=topic)
        peer.until(lambda: len(peer.heard) == 2)
        reasons = [json.loads(one)["reason"] for one in peer.payloads("gw/refused")]
        assert reasons[0].startswith("cannot answer to 'b/b/")
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"
        assert [health for health, _ in gateway.health if health is Health.MISSING or health is Health.FAULTY] == []


@pytest.mark.parametrize("publish", [{}, {"qos": 0}, {"expires_s": 60}], ids=["", "qos-0", "expiring"])
def test_no_answer_goes_where_an_actor_publishes(mosquitto: Mosquitto, connect: Connect, publish: dict[str, int]) -> None:
    """Whatever its topic is: whoever listens there would take the answer for the actor's word."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        assert gateway.tell("publish", {"topic": "house/door", "body": "shut", **publish}).wait() == "done"
        peer.listen("gw/refused").listen("house/#")
        peer.publish("gw/ask/twin/t1/show", "{}", ResponseTopic="house/door")
        peer.until(lambda: peer.payloads("gw/refused"))
        assert "cannot answer to 'house/door': a gateway says or hears something else there" in peer.payloads("gw/refused")[0].decode()
        peer.publish("gw/ask/nobody/x/show", "{}", ResponseTopic="house/door")
        peer.until(lambda: len(peer.payloads("gw/refused")) == 2)
        assert (peer.payloads("house/door"), gateway.sent) == ([], [])


def test_an_answer_that_cannot_be_published_is_a_dead_letter(mosquitto: Mosquitto, connect: Connect) -> None:
    """An ask may have been kept by a program that took its response topic: that is no fault of the connection."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        delivery = gateway.tell("reply", Reply(of="m1"), to="mqtt/main/reply/a=01b")
        assert delivery.wait() == "cannot use 'a\\x01b' as a topic: it has a control character or one that is none in Unicode; take it out"
        assert not delivery.retry


def test_what_the_gateway_has_no_room_for_comes_when_it_has(mosquitto: Mosquitto, connect: Connect) -> None:
    """Back-pressure: the broker keeps what we do not acknowledge, our thread goes on publishing, and order is kept."""
    with connect(mosquitto.port, receive_maximum=5) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        gateway.full = True
        for n in range(50):
            peer.publish("gw/tell/twin/t/report", b'{"n":%d}' % n)
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"
        gateway.until(lambda: gateway.actor._inbox.pending >= 5)
        assert len(gateway.actor._inbox._slots) <= 5  # what has no slot is ours, come back at QoS 0
        gateway.full = False
        gateway.until(lambda: len(gateway.handled) == 50)
        assert [payload for _, _, payload in gateway.handled] == [b'{"n":%d}' % n for n in range(50)]


def test_retained_messages_count_where_that_is_wanted(mosquitto: Mosquitto, connect: Connect) -> None:
    """With retained = "take", the last known state is taken over at the start."""
    with Peer(mosquitto.port) as peer:
        peer.publish("sensors/t1/state", "{}", retain=True)
    with connect(mosquitto.port, subscribe=[{**SENSORS, "retained": "take"}]) as gateway:
        gateway.until(lambda: gateway.handled == [("twin/t1", "report", b"{}")])


def test_closing_is_bounded_when_the_broker_stands_still(mosquitto: Mosquitto, connect: Connect) -> None:
    """A broker that does not answer cannot hold up the end."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        mosquitto.freeze()
        gateway.tell("publish", {"topic": "a"})
        gateway.stop()
        assert gateway.health[-1] == (Health.CLOSED, "")
        mosquitto.thaw()
