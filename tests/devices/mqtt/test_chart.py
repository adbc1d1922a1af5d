"""The chart of a connection: no phase without a way out, and every way a connection ends goes through it."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.mqtt.chart import GIVEN_UP, LOST, NEVER_REACHED, NEVER_TAKEN, Cause, SessionPhase, chart
from devices.mqtt.connection import Connection
from gateway.actors import Health
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.conftest import Gateway, settings
from tests.devices.mqtt.fake_broker import FakeBroker

TABLE = chart()
LEAVES = TABLE.phases.leaves
WITH_A_SOCKET = (SessionPhase.LOGGING_IN, SessionPhase.SUBSCRIBING, SessionPhase.READY, SessionPhase.DENIED, SessionPhase.CLOSING)
Connect = Callable[..., Any]


def hasty(port: int, **limits: float) -> Gateway:
    """A connection that gives a broker no more than a moment, in what `limits` name; a busy machine has the usual limits in all else."""

    class Hasty(Connection):
        kind = "mqtt"
        machine = chart(**limits)

    return Gateway(Hasty("main", settings(port)))


def passed(gateway: Gateway) -> list[str]:
    """The phases it went through, from the first attempt on."""
    return [phase for phase, _ in gateway.phases]


def until_cause(gateway: Gateway, cause: Cause) -> str:
    """Block until something happened; the phase that it led to."""
    return str(gateway.until(lambda: next((phase for phase, why in list(gateway.phases) if why == cause.value), "")))


# --- the table


@pytest.mark.parametrize("phase", LEAVES)
def test_no_phase_is_without_a_way_out(phase: SessionPhase) -> None:
    """Walked from each phase, the table leads to a connection that works, and to the end; only the end is final."""
    reached, ahead = {phase}, [phase]
    while ahead:
        for end in TABLE.ways_out(ahead.pop()).values():
            if end not in reached:
                reached.add(end)
                ahead.append(end)
    assert SessionPhase.CLOSED in reached
    assert (SessionPhase.READY in reached) is (phase not in {SessionPhase.CLOSING, SessionPhase.CLOSED})


@pytest.mark.parametrize("phase", LEAVES)
def test_no_phase_waits_for_ever(phase: SessionPhase) -> None:
    """Each has a time limit; but for the open socket, which is pinged, the attempt, whose parts have limits, and the end."""
    limited = any(one in TABLE.delays for one in TABLE.phases.path(phase))
    assert limited is (phase not in {SessionPhase.READY, SessionPhase.REACHING, SessionPhase.CLOSED})
    if phase is SessionPhase.READY:
        assert TABLE.target(phase, Cause.SILENT) is SessionPhase.BACKING_OFF


@pytest.mark.parametrize("phase", WITH_A_SOCKET)
def test_wherever_there_is_a_socket_it_may_be_lost(phase: SessionPhase) -> None:
    """Each cause that the link ends a connection for has a row, and none of them stays."""
    causes = (
        LOST | (NEVER_TAKEN if phase is SessionPhase.LOGGING_IN else set()) | (GIVEN_UP if phase is not SessionPhase.LOGGING_IN else set())
    )
    for cause in causes:
        assert TABLE.target(phase, cause) is (SessionPhase.CLOSED if phase is SessionPhase.CLOSING else SessionPhase.BACKING_OFF), cause


@pytest.mark.parametrize("phase", set(LEAVES) - {SessionPhase.CLOSING, SessionPhase.CLOSED})
def test_it_may_be_closed_wherever_it_stands(phase: SessionPhase) -> None:
    """Through a farewell where there may be a socket, at once where there is none."""
    without = phase in {SessionPhase.DISCONNECTED, SessionPhase.BACKING_OFF}
    assert TABLE.target(phase, Cause.CLOSE) is (SessionPhase.CLOSED if without else SessionPhase.CLOSING)


def test_every_cause_is_somewhere_in_the_table() -> None:
    """Nothing is named that cannot happen."""
    named = {cause for rows in TABLE.moves.values() for cause in rows}
    assert named == set(Cause)
    assert {cause for cause in NEVER_REACHED if TABLE.target(SessionPhase.REACHING, cause) is not SessionPhase.BACKING_OFF} == set()


# --- what happens to real connections


def test_a_good_life(mosquitto: Mosquitto, connect: Connect) -> None:
    """From the first attempt to the farewell; publishes do not move it."""
    with connect(mosquitto.port) as gateway:
        gateway.until_subscribed()
        assert gateway.tell("publish", {"topic": "a"}).wait() == "done"
    assert passed(gateway) == ["reaching", "logging in", "subscribing", "ready", "closing", "closed"]
    assert gateway.phases[-1][1] == Cause.FAREWELL.value


def test_a_connection_with_nothing_to_subscribe_to_is_ready(mosquitto: Mosquitto, connect: Connect) -> None:
    """No SUBACK is waited for that never comes."""
    with connect(mosquitto.port, commands=False) as gateway:
        assert until_cause(gateway, Cause.NOTHING_TO_SUBSCRIBE) == "ready"
        assert gateway.health[-1][0] is Health.OK


@pytest.mark.parametrize(
    ("rest", "cause"),
    [
        ({"host": "no-such-host.invalid"}, Cause.NAME_UNKNOWN),
        ({"host": "a..b"}, Cause.NAME_UNKNOWN),
        ({"username": "pi", "password_file": "/none/such"}, Cause.BAD_SETTING),
        ({}, Cause.UNREACHABLE),
    ],
)
def test_what_cannot_be_reached_is_tried_again(connect: Connect, rest: dict[str, Any], cause: Cause) -> None:
    """Each for its own cause, and after the backoff there is another attempt."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        with connect(nobody.getsockname()[1], **rest) as gateway:
            gateway.until(lambda: passed(gateway).count("reaching") >= 2)
    assert gateway.phases[:3] == [("reaching", "time to connect"), ("backing off", cause.value), ("reaching", "time to connect")]
    assert passed(gateway)[-1] == "closed"


def test_a_port_that_speaks_no_tls(connect: Connect) -> None:
    """The attempt ends in its own phase."""
    with FakeBroker() as broker, connect(broker.port, tls=True) as gateway:
        phase = gateway.until(lambda: next((one for one in gateway.phases if one[0] == "backing off"), None))
        assert phase[1] == Cause.NO_TLS.value


def test_a_wrong_password(tmp_path: Path, connect: Connect) -> None:
    """The login is refused, and tried again."""
    password = tmp_path / "secret"
    password.write_text("wrong")
    login = {"username": "pi", "password_file": str(password)}
    with Mosquitto(tmp_path, users={"pi": "right"}) as broker, connect(broker.port, **login) as gateway:
        assert until_cause(gateway, Cause.BAD_LOGIN) == "backing off"
        password.write_text("right")
        gateway.until_subscribed()


def test_a_broker_that_refuses_us(connect: Connect) -> None:
    """For any other reason than our login."""

    def busy(broker: FakeBroker, first: int, body: bytes) -> bool:
        broker.send(b"\x20\x03\x00\x89\x00")
        return True

    with FakeBroker(busy) as broker, connect(broker.port) as gateway:
        assert until_cause(gateway, Cause.REFUSED) == "backing off"


def test_no_answer_to_connect() -> None:
    """A port that says nothing is left when the time is over."""
    with FakeBroker(lambda broker, first, body: True) as broker, hasty(broker.port, connack_s=0.3) as gateway:
        assert until_cause(gateway, Cause.NO_CONNACK) == "backing off"
        broker.until(lambda: broker.connections >= 2)
        said = gateway.until_health("cannot log in")
        assert said.startswith(f"cannot log in at 127.0.0.1:{broker.port}: no answer to CONNECT in time (0.")
        assert said.endswith(" s) before the broker took us; look at mqtt.main.protocol, tls and port")


def test_no_answer_to_subscribe() -> None:
    """A connection that would be deaf for ever is given up, and made anew."""

    def deaf(broker: FakeBroker, first: int, body: bytes) -> bool:
        return first >> 4 == 8 and broker.connections == 1

    with FakeBroker(deaf) as broker, hasty(broker.port, suback_s=0.3) as gateway:
        assert until_cause(gateway, Cause.NO_SUBACK) == "backing off"
        assert gateway.until_health("lost the broker").startswith(
            f"lost the broker at 127.0.0.1:{broker.port}: no answer to SUBSCRIBE in time (0."
        )
        gateway.until_subscribed()


def test_a_denied_subscription_is_tried_again() -> None:
    """Only the denied one; when the access list is mended, all is well without a new connection."""

    def deny_once(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 != 8:
            return False
        codes = b"\x00\x87" if len(broker.packets(8)) == 2 else b"\x00\x01"
        broker.send(b"\x90" + bytes([2 + len(codes)]) + body[:2] + codes)
        return True

    with FakeBroker(deny_once) as broker, hasty(broker.port, denied_s=0.3) as gateway:
        assert until_cause(gateway, Cause.SUBSCRIPTION_DENIED) == "partly denied"
        assert gateway.until_health("subscribed to 2 filters")
        assert passed(gateway)[2:] == ["subscribing", "partly denied", "subscribing", "ready"]
        first, second, third = broker.packets(8)
        assert (b"gw/tell/#" in first, b"gw/ask/#" in second, b"gw/ask/#" in third) == (True, True, True)
        assert (broker.connections, gateway.health[-1][0]) == (1, Health.OK)


@pytest.mark.parametrize(
    ("packet", "cause"),
    [
        (b"\xe0\x02\x8e\x00", Cause.TAKEN_OVER),
        (b"\xe0\x02\x8b\x00", Cause.SENT_AWAY),
        (b"\x00\x00", Cause.HUNG_UP),
    ],
)
def test_what_a_broker_may_say_at_any_time(connect: Connect, packet: bytes, cause: Cause) -> None:
    """A rival, a farewell, nonsense: each is a cause of its own."""
    with FakeBroker() as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        broker.send(packet)
        assert until_cause(gateway, cause) == "backing off"
        broker.until(lambda: broker.connections == 2)


def test_a_closed_socket_and_the_suspicion_of_a_rival(connect: Connect) -> None:
    """After a few in a row the cause is another one."""

    def hang_up(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 == 8:
            broker.hang_up()
        return first >> 4 == 8

    with FakeBroker(hang_up) as broker, connect(broker.port) as gateway:
        assert until_cause(gateway, Cause.THROWN_OUT) == "backing off"
    causes = [cause for phase, cause in gateway.phases if phase == "backing off"]
    assert causes[:3] == [Cause.HUNG_UP.value] * 2 + [Cause.THROWN_OUT.value]


def test_a_broker_that_falls_silent(mosquitto: Mosquitto, connect: Connect) -> None:
    """One lost connection is one move, and counted once."""
    with connect(mosquitto.port, keepalive_s=1) as gateway:
        gateway.until_subscribed()
        mosquitto.freeze()
        assert until_cause(gateway, Cause.SILENT) == "backing off"
        mosquitto.thaw()
        gateway.until(lambda: passed(gateway).count("ready") >= 2)
    assert gateway.counters["disconnects"] == passed(gateway).count("backing off")


def test_a_publish_without_its_puback(connect: Connect) -> None:
    """The connection is given up."""
    with FakeBroker(lambda broker, first, body: first >> 4 == 3) as broker, connect(broker.port, ack_timeout_s=0.3) as gateway:
        assert until_cause(gateway, Cause.NO_PUBACK) == "backing off"


def test_what_had_to_be_left(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was left is brought by a new connection."""
    monkeypatch.setattr(Connection, "stuck_s", 0.05)
    no_puback = FakeBroker(lambda broker, first, body: first >> 4 == 3)
    with no_puback as broker, connect(broker.port, receive_maximum=1, commit=False) as gateway:
        gateway.until_subscribed()
        gateway.full = True
        rest = b"\x00\x0cgw/tell/a/b/c"[:14] + b"\x00\x01\x00{}" + b" " * 100
        for _ in range(1000):  # more than one read of the socket brings
            broker.send(b"\x32" + bytes([len(rest)]) + rest)
        gateway.until(lambda: gateway.counters["left"])
        gateway.full = False
        resolved = 0
        while not (gateway.actor._inbox.must_reopen or gateway.counters["disconnects"]):
            gateway.until(lambda: len(gateway.sent) > resolved or gateway.counters["disconnects"])  # noqa: B023  # it is asked at once
            for sent in gateway.sent[resolved:]:
                sent.receipt.resolve()
                resolved += 1
        assert until_cause(gateway, Cause.OVERRUN) == "backing off"


def test_closing_while_the_broker_stands_still(connect: Connect) -> None:
    """The farewell has its limit."""
    with FakeBroker(lambda broker, first, body: first >> 4 in {3, 14}) as broker, connect(broker.port) as gateway:
        gateway.until_subscribed()
        gateway.stop()
    assert gateway.phases[-2:] == [("closing", Cause.CLOSE.value), ("closed", Cause.FAREWELL_OVER.value)]


def test_closing_before_the_broker_took_us(connect: Connect) -> None:
    """There is nobody to say goodbye to."""
    with FakeBroker(lambda broker, first, body: True) as broker, connect(broker.port) as gateway:
        gateway.until(lambda: "logging in" in passed(gateway))
    assert passed(gateway) == ["reaching", "logging in", "closing", "closed"]


def test_two_clients_of_one_name(mosquitto: Mosquitto, connect: Connect) -> None:
    """Mosquitto closes the older one; it is a lost connection like any other, until it happens again and again."""
    with connect(mosquitto.port, client_id="twin") as gateway, Peer(mosquitto.port) as peer:
        gateway.until_subscribed()
        peer.listen("gw/status")
        with connect(mosquitto.port, client_id="twin", reconnect_min_s=5) as other:
            other.until_subscribed()
            gateway.until(lambda: "backing off" in passed(gateway))
            cause = next(cause for phase, cause in gateway.phases if phase == "backing off")
            assert cause in {Cause.HUNG_UP.value, Cause.TAKEN_OVER.value}
