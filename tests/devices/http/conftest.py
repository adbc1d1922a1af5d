"""A page on the loopback, which says what a test tells it."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    """The answer with a body, and with further headers, _ for -."""

    def say(call: BaseHTTPRequestHandler) -> None:
        call.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **{one.replace("_", "-"): value for one, value in headers.items()}}.items():
            call.send_header(name, value)
        call.end_headers()
        call.wfile.write(body)

    return say


class PageServer(ThreadingHTTPServer):
    """A real HTTP server of one page; `says` is how it answers."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Asked)
        self.says: Answer = answer(b"{}")
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Path and headers of each request."""
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Asked(BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        """Answer as the test says; who asks may hang up."""
        self.server.asked.append((self.path, dict(self.headers.items())))
        try:
            self.server.says(self)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def page() -> Iterator[PageServer]:
    """A server of this test's own."""
    server = PageServer()
    yield server
    server.close()
