"""A point: one value that a device has, with all that is known of it before it is read.

Devices and the tables of values in the file say points (`Settings.points`); twins, alarms, discovery and pages read them.
"""

import enum
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.actors.models import Model
from gateway.actors.points.classes import usual_state_class
from gateway.actors.points.suffixes import meaning_of

if TYPE_CHECKING:
    from gateway.actors.points.shown import Shown

_REMEMBERED = 4096
_FIELD = re.compile(r"\{[^{}]*\}")


class ValueType(enum.Enum):
    """What a value is."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    PLACE = "place"
    """Where something is: `latitude_deg`, `longitude_deg` and, where it is known, `accuracy_m` stand beside each other."""
    ANY = "any"
    """Nobody has said, and none has come yet."""


class Point(Model):
    """One value of a device: what it is called, and what is known of it."""

    name: str
    """The name of the value in reports and in the twin."""
    type: ValueType = ValueType.ANY
    unit: str = ""
    device_class: str = ""
    """What it measures, by a word of `classes.py`; empty: nobody knows."""
    state_class: str = ""
    """How a number goes on: see `STATE_CLASSES`."""
    low: float | None = None
    """The least that it can be, in its unit."""
    high: float | None = None
    precision: int | None = None
    """How many decimals are worth showing."""
    deadband: float = 0.0
    """A number that has changed by less than this has not changed, in its unit."""
    on_change: bool = False
    """Whether it is said only when it changes, so that its silence says nothing."""
    setter: str = ""
    """Id of the actor that sets it; empty: it can only be read."""
    verb: str = ""
    """The verb by which that actor sets it."""
    field: str = ""
    """The field of that verb's payload that takes the value."""
    payload: dict[str, str] = {}
    """What else that payload says."""
    path: tuple[str, ...] = ()
    """Where it stands in what its actor publishes, key by key; empty for a place: right there."""
    under: str = ""
    """What follows the actor's topic where it is published: `/status`."""
    level: str = ""
    """Of a boolean that is set: the name of the value beside it that says how far it is on, as the brightness of a light does."""
    true: tuple[str, ...] = ()
    """Of a boolean that is published as a word: the words for on."""
    options: tuple[str, ...] = ()
    """Of a text: all that it can be, where that is known."""
    diagnostic: bool = False
    """Whether it tells how the gateway or the device is, and not what the device is there for."""


class Given(NamedTuple):
    """Which values one input gives to an actor, by what the file says of them."""

    to: str
    """Id of the actor that has them, or a template of it."""
    names: frozenset[str]
    others: bool
    """Whether it may give others too, which only its messages name."""


Said = Iterable[tuple[str, Iterable[Point]]]
"""Points by the id of the actor that has the values; {fields} in an id stand for any one segment."""

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


def seen_point(name: str, value: Any) -> Point:
    """The point of a value that nobody said before it came: its type is that of the value, and the end of its name says its unit."""
    type = type_of(value)
    if type is not ValueType.NUMBER:
        return Point(name=name, type=type)
    unit, device_class, state_class = meaning_of(name)
    state_class = state_class or usual_state_class(device_class, unit)
    return Point(name=name, type=type, unit=unit, device_class=device_class, state_class=state_class)


def type_of(value: Any) -> ValueType:
    """What a value is, by itself."""
    if isinstance(value, bool):
        return ValueType.BOOLEAN
    if isinstance(value, int | float):
        return ValueType.NUMBER
    return ValueType.TEXT if isinstance(value, str) else ValueType.ANY


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
