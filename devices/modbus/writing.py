"""Writing: values that are to be set → the words that their unit is told. Pure."""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from devices.modbus.frames import UnitRequest
from devices.modbus.registers import limits_of, words_of, words_of_text
from devices.modbus.settings import ModbusSettings, RegisterSettings
from gateway.actors import Refused
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.vocabulary import Scalar

REGISTERS_TOGETHER = 123
"""How many registers one request writes at most."""


class WritePlace(NamedTuple):
    """What one request writes: values of a unit whose registers, or coils, stand next to each other."""

    name: str
    """The unit, as the file names it."""
    unit: int
    registers: dict[str, RegisterSettings]
    """The values by their names, in the order of their registers."""

    @property
    def what(self) -> str:
        """What is written, as people say it."""
        return f"{', '.join(self.registers)} of {self.name}"

    @property
    def reading(self) -> UnitRequest:
        """The request that reads what stands there."""
        first = next(iter(self.registers.values()))
        return UnitRequest(self.unit, first.area, first.at, sum(register.size for register in self.registers.values()))

    def parts(self, words: Sequence[int]) -> dict[str, list[int]]:
        """The words of each value, out of those that stand there."""
        at = self.reading.first
        return {name: list(words[one.at - at : one.at - at + one.size]) for name, one in self.registers.items()}

    def words(self, values: Mapping[str, Scalar], before: Sequence[int]) -> tuple[int, ...]:
        """The words that are to stand there, in place of those from before. Raises Refused with what a value takes."""
        found: list[int] = []
        for name, held in self.parts(before).items():
            try:
                found += words_to_write(self.registers[name], values[name], held)
            except ValueError as error:
                raise Refused(f"cannot write {values[name]!r} to {name} of {self.name}: {error}") from None
        return tuple(found)

    def missed(self, words: Sequence[int], wanted: Sequence[int]) -> list[str]:
        """The values that are not what was wanted, by their names."""
        asked = self.parts(wanted)
        return [name for name, held in self.parts(words).items() if not stands(self.registers[name], held, asked[name])]


def place_of(settings: ModbusSettings, unit: str, names: Collection[str]) -> WritePlace:
    """Where values stand that are to be written by one request. Raises Refused where one cannot be written, or they stand apart."""
    registers = sorted(((name, _register_of(settings, unit, name)) for name in names), key=lambda one: one[1].at)
    place = WritePlace(unit, settings.units[unit].unit, dict(registers))
    for (before, one), (after, next_one) in pairwise(registers):
        if one.bit is not None or next_one.bit is not None:
            raise Refused(f"cannot write {place.what} together: a bit is written with its whole register; write it alone")
        if one.area != next_one.area or one.at + one.size != next_one.at:
            stands_at = f"{before} is {one.area} {one.at}, and {after} {next_one.area} {next_one.at}"
            raise Refused(f"cannot write {place.what} together: {stands_at}, which are no neighbours; write them one by one")
    if place.reading.area != "coil" and place.reading.size > REGISTERS_TOGETHER:
        raise Refused(f"cannot write {place.what} together: one request takes {REGISTERS_TOGETHER} registers; write fewer at a time")
    return place


def _register_of(settings: ModbusSettings, of: str, name: str) -> RegisterSettings:
    """The register that is to be written. Raises Refused where there is none, or it is only read."""
    unit = settings.units.get(of)
    if unit is None:
        raise Refused(f"cannot write: there is no unit {of!r} here; {did_you_mean(of, settings.units)}")
    writable = [one for one, value in unit.values.items() if value.writable]
    if name not in unit.values:
        raise Refused(f"cannot write: {of} has no value {name!r} that is written; {did_you_mean(name, writable)}")
    if name not in writable:
        raise Refused(f"cannot write {name} of {of}: it is only read; set writable = true where the device takes it")
    return unit.values[name]


def words_to_write(register: RegisterSettings, value: Scalar, before: Sequence[int]) -> tuple[int, ...]:
    """The words that are to stand there; `before` stands there now, and keeps its other bits. Raises ValueError with what it takes."""
    if register.is_switch:
        if value not in (0, 1):
            raise ValueError("it is on or off; write true or false")
        if register.bit is None:
            return (int(bool(value)),)
        return (before[0] | 1 << register.bit if value else before[0] & ~(1 << register.bit),)
    if register.type == "text":
        if not isinstance(value, str):
            raise ValueError("it is a text; write one")
        return tuple(words_of_text(value, length=register.length))
    if isinstance(value, bool | str):
        raise ValueError("it is a number; write one")  # noqa: TRY004  # pydantic let it in: it is the file that wants a number
    return tuple(words_of(_raw(register, value), register.type, order=register.words, length=0))


def stands(register: RegisterSettings, words: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether a value is what was wanted; of a bit, whatever became of the others of its register."""
    if register.bit is not None:
        return not (words[0] ^ wanted[0]) >> register.bit & 1
    return list(words) == list(wanted)


def _raw(register: RegisterSettings, value: float) -> float:
    """The number that stands for a value. Raises ValueError where it is not within the limits."""
    limits = register.writable if isinstance(register.writable, list) else None
    if limits is not None and not limits[0] <= value <= limits[1]:
        raise ValueError(f"it takes {limits[0]:g} to {limits[1]:g}")
    raw = value if register.scale == 1 and register.offset == 0 else (value - register.offset) / register.scale
    low, high = limits_of(register.type)
    if not low <= raw <= high:
        ends = sorted(end * register.scale + register.offset for end in (low, high))
        raise ValueError(f"it takes {ends[0]:g} to {ends[1]:g}, by its type {register.type}")
    return raw
