"""Who may: programs by a bearer token, browsers by a cookie that a token was given for. Where no token is set, everybody on this computer.

A cookie says what its holder may, and until when, and is signed with the token that was given: nothing is kept of who is logged in, and
whoever changes the token ends every session.
Source: RFC 6750; RFC 6265; RFC 2104 (HMAC).
"""

import hmac
import time
from typing import NamedTuple

from starlette.requests import Request

from devices.credentials import BadSetting, token
from devices.web.problems import HttpProblem
from devices.web.routing import Needs
from devices.web.settings import WebSettings
from gateway.digests import sha256

_READS, _WRITES = "read", "write"
_MAY = {"read_token_file": _READS, "token_file": _WRITES}


class LoginSession(NamedTuple):
    """What a login gives: the cookie, and for how many seconds it holds."""

    cookie: str
    lasts_s: int
    may_write: bool


class Access:
    """Decides who may. On the server's loop."""

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self.cookie = f"gateway-{settings.address[1]}"
        """The name of the cookie. Browsers have one jar for all ports of a host: by its port each gateway there has a cookie of its own."""

    @property
    def is_guarded(self) -> bool:
        """Whether a token is needed at all."""
        return bool(self._settings.tokens)

    def check(self, request: Request, needs: Needs) -> None:
        """Raise HttpProblem where a request lacks what it needs."""
        if needs is Needs.NOTHING or not self.is_guarded:
            return
        may = self.may(request)
        if not may:
            advice = 'send it as "Authorization: Bearer TOKEN", or log in at login'
            raise HttpProblem("unwelcome", f"a token is needed here: {advice}", {"www-authenticate": 'Bearer realm="gateway"'})
        if needs is Needs.WRITING and may != _WRITES:
            raise HttpProblem("forbidden", "this token may look and change nothing: send the one of web.token_file")

    def may(self, request: Request) -> str:
        """What a request's token, or cookie, allows: "read", "write", or nothing. A wrong token is not made good by a cookie."""
        given = request.headers.get("authorization")
        if given is not None:
            scheme, _, said = given.partition(" ")
            return self._of_token(said.strip()) if scheme.lower() == "bearer" else ""
        cookie = request.cookies.get(self.cookie, "")
        return self._of_cookie(cookie) if cookie else ""

    def log_in(self, said: str) -> LoginSession:
        """Begin a session for whoever has a token. Raises HttpProblem."""
        may = self._of_token(said)
        if not may:
            raise HttpProblem("unwelcome", "there is no such token: look into the file of web.token_file")
        lasts_s = int(self._settings.session_s)
        until = f"{may}.{int(time.time()) + lasts_s}"
        return LoginSession(f"{until}.{_signed(until, self._tokens()[may])}", lasts_s, may == _WRITES)

    def _of_token(self, said: str) -> str:
        found = ""
        for may, known in self._tokens().items():  # all of them, so that it takes the same time whichever it is
            if hmac.compare_digest(said.encode(errors="replace"), known.encode()):
                found = may
        return found

    def _of_cookie(self, cookie: str) -> str:
        until, _, signature = cookie.rpartition(".")
        may, _, end = until.partition(".")
        known = self._tokens().get(may)
        if known is None or not hmac.compare_digest(signature.encode(errors="replace"), _signed(until, known).encode()):
            return ""
        return may if end.isdigit() and int(end) > time.time() else ""

    def _tokens(self) -> dict[str, str]:
        """The tokens by what they allow; read anew each time, so that mending a file is enough. Raises HttpProblem."""
        try:
            return {_MAY[key]: token(named, f"web.{key}") for key, named in self._settings.tokens.items()}
        except BadSetting as error:
            raise HttpProblem("failed", str(error)) from None


def _signed(text: str, key: str) -> str:
    return hmac.new(sha256(key.encode()).digest(), text.encode(), "sha256").hexdigest()
