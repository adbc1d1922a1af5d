"""Writing: a value that is to be set → the words that its unit is told. Pure."""

from collections.abc import Sequence

from devices.modbus.registers import limits_of, words_of, words_of_text
from devices.modbus.settings import ModbusSettings, RegisterSettings
from gateway.actors import Refused
from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.vocabulary import Scalar, SetValue


def register_of(settings: ModbusSettings, asked: SetValue) -> RegisterSettings:
    """The register that is to be written. Raises Refused where there is none, or it is only read."""
    unit = settings.units.get(asked.unit)
    if unit is None:
        raise Refused(f"cannot write: there is no unit {asked.unit!r} here; {did_you_mean(asked.unit, settings.units)}")
    writable = [name for name, value in unit.values.items() if value.writable]
    if asked.name not in unit.values:
        raise Refused(f"cannot write: {asked.unit} has no value {asked.name!r} that is written; {did_you_mean(asked.name, writable)}")
    if asked.name not in writable:
        raise Refused(f"cannot write {asked.name} of {asked.unit}: it is only read; set writable = true where the device takes it")
    return unit.values[asked.name]


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
