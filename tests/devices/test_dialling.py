"""Connecting to hosts that have several addresses, some of which do not answer: real sockets on the loopback."""

import socket
import time
from collections.abc import Iterator

import pytest

from devices.dialling import dial, dial_first
from tests.brokers import free_port
from tests.waiting import within


class DeafServer:
    """An address that takes no connection and refuses none: its queue is full, as that of a host behind a firewall seems to be."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._server.getsockname()[1]
        self._waiting = [self._caller() for _ in range(4)]

    def close(self) -> None:
        for caller in (*self._waiting, self._server):
            caller.close()

    def _caller(self) -> socket.socket:
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex(("127.0.0.1", self.port))
        return caller


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of an address that does not answer."""
    server = DeafServer()
    yield server.port
    server.close()


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def addresses(*ports: int) -> list:
    """The addresses of a host that is at several places."""
    return [found for port in ports for found in socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)]


def test_an_address_behind_one_that_does_not_answer_is_tried_in_time(deaf: int, open_port: int) -> None:
    """Each has a part of the time, though the first one would take all of it."""
    with dial_first(addresses(deaf, deaf, open_port), until_s=time.monotonic() + 1.5) as made:
        assert made.getpeername()[1] == open_port


def test_the_time_is_that_of_all_addresses_together(deaf: int) -> None:
    """Ten that do not answer take no longer than one."""

    def once() -> float:
        began_s = time.monotonic()
        with pytest.raises(TimeoutError):
            dial_first(addresses(*[deaf] * 10), until_s=began_s + 0.5)
        return time.monotonic() - began_s

    within(2.5, once)


def test_time_that_is_over_is_a_timeout(open_port: int) -> None:
    """Even where somebody would answer."""
    with pytest.raises(TimeoutError, match="timed out"):
        dial_first(addresses(open_port), until_s=time.monotonic() - 1)


def test_what_an_address_says_is_what_is_raised(open_port: int) -> None:
    """The last one's: a refusal is no timeout; and who answers has as long for reading."""
    with pytest.raises(ConnectionRefusedError):
        dial_first(addresses(free_port(), free_port()), until_s=time.monotonic() + 60)
    with pytest.raises(socket.gaierror):
        dial("no such host", 80, within_s=60)
    with dial("localhost", open_port, within_s=60) as made:
        assert made.gettimeout() == 60


@pytest.mark.parametrize("host", ["heating..local", ".", "x" * 70, "a\0b", "küche..local", "ü" * 70])
def test_what_cannot_be_a_name_is_a_name_that_is_not_known(host: str) -> None:
    """Whatever the codec of names, or the system, says of it: whoever dials expects a fault of the network."""
    with pytest.raises(socket.gaierror):
        dial(host, 80, within_s=60)
