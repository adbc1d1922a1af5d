"""The pages: files that never change while the gateway runs, and what they have to know of it. They tell nothing without a token.

`/` is the gateway, `/trip#NAME` a trip for its followers, `/track` the page of a phone that shares where it is. All links in them are
relative, so they stand behind any prefix. Files are read once, and packed, when somebody first asks for them.
"""

import functools
import gzip
import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from devices.web.guard import POLICY
from devices.web.problems import HttpProblem, taken
from devices.web.routing import look, open_to_all
from gateway.digests import sha256

_PAGES = {"": "index.html", "trip": "trip.html", "track": "track.html"}
_HAS_MAP = "trip"
_STATIC = "static"
_TELLS_ORIGIN = "strict-origin-when-cross-origin"
"""What a page with a map tells the server of its tiles: who asks, and nothing of the path. Public ones refuse whoever says nothing.
Source: the tile usage policy of OpenStreetMap."""


class StaticFile(NamedTuple):
    """One file as it is served."""

    content: bytes
    packed: bytes
    type: str
    etag: str


async def page(request: Request) -> Response:
    """One of the pages."""
    name = request.url.path.rpartition("/")[2]
    response = _served(request, _PAGES[name])
    if name == _HAS_MAP and (tiles := request.app.settings.map_tiles):
        response.headers["content-security-policy"] = POLICY.replace("img-src 'self'", f"img-src 'self' {_origin(tiles)}")
        response.headers["referrer-policy"] = _TELLS_ORIGIN
    return response


async def static(request: Request) -> Response:
    """A file that pages are made of."""
    return _served(request, request.path_params["path"])


async def about(request: Request) -> Response:
    """What every page has to know: where its maps come from, and, for who may look, what the gateway is called."""
    settings, access = request.app.settings, request.app.access
    tiles = {"map_tiles": {"url": settings.map_tiles, "attribution": settings.map_attribution}} if settings.map_tiles else {}
    if access.is_guarded and not access.may(request):
        return JSONResponse(tiles)
    found = taken(await request.app.door.ask({"do": "hosted", "prefix": "-"}))
    return JSONResponse({"name": found["name"], "simulated": bool(found["simulated"]), **tiles})


async def hosted(request: Request) -> Response:
    """The devices whose ids begin so: their health, and the values they show. It asks nothing of the engine."""
    words = {"do": "hosted", "prefix": request.query_params.get("of", "")}
    return JSONResponse({"hosted": taken(await request.app.door.ask(words))["hosted"]})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _served(request: Request, path: str) -> Response:
    found = _read(path) if path in _paths() else None
    if found is None:
        raise HttpProblem("not_found", f"there is no file {path[:100]!r}: it belongs to another version of the pages; load the page again")
    headers = {"etag": found.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == found.etag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "content-encoding": "gzip"}, media_type=found.type)
    return Response(found.content, headers=headers, media_type=found.type)


@functools.lru_cache(maxsize=1)
def _paths() -> frozenset[str]:
    """Every file there is. A path that is not among them is never looked up on the disk."""
    return frozenset(_below(files("devices.web").joinpath(_STATIC), ""))


def _below(folder: Traversable, path: str) -> list[str]:
    found = []
    for entry in folder.iterdir():
        found += _below(entry, f"{path}{entry.name}/") if entry.is_dir() else [f"{path}{entry.name}"]
    return found


@functools.lru_cache(maxsize=64)
def _read(path: str) -> StaticFile:
    content = files("devices.web").joinpath(_STATIC, path).read_bytes()
    type = mimetypes.guess_type(path)[0] or "text/plain"
    return StaticFile(content, gzip.compress(content, mtime=0), type, f'"{sha256(content).hexdigest()[:16]}"')


routes = [
    *(open_to_all(f"/{name}", page) for name in _PAGES),
    open_to_all("/static/{path:path}", static),
    open_to_all("/pages.json", about),
    look("/api/host-bound", hosted, of={"type": "string"}),
]
