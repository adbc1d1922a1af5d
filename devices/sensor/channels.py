"""Channels: the files in which the kernel has what a sensor measures → values by name, in the units that the ends of the names say.

hwmon has whole numbers of thousandths (temp1_input), iio a number or its raw parts: (in_voltage0_raw + offset) * scale.
Source: Linux, Documentation/hwmon/sysfs-interface.rst and Documentation/ABI/testing/sysfs-bus-iio.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from gateway.actors.errors import GatewayError

Text = Callable[[str], str]
"""Gives what stands in a file of the sensor's folder, by the file's name. Raises OSError."""

MOST = 64
"""How many values one report takes."""


class Quantity(NamedTuple):
    """What a kind of channel measures: the begin and the end of its value's name, and what the kernel's number is multiplied by."""

    name: str
    suffix: str
    factor: float


_OF_HWMON = {
    "temp": Quantity("temperature", "_c", 1e-3),
    "humidity": Quantity("humidity", "_rh", 1e-3),
    "in": Quantity("voltage", "_v", 1e-3),
    "curr": Quantity("current", "_a", 1e-3),
    "power": Quantity("power", "_w", 1e-6),
    "energy": Quantity("energy", "_wh", 1e-6 / 3600),
}
_OF_IIO = {
    "temp": Quantity("temperature", "_c", 1e-3),
    "humidityrelative": Quantity("humidity", "_rh", 1e-3),
    "pressure": Quantity("pressure", "_hpa", 10.0),
    "illuminance": Quantity("illuminance", "_lx", 1.0),
    "voltage": Quantity("voltage", "_v", 1e-3),
    "current": Quantity("current", "_a", 1e-3),
    "power": Quantity("power", "_w", 1e-3),
    "distance": Quantity("distance", "_m", 1.0),
    "concentration_co2": Quantity("co2", "_ppm", 1e4),
    "concentration_voc": Quantity("voc", "_ppb", 1e7),
}
_HWMON_FILE = re.compile(r"([a-z]{2,8})([0-9]{1,3})_(input|average)")
_IIO_FILE = re.compile(r"in_([a-z]{2,20})([0-9]{0,3})(?:-([a-z]{2,20})([0-9]{1,3}))?(?:_([a-z0-9]{1,10}))?_(input|raw)")


class NoValue(GatewayError, ValueError):
    """Raised where what the kernel has for a sensor is no value."""


class SensorChannel(NamedTuple):
    """One value of a sensor, and the files that it is made of."""

    name: str
    file: str
    factor: float
    scales: tuple[str, ...] = ()
    """Where a raw number's scale may stand, the one that is only its own first; none: the number is whole."""
    offsets: tuple[str, ...] = ()

    def read(self, text: Text) -> float:
        """Read the value. Raises OSError where the sensor does not answer, NoValue where it says no number."""
        number = number_of(text(self.file), self.file)
        if self.scales:
            number = (number + _first(text, self.offsets, 0.0)) * _first(text, self.scales, 1.0)
        value = round(number * self.factor, 6)
        if not math.isfinite(value):
            raise NoValue(f"{self.file} is not finite")
        return value


def number_of(text: str, file: str) -> float:
    """The number that stands in a file. Raises NoValue."""
    try:
        number = float(text.strip())
    except ValueError:
        raise NoValue(f"{file} holds {text.strip()[:40]!r}, which is no number") from None
    if not math.isfinite(number):
        raise NoValue(f"{file} holds {text.strip()[:40]!r}, which is no number")
    return number


def channels_in(files: Collection[str]) -> list[SensorChannel]:
    """The channels of a sensor whose folder has these files, at most as many as one report takes."""
    found = sorted([*_of_hwmon(files), *_of_iio(files)], key=lambda one: one[:2])
    several = Counter(quantity for quantity, *_ in found)
    channels = [made._replace(name=_named(quantity, which, alone=several[quantity] == 1)) for quantity, which, made in found]
    return channels[:MOST]


_Found = tuple[Quantity, tuple[int, str], SensorChannel]


def _named(quantity: Quantity, which: tuple[int, str], *, alone: bool) -> str:
    number, more = which
    own = more if alone or more[:1].isdigit() else f"{number if number >= 0 else ''}{more}"
    return f"{quantity.name}{own}{quantity.suffix}"


def _of_hwmon(files: Collection[str]) -> Iterator[_Found]:
    for file in files:
        said = _HWMON_FILE.fullmatch(file)
        if said and (quantity := _OF_HWMON.get(said[1])) and (said[3] == "input" or f"{said[1]}{said[2]}_input" not in files):
            yield quantity, (int(said[2]), ""), SensorChannel("", file, quantity.factor)


def _of_iio(files: Collection[str]) -> Iterator[_Found]:
    for file in files:
        said = _IIO_FILE.fullmatch(file)
        if not said or (said[6] == "raw" and f"{file.removesuffix('_raw')}_input" in files):
            continue
        kind, number, other, other_number, word = said[1], said[2], said[3], said[4], said[5] or ""
        quantity = _OF_IIO.get(f"{kind}_{word}") or _OF_IIO.get(kind)
        if quantity is None:
            continue
        own = "" if f"{kind}_{word}" in _OF_IIO else word
        which = int(number) if number else -1, f"{number}_{other_number}" if other else own and f"_{own}"
        if said[6] == "input":
            yield quantity, which, SensorChannel("", file, quantity.factor)
            continue
        whole = file.removesuffix("_raw")
        general = f"in_{kind}-{other}" if other else f"in_{kind}"
        places = dict.fromkeys((whole, f"in_{kind}{number}", f"in_{kind}_{word}" if word else general, general, f"in_{kind}"))
        yield quantity, which, SensorChannel("", file, quantity.factor, *(_there(places, end, files) for end in ("_scale", "_offset")))


def _there(places: Collection[str], end: str, files: Collection[str]) -> tuple[str, ...]:
    """The files with this end that there are; a raw number without a scale is said by its own file's name, which is not there."""
    there = tuple(f"{place}{end}" for place in places if f"{place}{end}" in files)
    return there or ((f"{next(iter(places))}{end}",) if end == "_scale" else ())


def _first(text: Text, files: Collection[str], otherwise: float) -> float:
    for file in files:
        try:
            return number_of(text(file), file)
        except FileNotFoundError:
            continue
    return otherwise
