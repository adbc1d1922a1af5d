"""One alarm, turn by turn: when it is raised, whom it tells, and when it is over."""

from gateway.actors import RouteFailed
from gateway.actors.gather import Answer
from gateway.actors.vocabulary import Publish
from gateway.business.alarm import Alarm
from gateway.business.alarm.alarm import AlarmPhase
from gateway.business.alarm.rules import AlarmSettings
from gateway.testing import Turns
from gateway.testing.turns import row
from tests.business.alarming import ANN, HOOK, alarm, come_back, delivered, notices, raised, reads


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
