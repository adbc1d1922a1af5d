"""What event streams hold: so many are open at once, however they come; what waits for one is bounded."""

import contextlib
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.web.app import ROUTES
from devices.web.routing import EVENT_STREAM
from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import WebGateway

STREAMS = [route.path for route in ROUTES if route.media == EVENT_STREAM]


@contextlib.contextmanager
def at_once(gateway: WebGateway, head: bytes, *, many: int) -> Iterator[list[socket.socket]]:
    """So many connections, whose requests are all there when the gateway looks."""
    with contextlib.ExitStack() as stack:
        gateway.signal(signal.SIGSTOP)
        peers = [stack.enter_context(socket.create_connection(gateway.place, timeout=PATIENCE_S)) for _ in range(many)]
        for peer in peers:
            peer.sendall(head)
        gateway.signal(signal.SIGCONT)
        yield peers


@pytest.mark.parametrize("path", STREAMS)
def test_a_burst_opens_no_more_streams_than_may_be(tmp_path: Path, path: str) -> None:
    """Whoever is one too many is told so, although all come in the same moment."""
    with WebGateway(tmp_path, web="streams = 3") as gateway:
        found = path.replace("{slug}", gateway.post("/api/trips", {}).json["slug"])
        request = f"GET {found}?of=twin/* HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        with at_once(gateway, request, many=20) as peers:
            statuses = [peer.recv(12)[-3:] for peer in peers]
        assert (statuses.count(b"200"), statuses.count(b"503")) == (3, 17)
