"""Tests of the twin as a reader of points: units, classes, qualities, and what a deadband holds back."""

import json
from typing import Any

import pytest

from gateway.actors.points import Point, Points, ValueSettings, points_of
from gateway.business.twin import Twin, TwinSettings
from gateway.business.twin_state import Presence, TwinState
from gateway.testing import Turns


def twin(rows: dict[str, Any] | None = None, **settings: Any) -> Turns[TwinState]:
    """A twin of whose values the file says what stands in `rows`."""
    turns = Turns(Twin(TwinSettings(**settings)), me="twin/boiler")
    turns.actor.points = points(rows)
    return turns


def points(rows: dict[str, Any] | None) -> Points:
    table = {name: ValueSettings.model_validate(row) for name, row in (rows or {}).items()}
    return Points([("twin/{device}", points_of(table))])


def test_the_end_of_a_name_gives_a_number_its_unit_and_class() -> None:
    """Where nobody says a unit, the name of the value does."""
    turns = twin()
    turns.tell("report", {"values": {"temperature_c": 21, "mode_c": "eco"}})
    assert turns.state.values["temperature_c"] == {
        **{"value": 21, "unit": "°C", "at_ms": turns.now_ms, "quality": "good"},
        "class": "temperature",
    }
    assert turns.state.values["mode_c"]["unit"] == ""


def test_unit_and_class_stay_with_the_value() -> None:
    """The next report changes the value and its time only."""
    turns = twin()
    turns.tell("report", {"values": {"temperature_c": 21}})
    turns.advance(1)
    turns.tell("report", {"values": {"temperature_c": 22}})
    assert (turns.state.values["temperature_c"]["unit"], turns.state.values["temperature_c"].get("class")) == ("°C", "temperature")


def test_what_the_device_says_counts_before_its_name() -> None:
    """A unit that comes with the report is taken."""
    turns = twin()
    turns.tell("report", {"values": {"t_c": 294}, "units": {"t_c": "K"}})
    assert turns.state.values["t_c"]["unit"] == "K"


def test_the_file_counts_before_the_device() -> None:
    """A unit in the table of values is the unit, whatever the device says; also of a value that was known before."""
    turns = twin()
    turns.tell("report", {"values": {"t": 21, "phase_a": 3}, "units": {"t": "Cel"}})
    turns.actor.points = points({"t": {"unit": "°C", "class": "temperature"}, "phase_a": {"unit": ""}})
    turns.tell("report", {"values": {"t": 22, "phase_a": 3}, "units": {"t": "Cel"}})
    assert (turns.state.values["t"]["unit"], turns.state.values["t"].get("class")) == ("°C", "temperature")
    assert (turns.state.values["phase_a"]["unit"], turns.state.values["phase_a"].get("class")) == ("", None)


def test_a_null_makes_a_known_value_missing() -> None:
    """A null says that a value which the twin knows cannot be told now; of one that nobody knows it says nothing."""
    turns = twin()
    turns.tell("report", {"values": {"t": 21, "h": 40}})
    turns.tell("report", {"values": {"t": None, "x": None}})
    assert (turns.state.values["t"]["value"], turns.state.values["t"]["quality"]) == (None, "missing")
    assert sorted(turns.state.values) == ["h", "t"]
    turns.tell("report", {"values": {"t": 22}})
    assert turns.state.values["t"]["quality"] == "good"


def test_a_null_of_a_value_in_the_table_is_missing_from_the_start() -> None:
    """The table makes a value known before it ever came."""
    turns = twin({"t_c": {}})
    turns.tell("report", {"values": {"t_c": None}})
    assert turns.state.values["t_c"] == {
        **{"value": None, "unit": "°C", "at_ms": turns.now_ms, "quality": "missing"},
        "class": "temperature",
    }


def test_each_value_may_have_a_quality_of_its_own() -> None:
    """One bad value does not make the others of its report bad."""
    turns = twin()
    turns.tell("report", {"values": {"t": 150, "h": 40}, "qualities": {"t": "bad"}})
    assert {name: value["quality"] for name, value in turns.state.values.items()} == {"t": "bad", "h": "good"}


def test_values_of_a_silent_device_are_stale() -> None:
    """What was good is stale when its device has fallen silent, and good again when it comes again."""
    turns = twin(silent_after_s=60)
    turns.tell("report", {"values": {"t": 1, "h": 2, "p": None}, "qualities": {"h": "bad"}})
    turns.tell("report", {"values": {"p": 1}})
    turns.tell("report", {"values": {"p": None}})
    turns.advance(61)
    assert turns.state.presence is Presence.SILENT
    assert {name: value["quality"] for name, value in turns.state.values.items()} == {"t": "stale", "h": "bad", "p": "missing"}
    turns.tell("report", {"values": {"t": 1}})
    assert {name: value["quality"] for name, value in turns.state.values.items()} == {"t": "good", "h": "bad", "p": "missing"}


def test_a_deadband_holds_small_changes_back() -> None:
    """A number that has changed by less than its deadband has not changed: nothing is published, the device is heard, and it is counted."""
    turns = twin({"t": {"unit": "°C", "deadband": 0.5}})
    turns.tell("report", {"values": {"t": 20.0}})
    first_ms, published = turns.now_ms, len(turns.mail_to("mqtt/main"))
    turns.advance(30)
    turns.tell("report", {"values": {"t": 20.4}})
    assert (turns.state.values["t"]["value"], turns.state.values["t"]["at_ms"], turns.state.held) == (20.0, first_ms, 1)
    assert (turns.state.count, turns.state.heard_ms) == (2, turns.clock_ms)
    assert len(turns.mail_to("mqtt/main")) == published
    turns.tell("report", {"values": {"t": 20.5}})
    assert turns.state.values["t"]["value"] == 20.5
    assert len(turns.mail_to("mqtt/main")) == published + 1


def test_a_slow_drift_passes_a_deadband() -> None:
    """What is compared is the value that was told last, not the one that came last."""
    turns = twin({"t": {"deadband": 1}})
    for step in range(11):
        turns.tell("report", {"values": {"t": 20 + step / 10}})
    assert (turns.state.values["t"]["value"], turns.state.held) == (21.0, 9)


@pytest.mark.parametrize("quality", ["bad", "uncertain"])
def test_a_deadband_never_holds_a_change_of_quality_back(quality: str) -> None:
    """A value that becomes bad is told, and one that is good again."""
    turns = twin({"t": {"deadband": 5}}, publish_on="change")
    turns.tell("report", {"values": {"t": 20}})
    turns.tell("report", {"values": {"t": 21}, "qualities": {"t": quality}})
    assert (turns.state.values["t"]["value"], turns.state.values["t"]["quality"]) == (21, quality)
    turns.tell("report", {"values": {"t": 22}})
    assert (turns.state.values["t"]["value"], turns.state.values["t"]["quality"]) == (22, "good")
    assert [json.loads(sent.body)["values"]["t"]["quality"] for sent in turns.mail_to("mqtt/main")] == ["good", quality, "good"]


def test_a_report_with_one_held_value_is_published_for_the_others() -> None:
    """What has changed is told although another value was held."""
    turns = twin({"t": {"deadband": 5}})
    turns.tell("report", {"values": {"t": 20, "h": 1}})
    turns.tell("report", {"values": {"t": 21, "h": 2}})
    assert [(one["t"]["value"], one["h"]["value"]) for one in (json.loads(sent.body)["values"] for sent in turns.mail_to("mqtt/main"))] == [
        (20, 1),
        (20, 2),
    ]


def test_a_twin_says_what_its_values_are() -> None:
    """Whoever asks hears type, unit, class and range of each value, those too that have not come yet."""
    turns = twin({"t": {"unit": "°C", "class": "temperature", "valid": [-40, 80]}})
    turns.tell("report", {"values": {"on": True, "supply_v": 5.1}})
    body = turns.ask("describe").body
    assert {name: (row["type"], row["unit"], row["device_class"], row["low"]) for name, row in body.items()} == {
        "on": ("boolean", "", "", None),
        "supply_v": ("number", "V", "voltage", None),
        "t": ("number", "°C", "temperature", -40),
    }
    assert Point.model_validate(body["t"]).high == 80


def test_what_an_older_program_stored_is_taken_up() -> None:
    """A state of version 2 knows no classes and counts nothing that was held: its values stay, and get their classes from the file."""
    stored = {"online": True, "presence": "online", "count": 1, "values": {"t": {"value": 20, "unit": "", "at_ms": 5, "quality": "good"}}}
    turns = twin({"t": {"unit": "°C", "class": "temperature"}})
    turns.state = TwinState.model_validate(TwinState.upcast(2, stored))
    turns.tell("report", {"values": {"h": 1}})
    assert (turns.state.values["t"]["value"], turns.state.held) == (20, 0)
    turns.tell("report", {"values": {"t": 21}})
    assert (turns.state.values["t"]["unit"], turns.state.values["t"].get("class")) == ("°C", "temperature")


def test_who_speaks_only_when_something_changes_is_never_silent() -> None:
    """A door that stays shut for a day is heard all the time, unless the file names a limit for it, or it says other things too."""
    for key_limit, other, online in (({}, {}, True), ({"boil*": 90}, {}, False), ({}, {"battery_pct": 7}, False)):
        turns = twin(silent_after_s_of=key_limit)
        turns.actor.points = Points([("twin/boiler", [Point(name="open", on_change=True)])])
        turns.tell("report", {"values": {"open": False, **other}})
        turns.advance(86_400)
        assert turns.state.online is online
