"""Contacts: the address book of each user, as a resource. It is what `contacts/home` answers.

Source: the contacts service of nact's tutorial (https://nact.io).
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import json_of
from devices.web.problems import HttpProblem
from devices.web.replies import reply_of
from devices.web.routing import act, look

_SERVICE = "contacts/home"


async def listed(request: Request) -> Response:
    """All contacts of a user."""
    return JSONResponse({"contacts": (await _asked(request, "list"))["contacts"]})


async def create(request: Request) -> Response:
    """Make a contact; the answer has its number."""
    made = (await _asked(request, "create", await json_of(request)))["contact"]
    return JSONResponse(made, 201, {"location": f"contacts/{made['id']}"})


async def find(request: Request) -> Response:
    """One contact."""
    return JSONResponse((await _asked(request, "find"))["contact"])


async def update(request: Request) -> Response:
    """Replace the fields that are named, and answer with the contact as it is then."""
    return JSONResponse((await _asked(request, "update", await json_of(request)))["contact"])


async def remove(request: Request) -> Response:
    """Forget a contact, and answer with it as it was."""
    return JSONResponse((await _asked(request, "remove"))["contact"])


async def _asked(request: Request, verb: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    where = request.path_params
    body: dict[str, Any] = await reply_of(request, _SERVICE, verb, {**(fields or {}), **where})
    if body["status"] != "success":
        raise HttpProblem("not_found", f"{where['user']} has no contact {where['id']}: GET the list for those that there are")
    return body


routes = [
    look("/api/{user}/contacts", listed),
    act("/api/{user}/contacts", create, gives=201),
    look("/api/{user}/contacts/{id:int}", find),
    act("/api/{user}/contacts/{id:int}", update, method="PATCH"),
    act("/api/{user}/contacts/{id:int}", remove, method="DELETE"),
]
