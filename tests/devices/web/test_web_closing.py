"""The server closes by the handshake: what is under way is answered, and nobody keeps the gateway from ending."""

import contextlib
import http.client
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from devices.web import server
from devices.web.server import WebServer
from devices.web.settings import WebSettings
from gateway.testing.bench import Bench
from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import LISTENING, Said, WebGateway
from tests.devices.web.streams import EventsClient

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


def test_a_reload_that_takes_the_server_away_ends_what_is_under_way(tmp_path: Path) -> None:
    """Streams end whole; whoever waits for an answer, or has sent half a body, is told so; and it can come back."""
    waits = b"POST /api/actors/serial/away/write?timeout_s=60 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with WebGateway(tmp_path, ABSENT) as gateway, contextlib.ExitStack() as stack:
        slug = gateway.post("/api/trips", {}).json["slug"]
        streams = [
            _asked(stack, gateway, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            for path in ("/api/events?of=twin/*", f"/api/trips/{slug}/events")
        ]
        asked = _asked(stack, gateway, waits + b'Content-Length: 16\r\n\r\n{"text":"hello"}')
        half = _asked(stack, gateway, waits + b"Content-Length: 16\r\n\r\n{")
        gateway.until(lambda: gateway.ask(do="show", id="serial/away")["hosted"]["waiting"] == 1)
        gateway.until(lambda: gateway.ask(do="hosted", prefix="web/")["hosted"][0]["counters"]["requests"] == 5)
        gateway.write(ABSENT)
        assert gateway.ask(do="reload", timeout_s=30)["ok"] is True
        for stream in streams:
            answer = http.client.HTTPResponse(stream)
            answer.begin()
            assert answer.status == 200
            answer.read()  # it raises where a stream has no end
        for peer in (asked, half):
            answer = http.client.HTTPResponse(peer)
            answer.begin()
            assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
            assert json.loads(answer.read())["detail"] == "the web server is closing; whether it was done is not known"
        assert "Traceback" not in gateway.said()
        assert " error " not in gateway.said()
        gateway.write(f'[web]\nlisten = "127.0.0.1:0"\n{ABSENT}')
        assert gateway.ask(do="reload", timeout_s=30)["ok"] is True
        gateway.until(lambda: len(LISTENING.findall(gateway.said())) == 2)


def _asked(stack: contextlib.ExitStack, gateway: WebGateway, request: bytes) -> socket.socket:
    """A connection on which this was sent."""
    peer = stack.enter_context(socket.create_connection(gateway.place, timeout=PATIENCE_S))
    peer.sendall(request)
    return peer


def test_a_client_that_takes_nothing_does_not_keep_the_server(tmp_path: Path) -> None:
    """It is let go with what waits for it, in good order."""
    with WebGateway(tmp_path, web="head_s = 60") as gateway:
        for n in range(100):
            told = gateway.ask(do="tell", to=f"twin/n{n}", verb="report", payload={"values": {"text": "x" * 60_000}}, timeout_s=60)
            assert told["ok"]
        with EventsClient(gateway, "twin/*", receive_bytes=4096):
            gateway.write("")
            assert gateway.ask(do="reload", timeout_s=30)["ok"] is True
        assert "did not close" not in gateway.said()
        assert " error " not in gateway.said()


def test_a_server_with_a_token_rests_while_the_gateway_closes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at the token no more then, and has nothing to do until its own end comes."""
    monkeypatch.setattr(server, "_AGAIN_S", 0.01)
    (tmp_path / "token").write_text("t" * 32)
    ticks: list[float] = []

    class Counted(WebServer):
        def tick(self) -> None:
            ticks.append(time.monotonic())
            super().tick()

    with Bench(Counted("local", WebSettings(listen="127.0.0.1:0", token_file=str(tmp_path / "token")))) as gateway:
        gateway.until(lambda: len(ticks) > 2)
        gateway.quiet = True
        gateway.wake()
        time.sleep(0.3)
        before = len(ticks)
        time.sleep(0.3)
        assert len(ticks) == before
