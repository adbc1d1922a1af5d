"""The twin: what a device last said, and whether it is still heard."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.actors.vocabulary import Quality, Report
from gateway.business.twin import AHEAD_MS, MOST_VALUES, Twin, TwinSettings
from gateway.business.twin_state import Presence, TwinState
from gateway.testing import Turns


def twin(**settings: Any) -> Turns[TwinState]:
    return Turns(Twin(TwinSettings(**settings)), me="twin/boiler")


def shown(turns: Turns[TwinState]) -> Any:
    """What the broker keeps under the twin's topic."""
    last = turns.mail_to("mqtt/main")[-1]
    assert (last.topic, last.retain) == ("{prefix}/twin/boiler", True)
    return json.loads(last.body)


def test_a_report() -> None:
    """The first report brings the twin to life: it is online, and published with unit, time and quality."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 21.5, "on": True}, "units": {"temp": "Cel"}, "at_ms": turns.now_ms - 40})
    assert shown(turns) == {
        "online": True,
        "last_seen_ms": turns.now_ms,
        "count": 1,
        "values": {
            "temp": {"value": 21.5, "unit": "Cel", "at_ms": turns.now_ms - 40, "quality": "good"},
            "on": {"value": True, "unit": "", "at_ms": turns.now_ms - 40, "quality": "good"},
        },
    }


def test_values_are_kept() -> None:
    """A report changes the values it names, and leaves the others; a unit said once stays."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 21.5, "mode": "eco"}, "units": {"temp": "Cel"}})
    turns.tell("report", {"values": {"temp": 22}, "quality": "uncertain"})
    values = shown(turns)["values"]
    assert (values["temp"]["value"], values["temp"]["unit"], values["temp"]["quality"]) == (22, "Cel", "uncertain")
    assert values["mode"]["value"] == "eco"


def test_a_device_without_a_clock() -> None:
    """Where the device has no time, the gateway's stands."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 1}})
    assert shown(turns)["values"]["temp"]["at_ms"] == turns.now_ms


def test_late_reports() -> None:
    """A report older than what is known changes no value, but the device is heard and the report counted."""
    turns = twin()
    start_ms = turns.now_ms
    turns.tell("report", {"values": {"temp": 20}, "at_ms": start_ms - 1000})
    turns.advance(5)
    turns.tell("report", {"values": {"temp": 5, "hum": 40}, "at_ms": start_ms - 2000})
    assert {name: value["value"] for name, value in shown(turns)["values"].items()} == {"temp": 20, "hum": 40}
    assert (turns.state.count, turns.state.older, turns.state.last_seen_ms) == (2, 1, start_ms + 5000)


def test_a_corrected_clock() -> None:
    """A device whose clock was far ahead and is set right is believed again at once."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 20}, "at_ms": turns.now_ms + AHEAD_MS + 1})
    turns.tell("report", {"values": {"temp": 21}, "at_ms": turns.now_ms})
    assert turns.state.values["temp"]["value"] == 21


def test_silence() -> None:
    """A minute after the last report the twin is silent, and says so once; the next report brings it back."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 20}})
    turns.advance(45)
    turns.tell("report", {"values": {"temp": 21}})
    turns.advance(59.9)
    assert turns.state.online
    turns.advance(0.1)
    assert (shown(turns)["online"], shown(turns)["values"]["temp"]["value"]) == (False, 21)
    assert shown(turns)["last_seen_ms"] == turns.now_ms - 60_000
    assert turns.timers == {}
    turns.advance(600)
    assert len(turns.mail) == 3
    turns.tell("report", {"values": {"temp": 22}})
    assert shown(turns)["online"]
    turns.advance(60)
    assert not shown(turns)["online"]


def test_silence_while_the_gateway_was_off() -> None:
    """A gateway that was off has not listened: back again the device has its whole time to be heard, and only then is it silent."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 20}})
    turns.advance(3600, asleep=True)
    turns.advance(59.9)
    assert turns.state.presence is Presence.ONLINE
    turns.advance(0.1)
    assert not shown(turns)["online"]
    assert turns.state.presence is Presence.SILENT


def test_a_clock_that_jumps() -> None:
    """Wall time that jumps makes no device silent, and keeps none online."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 20}})
    turns.now_ms += 50 * 365 * 86_400_000
    turns.advance(59)
    assert turns.state.online
    turns.now_ms -= 60 * 365 * 86_400_000
    turns.advance(1)
    assert not turns.state.online


def test_a_steady_reporter_writes_no_timers() -> None:
    """A report of a device that is online sets no timer, so it costs the store no more than its state."""
    turns = twin()
    assert turns.tell("report", {"values": {"temp": 1}}).timers
    assert not turns.tell("report", {"values": {"temp": 2}}).timers


def test_patient_twins() -> None:
    """Some devices may be silent longer, or for ever: the first pattern that fits the key says so."""
    wanted = TwinSettings(silent_after_s=30, silent_after_s_of={"door*": 0, "*meter": 900, "doormat": 1})
    assert [wanted.silent_after(key) for key in ("boiler", "door1", "gasmeter", "doormat")] == [30, 0, 900, 0]
    door = Turns(Twin(wanted), me="twin/door1")
    door.tell("report", {"values": {"open": False}})
    door.advance(86_400)
    assert door.state.online


def test_a_pattern_is_of_keys() -> None:
    """One with the kind in front of it would fit no twin, which would be called silent after the time of all others."""
    with pytest.raises(ValueError, match=r"fits no twin: it stands for keys, which are what follows twin/; write \"door\*\""):
        TwinSettings(silent_after_s_of={"twin/door*": 0})


def test_patience_that_changes() -> None:
    """When a restart brings another setting, a device that was never watched is watched from its next report on, and the reverse."""
    turns = twin(silent_after_s=0)
    turns.tell("report", {"values": {"temp": 20}})
    turns.actor = Twin(TwinSettings(silent_after_s=10))
    turns.tell("report", {"values": {"temp": 20}})
    turns.actor = Twin(TwinSettings(silent_after_s=0))
    turns.advance(60)
    assert (turns.state.online, turns.state.watched, turns.timers) == (True, False, {})


def test_publishing_changes_only() -> None:
    """With publish_on = "change" a report that says nothing new is counted and not published."""
    turns = twin(publish_on="change")
    for value in (1, 1, 1.0, True, True, 2):
        turns.tell("report", {"values": {"x": value}})
    assert [json.loads(sent.body)["values"]["x"]["value"] for sent in turns.mail_to("mqtt/main")] == [1, 1.0, True, 2]
    turns.tell("report", Report(values={"x": 2}, quality=Quality.BAD))
    turns.tell("report", Report(values={"x": 2}, units={"x": "V"}, quality=Quality.BAD))
    assert shown(turns)["values"]["x"] == {"value": 2, "unit": "V", "at_ms": turns.now_ms, "quality": "bad"}
    assert (len(turns.mail), turns.state.count) == (6, 8)
    turns.advance(60)
    assert not shown(turns)["online"]
    turns.tell("report", Report(values={"x": 2}, quality=Quality.BAD))
    assert shown(turns)["online"]


def test_nobody_to_publish() -> None:
    """Without a publisher the twin still knows everything."""
    turns = twin(publish_to="")
    turns.tell("report", {"values": {"temp": 20}})
    turns.advance(60)
    turns.tell("forget")
    assert turns.mail == []
    assert TwinSettings(publish_to="").addresses() == []


def test_read() -> None:
    """Whoever asks gets the state, but for what its histories do not have yet; a twin nobody has reported to is empty and offline."""
    turns = twin()
    assert turns.ask("read").body == TwinState().model_dump(mode="json", exclude={"recent"})
    turns.tell("report", {"values": {"temp": 20}})
    assert turns.ask("read").body == turns.state.model_dump(mode="json", exclude={"recent"})
    assert turns.ask("read").body["values"]["temp"]["value"] == 20


def test_forget() -> None:
    """Forgetting removes what was published and ends the twin; a later report begins at 1."""
    turns = twin()
    turns.tell("report", {"values": {"temp": 20}})
    turns.tell("forget")
    last = turns.mail_to("mqtt/main")[-1]
    assert (last.topic, last.body, last.retain) == ("{prefix}/twin/boiler", "", True)
    assert (turns.stopped, turns.timers) == (True, {})
    turns.tell("report", {"values": {"hum": 20}})
    assert (turns.state.count, list(turns.state.values)) == (1, ["hum"])


def test_a_device_that_makes_up_names() -> None:
    """A twin holds so many values and no more; known ones still change, the rest is counted."""
    turns = twin()
    for start in range(0, MOST_VALUES + 44, 50):
        turns.tell("report", {"values": {f"v{number}": 0 for number in range(start, start + 50)}})
    turns.tell("report", {"values": {"v0": 1, "new": 1}})
    assert (len(turns.state.values), turns.state.beyond) == (MOST_VALUES, 45)
    assert turns.state.values["v0"]["value"] == 1


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("topic", "gateway/twin", "it has no field, and all would be one; use {key} or {id}"),
        ("topic", "a/{name}/{key}", "{name} stands for nothing here; use {key} or {id}"),
        ("topic", "a/{key}/#", "it has '#' in it; a topic has no + or #, and no brace but of a field; use {key} or {id}"),
        ("topic", "a/{key}}", "it has '}' in it; a topic has no + or #, and no brace but of a field; use {key} or {id}"),
        ("publish_to", "mqtt", "cannot use 'mqtt' as an actor id: it must read kind/key"),
        ("publish_on", "sometimes", "Input should be 'every' or 'change'"),
        ("silent_after_s", -1, "Input should be greater than or equal to 0"),
    ],
)
def test_wrong_settings(key: str, text: Any, fault: str) -> None:
    """A setting that cannot work is refused, and the error says what to write."""
    with pytest.raises(ValidationError) as caught:
        TwinSettings(**{key: text})
    (error,) = caught.value.errors()
    assert error["loc"] == (key,)
    assert fault in error["msg"]


def test_topics() -> None:
    """A topic may hold the key or the whole id, and goes to the publisher that is named."""
    turns = Turns(Twin(TwinSettings(topic="home/{id}/now", publish_to="mqtt/cloud")), me="site/home/twin/boiler")
    turns.tell("report", {"values": {"temp": 20}})
    assert turns.mail_to("mqtt/cloud")[0].topic == "home/site/home/twin/boiler/now"
    assert TwinSettings(publish_to="mqtt/cloud").addresses() == [("publish_to", "mqtt/cloud", "publish")]


scalars = st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
reports = st.builds(
    Report,
    values=st.dictionaries(st.sampled_from("abcd") | st.text(max_size=3), scalars, min_size=1, max_size=4),
    units=st.dictionaries(st.sampled_from("abcd"), st.text(max_size=3)),
    at_ms=st.sampled_from([0, 0, 1, 2, 10**12, 2 * 10**12]) | st.integers(0, 2**53),
    quality=st.sampled_from(Quality),
)


@settings(max_examples=60)
@given(st.lists(reports | st.floats(0, 90), max_size=12), st.sampled_from(["every", "change"]))
def test_any_sequence(steps: list[Report | float], publish_on: str) -> None:
    """Whatever is reported and whenever, each report counts once, the last heard is right, and values have their type."""
    turns = twin(publish_on=publish_on)
    count, heard_ms = 0, turns.clock_ms
    for step in steps:
        if isinstance(step, Report):
            turns.tell("report", step)
            count, heard_ms = count + 1, turns.clock_ms
        else:
            turns.advance(step)
        assert turns.state.count == count
        assert turns.state.online is (count > 0 and turns.clock_ms - heard_ms < 60_000)
        if turns.mail:
            assert shown(turns)["online"] is turns.state.online
            assert shown(turns)["values"].keys() == turns.state.values.keys()


def test_what_a_twin_remembers_is_plain() -> None:
    """It need not be written and read back in each turn to be sure that it can be."""
    assert not TwinState.LOOSE
