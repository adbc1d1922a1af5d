"""One alarm, turn by turn: when it is raised, whom it tells, and when it is over."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.actors import RouteFailed
from gateway.actors.gather import Answer, Gathered
from gateway.actors.vocabulary import Notify, Publish
from gateway.business.alarm import Alarm
from gateway.business.alarm.alarm import AlarmPhase
from gateway.business.alarm.rules import AlarmRule, AlarmSettings
from gateway.business.notices import Notice
from gateway.business.twin import Twin
from gateway.testing import Turns
from gateway.testing.turns import row

ME = "alarm/freezer"
ANN = {"name": "Ann", "channel": "mqtt", "address": "people/ann"}
HOOK = {"name": "Hook", "channel": "webhook", "address": "webhook/alerts"}


def alarm(**rule: Any) -> Turns[Any]:
    """An alarm of a freezer that watches, by a rule of its own or by the one of these tests."""
    fields = {"of": "twin/freezer", "value": "c", "above": -15.0, "hysteresis": 2.0, "for_s": 600, "user": "ann", **rule}
    settings = AlarmSettings.model_validate({"rules": {"freezer": fields}})
    others = {
        "twin": Twin.verbs,
        "mqtt": {"publish": row("publish", Publish)},
        "contacts": {"whom": row("whom", Notice)},
        "webhook": {"notify": row("notify", Notify)},
    }
    turns = Turns(Alarm(settings), me=ME, reachable=others)
    turns.tell("watch")
    turns.mail.clear()
    return turns


def reads(turns: Turns[Any], c: float | None, *, online: bool = True) -> None:
    """The twin says how the freezer is."""
    values = {} if c is None else {"c": {"value": c, "unit": "Cel", "at_ms": 0, "quality": "good"}}
    turns.copy_comes("twin", {"values": values, "online": online})


def notices(turns: Turns[Any]) -> list[Notice]:
    """The notices that have set out."""
    return [payload for payload in turns.mail_to("contacts/home") if isinstance(payload, Notice)]


def test_it_is_raised_when_it_was_wrong_for_long_enough() -> None:
    """Pending at first; ten minutes later active, and one notice is on its way through the contacts."""
    turns = alarm()
    reads(turns, -14.0)
    assert turns.state.phase is AlarmPhase.PENDING
    turns.advance(599)
    assert (turns.state.phase, notices(turns)) == (AlarmPhase.PENDING, [])
    turns.advance(1)
    assert (turns.state.phase, turns.state.incident) == (AlarmPhase.ACTIVE, 1)
    (notice,) = notices(turns)
    assert (notice.subject, notice.user, notice.fields["severity"]) == ("freezer: above -15: c is -14", "ann", "alarm")


def test_what_passes_by_itself_is_told_to_nobody() -> None:
    """Right again before its time is up: it is normal, and no timer is left."""
    turns = alarm()
    reads(turns, -14.0)
    reads(turns, -18.0)
    assert (turns.state.phase, turns.timers, notices(turns)) == (AlarmPhase.NORMAL, {}, [])


def test_it_is_right_only_inside_the_hysteresis() -> None:
    """-16 is below the limit of -15, and not yet by 2."""
    turns = alarm(for_s=0)
    reads(turns, -14.0)
    reads(turns, -16.0)
    assert turns.state.phase is AlarmPhase.ACTIVE
    reads(turns, -17.5)
    assert turns.state.phase is AlarmPhase.CLEARED


def test_it_fires_once() -> None:
    """However often the value is wrong, and however late its timer comes: one incident, one notice."""
    turns = alarm()
    for c in (-14.0, -13.0, -12.0):
        reads(turns, c)
    turns.advance(5000, asleep=True)
    reads(turns, -11.0)
    assert (turns.state.incident, len(notices(turns))) == (1, 1)


def test_silence_is_wrong_too() -> None:
    """The twin says that its device is silent; a value that it last had says nothing against that."""
    turns = alarm(silent=True, for_s=0)
    reads(turns, -20.0)
    reads(turns, -20.0, online=False)
    assert turns.state.why == ("silent",)
    reads(turns, -20.0)
    assert turns.state.phase is AlarmPhase.CLEARED


def test_a_value_that_moves_too_fast_is_wrong() -> None:
    """From -20 to -16 in two minutes is 2 a minute; 1 is allowed."""
    turns = alarm(above=None, rises_per_min=1.0, for_s=0)
    reads(turns, -20.0)
    turns.advance(30)
    reads(turns, -10.0)
    assert turns.state.phase is AlarmPhase.NORMAL, "half a minute is too short to measure a rate over"
    turns.advance(90)
    reads(turns, -16.0)
    assert turns.state.why == ("rising 2 a minute: c",)
    turns.advance(60)
    reads(turns, -16.0)
    assert turns.state.phase is AlarmPhase.CLEARED


def test_a_reading_without_the_value_changes_nothing_of_it() -> None:
    """What is no number says neither that it is wrong nor that it is right."""
    turns = alarm(for_s=0)
    reads(turns, -14.0)
    reads(turns, None)
    assert turns.state.phase is AlarmPhase.ACTIVE


def raised(**rule: Any) -> Turns[Any]:
    """An alarm that is active."""
    turns = alarm(for_s=0, **rule)
    reads(turns, -14.0)
    return turns


def come_back(turns: Turns[Any], *recipients: dict[str, Any]) -> None:
    """The notice comes back from the contacts."""
    notice = notices(turns)[-1]
    turns.tell("inform", {**notice.model_dump(mode="json"), "recipients": list(recipients)})


def delivered(turns: Turns[Any], *answers: Answer, name: str = "1.0") -> None:
    """What the gather says."""
    turns.tell("delivered", Gathered(name=name, answers=answers, complete=False))


def published(turns: Turns[Any]) -> dict[str, Any]:
    """What stands on the alarm's topic."""
    found: dict[str, Any] = json.loads([one.body for one in turns.mail_to("mqtt/main") if one.topic == "{prefix}/alarm/freezer"][-1])
    return found


def told_to(turns: Turns[Any], topic: str) -> dict[str, Any]:
    """What was last said under a recipient's topic."""
    found: dict[str, Any] = json.loads([one.body for one in turns.mail_to("mqtt/main") if one.topic == topic][-1])
    return found


def test_each_recipient_is_told_and_who_was_is_remembered() -> None:
    """By MQTT and by webhook; what could not be delivered is named, and what gave no answer too."""
    turns = raised()
    come_back(turns, ANN, HOOK, {**ANN, "name": "Bob", "address": "people/bob"})
    assert [message.to for message in turns.mail if message.reply_to] == ["mqtt/main", "webhook/alerts", "mqtt/main"]
    ok = Answer(to="mqtt/main", verb="publish", at=0)
    no = Answer(to="webhook/alerts", verb="notify", ok=False, reason="it answered 404", at=1)
    delivered(turns, ok, no)
    assert [one.name for one in turns.state.told] == ["Ann"]
    assert turns.state.untold == ("Hook (webhook webhook/alerts): it answered 404", "Bob (mqtt people/bob): no answer in time")


def test_nobody_to_tell_is_said() -> None:
    """An alarm that reaches nobody says so in what it publishes."""
    turns = raised()
    come_back(turns)
    assert turns.state.untold == ("nobody: no contact fits, and the rule names no recipient",)
    assert '"untold":["nobody' in turns.mail_to("mqtt/main")[-1].body


def test_without_contacts_the_recipients_of_the_rule_are_told() -> None:
    """The route's error stop is the alarm itself: it tells those whom its own rule names."""
    turns = raised(recipients=[ANN])
    notice = notices(turns)[-1]
    failure = RouteFailed(at="contacts/home", verb="whom", reason="it failed", of="m1", payload=notice.model_dump(mode="json"))
    turns.tell("unroutable", failure)
    assert turns.state.untold == ("contacts/home: it failed",)
    assert [message.to for message in turns.mail if message.reply_to] == ["mqtt/main"]


def test_it_escalates_until_somebody_acknowledges() -> None:
    """Every fifteen minutes the neighbours are told, until Bob says that he knows; only the first who says so stands."""
    turns = raised(escalate_after_s=900, escalate_group="neighbours")
    turns.advance(1800)
    assert [(notice.user, notice.group) for notice in notices(turns)] == [("ann", ""), ("ann", "neighbours"), ("ann", "neighbours")]
    assert turns.ask("acknowledge", {"by": "bob"}).body["phase"] == "acknowledged"
    turns.ask("acknowledge", {"by": "eve"})
    turns.advance(9000)
    assert (turns.state.acknowledged_by, len(notices(turns)), turns.timers) == ("bob", 3, {})


def test_it_escalates_a_limited_number_of_times() -> None:
    """Three times and no more, where the rule says nothing else."""
    turns = raised(escalate_after_s=900)
    turns.advance(90_000)
    assert (turns.state.escalations, len(notices(turns))) == (3, 4)


def test_those_who_were_told_hear_that_it_is_over() -> None:
    """Ann was told of it, so she is told of its end; the next incident begins with nobody told."""
    turns = raised()
    come_back(turns, ANN)
    delivered(turns, Answer(to="mqtt/main", verb="publish", at=0))
    turns.mail.clear()
    reads(turns, -20.0)
    over = [payload for payload in turns.mail_to("mqtt/main") if payload.topic == "people/ann"]
    assert '"over":true' in over[0].body
    assert '"text":"what you were told of is over: ' in over[0].body
    reads(turns, -14.0)
    assert (turns.state.incident, turns.state.told) == (2, ())


def test_who_is_told_too_late_hears_that_it_is_over() -> None:
    """The broker was away: the notice went out when all was right again."""
    turns = raised()
    come_back(turns, ANN)
    reads(turns, -20.0)
    turns.mail.clear()
    delivered(turns, Answer(to="mqtt/main", verb="publish", at=0))
    (over,) = [payload for payload in turns.mail_to("mqtt/main") if payload.topic == "people/ann"]
    assert '"over":true' in over.body
    assert turns.state.told == ()


def test_a_drill_rings_whatever_the_twin_says() -> None:
    """At once, although ten minutes are asked for and the freezer is cold; acknowledged, it is over."""
    turns = alarm()
    reads(turns, -20.0)
    assert turns.ask("drill").body["phase"] == "active"
    assert notices(turns)[-1].subject == "DRILL: freezer"
    reads(turns, -21.0)
    assert turns.state.phase is AlarmPhase.ACTIVE
    assert turns.ask("acknowledge", {"by": "ann"}).body["phase"] == "cleared"
    assert not turns.state.drill


def test_a_drill_says_that_it_is_one() -> None:
    """In the line that people read, in the text, in the fields, on its topic, when it is told again and when it is over."""
    turns = alarm(subject="The freezer is too warm", escalate_after_s=900)
    turns.tell("drill")
    turns.advance(900)
    for notice in notices(turns):
        assert notice.subject == "DRILL: The freezer is too warm"
        assert notice.text == "this is a drill: somebody tries out whether you are told"
        assert notice.fields["drill"] is True
    assert len(notices(turns)) == 2
    assert published(turns)["drill"] is True
    come_back(turns, ANN, HOOK)
    told, hooked = told_to(turns, "people/ann"), turns.mail_to("webhook/alerts")[-1]
    assert (told["subject"], told["drill"]) == ("DRILL: The freezer is too warm", True)
    assert (hooked.subject, hooked.fields["drill"]) == ("DRILL: The freezer is too warm", True)
    delivered(turns, Answer(to="mqtt/main", verb="publish", at=0), name="1.1.drill")
    turns.tell("acknowledge", {"by": "ann"})
    over = told_to(turns, "people/ann")
    assert (over["subject"], over["drill"], over["over"]) == ("DRILL: freezer: over", True, True)
    assert published(turns)["drill"] is False


def test_who_is_told_of_a_drill_too_late_hears_that_it_was_one() -> None:
    """The broker was away: the notice went out when the drill was over."""
    turns = alarm()
    turns.tell("drill")
    come_back(turns, ANN)
    turns.tell("acknowledge")
    delivered(turns, Answer(to="mqtt/main", verb="publish", at=0), name="1.0.drill")
    over = told_to(turns, "people/ann")
    assert (over["subject"], over["drill"]) == ("DRILL: freezer: over", True)


def test_what_is_no_drill_says_that_too() -> None:
    """For programs that look for it."""
    turns = raised()
    assert notices(turns)[-1].fields["drill"] is False
    assert published(turns)["drill"] is False


def test_what_is_really_wrong_ends_a_drill() -> None:
    """When it was so for long enough: the drill is called off, and an incident of its own is told as what it is."""
    turns = alarm(escalate_after_s=5000)
    turns.tell("drill")
    come_back(turns, ANN)
    delivered(turns, Answer(to="mqtt/main", verb="publish", at=0), name="1.0.drill")
    reads(turns, -14.0)
    turns.advance(300)
    reads(turns, -13.0)
    turns.advance(299)
    assert (turns.state.incident, turns.state.drill) == (1, True)
    turns.advance(1)
    assert (turns.state.phase, turns.state.incident, turns.state.drill) == (AlarmPhase.ACTIVE, 2, False)
    assert told_to(turns, "people/ann")["subject"] == "DRILL: freezer: over"
    notice = notices(turns)[-1]
    assert (notice.subject, notice.fields["drill"], notice.fields["incident"]) == ("freezer: above -15: c is -13", False, 2)
    reads(turns, -20.0)
    assert (turns.state.phase, turns.state.wrong_clock_ms) == (AlarmPhase.CLEARED, 0)


def test_a_drill_does_not_put_off_what_is_pending() -> None:
    """It had been wrong for five of its ten minutes: in five more it is told, in the drill and after it."""
    for acknowledged in (False, True):
        turns = alarm()
        reads(turns, -14.0)
        turns.advance(300)
        turns.tell("drill")
        assert notices(turns)[-1].fields["drill"] is True
        if acknowledged:
            turns.advance(60)
            assert turns.ask("acknowledge").body["phase"] == "pending"
            turns.advance(239)
        else:
            turns.advance(299)
        assert len(notices(turns)) == 1
        turns.advance(1)
        assert (turns.state.phase, notices(turns)[-1].fields["drill"]) == (AlarmPhase.ACTIVE, False)


def test_what_passes_within_a_drill_is_no_incident() -> None:
    """Warm for a minute: the drill goes on, and is over when it is acknowledged."""
    turns = alarm()
    turns.tell("drill")
    reads(turns, -14.0)
    turns.advance(60)
    reads(turns, -20.0)
    turns.advance(900)
    assert (turns.state.phase, turns.state.drill, len(notices(turns))) == (AlarmPhase.ACTIVE, True, 1)
    assert turns.ask("acknowledge").body["phase"] == "cleared"
    assert turns.timers == {}


def test_what_passes_within_a_drill_and_comes_back_has_its_time_again() -> None:
    """Warm for a minute, and after the next nine minutes warm again: ten minutes from then."""
    turns = alarm()
    turns.tell("drill")
    reads(turns, -14.0)
    turns.advance(60)
    reads(turns, -20.0)
    turns.advance(500)
    reads(turns, -14.0)
    turns.advance(599)
    assert turns.state.incident == 1
    turns.advance(1)
    assert turns.state.incident == 2


def test_what_gets_worse_after_it_was_acknowledged_is_told_too() -> None:
    """Somebody knows that the thermometer is silent; that the freezer is warm is news, when it is so for long enough."""
    turns = alarm(silent=True)
    reads(turns, -20.0, online=False)
    turns.advance(600)
    turns.tell("acknowledge", {"by": "ann"})
    reads(turns, -5.5)
    turns.advance(599)
    assert (turns.state.phase, len(notices(turns))) == (AlarmPhase.ACKNOWLEDGED, 1)
    turns.advance(1)
    assert (turns.state.phase, turns.state.incident) == (AlarmPhase.ACTIVE, 1)
    assert notices(turns)[-1].text == "silent; above -15: c is -5.5"


def test_what_gets_worse_and_passes_is_told_to_nobody() -> None:
    """Silent and acknowledged; warm for a minute; then only silent again."""
    turns = alarm(silent=True)
    reads(turns, -20.0, online=False)
    turns.advance(600)
    turns.tell("acknowledge")
    reads(turns, -5.5, online=False)
    reads(turns, -20.0, online=False)
    turns.advance(600)
    assert (turns.state.phase, len(notices(turns)), turns.state.worse) == (AlarmPhase.ACKNOWLEDGED, 1, False)


def test_what_passes_and_comes_back_has_its_time_again() -> None:
    """Silent and acknowledged; warm for a minute, right for nine, and warm again: ten minutes from then."""
    turns = alarm(silent=True)
    reads(turns, -20.0, online=False)
    turns.advance(600)
    turns.tell("acknowledge")
    reads(turns, -5.5, online=False)
    turns.advance(60)
    reads(turns, -20.0, online=False)
    turns.advance(500)
    reads(turns, -5.5, online=False)
    turns.advance(599)
    assert turns.state.phase is AlarmPhase.ACKNOWLEDGED
    turns.advance(1)
    assert turns.state.phase is AlarmPhase.ACTIVE


def test_nothing_is_acknowledged_that_is_not_raised() -> None:
    """The answer says where the alarm stands."""
    assert alarm().ask("acknowledge").reason == "cannot acknowledge alarm/freezer: it is normal"


def test_an_alarm_without_a_rule_watches_nothing() -> None:
    """Somebody took the rule out of the configuration, or wrote to a key that there is none of."""
    turns = Turns(Alarm(AlarmSettings()), me="alarm/other", reachable={"mqtt": {"publish": row("publish", Publish)}})
    assert turns.ask("drill").reason == "there is no [actors.alarm.rules.other]; there is none"
    assert (turns.born, turns.mail_to("mqtt/main")) == (False, [])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"of": "twin/a"}, "it watches nothing: give above, below, is, changes, rises_per_min, falls_per_min or silent = true"),
        ({"of": "twin/a", "above": 1.0}, "a limit needs the name of the value that it is for: give value"),
        ({"of": "trip/a", "silent": True}, "cannot watch 'trip/a': only a twin can be watched; write twin/KEY"),
        ({"of": "twin/a", "value": "c", "above": 1.0, "below": 1.0}, "it would always hold: below = 1 is not less than above = 1"),
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
        (-3.5, "C", "twin/freezer reports no value 'c'; did you mean 'C'?"),
        (-3.5, "temperature", "twin/freezer reports no value 'c'; there is temperature"),
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
