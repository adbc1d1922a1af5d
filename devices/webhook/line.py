"""A line to one server: HTTP/1.1 over a connection that is kept for the next request.

The standard library's `http.client`, and none of the packages above it: it comes and is mended with Python, costs no memory
of its own, follows no redirect, reads no proxy out of the environment, and what urllib3 or httpx add (pools, retries,
HTTP/2) this gateway has itself, durably, or does not need for a POST. What it lacks is here: a limit for the whole of a
request, and an end to one that is under way, which any thread may call for.
Source: RFC 9112, section 9.3 (persistence).
"""

import contextlib
import socket
import ssl
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from devices.dialling import dial
from devices.http_answers import read_at_most
from devices.webhook.bodies import filled_header
from devices.webhook.credentials import TlsTrust, token_of
from devices.webhook.outcomes import SHOWN_BYTES, PostOutcome, ServerAnswer, of_answer, of_error
from devices.webhook.posts import PostRequest
from devices.webhook.settings import WebhookSettings
from gateway.actors import Health
from gateway.actors.templates import filled

KEEP_S = 15.0
"""How long an idle connection is kept; many servers end theirs after 20 s or more."""
_DRAIN_BYTES = 65_536
"""An answer that goes on behind this costs its connection."""


class HttpLine:
    """Posts over one connection at a time. On one thread; `begin`, `cut` and `due_s` are any thread's."""

    def __init__(self, settings: WebhookSettings, name: str, url: str, trust: TlsTrust) -> None:
        """Make a line. `url` is the settings', or a simulator's; `name` is the section, for what is said of faults."""
        self._settings = settings
        self._trust = trust
        self._name = name
        parts = urlsplit(url)
        self._tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._tls else 80)
        self._base, self._query = parts.path, parts.query
        self._netloc = parts.netloc
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._http: HTTPConnection | None = None
        self._token = ""
        self._token_placed = settings.places_token
        self._used_s = 0.0
        self._cut = False
        self.due_s = float("inf")
        """Monotonic second at which the request under way has taken too long."""

    # --- its own thread

    def post(self, request: PostRequest) -> PostOutcome:
        """Make one request that was begun, and return what came of it. A kept connection that the server has meanwhile closed is made anew,
        once."""
        if self._http is not None and time.monotonic() - self._used_s > KEEP_S:
            self.close()
        kept = self._http is not None
        try:
            outcome = self._post(request)
            if kept and outcome.status == 0 and not self._cut:
                outcome = self._post(request)
        finally:
            self.due_s = float("inf")
            self._used_s = time.monotonic()
        return outcome._replace(reason=self._without_token(outcome.reason))

    def _post(self, request: PostRequest) -> PostOutcome:
        connected = self._http is not None
        try:
            http = self._http or self._open()
            connected = True
            outcome = of_answer(self._ask(http, request), self._name)
        except Exception as error:  # noqa: BLE001  # http.client lets out what it trips over; its thread goes on
            self.close()
            if isinstance(error, ssl.SSLError):
                self._trust.forget()
            why: Exception = TimeoutError() if self._cut else error
            return of_error(why, self._netloc, self._name, connected=connected)
        if outcome.health is not Health.OK:
            self.close()  # so that a token, or a server, that has been mended meanwhile is seen
        return outcome

    def _open(self) -> HTTPConnection:
        self._token = token_of(self._settings, self._name)
        plain = dial(self._host, self._port, within_s=self._settings.timeout_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._hold(plain)
        if self._tls:
            secured = self._trust.context().wrap_socket(plain, server_hostname=self._host, do_handshake_on_connect=False)
            self._hold(secured)
            secured.do_handshake()
        http = HTTPConnection(self._host, self._port)
        http.auto_open = 0  # else it would come back by itself, without TLS
        http.sock = self._socket
        self._http = http
        return http

    def _hold(self, opened: socket.socket) -> None:
        with self._lock:
            self._socket = opened
            if self._cut:
                opened.close()

    def _ask(self, http: HTTPConnection, request: PostRequest) -> ServerAnswer:
        later = request.template
        body = request.body if later is None else later.written({**request.facts, "token": self._token})
        http.request("POST", self._target(request.path), body, self._headers(request))
        response = http.getresponse()
        start = self._start_of(response)
        return ServerAnswer(
            response.status,
            response.reason[:100],
            start,
            retry_after=response.getheader("Retry-After") or "",
            location=(response.getheader("Location") or "")[:SHOWN_BYTES],
        )

    def _start_of(self, response: HTTPResponse) -> bytes:
        """The first bytes of a server's answer. Its status counts even where the rest does not come."""
        try:
            start = read_at_most(response, _DRAIN_BYTES)
        except (OSError, HTTPException):
            start = b""
        if not response.isclosed() or response.will_close:
            self.close()
        return start[:SHOWN_BYTES]

    def _target(self, path: str) -> str:
        base = self._with_token(self._base)
        below, _, query = path.partition("?")
        if below:
            base = f"{base.rstrip('/')}/{below.lstrip('/')}"
        queries = "&".join(filter(None, [self._with_token(self._query), query]))
        return (base or "/") + (f"?{queries}" if queries else "")

    def _headers(self, request: PostRequest) -> dict[str, str]:
        facts = {**request.facts, "token": self._token}
        given = {name: filled_header(value, facts) for name, value in self._settings.headers.items()}
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token and not self._token_placed else {}
        ours = {"Host": self._netloc, "Content-Type": request.content_type, "Idempotency-Key": request.id}
        return {"User-Agent": "pi-device-gateway", "Accept": "*/*", **given, **bearer, **ours}

    def _with_token(self, text: str) -> str:
        return filled(text, {"token": self._token})

    def _without_token(self, text: str) -> str:
        """A text of the server without our token, since a server may say our own words back to us."""
        return text.replace(self._token, "***") if self._token else text

    def close(self) -> None:
        """Close the connection."""
        http, self._http = self._http, None
        with self._lock, contextlib.suppress(OSError):
            if self._socket is not None:
                self._socket.close()
            self._socket = None
        if http is not None:
            http.sock = None
            http.close()

    # --- any thread

    def cut(self) -> None:
        """End the request under way: it comes out as one that took too long. A connection that is being made ends by itself."""
        with self._lock:
            self._cut = True
            self.due_s = float("inf")
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    # The plain one's: TLS's own would take the layer away under the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def begin(self) -> None:
        """Begin a job, after a cut too: the time for its request runs from now on."""
        with self._lock:
            self._cut = False
            self.due_s = time.monotonic() + self._settings.timeout_s
