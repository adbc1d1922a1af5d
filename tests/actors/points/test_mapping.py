"""Tests of mapping: what the fields of a message come to by the table of values."""

import time
from typing import Any

import pytest

from gateway.actors.points import Mapped, ValueMapping, ValueSettings, flat


def values_of(fields: dict[str, Any], *, unmapped: bool = True, own: tuple[str, ...] = (), **rows: Any) -> Mapped:
    """Read one message by a table of values, as the file would write it."""
    return ValueMapping({name: ValueSettings.model_validate(row) for name, row in rows.items()}, unmapped=unmapped).read(fields, own=own)


def test_fields_in_tables_and_lists_have_dotted_names() -> None:
    """Nothing in a nested message vanishes: a table is a dot, a list a number."""
    fields = {"Time": "10:00", "DS18B20": {"Temperature": 20.6}, "relays": [True, {"w": 3}], "none": None, "empty": {}}
    assert flat(fields, []) == {"Time": "10:00", "DS18B20.Temperature": 20.6, "relays.0": True, "relays.1.w": 3, "none": None}


def test_a_field_whose_name_has_dots_counts_before_a_nested_one() -> None:
    """Of two fields of one dotted name the one that stands there literally is taken, wherever it stands; the other one is told of."""
    fields, words = {"a": {"b": 1, "c": 3}, "a.b": 2}, "a.b: it comes twice, with its dots in one name and nested; the first is taken"
    faults: list[str] = []
    assert (flat(fields, faults), faults) == ({"a.b": 2, "a.c": 3}, [words])
    assert values_of(fields) == Mapped({"a.b": 2, "a.c": 3}, {}, [words])
    assert values_of(fields, unmapped=False, b="a.b").faults == [words.replace("a.b", "b", 1)]
    assert values_of(fields, b="a.b") == Mapped({"b": 2, "a.c": 3}, {}, [words])


def test_the_parts_of_a_whole_with_a_long_name_are_left_out() -> None:
    """Each would bear that name: a message of 64 kB would take hundreds of megabytes. What else is in the message is taken."""
    faults: list[str] = []
    fields = {"x" * 513: {str(n): n for n in range(9)}, "y" * 512: [1], "t": 2, "z": {"x" * 513: 3}}
    assert flat(fields, faults) == {"t": 2, f"{'y' * 512}.0": 1, f"z.{'x' * 513}": 3}
    assert faults == [f"{'x' * 40}...: its name is longer than 512; what is in it is left out"]


def test_a_field_that_says_the_same_twice_is_no_fault() -> None:
    """Nothing is lost by that."""
    faults: list[str] = []
    assert (flat({"a": {"b": 2}, "a.b": 2}, faults), faults) == ({"a.b": 2}, [])
    assert values_of({"a": {"b": 2}, "a.b": 2}, unmapped=False, b="a.b").faults == []


def test_a_value_is_taken_from_a_nested_field() -> None:
    """The field that a value is taken from is no value of its own besides."""
    found = values_of({"DS18B20": {"Temperature": 20.6, "Id": "x"}}, temperature_c="DS18B20.Temperature")
    assert found == Mapped({"temperature_c": 20.6, "DS18B20.Id": "x"}, {}, [])


def test_a_number_is_scaled_and_rounded() -> None:
    """The value is the field times scale plus offset, to so many decimals."""
    row = {"from": "raw", "scale": 0.1, "offset": -40, "precision": 1}
    assert values_of({"raw": 657}, t_c=row).values == {"t_c": 25.7}


def test_two_values_may_come_from_one_field() -> None:
    """A field may be given to any number of values."""
    assert values_of({"w": 1500}, power_w="w", power_kw={"from": "w", "scale": 0.001}).values == {"power_w": 1500, "power_kw": 1.5}


def test_a_whole_number_stays_one() -> None:
    """Without a scale a number keeps its type."""
    assert repr(values_of({"n": 3}, n={"valid": [0, 9]}).values) == "{'n': 3}"


@pytest.mark.parametrize("seen", [-41, 80.5])
def test_a_value_out_of_its_range_is_bad(seen: float) -> None:
    """What lies outside `valid` is shown, and is never good."""
    found = values_of({"t": seen}, t={"valid": [-40, 80]})
    assert (found.values, found.qualities) == ({"t": seen}, {"t": "bad"})
    assert found.faults == [f"t: {seen:g} is not within -40 to 80"]


def test_what_is_ignored_is_no_value() -> None:
    """A value of `ignore` is left out, in the value's own unit; words are, too."""
    row = {"from": "raw", "scale": 0.1, "ignore": [85.0, "unknown"], "unit": "°C"}
    assert values_of({"raw": 850}, t=row) == Mapped({}, {}, [], 1)
    assert values_of({"raw": "unknown"}, t=row) == Mapped({}, {}, [], 1)
    assert values_of({"raw": 849}, t=row).values == {"t": pytest.approx(84.9)}


def test_a_null_is_a_missing_value() -> None:
    """A null says that the device has the value, and cannot say it now."""
    assert values_of({"t": None, "h": 3}, t={"unit": "°C"}) == Mapped({"t": None, "h": 3}, {"t": "missing"}, [])


@pytest.mark.parametrize("seen", ["NaN", " nan", "-inf", "+Infinity", float("nan"), float("inf")])
def test_no_number_is_a_missing_value(seen: Any) -> None:
    """A sensor whose reading failed prints nan: that is no fault to be told each second."""
    row = {"unit": "°C", "scale": 0.1}
    assert values_of({"t": seen}, t=row, unmapped=False) == Mapped({"t": None}, {"t": "missing"}, [])
    assert values_of({"t": seen}, t={"type": "text"}, unmapped=False).values["t"] == str(seen)


def test_an_absent_field_is_nothing() -> None:
    """A message may say some of its values only."""
    assert values_of({"h": 3}, t={"unit": "°C"}) == Mapped({"h": 3}, {}, [])


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ("21,5", "'21,5' is no number: it has a comma where a point belongs"),
        ("2024-06-01", "'2024-06-01' is a date or a time, and no number"),
        ("01.06.2024", "'01.06.2024' is a date or a time, and no number"),
        ("10:00", "'10:00' is a date or a time, and no number"),
        ("warm", "'warm' is no number"),
        ("0x10", "'0x10' is no number"),
        ("1_000", "'1_000' is no number"),
        ("", "'' is no number"),
        (True, "true is no number"),
        ("1e999", "'1e999' is too large a number"),
        ({"a": 1}, "the field 't' is a table; name what is meant in it, as in t.name"),
        ([1], "the field 't' is a list; name what is meant in it, as in t.0"),
        ("9" * 5000, f"'{'9' * 39}... is no number"),
    ],
)
def test_what_is_no_number_is_bad_and_said(seen: Any, why: str) -> None:
    """A number is never guessed: the value is bad, and the words say what was seen."""
    found = values_of({"t": seen}, unmapped=False, t={"unit": "°C"})
    assert (found.values, found.qualities, found.faults) == ({"t": None}, {"t": "bad"}, [f"t: {why}"])


@pytest.mark.parametrize(("seen", "value"), [("21.5", 21.5), (" -3 ", -3), ("+.5", 0.5), ("1e3", 1000.0), ("5.", 5.0)])
def test_a_text_that_reads_as_a_number_is_one(seen: str, value: float) -> None:
    """Many devices write numbers in quotes."""
    assert values_of({"t": seen}, t={"type": "number"}).values == {"t": value}


def test_words_for_on_and_off() -> None:
    """A boolean has words of its own, in any case of letters; another word is bad."""
    row = {"on": ["open", 1], "off": "closed"}
    assert [values_of({"d": seen}, d=row).values["d"] for seen in ("OPEN", 1, 1.0, "closed")] == [True, True, True, False]
    found = values_of({"d": "ajar"}, d=row)
    assert (found.qualities, found.faults) == ({"d": "bad"}, ["d: 'ajar' is neither on nor off; name its words with on and off"])
    assert values_of({"d": True}, d=row).qualities == {"d": "bad"}


def test_a_door_that_says_contact_is_turned_round() -> None:
    """zigbee2mqtt says contact = true for a closed door."""
    assert values_of({"contact": True}, door={"from": "contact", "on": False, "off": True, "class": "door"}).values == {"door": False}


def test_a_boolean_without_words_takes_the_usual_ones() -> None:
    """The class of a value that is on or off makes it a boolean."""
    seen = [values_of({"m": one}, m={"class": "motion"}).values["m"] for one in (True, 0, "ON", "false")]
    assert seen == [True, False, True, False]


def test_a_text_is_a_text() -> None:
    """A code of digits may be a text."""
    assert values_of({"code": 17, "ok": True}, code={"type": "text"}, ok={"type": "text"}).values == {"code": "17", "ok": "true"}


def test_unmapped_fields_can_be_left_out() -> None:
    """Where only the table counts, nothing else is a value."""
    assert values_of({"t": 1, "x": 2, "y": {"z": 3}}, unmapped=False, t={}).values == {"t": 1}


def test_the_inputs_own_fields_are_no_values_unless_they_are_named() -> None:
    """An address is no value; the table may say that it is."""
    assert values_of({"device": "a", "t": 1}, own=("device",)).values == {"t": 1}
    assert values_of({"device": "a", "t": 1}, own=("device",), who="device").values == {"who": "a", "t": 1}


def test_values_of_the_table_come_before_others() -> None:
    """Where a message has more values than a report takes, those that are named are kept, and the others counted."""
    found = values_of({**{f"x{n}": n for n in range(80)}, "t": 1}, t={})
    assert ("t" in found.values, len(found.values), found.beyond) == (True, 64, 17)


def test_reading_is_linear() -> None:
    """A message ten times as large takes about ten times as long."""

    def seconds(count: int) -> float:
        fields = {"a": [{"b": [n, {"c": "9" * 64}]} for n in range(count)]}
        began = time.process_time()
        values_of(fields, x="a.0.b.1.c", y="a.5.b.0")
        return time.process_time() - began

    small = min(seconds(1_000) for _ in range(5))
    assert min(seconds(10_000) for _ in range(3)) < 60 * small
