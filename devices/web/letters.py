"""Dead letters: messages that nobody could take, with their reasons, until somebody decides."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import page_of, truth_of
from devices.web.problems import taken
from devices.web.routing import AFTER, LIMIT, STATES, act, look


async def letters(request: Request) -> Response:
    """A page of dead letters, oldest first, without their payloads; with ?hosts=true the first of each host that shares a database."""
    after, limit = page_of(request, whole=True)
    if truth_of(request, "hosts"):
        found = taken(await request.app.door.ask({"do": "letters", "hosts": True, "limit": limit}))
        return JSONResponse({name: found[name] for name in ("letters", "more", "silent")})
    found = taken(await request.app.door.ask({"do": "letters", "after": after or 0, "limit": limit}))
    listed = found["letters"]
    more = {"next": f"?after={listed[-1]['n']}&limit={limit}"} if found["more"] and listed else {}
    return JSONResponse({"letters": listed, "total": found["total"], **more})


async def letter(request: Request) -> Response:
    """One dead letter, with its payload."""
    return JSONResponse(taken(await _ask(request, "letter"))["letter"])


async def retry(request: Request) -> Response:
    """Send the message of a dead letter again, and forget the letter."""
    taken(await _ask(request, "retry"))
    return JSONResponse({"retried": request.path_params["letter"]})


async def drop(request: Request) -> Response:
    """Forget a dead letter."""
    taken(await _ask(request, "drop"))
    return JSONResponse({"dropped": request.path_params["letter"]})


async def _ask(request: Request, do: str) -> dict[str, object]:
    answer: dict[str, object] = await request.app.door.ask(
        {"do": do, "letter": request.path_params["letter"], "host": request.query_params.get("host", "")}
    )
    return answer


routes = [
    look("/api/dead-letters", letters, after={"type": "integer", "minimum": 0}, limit=LIMIT, hosts=STATES),
    look("/api/dead-letters/{letter:int}", letter, host=AFTER),
    act("/api/dead-letters/{letter:int}/retry", retry, host=AFTER),
    act("/api/dead-letters/{letter:int}", drop, method="DELETE", host=AFTER),
]
