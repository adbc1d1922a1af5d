"""Figures: what the gateway has counted, and what it knows of the hosts that share its database, as JSON for pages. Programs that keep
figures over time read `/metrics`."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.problems import taken
from devices.web.routing import look

_HOSTS_S = 12.0
"""A database that is away is waited for as long as a connection to it may take."""
_OF_WHOLE = ("name", "life", "clean_start", "healthy", "problems", "uptime_s", "memory_bytes", "written_bytes", "store", "clock", "totals")
_OF_DEVICE = ("id", "health", "counted", "waiting", "in_hand", "restarts")


async def statistics(request: Request) -> Response:
    """What the gateway counts: as a whole, by kind, and by device."""
    view = taken(await request.app.door.ask({"do": "show"}))["show"]
    devices = [{name: one[name] for name in _OF_DEVICE} for one in view["host_bound"] if one["listed"]]
    kinds = [{name: value for name, value in kind.items() if name != "listed"} for kind in view.get("kinds", []) if kind["listed"]]
    whole = {name: view[name] for name in _OF_WHOLE}
    return JSONResponse({**whole, "kinds": kinds, "devices": devices, "event_streams": len(request.app.live)})


async def hosts(request: Request) -> Response:
    """The hosts that share a database with this one: how each is, what is on its way to it, since when one is away."""
    found = taken(await request.app.door.ask({"do": "hosts", "timeout_s": _HOSTS_S}))
    return JSONResponse({name: found[name] for name in ("hosts", "unheard", "unserved", "most_counted")})


routes = [look("/api/statistics", statistics), look("/api/hosts", hosts)]
