"""Edges on their way from the chip's notify thread to the actor's thread: bounded, and they never hold the notify thread up.

All pins of a process share one notify thread. An exception in one callback ends it and every pin goes silent, so `add`
lets none out; it takes no lock and does not log.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

LIMIT = 256

L = TypeVar("L")
"""What is seen: whether the line of an input is active; for a device of two lines, both."""


class Edge(NamedTuple, Generic[L]):
    """One change of an input: it went to `active` at `at_s` on the pin's clock."""

    at_s: float
    active: L


class EdgeBatch(NamedTuple, Generic[L]):
    """The edges that came since the last `take`."""

    edges: list[Edge[L]]
    seen: int
    """How many edges there were in all; those beyond LIMIT are only counted."""
    fault: str
    """What a callback failed with, or empty."""


class EdgeBuffer(Generic[L]):
    """Keeps edges between two threads: one fills it with `add`, another empties it with `take`."""

    def __init__(self, clock: Callable[[], float], wake: Callable[[], None], *, limit: int = LIMIT) -> None:
        self._clock = clock
        self._wake = wake
        self._limit = limit
        self._edges: deque[Edge[L]] = deque()
        self._seen = 0
        self._told = 0
        self._fault = ""

    def add(self, active: L) -> None:
        """Keep one edge; wake the actor at the first, or again where that failed. On the notify thread; never raises, never blocks."""
        try:
            self._seen += 1
            if len(self._edges) >= self._limit:
                return
            self._edges.append(Edge(self._clock(), active))
            if len(self._edges) == 1 or self._fault:
                self._wake()
        except Exception as error:  # noqa: BLE001  # let out, it would end the notify thread of every pin
            self._fault = repr(error)

    @property
    def waiting(self) -> bool:
        """Whether a `take` would find edges."""
        return bool(self._edges)

    def take(self) -> EdgeBatch[L]:
        """Take all edges since the last `take`. On the actor's thread."""
        edges: list[Edge[L]] = []
        while self._edges and len(edges) < 2 * self._limit:
            edges.append(self._edges.popleft())
        seen = self._seen
        new, self._told = seen - self._told, seen
        fault, self._fault = self._fault, ""
        return EdgeBatch(edges, new, fault)
