"""The guard: what each request passes before a route sees it, and each answer before it leaves.

A page of somebody else's must not speak for whoever has this gateway open in another tab: the name that a browser used (`Host`) must be one
of ours, which ends DNS rebinding, and what changes something must come from a page of ours (`Origin`). Bodies are bounded as they come.
Source: RFC 9110, 7.2; the Fetch standard (Origin); CSP level 3.
"""

import asyncio
import ipaddress
import logging
import re
import socket
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from devices.web.door import Busy, Closing, Door
from devices.web.problems import HttpProblem, problem
from devices.web.settings import WebSettings, is_loopback

log = logging.getLogger(__name__)

POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'; "
    "img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'"
)
_HOST = re.compile(r"(?:\[(?P<bracketed>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{0,5})?")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Beside(Protocol):
    """What stands beside the routes."""

    @property
    def settings(self) -> WebSettings:
        """The settings of the server."""

    @property
    def door(self) -> Door:
        """The way to the gateway."""


class Guard:
    """Wraps the routes. On the server's loop."""

    def __init__(self, routes: ASGIApp, app: Beside) -> None:
        self._routes = routes
        self._app = app
        self._settings = app.settings
        self._door = app.door
        self._hosts = KnownHosts(app.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self._door.host.count("requests")
        said = _Said(send)
        try:
            self._check(scope)
            async with self._door.request():
                await self._routes({**scope, "app": self._app}, self._bounded(scope, receive), said)
        except HttpProblem as error:
            await self._say(scope, receive, said, problem(error.fault, error.detail, error.headers))
        except HTTPException as error:
            await self._say(scope, receive, said, _unrouted(scope, error))
        except Busy as error:
            await self._say(scope, receive, said, problem("busy", str(error)))
        except Closing:
            await self._say(scope, receive, said, problem("closing", "the web server is closing; whether it was done is not known"))
        except ClientDisconnect:  # it hung up before its body was whole: nobody is there to be told, and nothing was done
            self._door.host.count("refused")
        except Exception as error:  # a fault of one route must not end the server
            log.error("%s: cannot answer a request", self._door.host.me, exc_info=error)
            await self._say(scope, receive, said, problem("internal", f"a fault of the gateway's own: {type(error).__name__}; see its log"))

    def _check(self, scope: Scope) -> None:
        """Raise HttpProblem where a request does not come from where it may."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._hosts.knows(host):
            raise HttpProblem("forbidden", f"this gateway is not called {host[:100]!r}: add the name to web.hosts, or use its address")
        if scope["method"] in _SAFE:
            return
        if (origin := headers.get("origin")) is not None and not self._hosts.is_own(origin, host):
            raise HttpProblem("forbidden", f"a page of {origin[:100]} cannot speak for you here: open the gateway's own page")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HttpProblem("forbidden", "a page of another site cannot speak for you here: open the gateway's own page")

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Take a body as it comes, up to so many bytes and seconds. What is over them raises HttpProblem."""
        most, within_s = self._settings.max_body_bytes, self._settings.head_s
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > most:
            raise HttpProblem("too_long", f"the body has {int(length)} bytes, and {most} are the most: web.max_body_bytes", _CLOSE)
        taken, whole, until_s = 0, False, asyncio.get_running_loop().time() + within_s

        async def bounded() -> Message:
            nonlocal taken, whole
            if whole:
                return await receive()  # it waits for the client to hang up
            try:
                async with asyncio.timeout_at(until_s):
                    message = await receive()
            except TimeoutError:
                raise HttpProblem("late", f"the body has not come within {within_s:g} s", _CLOSE) from None
            taken += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if taken > most:
                raise HttpProblem("too_long", f"the body has more than {most} bytes: web.max_body_bytes", _CLOSE)
            return message

        return bounded

    async def _say(self, scope: Scope, receive: Receive, said: "_Said", response: Response) -> None:
        self._door.host.count("refused")
        if not said.begun:
            await response(scope, receive, said)


def _unrouted(scope: Scope, error: HTTPException) -> Response:
    """What to say where no route takes a request."""
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        return problem("bad_method", f"{scope['method']} is not for this path: {allowed} is", {"allow": allowed})
    return problem("not_found", f"there is nothing at {scope['path'][:200]}: see api/openapi.json for what there is")


_CLOSE = {"connection": "close"}


class _Said:
    """Sends what a route answers, with what a browser is to keep to."""

    def __init__(self, send: Send) -> None:
        self.begun = False
        self._send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", POLICY)
            headers["x-content-type-options"] = "nosniff"
            headers.setdefault("referrer-policy", "no-referrer")
            headers["cross-origin-resource-policy"] = "same-origin"
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


class KnownHosts:
    """The names under which a browser may reach this server."""

    def __init__(self, settings: WebSettings) -> None:
        self._loopback = settings.is_loopback
        name = socket.gethostname().lower()
        self._names = {"localhost", *map(str.lower, settings.hosts)}
        if not self._loopback:
            self._names |= {name, name.partition(".")[0], f"{name.partition('.')[0]}.local"}

    def knows(self, host: str) -> bool:
        """Whether the Host of a request is one of ours. An address is nobody's name: only its own network leads there."""
        name = _name_of(host)
        if not name:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return is_loopback(name) or not self._loopback

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a page of this origin is ours: it came from the very host that is asked, or from one that the settings name."""
        try:
            place = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        return bool(place) and (place == host.lower() or (_name_of(place) in self._names and _name_of(place) != "localhost"))


def _name_of(host: str) -> str:
    """A host without its port and without brackets; empty where it is written as none is."""
    found = _HOST.fullmatch(host.strip().lower())
    return (found["bracketed"] or found["name"]) if found is not None else ""
