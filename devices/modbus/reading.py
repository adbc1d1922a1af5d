"""Reading: the registers that a unit has said → the values that the file names there. Pure."""

import math
from collections.abc import Collection, Sequence

from devices.modbus.frames import UnitAnswer, UnitRequest
from devices.modbus.registers import unsigned, value_of
from devices.modbus.settings import RegisterSettings, UnitSettings
from gateway.actors.vocabulary import Scalar


def names_within(unit: UnitSettings, request: UnitRequest) -> list[str]:
    """The values of a unit that the answer to a request says whole."""
    end = request.first + request.size
    return [name for name, one in unit.values.items() if one.area == request.area and request.first <= one.at <= end - one.size]


def values_within(unit: UnitSettings, names: Collection[str], request: UnitRequest, answer: UnitAnswer) -> dict[str, Scalar | None]:
    """The values of these names that stand in the answer to a request."""
    words = request.values(answer.content)
    found: dict[str, Scalar | None] = {}
    for name in names:
        value = unit.values[name]
        at = value.at - request.first
        found[name] = value_in(value, words[at : at + value.size])
    return found


def value_in(value: RegisterSettings, words: Sequence[int]) -> Scalar | None:
    """The value that stands in its registers; None where the unit has none."""
    if value.is_switch:
        return None if value.bit is not None and words[0] in value.ignore else bool(words[0] >> (value.bit or 0) & 1)
    said = value_of(words, value.type, order=value.words)
    if said is None or isinstance(said, str):
        return said
    if said in value.ignore or (value.type[0] == "i" and unsigned(said, value.type) in value.ignore):
        return None
    number = said if value.scale == 1 and value.offset == 0 else said * value.scale + value.offset
    if not math.isfinite(number):
        return None
    return number if value.precision is None else round(number, value.precision)
