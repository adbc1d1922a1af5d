"""The app: the routes of each file, gathered, with who may, behind the guard. A new file of routes is one more line here."""

from typing import NamedTuple

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from devices.web import (
    actors,
    contacts,
    events,
    explaining,
    figures,
    health,
    history,
    ingest,
    letters,
    login,
    metrics,
    openapi,
    pages,
    trip_stream,
    trips,
)
from devices.web.access import Access
from devices.web.door import Door
from devices.web.guard import Guard
from devices.web.live import Live
from devices.web.routing import WebRoute
from devices.web.settings import WebSettings

ROUTES: list[WebRoute] = [
    *health.routes,
    *login.routes,
    *openapi.routes,
    *letters.routes,
    *events.routes,
    *metrics.routes,
    *figures.routes,
    *history.routes,
    *pages.routes,
    *explaining.routes,
    *ingest.routes,
    *trip_stream.routes,
    *trips.routes,
    *actors.routes,
    *contacts.routes,  # last: its paths begin with any name
]
"""Every route, in the order in which they are tried."""


class WebApp(NamedTuple):
    """What stands beside the routes: a route has it as `request.app`."""

    settings: WebSettings
    door: Door
    access: Access
    routes: list[WebRoute]
    entrances: dict[str, ingest.Entrance]
    """By the names that they have in their paths."""
    live: Live


def make_app(settings: WebSettings, door: Door) -> Guard:
    """Make what uvicorn serves."""
    entrances = {name: ingest.Entrance(one) for name, one in settings.entrances.items()}
    app = WebApp(settings, door, Access(settings), ROUTES, entrances, Live(door, most=settings.streams))
    return Guard(Router([_route(one, app.access) for one in ROUTES], redirect_slashes=False), app)


class PathNumber(IntegerConvertor):
    """A whole number in a path: of so many digits as one has that is kept. A path with more of them is that of no route."""

    regex = "[0-9]{1,18}"


register_url_convertor("int", PathNumber())


def _route(route: WebRoute, access: Access) -> Route:
    async def answer(request: Request) -> Response:
        access.check(request, route.needs)
        return await route.answer(request)

    return Route(route.path, answer, methods=[route.method])
