"""Tests of the table of values: what a point is by it, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors.points import Point, ValueSettings, ValueType, check_values, points_of, seen_point
from gateway.actors.points.classes import NUMBERS, STATE_CLASSES
from gateway.actors.points.suffixes import SUFFIXES


def point_of(name: str, row: Any) -> Point:
    return points_of({name: ValueSettings.model_validate(row)})[0]


def mistakes_in(name: str, row: Any) -> str:
    """What is wrong with one value of a table."""
    try:
        check_values({name: ValueSettings.model_validate(row)})
    except ValidationError as error:
        return str(error.errors(include_url=False)[0]["ctx"]["error"])
    except ValueError as error:
        return str(error)
    return ""


def test_the_end_of_a_name_says_unit_and_class() -> None:
    """Suffixes give a number its unit, its class, and how it goes on."""
    point = point_of("outside_temperature_c", "T")
    assert (point.type, point.unit, point.device_class, point.state_class) == (ValueType.NUMBER, "°C", "temperature", "measurement")
    assert (point_of("energy_kwh", {}).device_class, point_of("energy_kwh", {}).state_class) == ("energy", "total_increasing")


@pytest.mark.parametrize(
    ("name", "unit", "device_class", "state_class"),
    [
        ("flow_l_per_min", "L/min", "volume_flow_rate", "measurement"),
        ("flow_m3_per_h", "m³/h", "volume_flow_rate", "measurement"),
        ("wind_avg_m_s", "m/s", "speed", "measurement"),
        ("wind_max_km_h", "km/h", "speed", "measurement"),
        ("rain_rate_mm_h", "mm/h", "precipitation_intensity", "measurement"),
        ("rain_mm", "mm", "precipitation", "total_increasing"),
        ("light_lux", "lx", "illuminance", "measurement"),
        ("humidity", "%", "humidity", "measurement"),
        ("outside_humidity_pct", "%", "humidity", "measurement"),
        ("battery_pct", "%", "battery", "measurement"),
        ("yield_yesterday_kwh", "kWh", "", "measurement"),
        ("yesterday_m3", "m³", "", "measurement"),
        ("panel_most_yesterday_w", "W", "power", "measurement"),
        ("m_s", "s", "duration", "measurement"),
        ("absolute_humidity", "", "", ""),
    ],
)
def test_what_meters_and_weather_stations_call_their_values_is_known(name: str, unit: str, device_class: str, state_class: str) -> None:
    """Names of several words at the end, as rtl_433 and the counter of pulses write them; a sum of yesterday does not grow."""
    seen = seen_point(name, 1.5)
    assert (seen.unit, seen.device_class, seen.state_class) == (unit, device_class, state_class)


def test_the_file_overrides_the_name() -> None:
    """What the file says counts; a class that does not fit the unit it gives is not taken from the name."""
    assert point_of("phase_a", {"unit": ""}).unit == ""
    assert point_of("phase_a", {"unit": ""}).type is ValueType.ANY
    assert point_of("inside_c", {"unit": "°F"}).device_class == "temperature"
    assert point_of("depth_m", {"unit": "rows"}).device_class == ""
    assert point_of("tank_l", {"class": "volume_storage"}).state_class == "measurement"
    assert point_of("counted_l", {"class": "water"}).state_class == "total_increasing"


def test_a_name_that_is_a_class_says_it() -> None:
    """`temperature` with a unit of its own is a temperature."""
    assert point_of("temperature", {"unit": "°C"}).device_class == "temperature"
    assert point_of("Humidity", {"unit": "%"}).device_class == "humidity"


def test_a_class_with_one_unit_brings_it() -> None:
    """Nobody need write % for a humidity."""
    assert point_of("h", {"class": "humidity"}).unit == "%"


def test_the_range_and_the_precision_are_the_points_own() -> None:
    """A reader of points knows within which limits a value can be."""
    point = point_of("t_c", {"valid": [-40, 80], "precision": 1, "deadband": 0.2})
    assert (point.low, point.high, point.precision, point.deadband) == (-40, 80, 1, 0.2)


def test_a_value_that_was_only_seen_has_the_type_it_came_with() -> None:
    """Numbers have a unit by their names, texts and booleans have none."""
    assert (seen_point("power_w", 3.5).unit, seen_point("power_w", "off").unit, seen_point("on", True).type) == (
        *("W", ""),
        ValueType.BOOLEAN,
    )


def test_every_suffix_is_a_pair_that_its_class_takes() -> None:
    """The table holds no pair that Home Assistant would drop."""
    for suffix, meaning in SUFFIXES.items():
        if meaning.device_class:
            assert meaning.unit in NUMBERS[meaning.device_class].units, suffix
        assert meaning.state_class in ("", *STATE_CLASSES), suffix


@pytest.mark.parametrize(
    ("name", "row", "mistake"),
    [
        ("t", {"class": "temprature"}, "there is no class 'temprature'; did you mean 'temperature'?"),
        ("t", {"class": "temperature"}, "values.t.unit: the class temperature needs a unit; write °C, °F or K"),
        ("t", {"class": "temperature", "unit": "C"}, "values.t.unit: the class temperature does not take the unit 'C'; write °C, °F or K"),
        ("t_c", {"class": "humidity"}, "values.t_c.unit: the class humidity does not take the unit '°C'; write %"),
        (
            "e_kwh",
            {"state_class": "measurement"},
            "values.e_kwh.state_class: the class energy does not take measurement; write total_increasing or total",
        ),
        ("t", {"valid": [80, -40]}, "no value would be valid: 80 is more than -40; write the least first"),
        ("d", {"on": "open"}, "'on' and 'off' belong together; give both"),
        ("d", {"on": "x", "off": ["y", "x"]}, "'x' cannot be both on and off; take it out of one of them"),
        ("d", {"on": "x", "off": "y", "scale": 2}, "'scale' is for a number; take it out"),
        ("d", {"class": "door", "unit": "V"}, "values.d.unit: what is boolean has no unit; take 'V' out"),
        ("d", {"class": "door", "type": "number"}, "values.d.class: 'door' is for booleans, and this is a number; there is "),
        ("d", {"class": "speed", "type": "boolean"}, "values.d.class: 'speed' is for numbers, and this is a boolean; there is battery"),
        ("t", {"type": "text", "class": "door"}, "values.t.class: a text has no class; take 'door' out"),
        ("t", {"scale": 0}, "scale: every value would be the same; write a number that is not 0"),
        ("t", {"from": "a..b"}, "cannot read 'a..b' as the name of a field: a dot stands between two names; take the other dots out"),
        ("", {}, "values.: cannot use '' as the name of a value; write 1 to 128 printable characters"),
    ],
)
def test_a_mistake_is_said(name: str, row: Any, mistake: str) -> None:
    """Each mistake in a table of values is said with the place and what to write."""
    assert mistakes_in(name, row).startswith(mistake)


def test_too_many_values_are_refused() -> None:
    """A report takes 64 values."""
    with pytest.raises(ValueError) as caught:
        check_values({f"v{n}": ValueSettings() for n in range(65)})
    assert str(caught.value) == "values: 65 values are given, and one report takes 64; leave some out"
