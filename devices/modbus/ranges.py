"""Ranges: the values of a unit → the fewest requests that read them all. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from devices.modbus.frames import Area
from devices.modbus.settings import RegisterSettings

BITS_PER_REGISTER = 16


class Range(NamedTuple):
    """Registers, or bits, that are read by one request, and the names of the values in them."""

    area: Area
    first: int
    size: int
    names: tuple[str, ...]


def ranges_of(values: Mapping[str, RegisterSettings], *, most: int, gap: int) -> list[Range]:
    """The ranges that hold all values, each of at most `most` registers, with at most `gap` registers in a row that nobody asked for."""
    found: list[Range] = []
    for name, value in sorted(values.items(), key=lambda item: (item[1].area, item[1].at)):
        last = found[-1] if found else None
        if last is not None and last.area == value.area:
            end = max(last.first + last.size, value.at + value.size)
            limit = most * (BITS_PER_REGISTER if value.area in ("coil", "discrete") else 1)
            if value.at - (last.first + last.size) <= gap and end - last.first <= limit:
                found[-1] = Range(last.area, last.first, end - last.first, (*last.names, name))
                continue
        found.append(Range(value.area, value.at, value.size, (name,)))
    return found
