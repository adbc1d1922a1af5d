"""Routes: a path, a method, who may, and what answers. Each file of routes gives a list of them; `app.py` gathers the lists.

routes = [look("/api/ports", ports), act("/api/dead-letters/{letter:int}/retry", retry)]
"""

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]


class Needs(enum.Enum):
    """What whoever makes a request must have."""

    NOTHING = "nothing"
    READING = "reading"
    """A token that reads, or the one that may do everything; nothing where no token is set."""
    WRITING = "writing"
    """The token that may do everything; nothing where no token is set."""


EVENT_STREAM = "text/event-stream"


class WebRoute(NamedTuple):
    """One path with one method."""

    method: str
    path: str
    answer: Endpoint
    needs: Needs
    query: Mapping[str, dict[str, Any]] = {}
    """The JSON schema of each query parameter, by its name."""
    gives: int = 200
    """The status of a good answer."""
    media: str = "application/json"
    """What a good answer is. A stream of events is not described: whoever tries all that is would never see its end."""


def look(path: str, answer: Endpoint, **query: dict[str, Any]) -> WebRoute:
    """A route that looks at something; `query` has the schemas of its query parameters."""
    return WebRoute("GET", path, answer, Needs.READING, query)


def act(path: str, answer: Endpoint, *, method: str = "POST", gives: int = 200, **query: dict[str, Any]) -> WebRoute:
    """A route that changes something; `query` has the schemas of its query parameters."""
    return WebRoute(method, path, answer, Needs.WRITING, {"timeout_s": TIMEOUT_S, **query}, gives)


def open_to_all(path: str, answer: Endpoint, *, method: str = "GET") -> WebRoute:
    """A route that needs nothing: it tells nothing, or sees to it by itself."""
    return WebRoute(method, path, answer, Needs.NOTHING)


AFTER: dict[str, Any] = {"type": "string"}
LIMIT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
STATES: dict[str, Any] = {"type": "boolean", "default": False}
TIMEOUT_S: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "maximum": 60, "default": 10}
