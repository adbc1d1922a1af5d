"""What strangers can have the server hold: bodies, heads that never end, connections without number. Others are served meanwhile."""

import contextlib
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.web.app import ROUTES
from devices.web.routing import EVENT_STREAM
from gateway.testing.clock import PATIENCE_S
from tests.devices.web.served import WebGateway
from tests.waiting import until

NO_HTTP = (
    b"\x16\x03\x01\x02\x00\x01",
    b"GET\r\n\r\n",
    b"\0" * 100 + b"\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
)


@contextlib.contextmanager
def connected(gateway: WebGateway) -> Iterator[socket.socket]:
    """A connection, and what it is to say is the test's."""
    with socket.create_connection(gateway.place, timeout=PATIENCE_S) as peer:
        yield peer


def _all_of(peer: socket.socket) -> bytes:
    """What comes until the other side hangs up."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := peer.recv(65_536):
            found += chunk
    return found


def _answer_of(peer: socket.socket) -> bytes:
    """The body of one answer, in as many parts as it comes."""
    answer = http.client.HTTPResponse(peer)
    answer.begin()
    return answer.read()


def test_a_body_that_is_too_long_by_its_own_word_is_not_read(gateway: WebGateway) -> None:
    """413 before a byte of it has come."""
    with connected(gateway) as peer:
        peer.sendall(b"POST /api/in/scales HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n")
        said = _all_of(peer)
    assert said.startswith(b"HTTP/1.1 413 ")
    assert b"the body has 99999999 bytes, and 262144 are the most: web.max_body_bytes" in said


def test_a_body_without_a_length_is_cut_where_it_becomes_too_long(gateway: WebGateway) -> None:
    """Chunks are counted as they come."""
    with connected(gateway) as peer:
        peer.sendall(b"POST /api/in/scales HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                peer.sendall(b"2000\r\n" + b"x" * 8192 + b"\r\n")
        said = _all_of(peer)
    assert said.startswith(b"HTTP/1.1 413 ") or said == b""  # the answer may be lost with what was still on its way


def test_a_head_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    """Slow loris: a byte now and then keeps no connection, and whoever asks meanwhile is answered."""
    with WebGateway(tmp_path, web="head_s = 0.5") as gateway, contextlib.ExitStack() as at_end:
        slow = [at_end.enter_context(connected(gateway)) for _ in range(20)]
        for peer in slow:
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert gateway.call("GET", "/healthz").status == 200

        def drip() -> bool:
            gone = 0
            for peer in slow:
                try:
                    peer.sendall(b"a")
                    peer.setblocking(False)
                    gone += peer.recv(1) == b""
                except BlockingIOError:
                    pass
                except ConnectionError:
                    gone += 1
                finally:
                    peer.setblocking(True)
            return gone == len(slow)

        until(drip)


def test_a_body_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    """Likewise, with an answer that says so."""
    with WebGateway(tmp_path, web="head_s = 0.5") as gateway, connected(gateway) as peer:
        peer.sendall(b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        said = _all_of(peer)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"the body has not come within 0.5 s" in said


def test_a_connection_that_says_nothing_is_cut_off(tmp_path: Path) -> None:
    """From its first moment on."""
    with WebGateway(tmp_path, web="head_s = 0.5") as gateway, connected(gateway) as peer:
        assert _all_of(peer) == b""


def test_a_kept_connection_that_says_half_a_head_is_cut_off(tmp_path: Path) -> None:
    """A second request may take no longer than the first."""
    with WebGateway(tmp_path, web="head_s = 0.5") as gateway, connected(gateway) as peer:
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        until(lambda: peer.recv(65_536))
        peer.sendall(b"GET /healthz HT")
        _all_of(peer)


def test_a_kept_connection_is_kept_between_two_requests(tmp_path: Path) -> None:
    """The time for a head begins with its first byte, so a browser that thinks is not cut off."""
    with WebGateway(tmp_path, web="head_s = 2") as gateway, connected(gateway) as kept, connected(gateway) as silent:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert _answer_of(kept).strip() == b"ok"
        assert _all_of(silent) == b""  # so long has passed
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert _answer_of(kept).strip() == b"ok"


def test_a_client_that_takes_nothing_of_its_answers_is_cut_off(tmp_path: Path) -> None:
    """What waits for it is bounded, and so is the time."""
    with WebGateway(tmp_path, web="head_s = 0.5") as gateway, socket.socket() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(gateway.place)
        peer.setblocking(False)
        asked = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000

        def is_cut() -> bool:
            with contextlib.suppress(BlockingIOError):
                try:
                    peer.send(asked)
                except ConnectionError:
                    return True
            return False

        gateway.until(is_cut)
        assert gateway.ask(do="show", id="web/local")["hosted"]["counters"]["dropped"] == 1


def test_a_head_that_is_too_long_is_refused(gateway: WebGateway) -> None:
    """A kilobyte is more than anybody needs, and 32 are the most."""
    with connected(gateway) as peer:
        with contextlib.suppress(ConnectionError):
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 100_000)
        assert b" 200 " not in _all_of(peer)


def test_connections_without_number_are_dropped_and_those_there_are_served(tmp_path: Path) -> None:
    """Ten thousand knock, as many as may be are taken, and the gateway itself does not notice."""
    with WebGateway(tmp_path, web="connections = 8\nhead_s = 2") as gateway:
        for _ in range(40):
            with contextlib.ExitStack() as at_end:
                for _ in range(250):
                    peer = socket.socket()
                    at_end.callback(peer.close)
                    peer.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        peer.connect(gateway.place)
        gateway.until(lambda: _answers(gateway))
        assert gateway.ask(do="health")["healthy"] is True
        assert gateway.ask(do="show", id="web/local")["hosted"]["counters"]["dropped"] > 0


def _answers(gateway: WebGateway) -> bool:
    """Whether there is room for one more."""
    try:
        return gateway.call("GET", "/healthz").status == 200
    except (ConnectionError, http.client.HTTPException):
        return False


def test_bytes_that_are_no_http_are_answered_and_forgotten(gateway: WebGateway) -> None:
    """400, a closed connection, and not a line in the log for each."""
    before = len(gateway.said())
    for sent in NO_HTTP:
        with connected(gateway) as peer:
            peer.sendall(sent)
            peer.shutdown(socket.SHUT_WR)
            assert _all_of(peer)[:10] in (b"", b"HTTP/1.1 4"), sent
    assert gateway.call("GET", "/healthz").status == 200
    assert len(gateway.said()) == before


def test_as_many_requests_as_may_be_are_under_way_and_one_more_is_told_to_come_again(tmp_path: Path) -> None:
    """503 with Retry-After, at once."""
    absent = '[serial.away]\nport = "/dev/nothing-here"\ncodec = "json"\nto = "twin/away"\n'
    with WebGateway(tmp_path, absent, web="requests = 1") as gateway, connected(gateway) as peer:
        peer.sendall(b"POST /api/actors/serial/away/write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        peer.sendall(b'Content-Length: 17\r\n\r\n{"text": "hello"}')
        said = gateway.until(lambda: found if (found := gateway.call("GET", "/api/actors")).status == 503 else None)
        assert said.headers["Retry-After"] == "1"
        assert said.json["detail"] == "1 requests are under way; try again soon"


def _streams(gateway: WebGateway) -> str:
    """How many event streams are open."""
    said = gateway.call("GET", "/metrics").body.decode()
    return next(line.split()[1] for line in said.splitlines() if line.startswith("gateway_web_event_streams "))


def _stream_paths(gateway: WebGateway) -> list[str]:
    """Every route that streams, with a path that is there."""
    slug = gateway.post("/api/trips", {}).json["slug"]
    paths = [route.path.replace("{slug}", slug) for route in ROUTES if route.media == EVENT_STREAM]
    assert len(paths) > 1
    return [f"{path}?of=*/*" for path in paths]


@pytest.mark.parametrize("body", [b"5\r\nabcde\r\n", b"20000\r\n" + b"x" * 0x20000 + b"\r\n"], ids=["that does not end", "too long"])
def test_a_stream_whose_client_sends_a_body_without_end_is_ended(tmp_path: Path, body: bytes) -> None:
    """Else nobody would notice that the client has gone, and its place among the streams would be lost for good."""
    with WebGateway(tmp_path, web="head_s = 0.5\nmax_body_bytes = 1000") as gateway:
        for path in _stream_paths(gateway):
            with connected(gateway) as peer:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
                assert peer.recv(100).startswith(b"HTTP/1.1 200 ")
                with contextlib.suppress(ConnectionError):
                    peer.sendall(body)
                until(lambda: _streams(gateway) == "0")


def test_a_stream_that_only_its_head_is_wanted_of_is_none(gateway: WebGateway) -> None:
    """HEAD is answered and done: the connection takes the next request."""
    for path in _stream_paths(gateway):
        with connected(gateway) as peer:
            peer.sendall(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            said = _all_of(peer)
        assert b"content-type: text/event-stream; charset=utf-8\r\n" in said
        assert said.rstrip().endswith(b"ok")


def test_whoever_hangs_up_in_the_middle_of_a_body_is_no_fault_of_the_gateway(tmp_path: Path) -> None:
    """A stranger cannot fill the log."""
    with WebGateway.guarded(tmp_path) as gateway:
        for path in ("/api/login", "/api/in/scales", "/api/trips/otter/update"):
            with connected(gateway) as peer:
                head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9"
                peer.sendall(f"{head}\r\n\r\n{{".encode())
        assert gateway.call("GET", "/healthz").status == 200
    assert "cannot answer a request" not in gateway.said()


@pytest.mark.parametrize(
    "path",
    ["/api/dead-letters/{}", "/api/u/contacts/{}", "/api/dead-letters?after={}", "/api/actors?limit={}", "/api/explain/twin/x?limit={}"],
)
def test_a_number_of_any_length_is_answered_in_words(gateway: WebGateway, path: str) -> None:
    """Zeros in front make a number longer and not greater; a greater one is never taken for what it begins with."""
    for digits in ("9" * 19, "9" * 5000, "0" * 5000, "0" * 15 + "1" + "9" * 12, "0" * 18 + "1" * 5000):
        said = gateway.call("GET", path.format(digits))
        assert said.status in (400, 404) or digits == "0" * 5000, (digits[:40], said.body)
        assert said.status < 500, said.body
    assert "cannot answer a request" not in gateway.said()
