"""An alarm whose rule is taken out of the file, or changed, while it stands."""

import json
from typing import Any

import pytest

from gateway.actors.gather import Answer
from gateway.business.alarm.rules import AlarmSettings
from gateway.business.alarm.state import AlarmPhase
from gateway.testing import Turns
from tests.business.alarming import ANN, HOOK, alarm, come_back, delivered, notices, raised, reads, told_to

OK = Answer(to="mqtt/main", verb="publish", at=0)


def with_rule(turns: Turns[Any], **rule: Any) -> None:
    """The file is read again, and has another rule for the alarm, or none."""
    rules = {"freezer": {"of": "twin/freezer", "value": "c", "above": -15.0, **rule}} if rule else {}
    turns.actor.settings = AlarmSettings.model_validate({"rules": rules})
    for id, verb in turns.actor.settings.at_start():
        if id in ("alarm/*", "alarm/freezer"):
            turns.tell(verb)


def test_an_alarm_that_has_lost_its_rule_stands_no_more() -> None:
    """Nobody would ever end it. Who was told hears that nobody watches, not that all is right; and the broker keeps nothing."""
    turns = raised()
    come_back(turns, ANN)
    delivered(turns, OK)
    with_rule(turns)
    over = told_to(turns, "people/ann")
    assert (over["over"], over["subject"]) == (True, "freezer: watched no more")
    assert "right again nobody watches" in over["text"]
    assert (turns.state.phase, turns.mail_to("mqtt/main")[-1].body, turns.timers) == (AlarmPhase.CLEARED, "", {})
    assert not turns.ties.copies


def test_it_is_retired_once() -> None:
    """At the next start nothing is left to be done, and one with a rule is left alone."""
    turns = raised()
    with_rule(turns)
    turns.mail.clear()
    with_rule(turns)
    assert turns.mail == []
    other = raised()
    other.tell("retire")
    assert other.state.phase is AlarmPhase.ACTIVE


def test_who_is_told_while_the_rule_goes_is_called_off() -> None:
    """The word that a notice was delivered comes behind the end; the broker keeps nothing all the same."""
    turns = raised()
    come_back(turns, ANN)
    with_rule(turns)
    delivered(turns, OK)
    assert told_to(turns, "people/ann")["over"]
    assert [one.body for one in turns.mail_to("mqtt/main") if one.topic == "{prefix}/alarm/freezer"][-1] == ""


def test_a_rule_that_comes_back_watches_again() -> None:
    """What is still wrong is another incident."""
    turns = raised()
    with_rule(turns)
    with_rule(turns, user="ann")
    reads(turns, -14.0)
    assert (turns.state.phase, turns.state.incident, len(notices(turns))) == (AlarmPhase.ACTIVE, 2, 2)
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["phase"] == "active"


def test_another_for_s_holds_for_what_waits_already() -> None:
    """It counts from when it began to be wrong: with a shorter time the alarm comes sooner, with a longer one later."""
    sooner, later = alarm(for_s=86_400), alarm(for_s=60)
    for turns, for_s in ((sooner, 90), (later, 600)):
        reads(turns, -14.0)
        turns.advance(30)
        with_rule(turns, for_s=for_s)
        turns.advance(59)
    assert (sooner.state.phase, later.state.phase) == (AlarmPhase.PENDING, AlarmPhase.PENDING)
    sooner.advance(2)
    assert sooner.state.phase is AlarmPhase.ACTIVE
    later.advance(512)
    assert later.state.phase is AlarmPhase.ACTIVE


def test_an_alarm_ends_although_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    """The webhook, and the connection, by which people were told are in the file no more: the end of it would fail for ever."""
    for recipient, why in ((HOOK, "Hook (webhook webhook/alerts)"), (ANN, "Ann (mqtt people/ann)")):
        turns = raised()
        come_back(turns, recipient)
        delivered(turns, OK)
        gone = alarm(publish_to="", reachable=("twin", "contacts"))
        gone.state, gone.born, gone.ties = turns.state, True, turns.ties
        reads(gone, -20.0)
        assert gone.state.phase is AlarmPhase.CLEARED
        assert f"alarm/freezer cannot tell {why} that it is over" in caplog.text


def test_an_escalation_that_was_taken_out_of_the_rule_tells_nobody() -> None:
    """Its timer was set by the rule before."""
    turns = raised(escalate_after_s=60)
    with_rule(turns, user="ann")
    turns.advance(600)
    assert (turns.state.escalations, len(notices(turns)), turns.timers) == (0, 1, {})


def test_a_limit_that_the_rule_has_no_more_holds_no_more() -> None:
    """Also where its value cannot be judged: what is asked no more does not stay as it was."""
    turns = raised()
    rule = {"of": "twin/freezer", "value": "c", "below": -30.0}
    turns.actor.settings = AlarmSettings.model_validate({"rules": {"freezer": rule}})
    turns.tell("watch")
    turns.copy_comes("twin", {"values": {"c": {"value": None, "unit": "", "at_ms": 0, "quality": "missing"}}, "online": True})
    assert (turns.state.phase, turns.state.findings.cannot) == (AlarmPhase.CLEARED, "c of twin/freezer is missing")


def test_an_escalation_that_was_added_while_the_alarm_stands_comes() -> None:
    """It counts from when people were told; one that is overdue comes at once, once, and the next one in its time."""
    turns, overdue = raised(), raised()
    turns.advance(30)
    with_rule(turns, escalate_after_s=60)
    turns.advance(29)
    assert turns.state.escalations == 0
    turns.advance(2)
    assert turns.state.escalations == 1
    overdue.advance(3600)
    with_rule(overdue, escalate_after_s=60)
    overdue.advance(1)
    assert (overdue.state.escalations, len(notices(overdue))) == (1, 2)
    with_rule(overdue, escalate_after_s=60)
    overdue.advance(57)
    assert overdue.state.escalations == 1
    overdue.advance(3)
    assert overdue.state.escalations == 2


def test_another_time_of_an_escalation_holds_for_the_one_that_waits() -> None:
    """Sooner, later, or more often; an alarm that somebody has acknowledged does not escalate."""
    sooner, more, known = raised(escalate_after_s=3600), raised(escalate_after_s=60, escalations=1), raised()
    sooner.advance(60)
    with_rule(sooner, escalate_after_s=90)
    sooner.advance(31)
    more.advance(600)
    before = more.state.escalations
    with_rule(more, escalate_after_s=60, escalations=2)
    more.advance(1)
    assert (sooner.state.escalations, before, more.state.escalations) == (1, 1, 2)
    known.tell("acknowledge", {"by": "ann"})
    known.advance(600)
    with_rule(known, escalate_after_s=60)
    known.advance(600)
    assert known.state.escalations == 0


def test_another_for_s_holds_for_what_is_wrong_besides() -> None:
    """In an alarm that somebody has acknowledged."""
    turns = raised(silent=True)
    turns.tell("acknowledge", {"by": "ann"})
    with_rule(turns, silent=True, for_s=3600)
    reads(turns, -14.0, online=False)
    turns.advance(60)
    with_rule(turns, silent=True, for_s=90)
    turns.advance(31)
    assert (turns.state.phase, len(turns.state.why)) == (AlarmPhase.ACTIVE, 2)


def test_what_waits_is_looked_at_by_the_rule_as_it_is_now() -> None:
    """Another limit came with another time: nobody is told what is overdue by that, and is not wrong any more."""
    waits, stands, known = alarm(), raised(), raised()
    reads(waits, -14.0)
    known.tell("acknowledge", {"by": "ann"})
    for turns in (waits, stands, known):
        before = len(notices(turns))
        turns.advance(300)
        with_rule(turns, above=-5.0, for_s=60, escalate_after_s=60)
        turns.advance(1)
        assert len(notices(turns)) == before
