"""A point: one value that a device has, with all that is known of it before it is read.

Devices and the tables of values in the file say points (`Settings.points`); twins, alarms, discovery and pages read them.
"""

import enum
from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.actors.models import Model
from gateway.actors.points.classes import usual_state_class
from gateway.actors.points.suffixes import meaning_of


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
