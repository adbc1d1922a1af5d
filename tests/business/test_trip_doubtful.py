"""What trackers say that is no place, or no time: 0, 0 without a fix, and the date of a receiver that does not know it yet."""

import json
from typing import Any

import pytest

from gateway.actors.vocabulary import Fix
from gateway.business.trip import TripPhase
from gateway.business.trip.line import PathPoint, point_of
from gateway.business.trip.state import TripState
from gateway.testing import Turns
from tests.business.test_trip import drive, north, shown, trip

NOWHERE = {"latitude_deg": 0, "longitude_deg": 0}
EPOCH_OF_GPS_MS = 315_964_800_000


def nowhere(turns: Turns[TripState]) -> None:
    """The tracker has no fix, and says a place all the same."""
    turns.tell("position", {**NOWHERE, "at_ms": turns.now_ms})
    turns.advance(1)


def known(state: Any) -> list[PathPoint]:
    """The points that the trip itself holds."""
    return [point_of(word) for word in (state.way.thinner.kept, *state.way.recent.split()) if word]


def test_a_receiver_without_a_fix_moves_no_vehicle() -> None:
    """However often it says 0, 0: that agrees with itself, and is no second witness."""
    turns = trip()
    drive(turns, 3)
    for _ in range(5):
        nowhere(turns)
    assert (turns.state.phase, turns.state.jumps, turns.state.length_m) == (TripPhase.MOVING, 5, pytest.approx(22.24, abs=0.1))
    assert min(place["latitude_deg"] for place in shown(turns, "position")) > 52
    turns.tell("position", north(turns, 8))
    assert turns.state.length_m == pytest.approx(88.96, abs=0.1)


def test_what_names_no_place_is_no_sign_that_the_signal_is_there(caplog: pytest.LogCaptureFixture) -> None:
    """The trip is lost in time, says why, once, and takes that back with the next fix."""
    turns = trip()
    drive(turns, 3)
    for _ in range(40):
        nowhere(turns)
    assert turns.state.phase is TripPhase.LOST
    assert "latitude 0, longitude 0" in shown(turns, "status")[-1]["fault"]
    assert caplog.text.count("cannot be followed") == 1
    turns.tell("position", north(turns, 9))
    assert (turns.state.phase, turns.state.fault) == (TripPhase.MOVING, "")


def test_a_trip_does_not_begin_nowhere() -> None:
    """It begins with the first fix that names a place; until then it says what is wrong."""
    turns = trip()
    nowhere(turns)
    assert (turns.state.phase, turns.state.trip, turns.state.fixes) == (TripPhase.WAITING, 0, 0)
    assert "view of the sky" in turns.ask("read").body["fault"]
    turns.tell("owntracks", {"_type": "location", "lat": 0.0, "lon": 0.0, "tst": turns.now_ms // 1000})
    assert turns.state.phase is TripPhase.WAITING
    drive(turns, 2)
    assert (turns.state.trip, turns.state.fixes, turns.state.started_ms) == (1, 2, turns.now_ms - 2000)


@pytest.mark.parametrize("at_ms", [0, 1])
def test_the_equator_is_a_place(at_ms: int) -> None:
    """And so is the meridian of Greenwich."""
    for latitude_deg, longitude_deg in ((0, 9.5), (51.5, 0)):
        turns = trip()
        turns.tell("position", Fix(latitude_deg=latitude_deg, longitude_deg=longitude_deg, at_ms=at_ms and turns.now_ms))
        assert (turns.state.phase, turns.state.fault) == (TripPhase.MOVING, "")


def test_a_date_that_no_tracker_has_kept_is_not_taken_for_a_late_fix() -> None:
    """One sentence with the date on which GPS began would have the trip begin in 1980, and its path."""
    turns = trip()
    turns.tell("position", north(turns, 0))
    began_ms = turns.now_ms
    turns.advance(1)
    turns.tell("position", north(turns, 20).changed(at_ms=EPOCH_OF_GPS_MS))
    turns.advance(1)
    turns.tell("position", north(turns, 2))
    state: Any = turns.state
    assert (state.started_ms, state.late, state.repeated, state.fixes) == (began_ms, 0, 1, 3)
    assert str(EPOCH_OF_GPS_MS) not in json.dumps(state.model_dump(mode="json")["way"]["recent"])


@pytest.mark.parametrize("year_ms", [EPOCH_OF_GPS_MS, 1_577_836_800_000 - 1, 1_704_067_200_000])
def test_a_trip_whose_first_fix_has_no_true_date_begins_when_that_came(year_ms: int) -> None:
    """A receiver that has no date yet says 1980, or when its program was written. Its places are good; their times are the gateway's."""
    turns = trip()
    began_ms = turns.now_ms
    for step in range(3):
        turns.tell("position", north(turns, step).changed(at_ms=year_ms + step * 1000))
        assert (turns.state.started_ms, turns.state.last_ms, turns.state.fixes) == (began_ms, turns.now_ms, step + 1)
        turns.advance(1)
    turns.tell("position", north(turns, 3))
    state: Any = turns.state
    assert (state.started_ms, state.last_ms, state.length_m) == (began_ms, turns.now_ms, pytest.approx(33.36, abs=0.1))
    assert min(at_ms for at_ms in (state.started_ms, *(point.at_ms for point in known(state)))) == began_ms


def test_such_a_date_is_mended_when_the_gateway_knows_the_time() -> None:
    """A Pi without a clock that hears a receiver without a date: neither knows when the trip began until one of them does."""
    turns = trip()
    turns.time.synced = False
    turns.tell("position", north(turns, 0).changed(at_ms=EPOCH_OF_GPS_MS))
    assert (turns.state.started_ms, turns.state.unsynced) == (turns.now_ms, dict.fromkeys(("started_ms", "last_ms"), turns.clock_ms))


def test_a_trip_that_began_in_the_future_began_when_the_clock_was_set() -> None:
    """Its first fix had the date of next year: no trip ends before it began."""
    turns = trip()
    turns.tell("position", north(turns, 0).changed(at_ms=turns.now_ms + 365 * 86_400_000))
    turns.advance(1)
    turns.tell("position", north(turns, 1))
    assert turns.state.started_ms == turns.state.last_ms == turns.now_ms
