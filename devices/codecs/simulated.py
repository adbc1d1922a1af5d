"""What a simulated device says: plausible values by their names, which follow from the number of the thing that is said.

Numbers swing slowly, within the range that the file gives them, and have two digits before the point: a pattern with `\\d{2}` takes them.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.actors.points import ValueSettings
from gateway.actors.templates import fields_of

USUAL = ("temperature_c", "humidity_pct")
"""What is said where nobody wants anything of its own."""
_MEAN, _SWING = 25.0, 4.9
_PLACE_S = 20

Simulated = Callable[[int], dict[str, Any]]
"""The fields that a number says, by the names in the device's own words."""


def simulated_number(number: int, place: int = 0) -> float:
    """The number that is said in a place of a line."""
    return round(_MEAN + _SWING * math.sin(number / _PLACE_S + place), 1)


def simulated_fields(number: int, names: Iterable[str]) -> dict[str, Any]:
    """A number for each name."""
    return {name: simulated_number(number, place) for place, name in enumerate(names)}


def wanted_fields(values: Mapping[str, ValueSettings], to: str = "") -> Simulated:
    """What a device says of which the file wants these values, and whose address has fields of it."""
    named = dict.fromkeys(fields_of(to), "simulated")
    wanted = [(one.source or name, one) for name, one in values.items()]

    def said(number: int) -> dict[str, Any]:
        return {**named, **{source: _value(one, number, place) for place, (source, one) in enumerate(wanted)}}

    return said


def nested(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with their dots as tables: `DS18B20.Temperature` is a field of a table. One whose way is taken is left out."""
    found: dict[str, Any] = {}
    for path, value in fields.items():
        *ways, last = path.split(".")
        table: Any = found
        for way in ways:
            table = table.setdefault(way, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table.setdefault(last, value)
    return found


def _value(one: ValueSettings, number: int, place: int) -> Any:
    """A value as the device would say it, before the file's scale."""
    for words in (one.on, one.off):
        if words:
            on, off = _first(one.on, default=True), _first(one.off, default=False)
            return off if (number + place) % 2 else on
    if one.type == "boolean":
        return (number + place) % 2 == 0
    if one.type == "text":
        return "simulated"
    if one.valid is None:
        return simulated_number(number, place)
    least, most = one.valid
    value = (least + most) / 2 + (most - least) / 3 * math.sin(number / _PLACE_S + place)
    return round((value - one.offset) / (one.scale or 1.0), 3)


def _first(words: Any, *, default: bool) -> Any:
    if words is None:
        return default
    return words[0] if isinstance(words, list) else words
