"""Tests of conditions: whether one holds with a reading, and what is said where that cannot be judged."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.business.condition import Condition, Findings, judge
from gateway.business.twin_state import Presence


def judged(values: dict[str, Any], before: Findings | None = None, *, presence: Presence = Presence.ONLINE, **said: Any) -> Findings:
    """Judge a condition of the value `v` of twin/a; a value is what it reads, or that with its quality."""
    rows = {name: one if isinstance(one, dict) else {"value": one, "quality": "good"} for name, one in values.items()}
    condition = Condition.model_validate({"of": "twin/a", "value": "v", **said})
    return judge(condition, before or Findings(), rows, presence=presence, clock_ms=1000, since_ms=0)


@pytest.mark.parametrize(
    ("said", "value", "wrong"),
    [
        ({"above": 5}, 6, ("above 5: v is 6",)),
        ({"above": 5}, 5, ()),
        ({"above": 0.5}, True, ("above 0.5: v is 1",)),
        ({"below": 5}, "4.5", ("below 5: v is 4.5",)),
        ({"is": "open"}, "open", ("is open: v",)),
        ({"is": "open"}, "closed", ()),
        ({"is": True}, True, ("is true: v",)),
        ({"is": True}, 1, ("is 1: v",)),
        ({"is": False}, True, ()),
        ({"is": 3}, 3.0, ("is 3.0: v",)),
        ({"is": 3, "above": 10}, 11, ("above 10: v is 11",)),
    ],
)
def test_a_condition_holds(said: dict[str, Any], value: Any, wrong: tuple[str, ...]) -> None:
    """A value is above, below, or is something: a number, a word, a truth value."""
    assert judged({"v": value}, **said) == Findings(wrong=wrong)


def test_a_change_holds_at_the_report_that_brings_it() -> None:
    """The first value is no change; another one is, once."""
    first = judged({"v": False}, changes=True)
    assert first.wrong == ()
    second = judged({"v": True}, first, changes=True)
    assert second.wrong == ("changed to true: v, was false",)
    assert judged({"v": True}, second, changes=True).wrong == ()


def test_a_change_over_a_bad_value_is_seen() -> None:
    """A bad reading is no change, and the next good one is compared with the last good one."""
    first = judged({"v": 1}, changes=True)
    bad = judged({"v": {"value": 9, "quality": "bad"}}, first, changes=True)
    assert (bad.wrong, bad.last) == ((), 1)
    assert judged({"v": 2}, bad, changes=True).wrong == ("changed to 2: v, was 1",)


@pytest.mark.parametrize(
    ("said", "values", "cannot"),
    [
        ({"above": 5}, {}, "twin/a has said no value 'v' yet, or null each time"),
        ({"above": 5}, {"V": 6}, "twin/a has said no value 'v' yet, or null each time; did you mean 'V'?"),
        ({"above": 5}, {"v": "warm"}, "v of twin/a is the text 'warm', which is no number"),
        ({"above": 5}, {"v": {"value": 6, "quality": "bad"}}, "v of twin/a is bad"),
        ({"above": 5}, {"v": {"value": None, "quality": "missing"}}, "v of twin/a is missing"),
        ({"is": "open"}, {"v": {"value": "open", "quality": "stale"}}, "v of twin/a is stale"),
        ({"changes": True}, {"v": {"value": 1, "quality": "bad"}}, "v of twin/a is bad"),
        ({"is": "open"}, {"v": 1}, "v of twin/a is the number 1, and is = the text 'open'"),
        ({"is": "open"}, {"v": True}, "v of twin/a is the truth value true, and is = the text 'open'"),
        ({"is": True}, {"v": "ON"}, "v of twin/a is the text 'ON', and is = the truth value true"),
        ({"is": True}, {"v": 0.5}, "v of twin/a is the number 0.5, and is = the truth value true"),
        ({"is": 3}, {"v": "3"}, "v of twin/a is the text '3', and is = the number 3"),
    ],
)
def test_what_cannot_be_judged_is_said(said: dict[str, Any], values: dict[str, Any], cannot: str) -> None:
    """A condition that can judge nothing never passes for one that does not hold."""
    assert judged(values, **said).cannot == cannot


@pytest.mark.parametrize("quality", ["bad", "missing", "stale"])
def test_what_held_stays_while_nothing_can_be_judged(quality: str) -> None:
    """A freezer that was too warm is not well because its sensor has broken."""
    before = judged({"v": 6}, above=5)
    assert judged({"v": {"value": 4, "quality": quality}}, before, above=5).wrong == ("above 5: v is 6",)


def test_an_uncertain_value_is_judged() -> None:
    """Uncertain is good enough to act on."""
    assert judged({"v": {"value": 6, "quality": "uncertain"}}, above=5).wrong == ("above 5: v is 6",)


@pytest.mark.parametrize(("presence", "wrong"), [(Presence.SILENT, "silent"), (Presence.NEVER_HEARD, "never heard")])
def test_a_silent_device(presence: Presence, wrong: str) -> None:
    """A device that has fallen silent, or never spoke, is silent; so it is judged, and nothing else need be said."""
    found = judged({"v": {"value": 1, "quality": "stale"}}, presence=presence, silent=True, above=5)
    assert (found.wrong, found.cannot) == ((wrong,), "")
    assert judged({}, presence=Presence.UNKNOWN, silent=True).wrong == ()


@pytest.mark.parametrize("presence", [Presence.UNKNOWN, Presence.NEVER_HEARD])
def test_a_device_that_was_never_heard_has_reported_nothing(presence: Presence) -> None:
    """Which is another thing than one that says null."""
    assert judged({}, presence=presence, above=5).cannot == "twin/a has reported nothing yet"


def test_a_value_that_never_came_is_silent() -> None:
    """The device speaks, and never says the value, or null alone: where somebody waits for a while, that is silence."""
    assert judged({}, silent=True, for_s=60).wrong == ("never said: v",)
    assert judged({"hum": 1}, silent=True, for_s=60).wrong == ("never said: v",)
    assert judged({"hum": 1}, silent=True).wrong == ()
    assert judged({"hum": 1}, silent=True, above=5, for_s=60) == Findings(
        wrong=("never said: v",), cannot="twin/a has said no value 'v' yet, or null each time; there is hum"
    )


@pytest.mark.parametrize(
    ("said", "mistake"),
    [
        ({}, "it watches nothing: give above, below, is, changes, rises_per_min, falls_per_min or silent = true"),
        ({"changes": True, "for_s": 5}, "for_s: a change is over at once, and never lasts; take for_s or changes out"),
        ({"is": "x", "value": ""}, "a limit needs the name of the value that it is for: give value"),
        ({"of": "gpio/lamp", "silent": True}, "cannot watch 'gpio/lamp': only a twin can be watched; write twin/KEY"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(said: dict[str, Any], mistake: str) -> None:
    """With what to do about it."""
    with pytest.raises(ValidationError) as caught:
        judged({}, **said)
    assert mistake in str(caught.value)
