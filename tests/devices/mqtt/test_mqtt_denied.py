"""What a broker denies, and a login that cannot work: each has a name."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.chart import Cause
from devices.mqtt.faults import why_no_connection
from devices.mqtt.settings import MqttSettings, Names
from gateway.actors import Health
from tests.brokers import Mosquitto
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


def test_a_publish_that_is_denied_is_a_dead_letter_with_the_reason(tmp_path: Path, connect: Connect) -> None:
    """No hot loop, and the neighbours go through."""
    acl = "topic readwrite gw/#\ntopic readwrite ok\n"
    with Mosquitto(tmp_path, acl=acl) as broker, connect(broker.port) as gateway:
        denied, fine = gateway.tell("publish", {"topic": "secret"}), gateway.tell("publish", {"topic": "ok"})
        assert denied.wait() == "cannot publish to secret: the broker said 0x87 Not authorized; mend its access list"
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
            *(f"cannot publish to secret/{n}: the broker said 0x87 Not authorized; mend its access list" for n in range(topics)),
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
