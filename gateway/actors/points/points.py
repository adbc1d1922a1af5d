"""All points that a configuration says, by the actors that have the values: twins, discovery and pages look them up here."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.actors.points.point import Point, Said

if TYPE_CHECKING:
    from gateway.actors.points.shown import Shown

_REMEMBERED = 4096
_FIELD = re.compile(r"\{[^{}]*\}")
_NONE: Mapping[str, Point] = MappingProxyType({})


class Points:
    """Every point that the configuration says. Any thread may read; it is filled at the start, and again at a reload."""

    def __init__(self, said: Said = ()) -> None:
        self._exact: dict[str, dict[str, Point]] = {}
        self._templates: list[tuple[list[list[str]], dict[str, Point]]] = []
        self._found: dict[str, Mapping[str, Point]] = {}
        self.shown: Shown | None = None
        """What can be seen of devices, and who looks; None: nobody does."""
        self.fill(said)

    def __bool__(self) -> bool:
        return bool(self._exact or self._templates)

    def fill(self, said: Said, shown: "Shown | None" = None) -> None:
        """Take these points in the place of all before. Of two of one name, for one actor, the first counts. `shown` is what can be seen of
        devices, where somebody looks."""
        self.shown = shown if shown is not None and shown.readers else None
        exact: dict[str, dict[str, Point]] = {}
        for id, points in said:
            known = exact.setdefault(id, {})
            for point in points:
                known.setdefault(point.name, point)
        self._exact = {id: known for id, known in exact.items() if "{" not in id and known}
        self._templates = [(_segments(id), known) for id, known in exact.items() if "{" in id and known]
        self._found = {}

    def of(self, id: str) -> Mapping[str, Point]:
        """The points of one actor, by the names of its values; none where the configuration says none."""
        found = self._found.get(id)
        return found if found is not None else self._look_up(id)

    @property
    def ids(self) -> list[str]:
        """The actors whose points the configuration says by their whole ids."""
        return sorted(self._exact)

    def _look_up(self, id: str) -> Mapping[str, Point]:
        if not self:
            return _NONE
        known = dict(self._exact.get(id, _NONE))
        for segments, points in self._templates:
            if _fits(segments, id):
                known = {**points, **known}
        if len(self._found) >= _REMEMBERED:
            self._found = {}
        self._found[id] = known
        return known


NO_POINTS = Points()
"""Nothing is said of any value."""


def fits(template: str, id: str) -> bool:
    """Whether an id can have been made of a template, whose {fields} stand for any one segment, or a part of it."""
    return _fits(_segments(template), id)


def _segments(template: str) -> list[list[str]]:
    """A template's segments between slashes, each as the texts around its fields."""
    return [_FIELD.split(segment) for segment in template.split("/")]


def _fits(segments: list[list[str]], id: str) -> bool:
    """Whether an id can have been made of a template: each field stands for one character or more, and for no slash.

    Each text is looked for once, behind the one before it, so an id costs its length; a regular expression would try all ways.
    """
    found = id.split("/")
    return len(found) == len(segments) and all(map(_segment_fits, segments, found))


def _segment_fits(texts: list[str], segment: str) -> bool:
    first, *middle = texts
    if not middle:
        return segment == first
    last = middle.pop()
    at = len(first)
    for text in middle:
        at = segment.find(text, at + 1) + len(text)
        if at < len(text):
            return False
    return segment.startswith(first) and segment.endswith(last) and at < len(segment) - len(last)
