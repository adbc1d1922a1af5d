"""What goes wrong between a gateway and its broker, and what must come of it."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.packets import fixed_header, text
from devices.sparing import AT_MOST
from gateway.actors import Health
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


# --- the broker is away


@BOTH
def test_a_broker_that_is_down_at_the_start_is_waited_for(tmp_path: Path, connect: Connect, protocol: str) -> None:
    """Health says what is missing; when the broker comes, all goes out in order."""
    broker = Mosquitto(tmp_path)
    with connect(broker.port, protocol=protocol) as gateway:
        address = f"127.0.0.1:{broker.port}"
        assert gateway.until_health("cannot reach") == (
            f"cannot reach the broker at {address}: Connection refused; start it, or mend mqtt.main.host and mqtt.main.port"
        )
        assert gateway.health[-1][0] is Health.MISSING
        assert gateway.why_away == gateway.health[-1][1]
        given = [gateway.tell("publish", {"topic": "n", "body": str(n), "retain": True}) for n in range(10)]
        with broker, Peer(broker.port) as peer:
            peer.listen("n")
            assert {delivery.wait() for delivery in given} == {"done"}
            peer.until(lambda: peer.payloads("n")[-1:] == [b"9"])
            heard = [int(payload) for payload in peer.payloads("n")]
            assert heard == sorted(heard)
            assert gateway.why_away == ""


@BOTH
def test_a_broker_that_restarts_loses_nothing(tmp_path: Path, connect: Connect, protocol: str) -> None:
    """Killed in the middle of a stream: what it had not acknowledged is sent again, in order; who listens misses nothing."""
    with Mosquitto(tmp_path, persistence=True) as broker, connect(broker.port, protocol=protocol, in_flight=5) as gateway:
        gateway.until_subscribed()
        given = [gateway.tell("publish", {"topic": f"n/{n}", "retain": True, "body": str(n)}) for n in range(300)]
        gateway.until(lambda: given[20].outcome)
        broker.stop()
        broker.start()
        assert {delivery.wait() for delivery in given} == {"done"}
        with Peer(broker.port) as peer:
            peer.listen("n/#")
            peer.until(lambda: {heard.topic for heard in peer.heard} == {f"n/{n}" for n in range(300)})
        gateway.until_health("lost the broker")


def test_a_broker_that_never_acknowledges_is_left(connect: Connect) -> None:
    """In-flight stays bounded, and a new connection sends the same again."""
    with FakeBroker(lambda broker, first, body: first >> 4 == 3) as broker, connect(broker.port, in_flight=3, ack_timeout_s=0.5) as gateway:
        given = [gateway.tell("publish", {"topic": "n", "body": str(n)}, id=f"m{n}") for n in range(50)]
        of_n = b"\x00\x01n"  # what the gateway says by itself comes between them when it comes
        broker.until(lambda: broker.connections >= 2 and sum(body.startswith(of_n) for body in broker.packets(3)) >= 4)
        assert gateway.until_health("PUBACK") == (
            f"lost the broker at 127.0.0.1:{broker.port}: it left a publish without its PUBACK for 0.5 s; connecting again"
        )
        sent = [body[-1:] for body in broker.packets(3) if body.startswith(of_n)]
        assert sent[:4] == [b"0", b"1", b"0", b"1"]
        assert {delivery.outcome for delivery in given} == {""}


def test_a_broker_that_stands_still_is_noticed(mosquitto: Mosquitto, connect: Connect) -> None:
    """No answer to a ping is a lost connection, and what was under way is done when the broker goes on."""
    with connect(mosquitto.port, keepalive_s=1) as gateway:
        gateway.until_subscribed()
        mosquitto.freeze()
        delivery = gateway.tell("publish", {"topic": "a"})
        assert "fell silent" in gateway.until_health("lost the broker")
        mosquitto.thaw()
        assert delivery.wait() == "done"


def test_a_broker_that_never_answers_connect_is_left(connect: Connect) -> None:
    """A port that accepts and says nothing is a fault with a name."""
    with FakeBroker(lambda broker, first, body: True) as broker, connect(broker.port, keepalive_s=1) as gateway:
        said = gateway.until_health("cannot log in")
        assert said == (
            f"cannot log in at 127.0.0.1:{broker.port}: it fell silent before the broker took us; look at mqtt.main.protocol, tls and port"
        )
        assert (Health.FAULTY, said) in gateway.health


def test_garbage_from_a_broker_ends_that_connection_only(connect: Connect) -> None:
    """The actor lives on, and connects again."""
    with FakeBroker() as broker, connect(broker.port) as gateway:
        for n, garbage in enumerate((b"\x00\x00", b"\xf0\x7f", b"\x40\x00", b"\x32\x02\x00\xff", b"\x90\xff\xff\xff\xff\x01"), start=1):
            broker.until(lambda n=n: len(broker.packets(8)) == 2 * n)
            broker.send(garbage + bytes(200))
        broker.until(lambda: broker.connections == 6)
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"


# --- a crash of ours


def test_after_a_kill_between_send_and_puback_it_goes_out_again_under_the_same_id(connect: Connect) -> None:
    """The receiver can tell the repeat by the message's id."""
    with FakeBroker(lambda broker, first, body: first >> 4 == 3) as broker:
        for _ in range(2):
            before = len(broker.packets(3))
            with connect(broker.port, killed=True) as gateway:
                gateway.tell("publish", {"topic": "a", "body": "x"}, id="m-77")
                broker.until(lambda before=before: len(broker.packets(3)) == before + 3)
        first, second = [body for body in broker.packets(3) if b"m-77" in body]
        assert first[:1] + first[5:] == second[:1] + second[5:]


@BOTH
def test_after_a_kill_between_commit_and_ack_a_command_runs_once(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """The broker brings it again, marked as a repeat; it is acknowledged and not run again."""
    seen: set[tuple[str, str]] = set()
    with Peer(mosquitto.port) as peer:
        with connect(mosquitto.port, protocol=protocol, killed=True, commit=False, seen=seen) as gateway:
            gateway.until_subscribed()
            peer.publish("gw/tell/gpio/relay/pulse", '{"seconds":1}')
            gateway.until(lambda: gateway.handled)
            first = gateway.sent[0]
            assert not first.again
        seen.add((first.scope, first.id))
        with connect(mosquitto.port, protocol=protocol, seen=seen) as gateway:
            again = gateway.until(lambda: gateway.sent)[0]
            assert (again.id, again.scope, again.again) == (first.id, "session", True)
            assert (gateway.handled, gateway.forgotten) == ([], [])
        with connect(mosquitto.port, protocol=protocol, seen=seen) as gateway:
            peer.publish("gw/tell/gpio/relay/pulse", '{"seconds":2}')
            gateway.until(lambda: gateway.sent)
            assert [payload for _, _, payload in gateway.handled] == [b'{"seconds":2}']


def test_a_new_session_begins_a_new_numbering(mosquitto: Mosquitto, connect: Connect) -> None:
    """Where the broker has lost our session, packet ids of the old one mean nothing any more."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        assert gateway.forgotten == ["session"]
        mosquitto.restart(kill=True)
        gateway.until(lambda: gateway.forgotten == ["session", "session"])


def test_acks_of_an_older_connection_are_dropped(mosquitto: Mosquitto, connect: Connect) -> None:
    """A commit that comes after the connection is gone acknowledges nothing on the next one; the repeat does."""
    with connect(mosquitto.port, commit=False) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/a/b/c", "{}")
        first = gateway.until(lambda: gateway.sent)[0]
        gateway.actor._link.drop("a test")
        gateway.wake()
        gateway.until(lambda: len(gateway.sent) == 2)
        first.receipt.resolve()
        gateway.sent[1].receipt.resolve()
        mosquitto.until_logged("Received PUBACK from gateway")
        assert sum("Received PUBACK from gateway" in line for line in mosquitto.log) == 1


# --- commands that are not to be run


@BOTH
def test_a_retained_command_is_ignored_and_logged(
    mosquitto: Mosquitto, connect: Connect, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No garage door opens because the gateway started; a fresh command does what it says."""
    with Peer(mosquitto.port) as peer:
        peer.publish("gw/tell/gpio/door/pulse", '{"seconds":1}', retain=True)
        with connect(mosquitto.port, protocol=protocol) as gateway:
            gateway.until(lambda: gateway.counters["retained"] == 1)
            peer.publish("gw/tell/gpio/door/pulse", '{"seconds":2}')
            gateway.until(lambda: gateway.handled)
            assert gateway.handled == [("gpio/door", "pulse", b'{"seconds":2}')]
    assert "refused a message under 'gw/tell/gpio/door/pulse': cannot act on a retained message" in caplog.text


def test_a_command_that_the_broker_keeps_is_run_neither_now_nor_when_it_is_cleared(mosquitto: Mosquitto, connect: Connect) -> None:
    """Who clears it, as the refusal advises, says no command: an empty one would be any that needs no fields, such as a servo's rest."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/servo/flap/rest", "{}", retain=True)
        peer.publish("gw/tell/servo/flap/rest", "", retain=True)
        peer.publish("gw/tell/servo/flap/rest", "")
        gateway.until(lambda: gateway.handled)
        assert (gateway.handled, gateway.counters["retained"]) == ([("servo/flap", "rest", b"")], 1)


def test_a_stale_command_is_answered_and_not_run(mosquitto: Mosquitto, connect: Connect) -> None:
    """An hour old by its own word: "expired"."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("answers")
        hour_ago = str(time.time_ns() // 1_000_000 - 3_600_000)
        peer.publish("gw/ask/gpio/door/pulse", '{"seconds":1}', ResponseTopic="answers", UserProperty=[("id", "q1"), ("expires", hour_ago)])
        peer.until(lambda: peer.heard)
        assert json.loads(peer.heard[0].payload) == {"of": "q1", "ok": False, "reason": "expired", "body": None}
        assert (gateway.handled, gateway.counters["expired"]) == ([], 1)


def test_one_id_twice_is_one_run_and_the_same_answer(mosquitto: Mosquitto, connect: Connect) -> None:
    """A repeat is harmless, and whoever repeats gets the answer that was given."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("answers")
        ask = {"ResponseTopic": "answers", "UserProperty": ("id", "q1")}
        peer.publish("gw/ask/gpio/door/pulse", '{"seconds":1}', CorrelationData=b"1", **ask)
        gateway.until(lambda: gateway.sent)
        gateway.tell("reply", {"of": "q1", "body": {"n": 1}}, to=gateway.sent[0].reply_to).wait()
        peer.publish("gw/ask/gpio/door/pulse", '{"seconds":1}', CorrelationData=b"2", **ask)
        peer.until(lambda: len(peer.heard) == 2)
        assert peer.heard[0].payload == peer.heard[1].payload
        assert [heard.properties.CorrelationData for heard in peer.heard] == [b"1", b"2"]
        assert len(gateway.handled) == 1


DEEP = b'{"a":' * 2000 + b"1" + b"}" * 2000


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (DEEP, "deep"),
        (b'{"n":1' + b"0" * 5000 + b"}", "cannot read the payload"),
        (b'{"n":NaN}', "cannot read the payload"),
        (b'{"n":1e999}', "cannot read the payload"),
        (b'{"n":1,"n":2}', "twice"),
        (b'{"n":"\\ud800"}', "cannot read the payload"),
        (b"\xff\xfe", "cannot read the payload"),
        (b"21.5", "not an object"),
        (b'{"n":1} x', "cannot read the payload"),
    ],
)
def test_payloads_that_are_traps_are_refused(mosquitto: Mosquitto, connect: Connect, payload: bytes, reason: str) -> None:
    """Each with its reason; the next command is taken."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("gw/refused")
        peer.publish("gw/tell/a/b/c", payload)
        peer.publish("gw/tell/a/b/c", "{}")
        gateway.until(lambda: gateway.handled == [("a/b", "c", b"{}")])
        assert reason in json.loads(peer.until(lambda: peer.heard)[0].payload)["reason"]
        assert gateway.counters["refused"] == 1


@BOTH
def test_a_refused_message_is_no_ask(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """One whose topic reads as no command is refused, and counted as that alone; an ask that says not where to answer is one."""
    with connect(mosquitto.port, protocol=protocol) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/nothing", "{}")
        gateway.until(lambda: gateway.counters["refused"] == 1)
        peer.publish("gw/ask/a/b/c", "{}")
        gateway.until(lambda: gateway.counters["unanswerable"])
        assert (gateway.counters["refused"], gateway.counters["unanswerable"]) == (2, 1)


def test_refusals_are_logged_a_few_times_a_minute_for_each_reason(
    mosquitto: Mosquitto, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends nonsense by the thousand fills no disk, and is acknowledged: nothing comes again."""
    with connect(mosquitto.port) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        with caplog.at_level(logging.WARNING):
            for _ in range(30):
                peer.publish("gw/tell/a/b/c", "nonsense", qos=0)
                peer.publish("gw/tell/nobody/b/c", "{}")
            gateway.until(lambda: gateway.counters["refused"] == 60)
        assert len([record for record in caplog.records if "refused a message" in record.message]) == 2 * AT_MOST
        mosquitto.until_logged("Received PUBACK from gateway")


@BOTH
def test_a_message_over_the_limit_is_refused(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """MQTT 5 brokers hold it back; in 3.1.1 it is passed over as it streams in, and acknowledged."""
    with connect(mosquitto.port, protocol=protocol, max_packet_bytes=2000) as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.publish("gw/tell/a/b/c", b"x" * 3_000_000)
        peer.publish("gw/tell/a/b/c", "{}")
        gateway.until(lambda: gateway.handled == [("a/b", "c", b"{}")])
        assert gateway.counters["refused"] == (1 if protocol == "3.1.1" else 0)
        if protocol == "3.1.1":
            gateway.until(lambda: sum("Received PUBACK from gateway" in line for line in mosquitto.log) == 2)


def test_a_topic_that_is_not_utf8_is_dropped(connect: Connect) -> None:
    """It is acknowledged and counted, and the thread lives."""
    with FakeBroker() as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        rest = text(b"gw/tell/\xff/b/c") + b"\x00\x09\x00{}"
        broker.send(fixed_header(0x32, len(rest)) + rest)
        broker.until(lambda: broker.packets(4) == [b"\x00\x09"])
        assert gateway.counters["refused"] == 1
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"
