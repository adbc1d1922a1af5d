"""Suffixes: the end of a value's name says its unit, and mostly its class: `outside_temperature_c`, `supply_v`, `rain_mm`.

What stands behind the last underscore counts, or behind one before it: `flow_l_per_min`, `wind_avg_km_h`. Endings that as often mean
something else are left out (`_min`, `_h`, `_g`); a value whose name only looks so (`phase_a`) is given `unit = ""` in the file.
`_pct`, `_m3` and `_l` say no class: a percentage may be a humidity or a battery, a volume water or gas. For those the word before is
looked at: `gas_m3`, `warm_water_m3`, `humidity_pct`. What was counted `yesterday` is no sum that grows.
"""

from functools import lru_cache
from typing import NamedTuple


class Meaning(NamedTuple):
    """What the end of a name says of its value."""

    unit: str = ""
    device_class: str = ""
    state_class: str = ""


NOTHING = Meaning()

SUFFIXES: dict[str, Meaning] = {
    "_c": Meaning("°C", "temperature"),
    "_f": Meaning("°F", "temperature"),
    "_hpa": Meaning("hPa", "atmospheric_pressure"),
    "_mbar": Meaning("mbar", "pressure"),
    "_kpa": Meaning("kPa", "pressure"),
    "_pa": Meaning("Pa", "pressure"),
    "_bar": Meaning("bar", "pressure"),
    "_psi": Meaning("psi", "pressure"),
    "_pct": Meaning("%"),
    "_rh": Meaning("%", "humidity"),
    "_v": Meaning("V", "voltage"),
    "_mv": Meaning("mV", "voltage"),
    "_a": Meaning("A", "current"),
    "_ma": Meaning("mA", "current"),
    "_w": Meaning("W", "power"),
    "_kw": Meaning("kW", "power"),
    "_va": Meaning("VA", "apparent_power"),
    "_var": Meaning("var", "reactive_power"),
    "_kwh": Meaning("kWh", "energy"),
    "_wh": Meaning("Wh", "energy"),
    "_hz": Meaning("Hz", "frequency"),
    "_lx": Meaning("lx", "illuminance"),
    "_lux": Meaning("lx", "illuminance"),
    "_wm2": Meaning("W/m²", "irradiance"),
    "_ppm": Meaning("ppm", "carbon_dioxide"),
    "_ppb": Meaning("ppb", "volatile_organic_compounds_parts"),
    "_db": Meaning("dB", "sound_pressure"),
    "_dbm": Meaning("dBm", "signal_strength"),
    "_m": Meaning("m", "distance"),
    "_mm": Meaning("mm", "distance"),
    "_cm": Meaning("cm", "distance"),
    "_km": Meaning("km", "distance"),
    "_mps": Meaning("m/s", "speed"),
    "_m_s": Meaning("m/s", "speed"),
    "_kmh": Meaning("km/h", "speed"),
    "_km_h": Meaning("km/h", "speed"),
    "_mi_h": Meaning("mph", "speed"),
    "_mmh": Meaning("mm/h", "precipitation_intensity"),
    "_mm_h": Meaning("mm/h", "precipitation_intensity"),
    "_ms": Meaning("ms", "duration"),
    "_s": Meaning("s", "duration"),
    "_kg": Meaning("kg", "weight"),
    "_m3": Meaning("m³", "", "total_increasing"),
    "_l": Meaning("L", "", "total_increasing"),
    "_lpm": Meaning("L/min", "volume_flow_rate"),
    "_l_per_min": Meaning("L/min", "volume_flow_rate"),
    "_l_per_h": Meaning("L/h"),
    "_m3h": Meaning("m³/h", "volume_flow_rate"),
    "_m3_per_h": Meaning("m³/h", "volume_flow_rate"),
    "_gj": Meaning("GJ", "energy"),
    "_kvarh": Meaning("kvarh", "", "total_increasing"),
    "_ah": Meaning("Ah"),
    "_bytes": Meaning("B", "data_size"),
    "_deg": Meaning("°"),
    "_count": Meaning("", "", "total_increasing"),
}
"""What each suffix says. A class is given where nearly every value of that name has it."""

ENDINGS: dict[str, Meaning] = {
    "gas_m3": Meaning("m³", "gas", "total_increasing"),
    "water_m3": Meaning("m³", "water", "total_increasing"),
    "water_l": Meaning("L", "water", "total_increasing"),
    "rain_mm": Meaning("mm", "precipitation", "total_increasing"),
    "humidity_pct": Meaning("%", "humidity"),
    "battery_pct": Meaning("%", "battery"),
    "moisture_pct": Meaning("%", "moisture"),
    "power_factor": Meaning("", "power_factor"),
}
"""What two words at the end of a name say together; they are looked for first."""

NAMES: dict[str, Meaning] = {"humidity": Meaning("%", "humidity"), "relative_humidity": Meaning("%", "humidity")}
"""Names that say it as they are, for nobody means another unit by them."""

_GROWS = ("energy", "gas", "water", "precipitation")
_WORDS_AT_MOST = 3


@lru_cache(maxsize=1024)
def meaning_of(name: str) -> Meaning:
    """What the end of a value's name says of it. The case of the letters says nothing: `Power_W` is as good as `power_w`."""
    plain = name.lower()
    words = plain.split("_")
    found = NAMES.get(plain) or ENDINGS.get("_".join(words[-2:])) or SUFFIXES.get(suffix_of(plain), NOTHING)
    if "yesterday" in words and (found.device_class in _GROWS or found.state_class):
        return Meaning(found.unit, "", "measurement")
    return found


def suffix_of(name: str) -> str:
    """The longest suffix that a name ends with; empty where it has none, or is nothing else."""
    words = name.lower().rsplit("_", _WORDS_AT_MOST)
    ends = ("_" + "_".join(words[at:]) for at in range(1, len(words)))
    return next((end for end in ends if end in SUFFIXES and len(end) < len(name)), "")
