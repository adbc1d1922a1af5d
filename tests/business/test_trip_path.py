"""The path of a trip: what is kept of it, in how much room, and how it comes out as a file."""

import json
from itertools import pairwise
from math import cos, hypot, pi, sin
from typing import Any
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.business.trip import Path, Trip, TripSettings
from gateway.business.trip.exports import fewer
from gateway.business.trip.line import PathPoint, read_line, word_of
from gateway.business.trip.thinning import Thinner, thin
from gateway.business.trip.way import PART_POINTS, PARTS_AT_MOST, TOGETHER_POINTS
from gateway.testing import Rig, Turns

GPX = "{http://www.topografix.com/GPX/1/1}"
OURS = "{urn:pi-device-gateway:gpx:1}"
BEGAN_MS = 1_750_000_000_000
METRE_DEG = 360 / (2 * pi * 6_371_008.8)


def point(east_m: float, north_m: float, at_s: float = 0.0, **more: Any) -> PathPoint:
    """Near the equator, where a degree is as long either way."""
    return PathPoint(round(north_m * METRE_DEG, 6), round(east_m * METRE_DEG, 6), BEGAN_MS + round(at_s * 1000), **more)


def kept_of(points: list[PathPoint], tolerance_m: float = 5.0) -> list[PathPoint]:
    thinner = Thinner()
    found: list[str] = []
    for one in points:
        thinner, kept = thin(thinner, one, tolerance_m=tolerance_m)
        found += kept
    return read_line(" ".join([*found, thinner.last]))


def off_m(one: PathPoint, line: list[PathPoint]) -> float:
    """Metres from a point to a line."""
    return min((_off_m(one, start, end) for start, end in pairwise(line)), default=_off_m(one, line[0], line[0]))


def _off_m(one: PathPoint, start: PathPoint, end: PathPoint) -> float:
    ax, ay, bx, by, x, y = (value / METRE_DEG for at in (start, end, one) for value in (at.longitude_deg, at.latitude_deg))
    dx, dy = bx - ax, by - ay
    along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / ((dx * dx + dy * dy) or 1.0)))
    return hypot(x - ax - along * dx, y - ay - along * dy)


def test_a_straight_road() -> None:
    """A straight line needs its ends only, and a point each ten minutes that says when it was there."""
    line = [point(20 * second, 0, second) for second in range(1500)]
    assert [kept.at_ms - BEGAN_MS for kept in kept_of(line)] == [0, 600_000, 1_200_000, 1_499_000]


def test_corners() -> None:
    """Each corner is kept, to the metre, and a way back too."""
    square = (
        [point(0, n) for n in range(0, 200, 10)] + [point(n, 200) for n in range(0, 200, 10)] + [point(200, n) for n in range(200, 0, -10)]
    )
    assert [(round(p.longitude_deg / METRE_DEG), round(p.latitude_deg / METRE_DEG)) for p in kept_of(square)] == [
        (0, 0),
        (0, 200),
        (200, 200),
        (200, 10),
    ]
    back = [point(0, n) for n in (*range(0, 300, 10), *range(300, 100, -10))]
    assert max(p.latitude_deg for p in kept_of(back)) > 290 * METRE_DEG


def test_standing() -> None:
    """A receiver that wanders within the tolerance while it stands adds nothing but a point each ten minutes."""
    stand = [point(3 * sin(second), 3 * cos(second), second) for second in range(3600)]
    assert len(kept_of(stand)) <= 8


steps = st.tuples(st.floats(-60, 60), st.floats(-60, 60))


@settings(max_examples=150)
@given(st.lists(steps, min_size=1, max_size=60), st.sampled_from([2.0, 5.0, 20.0]))
def test_no_fix_is_far_from_the_line(walk: list[tuple[float, float]], tolerance_m: float) -> None:
    """Wherever somebody walks, the line that is kept passes every fix within twice the tolerance, and keeps no fix that was not."""
    east = north = 0.0
    points = []
    for second, (dx, dy) in enumerate(walk):
        east, north = east + dx, north + dy
        points.append(point(east, north, second))
    line = kept_of(points, tolerance_m)
    assert all(one in points for one in line)
    assert [one.at_ms for one in line] == sorted({one.at_ms for one in line})
    assert max(off_m(one, line) for one in points) <= 2 * tolerance_m + 0.01


def test_fewer_points() -> None:
    """What is too long for its reader comes with fewer points, evenly; its ends and its gaps stay."""
    line = [point(n, 0, n, begins=n in (0, 151)) for n in range(300)]
    few = fewer(line, 20)
    assert len(few) == 22
    assert (few[0], few[-1]) == (line[0], line[-1])
    assert line[151] in few
    assert fewer(line, 300) == line
    assert fewer([], 5) == []


def test_a_line_as_text() -> None:
    """Text keeps a decimetre of place and height, and what was not said stays unsaid."""
    line = [
        PathPoint(latitude_deg=-52.5, longitude_deg=13.400001, at_ms=1, accuracy_m=4.5, begins=True),
        PathPoint(latitude_deg=0.0, longitude_deg=-179.999999, at_ms=BEGAN_MS, altitude_m=34.0),
    ]
    written = " ".join(map(word_of, line))
    assert written == "-52.500000,13.400001,1,4.5,,n 0.000000,-179.999999,1750000000000,,34"
    assert read_line(written) == line
    assert read_line("") == []


# --- whole trips, on the engine


def drive(rig: Rig, seconds: int, *, every_s: float = 1.0, curl_s: float = 3.0) -> None:
    """A road that bends all the time, at 20 m/s: some 60 m between points that must be kept."""
    east = north = 0.0
    for second in range(seconds):
        east, north = east + 20 * cos(second / curl_s), north + 20 * sin(second / curl_s) + 4
        fix = {"latitude_deg": north * METRE_DEG, "longitude_deg": east * METRE_DEG, "accuracy_m": 4.0, "at_ms": rig.clock.now_ms()}
        rig.send("trip/van", "position", {**fix, "altitude_m": 34.5})
        rig.clock.advance(every_s)
    rig.settle()


def rig() -> Rig:
    return Rig([Trip(TripSettings(publish_to="")), Path()])


def test_a_long_trip_is_kept_in_parts() -> None:
    """The trip itself stays small however long it goes; the rest stands in parts of at most 500 points; the export has it all."""
    with rig() as gateway:
        drive(gateway, 2500)
        state = gateway.state("trip/van")
        parts = [gateway.state(f"trip/van/path/{number}") for number in state.way.parts]
        assert len(parts) > 1
        assert all(part.count == len(part.points.split()) <= 500 for part in parts)
        assert len(state.to_json()) < 3000
        answer = gateway.ask("trip/van", "gpx")
        text = answer.body["text"]
        assert text.count("<trkpt") in (state.way.points, state.way.points + 1, state.way.points + 2)
        times = [element.text or "" for element in ElementTree.fromstring(text).iter(f"{GPX}time")][1:]
        assert times == sorted(set(times))
        short = gateway.ask("trip/van", "geojson", {"most_points": 100}).body["text"]
        assert len(json.loads(short)["features"][0]["geometry"]["coordinates"]) <= 102


def test_a_trip_that_never_ends() -> None:
    """Of a van that is never stopped the oldest part of the path goes when there are too many; an export still finds its way."""
    turns = Turns(Trip(TripSettings(publish_to="")), me="trip/van")
    turns.tell("position", {"latitude_deg": 0.0, "longitude_deg": METRE_DEG})
    turns.state = turns.state.changed(way=turns.state.way.changed(part=PARTS_AT_MOST + 1, part_points=PART_POINTS - TOGETHER_POINTS - 1))
    for corner in range(1, TOGETHER_POINTS + 2):
        turns.advance(10)
        turns.tell("position", {"latitude_deg": corner * 100 * METRE_DEG, "longitude_deg": corner % 2 * 100 * METRE_DEG})
    assert [mail.verb for mail in turns.mail if mail.to == "trip/van/path/1"] == ["end"]
    assert turns.state.way.parts == list(range(2, PARTS_AT_MOST + 2))
    turns.state = turns.state.changed(way=turns.state.way.changed(part_points=1))
    turns.tell("gpx", sender="test/asker", reply_to="test/asker")
    assert turns.mail[-1].to == "trip/van/path/2"
    route = turns.mail[-1].route
    assert route is not None
    assert len(route.ahead) == PARTS_AT_MOST + 1


def test_the_test_kit_brings_the_parts_of_a_path() -> None:
    """Who tests with trips need not know that they keep a path."""
    with Rig([Trip(TripSettings(publish_to=""))]) as gateway:
        drive(gateway, 120)
        assert gateway.state("trip/van/path/1").count > 0


def test_no_path() -> None:
    """Where none is kept, the trip holds no point of it, and an export has the latest place only."""
    with Rig([Trip(TripSettings(publish_to="", path_tolerance_m=0)), Path()]) as gateway:
        drive(gateway, 50)
        assert gateway.state("trip/van").way.points == 0
        assert gateway.ask("trip/van", "gpx", {"most_points": 5}).body["text"].count("<trkpt") == 1


def test_the_next_trip_begins_with_an_empty_path() -> None:
    """The parts of a vehicle's last trip go when it sets out again."""
    with rig() as gateway:
        drive(gateway, 120)
        before = gateway.state("trip/van").way.parts
        assert before == [1]
        gateway.ask("trip/van", "stop")
        drive(gateway, 120)
        assert gateway.state("trip/van").way.parts == [2]
        assert gateway.state("trip/van/path/1").count == 0
        points = read_line(gateway.state("trip/van/path/2").points)
        assert [one.begins for one in points] == [True] + [False] * (len(points) - 1)


def test_gpx() -> None:
    """GPX 1.1: elements in the order of its schema, a segment on each side of a gap, height, time and accuracy."""
    with rig() as gateway:
        drive(gateway, 10)
        gateway.advance(60)
        drive(gateway, 10)
        answer = gateway.ask("trip/van", "gpx")
        assert (answer.body["type"], answer.body["name"]) == ("application/gpx+xml", "van.gpx")
        root = ElementTree.fromstring(answer.body["text"])
        assert (root.tag, root.get("version"), [child.tag for child in root]) == (f"{GPX}gpx", "1.1", [f"{GPX}metadata", f"{GPX}trk"])
        assert [child.tag for child in root[1]] == [f"{GPX}name", f"{GPX}trkseg", f"{GPX}trkseg"]
        first = root[1][1][0]
        assert [child.tag for child in first] == [f"{GPX}ele", f"{GPX}time", f"{GPX}extensions"]
        assert first[0].text == "34.5"
        assert (first[1].text or "").endswith("Z")
        assert first[2][0].tag == f"{OURS}accuracy"


def test_geojson() -> None:
    """RFC 7946: longitude first, lines of at least two positions, and as many times as positions."""
    with rig() as gateway:
        drive(gateway, 10)
        gateway.advance(60)
        drive(gateway, 10)
        found = json.loads(gateway.ask("trip/van", "geojson").body["text"])
        way, end = found["features"]
        assert (found["type"], way["geometry"]["type"], end["geometry"]["type"]) == ("FeatureCollection", "MultiLineString", "Point")
        lines = way["geometry"]["coordinates"]
        assert all(len(line) >= 2 for line in lines)
        assert [len(line) for line in lines] == [len(times) for times in way["properties"]["times"]]
        assert end["geometry"]["coordinates"] == lines[-1][-1]
        latest = gateway.ask("trip/van", "read").body["latest"]
        assert end["geometry"]["coordinates"] == [round(latest["longitude_deg"], 6), round(latest["latitude_deg"], 6), 34.5]


def test_a_trip_of_one_fix() -> None:
    """A line needs two points: there is only the place."""
    with rig() as gateway:
        gateway.tell("trip/van", "position", {"latitude_deg": 1.0, "longitude_deg": 179.9999})
        found = json.loads(gateway.ask("trip/van", "geojson").body["text"])
        assert [feature["geometry"] for feature in found["features"]] == [{"type": "Point", "coordinates": [179.9999, 1.0]}]


def test_the_antimeridian() -> None:
    """A line across it is cut in two, and is no longer for it."""
    with rig() as gateway:
        for longitude_deg in (179.998, 179.999, -179.999, -179.998):
            gateway.tell("trip/van", "position", {"latitude_deg": 0.0, "longitude_deg": longitude_deg, "at_ms": gateway.clock.now_ms()})
            gateway.clock.advance(10)
        gateway.settle()
        line = json.loads(gateway.ask("trip/van", "geojson").body["text"])["features"][0]["geometry"]
        assert line["type"] in ("LineString", "Point")
        assert gateway.state("trip/van").length_m < 500
