"""Values as a twin keeps them: what came, with unit, class and quality by the points that the configuration says. Pure.

Of a value that it says nothing of, the end of the name says unit and class when it first comes as a number.
"""

from collections.abc import Mapping
from typing import Any, NotRequired

from typing_extensions import TypedDict

from gateway.actors.points import Point, seen_point
from gateway.actors.points.suffixes import meaning_of
from gateway.actors.vocabulary import Quality, Report, Scalar

GOOD, MISSING, STALE = Quality.GOOD.value, Quality.MISSING.value, Quality.STALE.value
TRUSTED = (GOOD, Quality.UNCERTAIN.value)

Value = TypedDict(
    "Value",
    {
        "value": Scalar | None,
        "unit": str,
        # Wall time of the reading, milliseconds since 1970: the device's, or the gateway's where the device has none.
        "at_ms": int,
        # A `Quality`, by its word.
        "quality": str,
        # What it measures (temperature, door ...), where that is known.
        "class": NotRequired[str],
    },
)
"""One reported value. `class` is a word of Python's, so it is written so."""


def first_value(name: str, value: Any, said: Point | None) -> Value:
    """What is known of a value that comes for the first time, before it is taken."""
    return _described(said or seen_point(name, value), value, 0, GOOD)


def fit(values: dict[str, Value], before: Mapping[str, Value], report: Report, points: Mapping[str, Point]) -> int:
    """Give the values of a report the units and classes of their points. One that has changed by less than its deadband stays as it was
    before; how many these are is returned. A change of quality is never held back."""
    held = 0
    for name in report.values:
        point = points.get(name)
        if point is None or name not in values:
            continue
        value, old = values[name], before.get(name)
        if value is old:
            continue  # it was older than what is known
        if not _is_as_said(value, point):
            value = values[name] = _described(point, value["value"], value["at_ms"], value["quality"])
        if point.deadband and old is not None and _is_within(point.deadband, old, value):
            values[name] = old
            held += 1
    return held


def stale(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a device that has fallen silent: what was good is stale until it comes again."""
    return {name: {**value, "quality": STALE} if value["quality"] in TRUSTED else value for name, value in values.items()}


def _described(point: Point, value: Any, at_ms: int, quality: str) -> Value:
    """A value with the unit of its point, and the class where that has one."""
    described: Value = {"value": value, "unit": point.unit, "at_ms": at_ms, "quality": quality}
    return {**described, "class": point.device_class} if point.device_class else described


def _is_as_said(value: Value, point: Point) -> bool:
    """Whether a value has the unit and class of its point. A point that says neither leaves what the device says, and takes back only what
    the end of the name said."""
    if not point.unit and not point.device_class:
        return "class" not in value and value["unit"] != meaning_of(point.name).unit
    return value["unit"] == point.unit and value.get("class", "") == point.device_class


def _is_within(deadband: float, old: Value, new: Value) -> bool:
    """Whether a number, in the same unit and of the same quality, has changed by less than its deadband."""
    seen: tuple[Any, Any] = (old["value"], new["value"])
    if old["quality"] != new["quality"] or old["unit"] != new["unit"] or not all(type(one) in (int, float) for one in seen):
        return False
    return abs(float(seen[1]) - float(seen[0])) < deadband
