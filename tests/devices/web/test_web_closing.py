"""The server closes by the handshake: what is under way is answered, and nobody keeps the gateway from ending."""

import socket
import threading
from pathlib import Path

from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import Said, WebGateway

ABSENT = '[serial.away]\nport = "/dev/nothing-here"\ncodec = "json"\nto = "twin/away"\n'


def test_whoever_waits_for_an_answer_gets_one_when_the_gateway_closes(tmp_path: Path) -> None:
    """503: it is closing, and what became of the request is not known."""
    answers: list[Said] = []
    with WebGateway(tmp_path, ABSENT, close_s=1) as gateway:
        waits = threading.Thread(
            target=lambda: answers.append(gateway.post("/api/actors/serial/away/write?timeout_s=60", {"text": "hello"}))
        )
        waits.start()
        gateway.until(lambda: gateway.ask(do="show", id="serial/away")["hosted"]["waiting"] == 1)
        assert gateway.stop() == 0
        waits.join(PATIENCE_S)
    (answer,) = answers
    assert answer.status == 503
    assert answer.json["detail"] == "the gateway is closing; whether it was done is not known"


def test_connections_that_are_kept_do_not_keep_the_gateway(tmp_path: Path) -> None:
    """It ends in good order, whoever is still connected."""
    with WebGateway(tmp_path) as gateway, socket.create_connection(gateway.place) as idle, socket.create_connection(gateway.place) as half:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65_536)
        half.sendall(b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        assert gateway.stop() == 0
        assert "did not close" not in gateway.said()
