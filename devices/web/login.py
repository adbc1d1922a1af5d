"""Logging in: a browser gives a token once, and gets a cookie that scripts cannot read and other sites cannot send."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import json_of
from devices.web.problems import HttpProblem
from devices.web.routing import open_to_all


async def log_in(request: Request) -> Response:
    """Take a token, {"token": "…"}, and give a cookie for it."""
    said = (await json_of(request)).get("token")
    if not isinstance(said, str):
        raise HttpProblem("bad_request", 'the token is missing: send {"token": "…"}')
    access = request.app.access
    session = access.log_in(said)
    response = JSONResponse({"may_write": session.may_write})
    response.set_cookie(access.cookie, session.cookie, max_age=session.lasts_s, **_kept(request))
    return response


async def log_out(request: Request) -> Response:
    """Take the cookie away."""
    response = JSONResponse({})
    response.delete_cookie(request.app.access.cookie, **_kept(request))
    return response


async def who(request: Request) -> Response:
    """What this browser may: whether a token is needed, and what it has."""
    access = request.app.access
    may = access.may(request) if access.is_guarded else "write"
    return JSONResponse({"token_needed": access.is_guarded, "may_read": bool(may), "may_write": may == "write"})


def _kept(request: Request) -> dict[str, Any]:
    """How the browser keeps the cookie. Where it came by https, as the proxy in front says, it is to send the cookie by no other way."""
    secure = request.headers.get("x-forwarded-proto", request.url.scheme) == "https"
    return {"secure": secure, "httponly": True, "samesite": "strict"}


routes = [
    open_to_all("/api/login", log_in, method="POST"),
    open_to_all("/api/logout", log_out, method="POST"),
    open_to_all("/api/session", who),
]
