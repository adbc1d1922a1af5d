"""Another client of our name, and what else takes a connection and closes it."""

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.actors import Health
from tests.brokers import Mosquitto, Peer
from tests.devices.mqtt.fake_broker import FakeBroker

Connect = Callable[..., Any]
BOTH = pytest.mark.parametrize("protocol", ["5", "3.1.1"])


def test_a_second_client_of_our_name_is_named_and_given_room(connect: Connect) -> None:
    """A broker that says so (0x8E): the gateway says so, loudly, and does not throw the other out at once."""
    with FakeBroker() as broker, connect(broker.port, client_id="twin", reconnect_min_s=0.5) as gateway:
        gateway.until_subscribed()
        began_s = time.monotonic()
        broker.send(b"\xe0\x02\x8e\x00")
        assert gateway.until_health("another client") == (
            f"another client calls itself 'twin' at 127.0.0.1:{broker.port}, and each throws the other out; "
            "give every gateway its own mqtt.main.client_id"
        )
        assert gateway.health[-1][0] is Health.FAULTY
        assert gateway.actor._reconnect.next_s - began_s > 2


@BOTH
def test_two_gateways_of_one_name_both_say_so(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """They throw each other out, name the cause, and each gives the other room; an older mosquitto does not say what the cause is."""
    same = {"client_id": "twin", "protocol": protocol, "reconnect_max_s": 1.0}
    began_s = time.monotonic()
    with connect(mosquitto.port, **same) as one, connect(mosquitto.port, **same) as other:
        for gateway in (one, other):
            said = gateway.until_health("another client calls itself 'twin'")
            assert "3 connections in a row" in said or "each throws the other out" in said
        took_s = time.monotonic() - began_s
    assert sum("already connected, closing old connection" in line for line in mosquitto.log) < 20 + 10 * took_s


@BOTH
def test_two_gateways_of_one_prefix_both_say_so(
    mosquitto: Mosquitto, connect: Connect, caplog: pytest.LogCaptureFixture, protocol: str
) -> None:
    """Each hears every command and overwrites the other; the one that was there first hears of the other, and says that it is there too."""
    with caplog.at_level(logging.WARNING), connect(mosquitto.port, client_id="one", protocol=protocol) as one:
        one.until_subscribed()
        with connect(mosquitto.port, client_id="two", protocol=protocol) as other:
            for gateway in (one, other):
                gateway.until(lambda gateway=gateway: gateway.counters["rivals"])
    said = {record.message for record in caplog.records if "prefix" in record.message}
    assert said == {
        f"mqtt/main: another gateway, '{name}', has the prefix 'gw' too: both hear every command, and each overwrites what the other says; "
        "give one of them another mqtt.main.prefix"
        for name in ("one", "two")
    }


@BOTH
def test_a_gateway_is_no_rival_of_itself(mosquitto: Mosquitto, connect: Connect, protocol: str) -> None:
    """It hears its own word, after a new connection too; others' nonsense under that topic says nothing."""
    nonsense = [b"", b"[]", b'{"gateway": 7}', b'{"gateway": ""}', b"[" * 900, b"\xff", b'{"gateway": "' + b"x" * 2000 + b'"}']
    with connect(mosquitto.port, protocol=protocol) as gateway:
        for times in (1, 2):
            gateway.until(lambda times=times: [said for _, said in gateway.health if "subscribed" in said][times - 1 :])
            with Peer(mosquitto.port) as peer:
                for word in nonsense:
                    peer.publish("gw/tell/here", word)
                peer.publish("gw/tell/toggle/hall/pressed", b"{}")
                gateway.until(lambda times=times: len(gateway.handled) == times)
            assert (gateway.counters["rivals"], gateway.counters["refused"]) == (0, 0)
            mosquitto.restart()


def test_connections_that_end_at_once_are_suspected_of_a_second_client(connect: Connect) -> None:
    """MQTT 3.1.1 says nothing: a few connections in a row that the broker closes are named for what they may be."""

    def hang_up(broker: FakeBroker, first: int, body: bytes) -> bool:
        if first >> 4 == 1:
            broker.send(b"\x20\x02\x00\x00")
        elif first >> 4 == 8:
            broker.hang_up()
        return True

    with FakeBroker(hang_up) as broker, connect(broker.port, protocol="3.1.1", client_id="twin") as gateway:
        said = gateway.until_health("perhaps another client")
        assert said == (
            f"the broker at 127.0.0.1:{broker.port} closed 3 connections in a row soon after it took us; perhaps another client calls "
            "itself 'twin' too: give every gateway its own mqtt.main.client_id, and see the broker's log"
        )
        assert broker.connections == 3


def test_a_port_that_speaks_something_else_is_no_broker(connect: Connect) -> None:
    """Whatever listens there, the actor lives and says what it sees."""
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(listener.getsockname()[1]) as gateway:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        assert "it was closed before the broker took us" in gateway.until_health("cannot log in")
