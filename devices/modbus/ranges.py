"""Ranges: the values of a unit → the fewest requests that read them all. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from devices.modbus.frames import Area
from devices.modbus.settings import RegisterSettings

SPLITS = (2, 3, 4)
"""The exceptions by which units refuse a range of which they would say a part: an address in it, its size, or just so."""
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


def parts_of(span: Range, values: Mapping[str, RegisterSettings]) -> list[Range]:
    """The two ranges that hold a half of the values each, without what lies between them; one value alone stays as it is."""
    middle = len(span.names) // 2
    halves = [names for names in (span.names[:middle], span.names[middle:]) if names]
    return [_range_of(span.area, names, values) for names in halves]


def _range_of(area: Area, names: tuple[str, ...], values: Mapping[str, RegisterSettings]) -> Range:
    first = min(values[name].at for name in names)
    return Range(area, first, max(values[name].at + values[name].size for name in names) - first, names)
