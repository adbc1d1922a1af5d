"""Actors: which there are, the state of each, and telling and asking them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import json_of, next_page, page_of, truth_of
from devices.web.problems import taken
from devices.web.replies import checked, words_for
from devices.web.routing import AFTER, LIMIT, STATES, act, look

_TELL = "tell"


async def every(request: Request) -> Response:
    """A page of all actors: their ids; with ?states=true their states, too."""
    return await _page(request, "")


async def of_kind(request: Request) -> Response:
    """A page of the actors of one kind: their ids; with ?states=true their states, too."""
    return await _page(request, f"{request.path_params['kind']}/")


async def _page(request: Request, prefix: str) -> Response:
    after, limit = page_of(request)
    states = truth_of(request, "states")
    words = {"do": "list", "prefix": prefix, "after": after, "limit": limit, "states": states}
    found = taken(await request.app.door.ask(words))
    more = {"next": next_page(found["after"], limit) + ("&states=true" if states else "")} if found["more"] else {}
    return JSONResponse({"actors": found.get("actors") or [{"id": id} for id in found["ids"]], **more})


async def state(request: Request) -> Response:
    """One actor: its state, its timers and its mail; of a device, its health and its counters."""
    answer = taken(await request.app.door.ask({"do": "show", "id": checked(request.path_params["id"])}))
    return JSONResponse(answer.get("actor") or answer.get("hosted") or answer.get("stranded"))


async def ask(request: Request) -> Response:
    """Ask an actor, and wait for its answer; where the path ends in /tell, tell it, and wait until the message is on disk."""
    *ids, verb = request.path_params["path"].split("/")
    if verb == _TELL and len(ids) % 2:
        return await _told(request, "/".join(ids[:-1]), ids[-1])
    answer = taken(await request.app.door.ask(words_for(request, "ask", "/".join(ids), verb, await json_of(request))))
    return JSONResponse({"body": answer.get("body"), **({"note": answer["note"]} if "note" in answer else {})})


async def _told(request: Request, id: str, verb: str) -> Response:
    answer = taken(await request.app.door.ask(words_for(request, "tell", id, verb, await json_of(request))))
    return JSONResponse({"id": answer["id"], "duplicate": answer["duplicate"]}, 202)


routes = [
    look("/api/actors", every, after=AFTER, limit=LIMIT, states=STATES),
    look("/api/actors/{kind}", of_kind, after=AFTER, limit=LIMIT, states=STATES),
    look("/api/actors/{id:path}", state),
    act("/api/actors/{path:path}", ask),
]
