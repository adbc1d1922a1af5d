"""What goes wrong between a gateway and its broker, and what must come of it."""

import json
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.chart import Cause
from devices.mqtt.faults import why_no_connection
from devices.mqtt.packets import fixed_header, text
from devices.mqtt.settings import MqttSettings, Names
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
        broker.until(lambda: broker.connections >= 2 and len(broker.packets(3)) >= 6)
        assert gateway.until_health("PUBACK") == (
            f"lost the broker at 127.0.0.1:{broker.port}: it left a publish without its PUBACK for 0.5 s; connecting again"
        )
        sent = [body[-1:] for body in broker.packets(3) if b"online" not in body]
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


# --- the broker says no


def test_a_publish_that_is_denied_is_a_dead_letter_with_the_reason(tmp_path: Path, connect: Connect) -> None:
    """No hot loop, and the neighbours go through."""
    acl = "topic readwrite gw/#\ntopic readwrite ok\n"
    with Mosquitto(tmp_path, acl=acl) as broker, connect(broker.port) as gateway:
        denied, fine = gateway.tell("publish", {"topic": "secret"}), gateway.tell("publish", {"topic": "ok"})
        assert denied.wait() == "cannot publish it: the broker said 0x87 Not authorized"
        assert (denied.retry, fine.wait()) == (False, "done")


@pytest.mark.parametrize("topics", [1, 5])
def test_a_broker_that_closes_the_connection_upon_what_it_denies_keeps_nothing_else_from_going_out(
    tmp_path: Path, connect: Connect, topics: int
) -> None:
    """Mosquitto 2.0.11 does with `max_queued_messages 0`. Each denied one is a dead letter with the reason, the others go on at once, and
    nobody is taken for a rival; a topic that it denied is not tried again for a minute.
    """
    acl = "topic readwrite gw/#\ntopic readwrite ok/#\n"
    broker = Mosquitto(tmp_path, acl=acl, options=["max_queued_messages 0"])
    with broker, connect(broker.port) as gateway:
        given = [gateway.tell("publish", {"topic": f"secret/{n % topics}" if n % 2 else f"ok/{n}"}) for n in range(40)]
        assert [one.wait() for one in given[::2]] == ["done"] * 20
        reasons = {one.wait() for one in given[1::2]}
        again = "the broker denied it (0x87 Not authorized) within the last minute, and closed the connection upon it"
        assert reasons == {
            "cannot publish it: the broker said 0x87 Not authorized",
            *(f"cannot publish to secret/{n}: {again}; mend its access list" for n in range(topics)),
        }
        assert not any(one.retry for one in given[1::2])
        # its word is lost with what it had not read: then they go one by one, and it says it again
        assert topics <= gateway.counters["disconnects"] <= 2 * topics
        assert not [said for _, said in gateway.health if "another client" in said]
        said = gateway.until_health("closed the connection upon it")
        assert said.startswith(f"the broker at 127.0.0.1:{broker.port} denied a publish to secret/")


@BOTH
def test_a_wrong_password_is_a_fault_with_a_name(tmp_path: Path, connect: Connect, protocol: str) -> None:
    """The keys to look at are named; mending the file is enough."""
    password = tmp_path / "secret"
    password.write_text("wrong\n")
    login = {"username": "pi", "password_file": str(password)}
    with Mosquitto(tmp_path, users={"pi": "right"}) as broker, connect(broker.port, protocol=protocol, **login) as gateway:
        assert gateway.until_health("cannot log in") == (
            f"cannot log in at the broker 127.0.0.1:{broker.port}: it said 0x87 Not authorized; mend mqtt.main.username and password_file"
        )
        assert gateway.health[-1][0] is Health.FAULTY
        password.write_text("right\n")
        gateway.until_subscribed()


def test_a_password_that_is_not_there_is_a_fault_with_a_name(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, or a systemd credential."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with connect(1, username="pi", password_file=str(tmp_path / "none")) as gateway:
        said = f"cannot use {tmp_path}/none as the password: No such file or directory; mend mqtt.main.password_file"
        assert gateway.until_health("as the password") == said
    with connect(1, username="pi", password_file="mqtt-password") as gateway:
        assert "there is no CREDENTIALS_DIRECTORY" in gateway.until_health("cannot find the credential")


def test_a_systemd_credential_is_a_password(tmp_path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name is looked up in CREDENTIALS_DIRECTORY."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "mqtt-password").write_text("right")
    with (
        Mosquitto(tmp_path, users={"pi": "right"}) as broker,
        connect(broker.port, username="pi", password_file="mqtt-password") as gateway,
    ):
        gateway.until_subscribed()


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_bad_host_is_a_fault_with_a_name(connect: Connect, host: str) -> None:
    """No name at all: the key to look at is named, and the actor lives."""
    with connect(1883, host=host) as gateway:
        said = gateway.until_health("cannot find the host")
        assert said.startswith(f"cannot find the host {host!r}: ")
        assert said.endswith("; mend mqtt.main.host, or the name server")
        assert gateway.health[-1][0] is Health.FAULTY


def test_a_name_that_nobody_knows_is_a_fault_and_one_that_nobody_can_look_up_is_away() -> None:
    """The second is how it is soon after a boot, before there is a network."""
    made = MqttSettings(host="broker.house")
    unknown = why_no_connection(socket.gaierror(socket.EAI_NONAME, "Name or service not known"), made, Names("main", made))
    said = "cannot find the host 'broker.house': Name or service not known; mend mqtt.main.host, or the name server"
    assert unknown == (Cause.NAME_UNKNOWN, Health.FAULTY, said)
    unseen = why_no_connection(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), made, Names("main", made))
    said = "cannot look up the host 'broker.house': Temporary failure in name resolution; is the network up? else mend the name server"
    assert unseen == (Cause.NAME_UNKNOWN, Health.MISSING, said)


def test_a_subscription_that_is_denied_is_a_fault_with_a_name(connect: Connect) -> None:
    """The connection stays, and the filter is named."""

    def deny(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 == 8:
            broker.send(b"\x90\x05" + body[:2] + b"\x00\x01\x87")
        return first >> 4 == 8

    with FakeBroker(deny) as broker, connect(broker.port) as gateway:
        assert gateway.until_health("cannot listen") == (
            f"cannot listen to 'gw/ask/#' (0x87 Not authorized) at 127.0.0.1:{broker.port}; mend its access list, or mqtt.main.subscribe"
        )
        assert gateway.health[-1][0] is Health.FAULTY
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"
