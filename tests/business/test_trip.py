"""The trip: where a vehicle is, how far it came, and when nobody hears it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.actors.payloads import read_stored
from gateway.actors.vocabulary import Fix
from gateway.business.trip import EndedBy, Trip, TripPhase, TripSettings, TripState
from gateway.business.trip.following import is_nowhere
from gateway.testing import Turns

STEP_DEG = 0.0001
"""About 11.1 m of latitude."""


def trip(**settings: Any) -> Turns[TripState]:
    return Turns(Trip(TripSettings(**settings)), me="trip/van")


def north(turns: Turns[TripState], steps: float, **more: Any) -> Fix:
    """A fix so many steps north of the start, now."""
    return Fix(latitude_deg=52.5 + steps * STEP_DEG, longitude_deg=13.4, at_ms=turns.now_ms, **more)


def drive(turns: Turns[TripState], steps: int) -> None:
    for step in range(steps):
        turns.tell("position", north(turns, step, speed_mps=11.1))
        turns.advance(1)


def shown(turns: Turns[TripState], under: str) -> list[Any]:
    """Everything published under one of the trip's topics."""
    sent = [publish for publish in turns.mail_to("mqtt/main") if publish.topic == f"{{prefix}}/trip/van/{under}"]
    assert all(publish.retain for publish in sent)
    return [json.loads(publish.body) for publish in sent]


def test_the_first_fix() -> None:
    """The first fix begins the trip; position and status are published."""
    turns = trip()
    fix = north(turns, 0, speed_mps=3.5, heading_deg=90.0, hdop=0.9, satellites=8)
    turns.tell("position", fix)
    assert (turns.state.phase, turns.state.latest) == (TripPhase.MOVING, fix)
    assert shown(turns, "position") == [
        {
            "latitude_deg": 52.5,
            "longitude_deg": 13.4,
            "at_ms": turns.now_ms,
            "speed_mps": 3.5,
            "heading_deg": 90.0,
            "hdop": 0.9,
            "satellites": 8,
            "trip": 1,
            "fixes": 1,
            "length_m": 0.0,
        }
    ]
    assert shown(turns, "status") == [
        {
            "phase": "moving",
            "trip": 1,
            "started_ms": turns.now_ms,
            "last_ms": turns.now_ms,
            "fixes": 1,
            "repeated": 0,
            "jumps": 0,
            "losses": 0,
            "length_m": 0.0,
        }
    ]


def test_driving() -> None:
    """The length of the path is the sum of its legs, and each fix is published with the count."""
    turns = trip()
    drive(turns, 101)
    assert turns.state.length_m == pytest.approx(1111.95, abs=0.5)
    assert [position["fixes"] for position in shown(turns, "position")] == list(range(1, 102))
    assert len(shown(turns, "status")) == 1


def test_standing() -> None:
    """A receiver that wanders while the vehicle stands adds no length; real movement after it is measured whole."""
    turns = trip()
    for wander in (0, 0.2, -0.2, 0.3, -0.3, 0.1) * 20:
        turns.tell("position", north(turns, wander))
        turns.advance(1)
    assert turns.state.length_m == 0
    turns.tell("position", north(turns, 2))
    assert turns.state.length_m == pytest.approx(22.24, abs=0.1)


def test_slow_movement() -> None:
    """Movement in steps below the noise is added once it is more than noise."""
    turns = trip()
    for step in range(41):
        turns.tell("position", north(turns, step / 4))
        turns.advance(1)
    assert turns.state.length_m == pytest.approx(111.2, abs=0.1)


def test_bad_reception() -> None:
    """With a bad dilution more must move before it counts."""
    turns = trip()
    turns.tell("position", north(turns, 0, hdop=4))
    turns.advance(1)
    turns.tell("position", north(turns, 1, hdop=4))
    assert turns.state.length_m == 0
    turns.advance(1)
    turns.tell("position", north(turns, 2, hdop=4))
    assert turns.state.length_m == pytest.approx(22.24, abs=0.1)


def test_repeated_and_late_fixes() -> None:
    """A fix of the same time again, or an older one, is counted and changes nothing else; it is not published."""
    turns = trip()
    drive(turns, 3)
    before, published = turns.state, len(turns.mail)
    turns.tell("position", before.latest)
    turns.tell("position", Fix(latitude_deg=52.5, longitude_deg=13.4, at_ms=before.last_ms - 2000))
    assert turns.state == before.changed(fixes=5, repeated=2)
    assert len(turns.mail) == published


def test_a_corrected_clock() -> None:
    """A receiver that was years ahead and is set right goes on at once."""
    turns = trip()
    turns.tell("position", Fix(latitude_deg=52.5, longitude_deg=13.4, at_ms=turns.now_ms + 50 * 365 * 86_400_000))
    turns.advance(1)
    turns.tell("position", north(turns, 1))
    assert (turns.state.repeated, turns.state.last_ms) == (0, turns.now_ms)
    assert turns.state.length_m == pytest.approx(11.12, abs=0.01)


def test_a_jump() -> None:
    """A place the vehicle cannot have reached is counted, not believed and not added; the trip goes on where it was."""
    turns = trip()
    drive(turns, 3)
    turns.tell("position", Fix(latitude_deg=48.8, longitude_deg=2.3, at_ms=turns.now_ms))
    assert (turns.state.jumps, turns.state.fixes, turns.state.place) == (1, 4, turns.state.anchor)
    assert shown(turns, "position")[-1]["latitude_deg"] < 52.6
    turns.advance(1)
    turns.tell("position", north(turns, 4))
    assert turns.state.length_m == pytest.approx(44.48, abs=0.1)
    assert turns.state.suspect is None


def test_a_jump_that_is_true() -> None:
    """When a second fix agrees with the jump it is believed, and the unknown way between is not added."""
    turns = trip()
    turns.tell("position", Fix(latitude_deg=0, longitude_deg=1, at_ms=turns.now_ms))
    for step in range(4):
        turns.advance(1)
        turns.tell("position", north(turns, step))
    assert turns.state.jumps == 1
    assert turns.state.length_m == pytest.approx(22.24, abs=0.1)


def test_a_jump_said_twice() -> None:
    """The same wrong fix sent twice is no second witness."""
    turns = trip()
    drive(turns, 2)
    wrong = Fix(latitude_deg=0, longitude_deg=0, at_ms=turns.now_ms)
    turns.tell("position", wrong)
    turns.tell("position", wrong)
    assert (turns.state.jumps, turns.state.phase) == (2, TripPhase.MOVING)
    assert shown(turns, "position")[-1]["latitude_deg"] > 52


def test_a_receiver_without_a_clock() -> None:
    """Fixes without a time are taken in the order they come, by the gateway's clock, even in one burst."""
    turns = trip()
    for step in range(5):
        turns.tell("position", Fix(latitude_deg=52.5 + step * STEP_DEG, longitude_deg=13.4))
    assert (turns.state.fixes, turns.state.repeated, turns.state.jumps) == (5, 0, 0)
    assert turns.state.length_m == pytest.approx(44.48, abs=0.1)
    assert turns.state.last_ms == turns.now_ms


def test_a_lost_signal() -> None:
    """Thirty seconds after the last fix the signal is lost, and said so once; the next fix goes on with the same trip."""
    turns = trip()
    drive(turns, 3)
    turns.advance(28.9)
    assert turns.state.losses == 0
    turns.advance(0.1)
    assert turns.state.phase is TripPhase.LOST
    turns.advance(600)
    turns.tell("position", north(turns, 60))
    assert [(status["phase"], status["losses"]) for status in shown(turns, "status")] == [("moving", 0), ("lost", 1), ("moving", 1)]
    assert (turns.state.trip, turns.state.jumps) == (1, 0)
    assert turns.state.length_m == pytest.approx(60 * 11.12, abs=0.5)
    turns.advance(30)
    assert turns.state.losses == 2


def test_a_signal_lost_while_the_gateway_was_off() -> None:
    """Nobody could be heard meanwhile: back again the vehicle has its whole time to be heard, and only then is it lost."""
    turns = trip()
    drive(turns, 3)
    turns.advance(7200, asleep=True)
    turns.advance(29.9)
    assert turns.state.phase is TripPhase.MOVING
    turns.advance(0.1)
    assert shown(turns, "status")[-1]["phase"] == "lost"


def test_a_frozen_receiver() -> None:
    """A receiver that repeats its last fix for ever has no signal."""
    turns = trip()
    fix = north(turns, 0)
    for _ in range(40):
        turns.tell("position", fix)
        turns.advance(1)
    assert (turns.state.phase, turns.state.repeated) == (TripPhase.LOST, 39)


def test_a_steady_receiver_writes_no_timers() -> None:
    """Only the fix that begins or resumes a trip sets a timer."""
    turns = trip()
    assert turns.tell("position", north(turns, 0)).timers
    turns.advance(1)
    assert not turns.tell("position", north(turns, 1)).timers


def test_stopping() -> None:
    """Stop ends the trip, answers and publishes its summary; no loss is noticed after it."""
    turns = trip()
    drive(turns, 11)
    reply = turns.ask("stop")
    assert reply.body["phase"] == "stopped"
    summary = shown(turns, "status")[-1]
    assert (summary["phase"], summary["fixes"], summary["length_m"]) == ("stopped", 11, 111.2)
    assert summary["last_ms"] - summary["started_ms"] == 10_000
    turns.advance(3600)
    assert (turns.state.phase, turns.timers) == (TripPhase.STOPPED, {})
    turns.tell("stop")
    assert len(shown(turns, "status")) == 2


def test_the_next_trip() -> None:
    """A fix after the stop begins another trip from zero; one that is late for the old trip does not."""
    turns = trip()
    drive(turns, 11)
    turns.tell("stop")
    turns.tell("position", turns.state.latest)
    assert turns.state.phase is TripPhase.STOPPED
    turns.advance(60)
    turns.tell("position", north(turns, 5000))
    assert (turns.state.phase, turns.state.trip, turns.state.fixes, turns.state.length_m) == (TripPhase.MOVING, 2, 1, 0)
    assert turns.state.started_ms == turns.now_ms


def test_nobody_there() -> None:
    """A trip that never began has nothing to stop and nothing to tell; asking does not begin it."""
    turns = trip()
    for verb in ("stop", "read", "gpx", "geojson"):
        answer = turns.ask(verb)
        assert (answer.ok, answer.reason) == (False, "there is no trip van")
    assert (turns.state, turns.born, turns.timers) == (TripState(), False, {})


def test_read() -> None:
    """Whoever asks gets everything that anybody may know: not how the trip is kept."""
    turns = trip()
    drive(turns, 2)
    hidden = {"token_digest", "listed_in", "since_clock_ms", "way"}
    assert turns.ask("read").body == {**turns.state.model_dump(mode="json", exclude=hidden), "points": 1}


def test_a_position_that_is_asked_for_an_answer() -> None:
    """Whoever sends a fix and wants to know gets the status."""
    turns = trip()
    answer = turns.ask("position", north(turns, 0).model_dump(exclude_none=True))
    assert (answer.body["phase"], answer.body["fixes"]) == ("moving", 1)


def test_accuracy() -> None:
    """Where a phone says how far it may be off, movement below that is noise, and a place in reach of it is no jump."""
    turns = trip()
    turns.tell("position", north(turns, 0, accuracy_m=8.0))
    turns.advance(1)
    turns.tell("position", north(turns, 5, accuracy_m=60.0))
    assert turns.state.length_m == 0
    turns.advance(1)
    turns.tell("position", north(turns, 100, accuracy_m=1200.0))
    assert turns.state.jumps == 0
    turns.advance(1)
    turns.tell("position", north(turns, 10, accuracy_m=8.0))
    assert turns.state.length_m == pytest.approx(111.2, abs=0.1)


def test_a_state_of_version_1() -> None:
    """A trip that an older program stored goes on; one that it had stopped says by whom it was ended."""
    old = b'{"phase":"stopped","trip":3,"started_ms":5,"last_ms":7,"latest":null,"place":null,"anchor":null,"suspect":null,'
    old += b'"length_m":2.5,"fixes":9,"repeated":1,"jumps":0,"losses":0}'
    found = read_stored(TripState, 1, old, what="its state")
    assert found == TripState(phase=TripPhase.STOPPED, trip=3, started_ms=5, last_ms=7, length_m=2.5, fixes=9, repeated=1).changed(
        ended_ms=7, ended_by=EndedBy.TRACKER
    )


def test_the_machine_can_be_drawn() -> None:
    """The picture of the machine says what ends a trip, and what loses it."""
    drawn = Trip.machine.mermaid(Trip)
    assert "MOVING --> LOST : signal_lost" in drawn
    assert "LOST --> STOPPED : grace_over" in drawn


def test_nobody_to_publish() -> None:
    """Without a publisher the trip is still followed."""
    turns = trip(publish_to="")
    drive(turns, 3)
    turns.advance(60)
    assert (turns.state.phase, turns.mail) == (TripPhase.LOST, [])


@pytest.mark.parametrize(
    ("key", "value"),
    [("lost_after_s", 0), ("min_move_m", -1), ("max_speed_mps", 0), ("topic", "trips"), ("path_tolerance_m", -1), ("grace_s", 0)],
)
def test_wrong_settings(key: str, value: Any) -> None:
    """A setting that cannot work is refused by its key."""
    with pytest.raises(ValidationError) as caught:
        TripSettings(**{key: value})
    assert caught.value.errors()[0]["loc"] == (key,)


fixes = st.builds(
    Fix,
    latitude_deg=st.floats(-90, 90) | st.floats(52.5, 52.501),
    longitude_deg=st.floats(-180, 180) | st.floats(13.4, 13.401),
    at_ms=st.just(0) | st.integers(0, 2**53) | st.integers(1_750_000_000_000, 1_750_000_010_000),
    speed_mps=st.none() | st.floats(0, 1e9),
    hdop=st.none() | st.floats(0, 1e308),
)


@settings(max_examples=80)
@given(st.lists(fixes | st.floats(0, 60) | st.just("stop"), max_size=15))
def test_any_sequence(steps: list[Fix | float | str]) -> None:
    """Whatever comes, length never shrinks within a trip, every fix is counted once, and only believed ones move the vehicle."""
    turns = trip()
    for step in steps:
        before = turns.state
        if isinstance(step, Fix):
            turns.tell("position", step)
        elif isinstance(step, str):
            turns.ask("stop")
        else:
            turns.advance(step)
        after = turns.state
        if after.trip == before.trip:
            assert after.length_m >= before.length_m
            outside = before.phase in (TripPhase.WAITING, TripPhase.STOPPED)
            assert after.fixes == before.fixes + (isinstance(step, Fix) and not (outside and is_nowhere(step)))
        else:
            assert (after.trip, after.fixes, after.length_m) == (before.trip + 1, 1, 0)
        assert after.repeated + after.jumps <= max(0, after.fixes - 1)
    assert len(shown(turns, "position")) >= turns.state.fixes - turns.state.repeated - turns.state.jumps
