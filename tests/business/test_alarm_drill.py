"""Drills of an alarm: they ring whatever the twin says, say that they are drills, and hide nothing that is really wrong."""

from gateway.actors.gather import Answer
from gateway.business.alarm.alarm import AlarmPhase
from tests.business.alarming import ANN, HOOK, alarm, come_back, delivered, notices, published, raised, reads, told_to


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
