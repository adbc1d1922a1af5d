"""The web server: what people see of the gateway in a browser, and what programs ask of it over HTTP.

[web]
listen = "127.0.0.1:8080"

The server has a thread of its own, with its loop; this actor opens its socket, and sees that the thread lives. Whatever is asked goes by
the words of the control socket. At the end the requests under way are answered, and streams are cut.
"""

import contextlib
import errno
import socket
import time
from typing import TYPE_CHECKING

from devices.credentials import BadSetting, token
from devices.web.settings import WebSettings
from gateway.actors import Health, HostBound, Start
from gateway.actors.errors import GatewayError

if TYPE_CHECKING:
    from devices.web.serving import Serving

_AGAIN_S = 5.0
"""How soon the server tries again to begin, and how soon a token that nobody can read, or can read again, is told."""
_BACKLOG = 128
_UNTAKEN_BYTES = 65_536
"""What the system keeps of an answer that its client has not taken; it takes twice that for it. By itself it keeps four megabytes of each:
many slow clients would take a Pi's memory, and none of them be found slow."""


class Unserved(GatewayError, OSError):
    """Raised where the server cannot begin: its sentence says what to mend. It is tried again."""


class WebServer(HostBound):
    """Answers HTTP requests: the pages, and the API."""

    kind = "web"
    sole_key = "local"
    settings_model = WebSettings
    close_s = 5.0
    counters_said = {
        "requests": "requests",
        "refused": "requests refused",
        "dropped": "connections dropped",
        "streams_cut": "event streams cut",
    }

    def __init__(self, key: str, settings: WebSettings) -> None:
        self.key = key
        self.settings = settings
        self._serving: Serving | None = None
        self._again_s = 0.0
        self._listening = ""
        self._unread = ""

    def started(self, start: Start) -> None:
        """Begin to serve, or report why not."""
        self._begin()

    def wait(self) -> None:
        looks_again = not self.host.quiet and (self._serving is None or self.settings.tokens)
        self.host.wait(max(0.0, self._again_s - time.monotonic()) if looks_again else None)

    def tick(self) -> None:
        """Look whether the thread still serves, and the tokens can be read; where the server could not begin, try again."""
        if self._serving is not None and not self._serving.alive:
            raise Unserved(f"the server has ended: {self._serving.fault or 'nobody knows why'}")
        if self.host.quiet or time.monotonic() < self._again_s:
            return
        if self._serving is None:
            self._begin()
        elif (unread := self._why_unread()) != self._unread:
            self._report(unread)

    def close(self) -> None:
        """End the server: what is under way is answered, streams are cut. Blocks at most `close_s` seconds."""
        if self._serving is not None:
            self._serving.close(self.close_s - 0.5)

    def _begin(self) -> None:
        try:
            serving = _serving()
            listener = _listen(self.settings)
        except Unserved as error:
            self._again_s = time.monotonic() + _AGAIN_S
            self.host.report(Health.FAULTY, str(error))
            return
        self._serving = serving(self.settings, self.host, listener)
        self._serving.start()
        self._listening = f"listening at {_url_of(listener)}"
        self._report(self._why_unread())

    def _why_unread(self) -> str:
        """Why a token cannot be used, so that nobody is let in who has one; empty where all can."""
        self._again_s = time.monotonic() + _AGAIN_S
        try:
            for key, named in self.settings.tokens.items():
                token(named, f"web.{key}")
        except BadSetting as error:
            return str(error)
        return ""

    def _report(self, unread: str) -> None:
        self._unread = unread
        self.host.report(Health.FAULTY if unread else Health.OK, f"lets nobody in: {unread}" if unread else self._listening)


def _serving() -> "type[Serving]":
    """Import what serves, for gateways that have a [web]. Raises Unserved."""
    try:
        from devices.web.serving import Serving  # noqa: PLC0415  # 7 MB
    except ModuleNotFoundError as error:
        advice = "pip install 'pi-device-gateway[web]'"
        raise Unserved(f"cannot serve: there is no Python package {error.name}; install it: {advice}") from error
    return Serving


def _listen(settings: WebSettings) -> socket.socket:
    """Open the listening socket. Raises Unserved."""
    host, port = settings.address
    try:
        family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # It must say TCP, or asyncio leaves Nagle's algorithm on: an answer in two parts takes 40 ms then.
        listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:  # the codec of names says the latter of what cannot be one
        why = error.strerror if isinstance(error, OSError) else f"{host!r} cannot be the name of a host"
        raise Unserved(f"cannot listen at {settings.listen}: {why}; mend web.listen") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNTAKEN_BYTES)  # each connection has it from there
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        with contextlib.suppress(OSError):
            listener.close()
        raise Unserved(f"cannot listen at {settings.listen}: {_explained(error)}") from error
    return listener


def _explained(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program listens there; stop it, or choose another port in web.listen"
    if error.errno == errno.EACCES:
        return "ports below 1024 are root's; choose another in web.listen"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this host has no such address, or not yet; mend web.listen if it stays so"
    return f"{error.strerror}; mend web.listen"


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
