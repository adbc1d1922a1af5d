"""What an alarm makes of values: numbers as text, words, what cannot be judged, and devices that are silent."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.business.alarm.alarm import AlarmPhase
from gateway.business.alarm.rules import AlarmRule
from gateway.testing import Turns
from tests.business.alarming import alarm, raised, reads


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"of": "twin/a"}, "it watches nothing: give above, below, is, changes, rises_per_min, falls_per_min or silent = true"),
        ({"of": "twin/a", "above": 1.0}, "a limit needs the name of the value that it is for: give value"),
        ({"of": "trip/a", "silent": True}, "cannot watch 'trip/a': only a twin can be watched; write twin/KEY"),
        ({"of": "twin/a", "value": "c", "above": 1.0, "below": 1.0}, "it would always hold: below = 1 is not less than above = 1"),
        (
            {"of": "twin/a", "value": "c", "above": 1.0, "below": 0.0, "hysteresis": 5.0},
            "hysteresis: it would never end: from below to above there is 1; write 0.5, or less",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(fields: dict[str, Any], said: str) -> None:
    """With what to do about it."""
    with pytest.raises(ValidationError, match="1 validation error") as caught:
        AlarmRule.model_validate(fields)
    assert said in str(caught.value)


def says(turns: Turns[Any], said: Any, name: str = "c") -> None:
    """The twin's device says this of itself."""
    turns.copy_comes("twin", {"values": {name: {"value": said, "unit": "", "at_ms": 0, "quality": "good"}}, "presence": "online"})


@pytest.mark.parametrize(
    ("said", "shown"), [("-3.5", "-3.5"), (" -3.5 ", "-3.5"), ("+1e1", "10"), (".5", "0.5"), (True, "1"), (False, "0")]
)
def test_numbers_as_text_and_booleans_are_judged(said: Any, shown: str) -> None:
    """A text that is a number is one; true is 1, false is 0."""
    turns = alarm(for_s=0)
    says(turns, said)
    assert turns.state.why == (f"above -15: c is {shown}",)
    assert turns.state.findings.cannot == ""


@pytest.mark.parametrize(
    ("said", "name", "cannot"),
    [
        ("ERR", "c", "c of twin/freezer is the text 'ERR', which is no number"),
        ("-3,5", "c", "c of twin/freezer is the text '-3,5', which is no number"),
        ("nan", "c", "c of twin/freezer is the text 'nan', which is no number"),
        ("1e9999", "c", "c of twin/freezer is the text '1e9999', which is no number"),
        ("٣", "c", "c of twin/freezer is the text '٣', which is no number"),
        ("", "c", "c of twin/freezer is the text '', which is no number"),
        ("9" * 5000, "c", f"c of twin/freezer is the text '{'9' * 40}', which is no number"),
        (10**400, "c", "c of twin/freezer is too large a number"),
        (-3.5, "C", "twin/freezer has said no value 'c' yet, or null each time; did you mean 'C'?"),
        (-3.5, "temperature", "twin/freezer has said no value 'c' yet, or null each time; there is temperature"),
    ],
)
def test_an_alarm_that_can_judge_nothing_says_so(said: Any, name: str, cannot: str, caplog: pytest.LogCaptureFixture) -> None:
    """In its findings, in what it publishes, and in the log, once; it is over with the first number."""
    turns = alarm(for_s=0)
    says(turns, said, name)
    says(turns, said, name)
    assert turns.state.findings.cannot == cannot
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["cannot"] == cannot
    assert [record.getMessage() for record in caplog.records] == [f"alarm/freezer can judge nothing: {cannot}"]
    says(turns, -20.0)
    assert turns.state.findings.cannot == ""
    assert "cannot" not in json.loads(turns.mail_to("mqtt/main")[-1].body)


def test_what_was_wrong_stays_so_while_nothing_can_be_judged() -> None:
    """The thermometer breaks while the freezer is warm: the alarm stays, and says that it cannot see."""
    turns = raised()
    says(turns, "ERR")
    assert (turns.state.phase, turns.state.findings.wrong[0]) == (AlarmPhase.ACTIVE, "above -15: c is -14")
    assert turns.state.findings.cannot


def test_a_device_that_nobody_has_heard_yet_is_not_silent() -> None:
    """At the first start nothing was reported: no alarm, until the twin says that it was never heard."""
    turns = alarm(silent=True, value="", above=None, for_s=0)
    turns.tell("watch")
    assert [message.verb for message in turns.mail if message.to == "twin/freezer"] == ["Builtin.Watch", "expect"]
    turns.copy_comes("twin", {"values": {}, "presence": "unknown"})
    assert turns.state.phase is AlarmPhase.NORMAL
    turns.copy_comes("twin", {"values": {}, "presence": "never heard"})
    assert turns.state.why == ("never heard",)
    turns.copy_comes("twin", {"values": {}, "presence": "online"})
    assert turns.state.phase is AlarmPhase.CLEARED


def test_no_rate_is_measured_over_a_break() -> None:
    """The gateway was off for an hour, which its clock may not know: the first reading after it is a new beginning."""
    turns = alarm(above=None, rises_per_min=1.0, for_s=0)
    reads(turns, -20.0)
    turns.advance(90, asleep=True)
    reads(turns, -10.0)
    assert turns.state.phase is AlarmPhase.NORMAL
    turns.advance(60)
    reads(turns, -8.0)
    assert turns.state.why == ("rising 2 a minute: c",)


def test_a_twin_that_was_forgotten_is_watched_again() -> None:
    """Its next life is another: the alarm asks for a copy of that."""
    turns = alarm()
    reads(turns, -20.0)
    turns.mail.clear()
    turns.copy_comes("twin", {"values": {}, "presence": "unknown"}, ended=True)
    assert [message.verb for message in turns.mail if message.to == "twin/freezer"] == ["Builtin.Watch"]


def test_a_bad_value_is_not_called_good() -> None:
    """A raised alarm stays while its value is bad, and says that it can judge nothing."""
    turns = alarm(for_s=0)
    reads(turns, -14.0)
    assert turns.state.phase is AlarmPhase.ACTIVE
    turns.copy_comes("twin", {"values": {"c": {"value": -127.0, "unit": "", "at_ms": 0, "quality": "bad"}}, "online": True})
    assert (turns.state.phase, turns.state.findings.cannot) == (AlarmPhase.ACTIVE, "c of twin/freezer is bad")
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["cannot"] == "c of twin/freezer is bad"


def test_an_alarm_of_a_word() -> None:
    """An alarm may wait for a word, or for true."""
    turns = alarm(above=None, hysteresis=0, **{"is": "FAULT"}, for_s=0)
    for word, phase in (("RUN", AlarmPhase.NORMAL), ("FAULT", AlarmPhase.ACTIVE), ("RUN", AlarmPhase.CLEARED)):
        turns.copy_comes("twin", {"values": {"c": {"value": word, "unit": "", "at_ms": 0, "quality": "good"}}, "online": True})
        assert turns.state.phase is phase
    assert turns.state.why == ("is FAULT: c",)
