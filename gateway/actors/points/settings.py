"""The table of values of an input, as the file writes it: which field of a message each value is, and what is known of it.

[serial.boiler.values]
temperature_c = {from = "DS18B20.Temperature", valid = [-40, 80], ignore = [85.0, -127.0], deadband = 0.1}
pump = {from = "pump", on = "RUN", off = "STOP", class = "running"}
pressure_bar = "p"
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.points.classes import BOOLEANS, CLASSES, NUMBERS, STATE_CLASSES, plain_unit, usual_state_class
from gateway.actors.points.point import Point, ValueType
from gateway.actors.points.suffixes import Meaning, meaning_of

Scalar = bool | int | float | str
Words = Scalar | list[Scalar]
"""One word, number or truth value, or a list of them."""

MOST_VALUES = 64
"""How many values one report takes."""
_NUMERIC = ("scale", "offset", "valid", "precision", "deadband", "state_class")
"""Keys that only a number can have."""


_NAME_AT_MOST = 128


class Misfit(ValueError):
    """Raised where what is said of a value does not fit together."""


class ValueSettings(BaseModel):
    """One value of an input. A text alone is short for `{from = "…"}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str = Field(default="", alias="from", max_length=256)
    """The field that it is; dots go into tables, numbers into lists: `DS18B20.Temperature`, `relays.0`. Default: the value's own name."""
    type: Literal["number", "boolean", "text"] | None = None
    """What it is, where the other keys do not say it. A text that reads as a number is taken for a number."""
    scale: float = 1.0
    """The field's number times this, plus `offset`, is the value. The keys below are in the value's unit, not the field's."""
    offset: float = 0.0
    precision: int | None = Field(default=None, ge=0, le=9)
    """To how many decimals it is rounded."""
    unit: str | None = Field(default=None, max_length=32)
    """Default: what the end of its name says (`_c`, `_hpa`, `_kwh`, ...)."""
    device_class: str | None = Field(default=None, alias="class")
    """What it measures: temperature, humidity, door ... Default: what its name says, or the end of it."""
    state_class: str | None = None
    """How a number goes on: measurement, total, or total_increasing for a meter. Default: what is usual for its class."""
    valid: list[float] | None = Field(default=None, min_length=2, max_length=2)
    """[least, most]: outside it the value is reported as bad."""
    ignore: list[Scalar] = Field(default=[], max_length=64)
    """What is no value at all, as 85.0 of a DS18B20 that has just got its power: it is left out."""
    deadband: float = Field(default=0.0, ge=0)
    """A number that has changed by less than this is taken for unchanged."""
    on: Words | None = None
    """The field's words for on, and"""
    off: Words | None = None
    """for off. Default: true, 1 and on, open, yes, high, active; false, 0 and off, closed, no, low, inactive; in any case of letters."""

    @model_validator(mode="before")
    @classmethod
    def _may_be_short(cls, said: Any) -> Any:
        return {"from": said} if isinstance(said, str) else said

    @field_validator("source")
    @classmethod
    def _is_path(cls, source: str) -> str:
        if source and not all(source.split(".")):
            raise ValueError(f"cannot read {source!r} as the name of a field: a dot stands between two names; take the other dots out")
        return source

    @field_validator("unit")
    @classmethod
    def _is_unit(cls, unit: str | None) -> str | None:
        return unit if unit is None else plain_unit(unit)

    @field_validator("device_class")
    @classmethod
    def _is_class(cls, name: str | None) -> str | None:
        if name and name not in CLASSES:
            raise ValueError(f"there is no class {name!r}; {did_you_mean(name, CLASSES)}")
        return name

    @field_validator("state_class")
    @classmethod
    def _is_state_class(cls, name: str | None) -> str | None:
        if name and name not in STATE_CLASSES:
            raise ValueError(f"there is no state class {name!r}; {did_you_mean(name, STATE_CLASSES)}")
        return name

    @field_validator("valid")
    @classmethod
    def _is_range(cls, valid: list[float] | None) -> list[float] | None:
        if valid and valid[0] > valid[1]:
            raise ValueError(f"no value would be valid: {valid[0]:g} is more than {valid[1]:g}; write the least first")
        return valid

    @model_validator(mode="after")
    def _is_one_type(self) -> Self:
        numeric = sorted(self.model_fields_set.intersection(_NUMERIC), key=_NUMERIC.index)
        if (self.on is None) is not (self.off is None):
            raise ValueError("'on' and 'off' belong together; give both")
        if self.on is not None and (self.type or "boolean") != "boolean":
            raise ValueError(f"'on' and 'off' are for a boolean; take them out, or type = {self.type!r}")
        if numeric and (self.on is not None or self.type in ("boolean", "text")):
            raise ValueError(f"'{numeric[0]}' is for a number; take it out")
        if self.scale == 0:
            raise ValueError("scale: every value would be the same; write a number that is not 0")
        return self

    @model_validator(mode="after")
    def _has_words_apart(self) -> Self:
        both = [word for word in words_of(self.on) for other in words_of(self.off) if type(word) is type(other) and word == other]
        if both:
            raise ValueError(f"{both[0]!r} cannot be both on and off; take it out of one of them")
        return self

    def type_of(self, name: str) -> ValueType:
        """What the value is, by all that is said of it."""
        said = self.device_class or ""
        if self.type:
            return ValueType(self.type)
        if self.on is not None or (said in BOOLEANS and said not in NUMBERS):
            return ValueType.BOOLEAN
        numeric = self.model_fields_set.intersection(_NUMERIC) or said in NUMBERS or self.unit
        return ValueType.NUMBER if numeric or (self.unit is None and meaning_of(name).unit) else ValueType.ANY

    def point(self, name: str) -> Point:
        """The point of this value. Raises Misfit where its unit does not fit its class."""
        type, (unit, device_class, state_class) = self.type_of(name), self.meaning(name)
        low, high = self.valid or (None, None)
        limits = {"low": low, "high": high, "precision": self.precision, "deadband": self.deadband}
        return Point(name=name, type=type, unit=unit, device_class=device_class, state_class=state_class).changed(**limits)

    def meaning(self, name: str) -> Meaning:
        """Its unit, its class, and how it goes on. Raises Misfit where these do not fit each other; the text goes on behind its name."""
        type = self.type_of(name)
        if type is not ValueType.NUMBER:
            return self._other_meaning(type)
        said = meaning_of(name)
        unit = said.unit if self.unit is None else self.unit
        device_class = _fitting(said.device_class or name.lower(), unit) if self.device_class is None else self.device_class
        if self.unit is None and not unit and device_class in NUMBERS and len(NUMBERS[device_class].units) == 1:
            unit = NUMBERS[device_class].units[0]
        _check_pair(device_class, unit, self.state_class)
        usual = said.state_class if said.state_class in _allowed(device_class) else usual_state_class(device_class, unit)
        return Meaning(unit, device_class, self.state_class or usual)

    def _other_meaning(self, type: ValueType) -> Meaning:
        device_class = self.device_class or ""
        if type is ValueType.TEXT and device_class:
            raise Misfit(f".class: a text has no class; take {device_class!r} out")
        if self.unit:
            raise Misfit(f".unit: what is {type.value} has no unit; take {self.unit!r} out")
        if type is ValueType.BOOLEAN and device_class and device_class not in BOOLEANS:
            raise Misfit(f".class: {device_class!r} is for numbers, and this is a boolean; {did_you_mean(device_class, BOOLEANS)}")
        return Meaning("", device_class)


class _OrText:
    """Tells editors that a text may stand in the place of a table."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


ValueTable = dict[str, Annotated[ValueSettings, _OrText()]]
"""The table `values` of an input."""


def words_of(said: Words | None) -> list[Scalar]:
    """The words that a key names: one, a list of them, or none."""
    if said is None:
        return []
    return said if isinstance(said, list) else [said]


def check_values(values: Mapping[str, ValueSettings], *, key: str = "values") -> None:
    """Raise ValueError unless each name can be one of a value, and each unit fits its class: a line for each mistake, which begins with
    its key. Call it in a validator of the model whose table `key` it is."""
    mistakes = []
    if len(values) > MOST_VALUES:
        mistakes.append(f"{key}: {len(values)} values are given, and one report takes {MOST_VALUES}; leave some out")
    for name, value in values.items():
        try:
            if not name.strip() or len(name) > _NAME_AT_MOST or not name.isprintable():
                raise Misfit(f": cannot use {name[:40]!r} as the name of a value; write 1 to {_NAME_AT_MOST} printable characters")
            value.meaning(name)
        except Misfit as error:
            mistakes.append(f"{key}.{name}{error}")
    if mistakes:
        raise ValueError("\n".join(mistakes))


def points_of(values: Mapping[str, ValueSettings]) -> tuple[Point, ...]:
    """The points of a table of values."""
    return tuple(value.point(name) for name, value in values.items())


def _fitting(device_class: str, unit: str) -> str:
    """The class that a name says, unless the file gives the value a unit which does not fit it."""
    return device_class if device_class in NUMBERS and unit in NUMBERS[device_class].units else ""


def _allowed(device_class: str) -> tuple[str, ...]:
    return NUMBERS[device_class].state_classes if device_class in NUMBERS else STATE_CLASSES


def _check_pair(device_class: str, unit: str, state_class: str | None) -> None:
    """Raise Misfit unless Home Assistant takes a unit and a state class with a class."""
    if device_class and device_class not in NUMBERS:
        raise Misfit(f".class: {device_class!r} is for booleans, and this is a number; {did_you_mean(device_class, NUMBERS)}")
    if device_class and unit not in NUMBERS[device_class].units:
        units = [one or "no unit" for one in NUMBERS[device_class].units]
        seen = f"does not take the unit {unit!r}" if unit else "needs a unit"
        raise Misfit(f".unit: the class {device_class} {seen}; write {', '.join(units[:-1])}{' or ' if units[:-1] else ''}{units[-1]}")
    if state_class and state_class not in _allowed(device_class):
        raise Misfit(f".state_class: the class {device_class} does not take {state_class}; write {' or '.join(_allowed(device_class))}")
