"""Phones that say seldom where they are, and tell later what they could not tell at once."""

import json
from itertools import pairwise
from typing import Any

import pytest

from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place, distance_m
from gateway.business.trip import Trip, TripPhase, TripSettings, TripState
from gateway.business.trip.exports import segments_of
from gateway.business.trip.line import PathPoint, in_order, read_line
from gateway.testing import Turns

BEGIN_S = 1_749_990_000


def trip(**settings: Any) -> Turns[TripState]:
    return Turns(Trip(TripSettings(**settings)), me="trip/ann")


def phone(turns: Turns[TripState], at_s: float, north: float, east: float = 0.0, **more: Any) -> None:
    """The app says where it was so many seconds after the begin: thousandths of a degree north and east."""
    said = {"_type": "location", "lat": 52.52 + north / 1000, "lon": 13.405 + east / 1000, "tst": round(BEGIN_S + at_s), "acc": 9}
    turns.tell("owntracks", {**said, **more})


def path(turns: Turns[TripState]) -> list[PathPoint]:
    """The points of the way that the trip holds."""
    state = turns.state
    return in_order(read_line(f"{state.way.recent} {state.way.thinner.last}"))


def times(turns: Turns[TripState]) -> list[int]:
    return [point.at_ms // 1000 - BEGIN_S for point in path(turns)]


def way_m(turns: Turns[TripState]) -> float:
    """The length of the way over its points."""
    places = [Place(latitude_deg=point.latitude_deg, longitude_deg=point.longitude_deg) for point in path(turns)]
    return sum(distance_m(one, two) for one, two in pairwise(places))


@pytest.mark.parametrize("every_s", [30, 60, 300, 600, 1800])
def test_a_phone_that_speaks_seldom_loses_no_signal(every_s: int) -> None:
    """A point every few minutes, at rest each half an hour, is what OwnTracks does: one way, in one piece."""
    turns = trip()
    for n in range(8):
        phone(turns, n * every_s, n * 5)
        turns.advance(every_s)
    assert (turns.state.phase, turns.state.losses) == (TripPhase.MOVING, 0)
    assert len(segments_of(path(turns))) == 1
    turns.advance(max(2400, 3 * every_s) - every_s)
    assert turns.state.phase is TripPhase.LOST


@pytest.mark.parametrize("every_s", [45, 300, 900])
def test_a_tracker_that_speaks_seldom_is_known_by_it(every_s: int) -> None:
    """Twice at first its signal seems lost; then it is known how often it speaks, and three times that is too long."""
    turns = trip()
    for n in range(8):
        turns.tell("position", Fix(latitude_deg=52.5 + n * 0.001, longitude_deg=13.4, at_ms=turns.now_ms))
        turns.advance(every_s)
    assert (turns.state.phase, turns.state.losses) == (TripPhase.MOVING, 2)
    turns.advance(2 * every_s)
    assert (turns.state.phase, turns.state.losses) == (TripPhase.LOST, 3)


def test_a_tunnel_does_not_make_a_receiver_a_slow_one() -> None:
    """A receiver that speaks each second, and was not heard for ten minutes: half a minute is too long as before."""
    turns = trip()
    for n in (0, 1, 2, 602, 603):
        turns.advance(n - (turns.now_ms - 1_750_000_000_000) / 1000)
        turns.tell("position", Fix(latitude_deg=52.5, longitude_deg=13.4, at_ms=turns.now_ms))
    assert turns.state.losses == 1
    turns.advance(30)
    assert turns.state.losses == 2


def test_what_was_kept_goes_into_its_place() -> None:
    """The app was out of reach, says first where it is and then where it was: the way is in order, and the phone stays where it is."""
    turns = trip()
    for at_s, north, east in ((0, 0, 0), (600, 40, 0), (120, 5, 15), (240, 20, 25), (420, 32, 15)):
        phone(turns, at_s, north, east)
    state = turns.state
    assert (state.last_ms, state.place.latitude_deg if state.place else 0) == ((BEGIN_S + 600) * 1000, 52.56)
    positions = [sent for sent in turns.mail_to("mqtt/main") if sent.topic.endswith("/position")]
    assert [json.loads(sent.body)["latitude_deg"] for sent in positions] == [52.52, 52.56]
    assert times(turns) == [0, 120, 240, 420, 600]
    assert (state.fixes, state.repeated, state.late, state.jumps) == (5, 3, 3, 0)
    assert state.length_m == pytest.approx(way_m(turns), abs=0.1)
    assert way_m(turns) > 5700, "the way over the points, not the straight one of 4448 m"


@pytest.mark.parametrize("order", [(240, 120, 420), (420, 240, 120), (120, 120, 240, 240, 420)])
def test_in_whatever_order_it_comes(order: tuple[int, ...]) -> None:
    """Also backwards, and twice."""
    where = {120: (5, 15), 240: (20, 25), 420: (32, 15)}
    turns = trip()
    phone(turns, 0, 0)
    phone(turns, 600, 40)
    for at_s in order:
        phone(turns, at_s, *where[at_s])
    assert times(turns) == [0, 120, 240, 420, 600]
    assert turns.state.length_m == pytest.approx(way_m(turns), abs=0.1)


def test_what_was_kept_for_days_moves_nobody() -> None:
    """Older than a day, it is no clock that was set: its times go on faster than time."""
    turns = trip()
    phone(turns, 0, 0)
    for n in range(1, 6):
        phone(turns, -3 * 86_400 + n * 60, n * 5)
        turns.advance(1)
    assert turns.state.last_ms == BEGIN_S * 1000
    assert (turns.state.late, times(turns)[-1]) == (5, 0)


def test_a_gap_is_closed_by_what_was_kept() -> None:
    """Lost for an hour; the next fix begins a piece of the way; then comes the way between, and it is one piece."""
    turns = trip()
    phone(turns, 0, 0)
    turns.advance(3600)
    assert turns.state.phase is TripPhase.LOST
    phone(turns, 3600, 100)
    assert len(segments_of(path(turns))) == 2
    phone(turns, 1800, 50, 30)
    assert len(segments_of(path(turns))) == 1
    assert times(turns) == [0, 1800, 3600]


def test_what_lies_on_the_way_is_not_kept() -> None:
    """It would add nothing."""
    turns = trip()
    phone(turns, 0, 0)
    phone(turns, 600, 40)
    phone(turns, 300, 20)
    assert (times(turns), turns.state.late) == ([0, 600], 1)


def test_a_place_that_cannot_have_been_is_not_put_in() -> None:
    """Between two points ten minutes apart nobody was in Paris."""
    turns = trip()
    phone(turns, 0, 0)
    phone(turns, 600, 40)
    phone(turns, 300, -3700, -11000)
    assert (times(turns), turns.state.jumps, turns.state.late) == ([0, 600], 1, 0)


def test_what_belongs_to_the_trip_before_is_not_put_into_the_next() -> None:
    """A vehicle's trip has ended, and another begun; then comes a fix of the first."""
    turns = trip()
    phone(turns, 0, 0)
    phone(turns, 600, 40)
    turns.tell("stop")
    turns.advance(3600)
    phone(turns, 3600, 100)
    phone(turns, 300, 20, 20)
    assert (turns.state.trip, times(turns), turns.state.late) == (2, [3600], 0)


def test_more_than_the_trip_holds_goes_into_the_parts_of_its_path() -> None:
    """Forty points of an hour ago: they are kept, twenty at a time, and put in order when the path is written."""
    turns = trip()
    phone(turns, 0, 0)
    phone(turns, 7200, 100)
    for n in range(1, 41):
        phone(turns, n * 90, n, 10 * (n % 2))
    parts = [payload.points for payload in turns.mail_to("trip/ann/path/1")]
    assert [len(points.split()) for points in parts] == [20, 20]
    points = in_order(read_line(" ".join([*parts, turns.state.way.tail(None)])))
    ages = [point.at_ms for point in points]
    assert ages == sorted(ages)
    assert turns.state.late == 40


def test_a_receiver_whose_clock_was_set_back_goes_on() -> None:
    """Its times go on as time does: it is live, and the vehicle moves."""
    turns = trip()
    turns.tell("position", Fix(latitude_deg=52.5, longitude_deg=13.4, at_ms=turns.now_ms))
    for n in range(1, 8):
        turns.advance(1)
        turns.tell("position", Fix(latitude_deg=52.5 + n * 0.0001, longitude_deg=13.4, at_ms=turns.now_ms - 19 * 365 * 86_400_000))
    assert turns.state.place is not None
    assert turns.state.place.latitude_deg == pytest.approx(52.5007)


def test_an_app_that_encrypts_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """The gateway has no key: it says so where one looks, once in the log, and what to do; the first location mends it."""
    turns = trip()
    for _ in range(3):
        turns.tell("owntracks", {"_type": "encrypted", "data": "c29tZXRoaW5n"})
    fault = (
        "its OwnTracks app encrypts what it says, and the gateway cannot read that: take the encryption key out of the app's settings "
        "(Preferences, Connection, Encryption key), and have the broker speak TLS instead"
    )
    assert (turns.state.fault, turns.state.fixes) == (fault, 0)
    assert turns.ask("read").body["fault"] == fault
    assert json.loads(turns.mail_to("mqtt/main")[-1].body)["fault"] == fault
    assert [record.getMessage() for record in caplog.records] == [f"trip/ann cannot be followed: {fault}"]
    phone(turns, 0, 0)
    assert (turns.state.fault, turns.state.phase, turns.state.fixes) == ("", TripPhase.MOVING, 1)


@pytest.mark.parametrize(
    ("more", "at_ms"),
    [
        ({"lat": "52.52", "lon": " 13.405 ", "acc": "9", "tst": str(BEGIN_S)}, BEGIN_S * 1000),
        ({"tst": BEGIN_S + 0.25}, BEGIN_S * 1000 + 250),
        ({"tst": BEGIN_S * 1000 + 250}, BEGIN_S * 1000 + 250),
        ({"tst": f"{BEGIN_S / 1e9}e9", "alt": "", "vel": "n/a", "cog": [1]}, BEGIN_S * 1000),
        ({"tst": None, "acc": 1e300, "vel": True, "alt": {}}, 0),
        ({"tst": "yesterday", "acc": "9,5"}, 0),
    ],
)
def test_one_odd_field_costs_no_place(more: dict[str, Any], at_ms: int) -> None:
    """Whatever speaks as OwnTracks does may write its numbers otherwise; what of it is none is left out, and the place is taken."""
    turns = trip()
    phone(turns, 0, 0, **more)
    assert turns.state.latest is not None
    assert (turns.state.latest.latitude_deg, turns.state.latest.longitude_deg, turns.state.latest.at_ms) == (52.52, 13.405, at_ms)


@pytest.mark.parametrize("more", [{"lat": 52_520_000}, {"lon": "east"}, {"lat": None}])
def test_a_location_without_a_place_is_named(more: dict[str, Any]) -> None:
    """It is a location all the same, and cannot be followed: that is said, and the next good one mends it."""
    turns = trip()
    phone(turns, 0, 0, **more)
    assert (turns.state.fixes, turns.state.fault) == (0, "its location has no lat and lon that are degrees; look at what publishes it")
    phone(turns, 1, 0)
    assert (turns.state.fixes, turns.state.fault) == (1, "")


@pytest.mark.parametrize("kind", ["lwt", "transition", "waypoint", "status", "cmd", ""])
def test_what_is_no_location_begins_no_trip(kind: str) -> None:
    """It is ignored, as ever."""
    turns = trip()
    turns.tell("owntracks", {"_type": kind, "tst": BEGIN_S})
    assert not turns.born


@pytest.mark.parametrize("kind", ["", "Location", "position"])
def test_a_place_under_another_type_is_named(kind: str) -> None:
    """Other apps leave the type out, or write their own: what they say is not passed over without a word."""
    turns = trip()
    turns.tell("owntracks", {"_type": kind, "lat": 52.52, "lon": 13.405, "tst": BEGIN_S})
    assert turns.state.fixes == 0
    assert f"its _type is {kind!r}" in turns.state.fault
    phone(turns, 1, 0)
    assert (turns.state.fixes, turns.state.fault) == (1, "")


@pytest.mark.parametrize("kind", ["transition", "waypoint"])
def test_a_place_that_is_watched_is_none_of_the_phone(kind: str) -> None:
    """A region's middle moves nobody, and is no fault."""
    turns = trip()
    turns.tell("owntracks", {"_type": kind, "lat": 52.52, "lon": 13.405, "tst": BEGIN_S})
    assert not turns.born


def test_points_without_a_time_of_their_own_are_mended_when_they_are_read() -> None:
    """The wall clock was five hours behind: in the export they have the time that it should have shown."""
    turns = trip()
    turns.time.synced = False
    turns.tell("position", Fix(latitude_deg=52.5, longitude_deg=13.4))
    turns.advance(20)
    turns.tell("position", Fix(latitude_deg=52.51, longitude_deg=13.4))
    turns.time.synced, turns.time.ahead_ms = True, 1_750_018_000_000 - 1_000_000
    mended = turns.state.mended(turns.time.mended)
    assert (mended.started_ms, mended.last_ms, mended.unsynced) == (1_750_018_000_000, 1_750_018_020_000, {})
    tail = turns.state.way.tail(None)
    answer = turns.ask("write_out", {"format": "geojson", "tail": tail})
    times = json.loads(answer.body["text"])["features"][0]["properties"]["times"]
    assert times == ["2025-06-15T20:06:40.000Z", "2025-06-15T20:07:00.000Z"]
