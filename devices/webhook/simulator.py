"""A receiver that is not far away: a real HTTP server on the loopback, which keeps what is posted to it and fails when told to.

    with Receiver() as receiver:
        receiver.will_answer(503, 200)          # the next request, and the one after it; then 204 for ever
        ...                                     # post to receiver.url
        receiver.until(lambda: len(receiver.posts) == 2)
        assert receiver.posts[0].headers["Idempotency-Key"] == receiver.posts[1].headers["Idempotency-Key"]

It ships in the product, for demos and tests: `[webhook.<key>] simulate = true` posts to one of these. TLS when it is given a context.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from devices.webhook.settings import WebhookSimulation

KEPT = 1000
"""How many posts are remembered."""
_IDLE_S = 60.0


class Posted(NamedTuple):
    """One request that the simulated server took."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class CannedAnswer(NamedTuple):
    """How one request will be answered."""

    status: int = 204
    body: bytes = b""
    headers: Mapping[str, str] = {}
    after_s: float = 0.0
    dropped: bool = False
    """The connection is closed, and nothing said."""


class Receiver:
    """A simulated server. Any thread. It listens from the moment it is made until it is closed."""

    def __init__(self, simulation: WebhookSimulation | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.posts: deque[Posted] = deque(maxlen=KEPT)
        self.connections = 0
        self.under_way = 0
        self.most_under_way = 0
        self._simulation = simulation or WebhookSimulation()
        self._count = 0
        self._told: deque[CannedAnswer] = deque()
        self._change = threading.Condition()
        self._closing = threading.Event()
        self._server = _Server(port, self, tls)
        self.port = int(self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=f"receiver {self.port}", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def will_answer(self, *answers: CannedAnswer | int) -> None:
        """Say how the next requests are answered, in their order."""
        self._told.extend(CannedAnswer(answer) if isinstance(answer, int) else answer for answer in answers)

    def until(self, truth: Callable[[], Any], timeout_s: float = 60.0) -> Any:
        """Block until `truth()` holds, and return it. Raises AssertionError when it never does."""
        until_s = time.monotonic() + timeout_s
        with self._change:
            while not (value := truth()):
                if time.monotonic() > until_s:
                    raise AssertionError(f"not within {timeout_s:g} s; posted: {list(self.posts)[-5:]}")
                self._change.wait(0.05)
        return value

    def close(self) -> None:
        """Close all connections, and listen no more."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join(5)
        self._server.hang_up()
        self._server.server_close()

    # --- a thread per connection

    def took(self, posted: Posted) -> CannedAnswer:
        """Keep one request; return how to answer it."""
        with self._change:
            self.posts.append(posted)
            self._count += 1
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            self._change.notify_all()
            told = self._told.popleft() if self._told else self._as_simulated()
        self._closing.wait(told.after_s)
        with self._change:
            self.under_way -= 1
        return told

    def connected(self) -> None:
        """Count a connection."""
        with self._change:
            self.connections += 1
            self._change.notify_all()

    def _as_simulated(self) -> CannedAnswer:
        wanted = self._simulation
        fails = wanted.fail_every and self._count % wanted.fail_every == 0
        return CannedAnswer(wanted.status if fails else 204, after_s=wanted.answer_after_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # waited for when it is closed

    def __init__(self, port: int, receiver: Receiver, tls: ssl.SSLContext | None) -> None:
        self.receiver = receiver
        self._tls = tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Conversation)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection on its own thread, so that a handshake holds up nobody else."""
        self.receiver.connected()
        self._open.add(request)
        with contextlib.suppress(OSError):  # whoever called may hang up at any moment
            secured = self._tls.wrap_socket(request, server_side=True) if self._tls else request
            self._open.add(secured)
            try:
                super().finish_request(secured, client_address)
            finally:
                self._open -= {request, secured}
                secured.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do nothing: what a caller does wrong is not said on standard error."""

    def hang_up(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    server: _Server

    def do_POST(self) -> None:
        """Take a post."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = self.server.receiver.took(Posted(self.path, dict(self.headers.items()), body))
        if told.dropped:
            self.close_connection = True
            return
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        if told.status != 204:
            self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        self.wfile.write(told.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
