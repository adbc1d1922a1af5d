"""Shared trips: whoever knows the name of one may follow it, whoever has its token may move and end it; to begin one is a right of its own.

The trip itself looks at its token. What is asked of a vehicle's trip, which has none, needs what any actor needs.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import json_of, page_of
from devices.web.problems import HttpProblem, taken
from devices.web.replies import checked, reply_of
from devices.web.routing import AFTER, LIMIT, Needs, act, look, open_to_all

_HOUSE = "trips/home"
_LISTED = 500


async def listed(request: Request) -> Response:
    """A page of the trips that are not forgotten."""
    after, limit = page_of(request)
    found = await reply_of(request, _HOUSE, "list", {"after": after[:128], "most": min(limit, _LISTED)})
    more = {"next": f"?after={found['after']}&limit={limit}"} if found["after"] else {}
    return JSONResponse({"trips": found["trips"], **more})


async def new(request: Request) -> Response:
    """Begin a shared trip; the answer has its name and its token, which is shown here and never again."""
    begun = await reply_of(request, _HOUSE, "new", await json_of(request))
    return JSONResponse(begun, 201, {"location": f"trips/{begun['slug']}"})


async def state(request: Request) -> Response:
    """Where a trip is now, and how far it has come. Of a shared one, for whoever knows its name."""
    return JSONResponse(await trips_reply(request, await trip_of(request), "read", {}))


async def update(request: Request) -> Response:
    """Move a shared trip: a fix, and the trip's token."""
    return JSONResponse(await _moved(request, "update"))


async def stop(request: Request) -> Response:
    """End a shared trip by its token; the answer is its summary."""
    return JSONResponse(await _moved(request, "stop"))


async def _moved(request: Request, verb: str) -> Any:
    trip, fields = await trip_of(request), await json_of(request)
    if "token" not in fields and (said := request.headers.get("x-trip-token")) is not None:
        fields["token"] = said
    try:
        return await trips_reply(request, trip, verb, fields)
    except HttpProblem as error:
        if error.detail.endswith("wrong token"):
            raise HttpProblem("forbidden", error.detail) from None
        raise


async def trips_reply(request: Request, trip: str, verb: str, payload: dict[str, Any]) -> Any:
    """Ask a trip that was there a moment ago. One that has been forgotten since is answered as one that never was. Raises HttpProblem."""
    try:
        return await reply_of(request, trip, verb, payload)
    except HttpProblem:
        await trip_of(request)
        raise


async def trip_of(request: Request) -> str:
    """The id of a trip that is there and may be seen: to ask for one that is not would begin a life for it. Raises HttpProblem."""
    id = checked(f"trip/{request.path_params['slug']}")
    answer = await request.app.door.ask({"do": "show", "id": id})
    shared = bool(answer.get("actor", {}).get("state", {}).get("token_digest"))
    if not shared:
        request.app.access.check(request, Needs.READING if request.method == "GET" else Needs.WRITING)
    taken(answer)
    return id


routes = [
    look("/api/trips", listed, after=AFTER, limit=LIMIT),
    act("/api/trips", new, gives=201),
    open_to_all("/api/trips/{slug}", state),
    open_to_all("/api/trips/{slug}/update", update, method="POST"),
    open_to_all("/api/trips/{slug}/stop", stop, method="POST"),
]
