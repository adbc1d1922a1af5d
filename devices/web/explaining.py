"""What led to a message and what it led to; what an actor handled lately; what is plugged into this host."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.asking import MOST_LISTED, whole_of
from devices.web.problems import taken
from devices.web.routing import LIMIT, look


async def explain(request: Request) -> Response:
    """Explain a message by its id, or an actor by its id."""
    limit = whole_of(request, "limit", 20, MOST_LISTED)
    answer = taken(await request.app.door.ask({"do": "explain", "id": request.path_params["id"], "limit": limit}))
    return JSONResponse(answer["explained"])


async def ports(request: Request) -> Response:
    """What is plugged into this host, each with the lines of the file that make a device of it."""
    return JSONResponse({"things": taken(await request.app.door.ask({"do": "ports"}))["things"]})


routes = [look("/api/explain/{id:path}", explain, limit=LIMIT), look("/api/ports", ports)]
