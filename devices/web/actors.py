"""Actors: which there are, the state of each, and telling and asking them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import json_of, next_page, page_of, timeout_s_of
from devices.web.problems import Problem, taken
from devices.web.routing import act, look
from gateway.actors.errors import BadId
from gateway.actors.ids import check_id

_TELL = "tell"


async def every(request: Request) -> Response:
    """A page of the ids of all actors."""
    return await _page(request, "")


async def of_kind(request: Request) -> Response:
    """A page of the ids of the actors of one kind."""
    return await _page(request, f"{request.path_params['kind']}/")


async def _page(request: Request, prefix: str) -> Response:
    after, limit = page_of(request)
    found = taken(await request.app.door.ask({"do": "list", "prefix": prefix, "after": after, "limit": limit}))
    more = {"next": next_page(found["after"], limit)} if found["more"] else {}
    return JSONResponse({"actors": [{"id": id} for id in found["ids"]], **more})


async def state(request: Request) -> Response:
    """One actor: its state, its timers and its mail; of a device, its health and its counters."""
    answer = taken(await request.app.door.ask({"do": "show", "id": _checked(request.path_params["id"])}))
    return JSONResponse(answer.get("actor") or answer.get("hosted") or answer.get("stranded"))


async def ask(request: Request) -> Response:
    """Ask an actor, and wait for its answer; or, where the path ends in /tell, tell it, and wait until the message is on disk."""
    *ids, verb = request.path_params["path"].split("/")
    if verb == _TELL and len(ids) % 2:
        return await _told(request, "/".join(ids[:-1]), ids[-1])
    words = await _words(request, "ask", "/".join(ids), verb)
    answer = taken(await request.app.door.ask(words))
    return JSONResponse({"body": answer.get("body"), **({"note": answer["note"]} if "note" in answer else {})})


async def _told(request: Request, id: str, verb: str) -> Response:
    answer = taken(await request.app.door.ask(await _words(request, "tell", id, verb)))
    return JSONResponse({"id": answer["id"], "duplicate": answer["duplicate"]}, 202)


async def _words(request: Request, do: str, id: str, verb: str) -> dict[str, object]:
    payload, timeout_s = await json_of(request), timeout_s_of(request)
    return {"do": do, "to": _checked(id), "verb": verb, "payload": payload, "timeout_s": timeout_s}


def _checked(id: str) -> str:
    try:
        return check_id(id)
    except BadId as error:
        raise Problem("bad_id", str(error)) from None


routes = [
    look("/api/actors", every),
    look("/api/actors/{kind}", of_kind),
    look("/api/actors/{id:path}", state),
    act("/api/actors/{path:path}", ask),
]
