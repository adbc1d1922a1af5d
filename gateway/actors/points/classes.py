"""Classes: what kind of thing a value measures, and the units that each class may have.

The measure is Home Assistant, where most values are shown in the end: it drops a sensor whose unit does not fit its class. So only
pairs stand here that every release since 2025 takes.
Source: Home Assistant, developer documentation, "Sensor entity" and "Binary sensor entity" (device classes).
"""

from typing import NamedTuple

MEASUREMENT, TOTAL, INCREASING = "measurement", "total", "total_increasing"
STATE_CLASSES = (MEASUREMENT, TOTAL, INCREASING)
"""How a number goes on: as it is now; as a sum that may fall; as a sum that only grows, or begins again at 0."""

_VOLUMES = ("L", "m³", "mL", "ft³", "CCF", "gal")
_LENGTHS = ("m", "mm", "cm", "km", "in", "ft", "yd", "mi")
_PRESSURES = ("hPa", "Pa", "kPa", "bar", "cbar", "mbar", "mmHg", "inHg", "psi")
_SPEEDS = ("m/s", "km/h", "mm/s", "ft/s", "mph", "kn")
_FLUXES = ("mm/h", "mm/d", "in/h", "in/d")
_ENERGIES = ("kWh", "Wh", "MWh", "GJ", "MJ", "J", "kJ")
_MICROGRAMS = ("μg/m³",)
_NOW = (MEASUREMENT,)
_SUMS = (INCREASING, TOTAL)
_ANY = STATE_CLASSES


class NumberClass(NamedTuple):
    """What a class of numbers allows; the first of each is the usual one."""

    units: tuple[str, ...]
    """The units; the empty one where a value of this class has none."""
    state_classes: tuple[str, ...] = _NOW


NUMBERS: dict[str, NumberClass] = {
    "apparent_power": NumberClass(("VA",)),
    "aqi": NumberClass(("",)),
    "area": NumberClass(("m²", "cm²", "km²", "mm²", "in²", "ft²", "yd²", "mi²", "ac", "ha"), _ANY),
    "atmospheric_pressure": NumberClass(_PRESSURES),
    "battery": NumberClass(("%",)),
    "carbon_dioxide": NumberClass(("ppm",)),
    "carbon_monoxide": NumberClass(("ppm",)),
    "conductivity": NumberClass(("μS/cm", "mS/cm", "S/cm")),
    "current": NumberClass(("A", "mA")),
    "data_rate": NumberClass(("kbit/s", "bit/s", "Mbit/s", "Gbit/s", "B/s", "kB/s", "MB/s", "GB/s")),
    "data_size": NumberClass(("MB", "bit", "kbit", "Mbit", "Gbit", "B", "kB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"), _ANY),
    "distance": NumberClass(_LENGTHS, _ANY),
    "duration": NumberClass(("s", "ms", "min", "h", "d"), _ANY),
    "energy": NumberClass(_ENERGIES, _SUMS),
    "energy_storage": NumberClass(_ENERGIES),
    "frequency": NumberClass(("Hz", "kHz", "MHz", "GHz")),
    "gas": NumberClass(("m³", "ft³", "CCF"), _SUMS),
    "humidity": NumberClass(("%",)),
    "illuminance": NumberClass(("lx",)),
    "irradiance": NumberClass(("W/m²",)),
    "moisture": NumberClass(("%",)),
    "nitrogen_dioxide": NumberClass(_MICROGRAMS),
    "nitrogen_monoxide": NumberClass(_MICROGRAMS),
    "ozone": NumberClass(_MICROGRAMS),
    "ph": NumberClass(("",)),
    "pm1": NumberClass(_MICROGRAMS),
    "pm10": NumberClass(_MICROGRAMS),
    "pm25": NumberClass(_MICROGRAMS),
    "power": NumberClass(("W", "kW", "MW")),
    "power_factor": NumberClass(("", "%")),
    "precipitation": NumberClass(("mm", "cm", "in"), _ANY),
    "precipitation_intensity": NumberClass(_FLUXES),
    "pressure": NumberClass(_PRESSURES),
    "reactive_power": NumberClass(("var",)),
    "signal_strength": NumberClass(("dBm", "dB")),
    "sound_pressure": NumberClass(("dB", "dBA")),
    "speed": NumberClass((*_SPEEDS, *_FLUXES)),
    "sulphur_dioxide": NumberClass(_MICROGRAMS),
    "temperature": NumberClass(("°C", "°F", "K")),
    "volatile_organic_compounds": NumberClass(_MICROGRAMS),
    "volatile_organic_compounds_parts": NumberClass(("ppb", "ppm")),
    "voltage": NumberClass(("V", "mV")),
    "volume": NumberClass(_VOLUMES, _SUMS),
    "volume_flow_rate": NumberClass(("m³/h", "L/min", "ft³/min", "gal/min")),
    "volume_storage": NumberClass(_VOLUMES),
    "water": NumberClass(("m³", "L", "ft³", "CCF", "gal"), _SUMS),
    "weight": NumberClass(("kg", "g", "mg", "μg", "oz", "lb", "st"), _ANY),
    "wind_speed": NumberClass(_SPEEDS),
}
"""The classes of numbers."""

BOOLEANS = frozenset(
    (
        *("battery", "battery_charging", "carbon_monoxide", "cold", "connectivity", "door", "garage_door", "gas", "heat", "light", "lock"),
        *("moisture", "motion", "moving", "occupancy", "opening", "plug", "power", "presence", "problem", "running", "safety", "smoke"),
        *("sound", "tamper", "update", "vibration", "window"),
    )
)
"""The classes of values that are on or off. On means what is worth a word: open, wet, a motion, a fault."""

CLASSES = frozenset((*NUMBERS, *BOOLEANS))


def plain_unit(unit: str) -> str:
    """A unit as it is compared: of the two signs for micro, which look the same, the Greek letter."""
    return unit.replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}")


def usual_state_class(device_class: str, unit: str) -> str:
    """How a number of a class goes on, where nobody says it: what has a unit is as it is now; empty where nothing is known."""
    if device_class in NUMBERS:
        return NUMBERS[device_class].state_classes[0] if device_class not in _MEASURED else MEASUREMENT
    return MEASUREMENT if unit else ""


_MEASURED = frozenset(name for name, row in NUMBERS.items() if MEASUREMENT in row.state_classes)
