"""Shared trips: a token moves them, everybody may look, and a tracker that vanishes has a while to come back."""

import json
from typing import Any

import pytest

from gateway.actors.vocabulary import Fix
from gateway.business.trip import EndedBy, Trip, TripPhase, TripSettings, TripState
from gateway.testing import Turns


def begun(**settings: Any) -> tuple[Turns[TripState], str]:
    """A trip that was begun, and its token."""
    turns = Turns(Trip(TripSettings(**settings)), me="trip/brave-otter")
    answer = turns.ask("begin", {"title": "On my way home", "grace_s": 600.0})
    return turns, answer.body["token"]


def place(turns: Turns[TripState], steps: float, **more: Any) -> dict[str, Any]:
    return {"latitude_deg": 52.5 + steps * 0.0001, "longitude_deg": 13.4, "at_ms": turns.now_ms, "accuracy_m": 4.0, **more}


def phase(turns: Turns[TripState]) -> TripPhase:
    return turns.state.phase


def published(turns: Turns[TripState], under: str) -> list[str]:
    return [sent.body for sent in turns.mail_to("mqtt/main") if sent.topic == f"{{prefix}}/trip/brave-otter/{under}" and sent.retain]


def test_a_trip_begins() -> None:
    """Who begins it gets the name, the token and where to follow; followers see that it waits."""
    turns = Turns(Trip(TripSettings()), me="trip/brave-otter")
    answer = turns.ask("begin", {"title": "On my way home"})
    assert (answer.body["slug"], answer.body["topic"]) == ("brave-otter", "{prefix}/trip/brave-otter")
    assert len(answer.body["token"]) == 40
    (status,) = map(json.loads, published(turns, "status"))
    assert (status["phase"], status["title"], status["fixes"]) == ("waiting", "On my way home", 0)


def test_a_name_that_is_taken() -> None:
    """A trip that is there, or was and is not forgotten, is not begun again."""
    turns, token = begun()
    assert turns.ask("begin").reason == "there is a trip brave-otter already"
    turns.ask("stop", {"token": token})
    assert turns.ask("begin").reason == "there is a trip brave-otter already"
    assert turns.state.title == "On my way home"


def test_the_token_moves_it() -> None:
    """An update is a fix like any other, and answered with the status."""
    turns, token = begun()
    answer = turns.ask("update", {"token": token, **place(turns, 0)})
    assert (answer.ok, answer.body["phase"], answer.body["fixes"]) == (True, "moving", 1)
    (position,) = map(json.loads, published(turns, "position"))
    assert (position["latitude_deg"], position["accuracy_m"]) == (52.5, 4.0)
    assert turns.state.trip == 1


@pytest.mark.parametrize("verb", ["update", "stop"])
@pytest.mark.parametrize("wrong", ["", "0" * 40, "ü"])
def test_a_wrong_token(verb: str, wrong: str) -> None:
    """It is refused, and nothing has changed; nobody learns what would have been right."""
    turns, _ = begun()
    before, mail = turns.state, len(turns.mail)
    answer = turns.ask(verb, {"token": wrong, **(place(turns, 0) if verb == "update" else {})})
    assert (answer.ok, answer.reason) == (False, f"cannot {verb} trip brave-otter: wrong token")
    assert (turns.state, len(turns.mail)) == (before, mail + 1)


def test_without_a_token() -> None:
    """What moves a vehicle does not move a shared trip; where nobody asked, nothing is said."""
    turns, _ = begun()
    assert turns.ask("position", place(turns, 0)).reason == "cannot position trip brave-otter: wrong token"
    assert turns.tell("position", place(turns, 0)).mail == []
    assert turns.state.fixes == 0


def test_followers_never_see_the_token() -> None:
    """Neither in what is read, nor on the broker, nor in the state: that holds a hash."""
    turns, token = begun()
    turns.ask("update", {"token": token, **place(turns, 0)})
    answers = turns.ask("read").to_json().decode() + turns.ask("stop", {"token": token}).to_json().decode()
    shown = "".join([answers, *published(turns, "status"), *published(turns, "position")])
    assert token not in shown + turns.state.to_json().decode()
    assert turns.state.token_digest not in shown


def test_an_unknown_name() -> None:
    """It is an answer, and leaves no trace."""
    turns = Turns(Trip(TripSettings()), me="trip/brave-otter")
    for verb, payload in (("update", {"token": "x", **place(turns, 0)}), ("read", None), ("stop", None)):
        assert turns.ask(verb, payload).reason == "there is no trip brave-otter"
    assert not turns.born


def test_a_tracker_that_comes_back() -> None:
    """Lost for less than its grace time, it goes on with the same trip, however late in it."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.advance(30)
    assert phase(turns) is TripPhase.LOST
    turns.advance(599)
    turns.tell("update", {"token": token, **place(turns, 100)})
    assert (turns.state.phase, turns.state.trip, turns.state.fixes) == (TripPhase.MOVING, 1, 2)
    turns.advance(29)
    turns.tell("update", {"token": token, **place(turns, 101)})
    turns.advance(25)
    assert phase(turns) is TripPhase.MOVING


def test_a_tracker_that_does_not() -> None:
    """When the grace time is over the trip ends by itself, says why, and takes no more updates; followers still see where."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.advance(30 + 600)
    assert (turns.state.phase, turns.state.ended_by, turns.state.ended_ms) == (TripPhase.STOPPED, EndedBy.SILENCE, turns.now_ms)
    last = json.loads(published(turns, "status")[-1])
    assert (last["phase"], last["ended_by"], last["ended_ms"]) == ("stopped", "silence", turns.now_ms)
    assert turns.ask("update", {"token": token, **place(turns, 1)}).reason == "cannot update trip brave-otter: it has ended"
    assert turns.ask("read").body["latest"]["latitude_deg"] == 52.5


def test_a_tracker_that_never_comes() -> None:
    """A trip that was begun and got no fix ends as well."""
    turns, _ = begun()
    turns.advance(629)
    assert phase(turns) is TripPhase.WAITING
    turns.advance(1)
    assert (turns.state.phase, turns.state.ended_by) == (TripPhase.STOPPED, EndedBy.SILENCE)


def test_a_power_cut() -> None:
    """While the gateway was off nobody could be heard: a trip whose time ran out meanwhile waits once more before it ends."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.advance(40)
    turns.advance(7200, asleep=True)
    assert phase(turns) is TripPhase.LOST
    turns.advance(20)
    turns.tell("update", {"token": token, **place(turns, 100)})
    assert phase(turns) is TripPhase.MOVING
    turns.advance(40)
    turns.advance(7200, asleep=True)
    turns.advance(30)
    assert phase(turns) is TripPhase.STOPPED


def test_a_power_cut_while_it_moved() -> None:
    """The gateway is back, and has listened for a while: it is lost then, and has all its grace time from there."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.advance(7200, asleep=True)
    assert phase(turns) is TripPhase.MOVING
    turns.advance(30)
    assert phase(turns) is TripPhase.LOST
    turns.advance(599)
    assert phase(turns) is TripPhase.LOST


def test_a_restart_just_before_its_grace_is_over() -> None:
    """Its timer comes in time; but the gateway was off until just now, so the tracker could not be heard."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.advance(30)
    turns.advance(595, asleep=True)
    turns.advance(5)
    assert phase(turns) is TripPhase.LOST
    turns.tell("update", {"token": token, **place(turns, 1)})
    assert phase(turns) is TripPhase.MOVING


def test_stopping() -> None:
    """The holder of the token ends it, once; a second stop answers the same and publishes nothing."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    first = turns.ask("stop", {"token": token})
    assert (first.body["phase"], first.body["ended_by"]) == ("stopped", "tracker")
    count = len(published(turns, "status"))
    assert turns.ask("stop", {"token": token}).body == first.body
    assert len(published(turns, "status")) == count
    assert set(turns.timers) == {"forget"}


def test_a_trip_is_forgotten() -> None:
    """A week after its end nothing is left of it: not here, and not on the broker; its name is free."""
    turns, token = begun()
    turns.tell("update", {"token": token, **place(turns, 0)})
    turns.ask("stop", {"token": token})
    turns.advance(604_799)
    assert turns.born
    turns.advance(1)
    assert (published(turns, "position")[-1], published(turns, "status")[-1]) == ("", "")
    assert (turns.stopped, turns.timers) == (True, {})
    assert turns.ask("begin").ok


def test_a_trip_that_is_kept() -> None:
    """Where trips are kept for ever, they are; nobody outside makes them forget, or end, before their time."""
    turns, token = begun(kept_s=0)
    for early in ("grace_over", "forget", "signal_lost"):
        turns.tell(early)
    assert phase(turns) is TripPhase.WAITING
    turns.ask("stop", {"token": token})
    turns.tell("forget")
    assert turns.born
    assert turns.timers == {}


def test_owntracks() -> None:
    """What the OwnTracks app publishes as it comes moves a trip as a GPS does; what is no location is ignored."""
    turns = Turns(Trip(TripSettings()), me="trip/ann")
    said = {"_type": "location", "lat": 52.5, "lon": 13.4, "tst": 1_750_000_000, "acc": 12, "alt": 34, "vel": 36, "cog": 270, "tid": "an"}
    turns.tell("owntracks", json.dumps({"_type": "lwt", "tst": 1}))
    assert not turns.born
    turns.tell("owntracks", json.dumps({**said, "batt": 80, "inregions": ["home"], "topic": "owntracks/ann/phone"}))
    assert turns.state.latest == Fix(
        latitude_deg=52.5,
        longitude_deg=13.4,
        at_ms=1_750_000_000_000,
        accuracy_m=12.0,
        altitude_m=34.0,
        speed_mps=10.0,
        heading_deg=270.0,
    )
    turns.advance(1)
    turns.tell("owntracks", json.dumps({**said, "tst": 1_750_000_001, "vel": -1, "cog": -1, "acc": -1}))
    assert turns.state.latest == Fix(latitude_deg=52.5, longitude_deg=13.4, at_ms=1_750_000_001_000, altitude_m=34.0)
    turns.tell("owntracks", json.dumps({**said, "lat": 952.5}))
    assert turns.state.fixes == 2


def test_owntracks_on_a_shared_trip() -> None:
    """It needs the token there too, which whatever stands between may add."""
    turns, token = begun()
    said = {"_type": "location", "lat": 52.5, "lon": 13.4, "tst": turns.now_ms // 1000}
    assert turns.ask("owntracks", said).reason == "cannot owntracks trip brave-otter: wrong token"
    assert turns.ask("owntracks", {**said, "token": token}).body["fixes"] == 1
