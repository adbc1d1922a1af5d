"""Whether the gateway is well: for whoever watches it, and tells nothing else."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from devices.web.problems import taken
from devices.web.routing import look, open_to_all


async def healthz(request: Request) -> Response:
    """Answer 200 where the gateway is well, 503 where it is not: a word, and no more."""
    answer = await request.app.door.ask({"do": "health"})
    well = bool(answer.get("healthy"))
    return PlainTextResponse("ok\n" if well else "not well\n", 200 if well else 503)


async def whole(request: Request) -> Response:
    """The gateway as a whole: its devices, its figures, its problems."""
    return JSONResponse(taken(await request.app.door.ask({"do": "show"}))["show"])


routes = [open_to_all("/healthz", healthz), look("/api/gateway", whole)]
