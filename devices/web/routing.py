"""Routes: a path, a method, who may, and what answers. Each file of routes gives a list of them; `app.py` gathers the lists.

routes = [look("/api/ports", ports), act("/api/dead-letters/{letter:int}/retry", retry)]
"""

import enum
from collections.abc import Awaitable, Callable
from typing import NamedTuple

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


class WebRoute(NamedTuple):
    """One path with one method."""

    method: str
    path: str
    answer: Endpoint
    needs: Needs


def look(path: str, answer: Endpoint) -> WebRoute:
    """A route that looks at something."""
    return WebRoute("GET", path, answer, Needs.READING)


def act(path: str, answer: Endpoint, *, method: str = "POST") -> WebRoute:
    """A route that changes something."""
    return WebRoute(method, path, answer, Needs.WRITING)


def open_to_all(path: str, answer: Endpoint, *, method: str = "GET") -> WebRoute:
    """A route that needs nothing: it tells nothing, or sees to it by itself."""
    return WebRoute(method, path, answer, Needs.NOTHING)
