"""Servos: the pulses that a simulated pin got, from the claim to the close."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from devices.gpio.servo import Servo
from devices.gpio.servo_settings import ServoSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.testing import Bench

BenchOf = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
FLAP = {"pin": 12, "report_to": "twin/flap"}


def angle(bench: Bench, angle_deg: float, id: str = "a1") -> str:
    """Tell it where to go; return what came of it."""
    return bench.tell("angle", {"angle_deg": angle_deg}, id=id).wait()


def pulses_us(pins: SimulatedPins) -> list[float]:
    """How long the pulses were that the pin got, at each change; 0: there were none."""
    return [round(share / 100 * 20_000, 3) for share in pins.duties_pct(12)]


def angles(bench: Bench) -> list[Any]:
    """The angles that it reported."""
    return [one.payload.values["angle_deg"] for one in bench.sent if one.verb == "report"]


def test_its_pulses_are_as_long_as_the_angle_says(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """From 1 to 2 ms over its range; at the start there are none, and nobody knows where it is."""
    bench = bench_of(Servo, ServoSettings, **FLAP)
    for at, wanted in enumerate((-90, 0, 90, 45)):
        assert angle(bench, wanted, f"a{at}") == "done"
    assert pulses_us(pins) == [0.0, 1000.0, 1500.0, 2000.0, 1750.0]
    assert angles(bench) == [None, -90.0, 0.0, 90.0, 45.0]


def test_another_range_and_the_other_way_round(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """As the data sheet of the servo has it."""
    bench = bench_of(Servo, ServoSettings, **FLAP, low_deg=180, high_deg=0, shortest_us=500, longest_us=2500)
    assert (angle(bench, 180), angle(bench, 45, "a2")) == ("done", "done")
    assert pulses_us(pins) == [0.0, 500.0, 2000.0]


def test_an_angle_beyond_its_range_is_refused(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """In words; nothing is driven."""
    bench = bench_of(Servo, ServoSettings, **FLAP)
    assert angle(bench, 91) == "cannot turn GPIO 12 to 91°: it goes from -90 to 90°; it stays where it is"
    assert pulses_us(pins) == [0.0]


def test_it_rests_after_its_time_and_when_it_is_told(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """Its time begins with each angle."""
    bench = bench_of(Servo, ServoSettings, **FLAP, rest_after_s=2)
    assert angle(bench, 0) == "done"
    turn(bench, 1.5)
    assert angle(bench, 90, "a2") == "done"
    turn(bench, 1.5)
    assert bench.tell("read", id="r1").wait() == "done"
    assert pulses_us(pins) == [0.0, 1500.0, 2000.0]
    turn(bench, 0.5)
    bench.until(lambda: pulses_us(pins) == [0.0, 1500.0, 2000.0, 0.0])
    assert angle(bench, 0, "a3") == "done"
    assert bench.tell("rest", id="r2").wait() == "done"
    asked = bench.tell("read", id="r3")
    assert (asked.wait(), asked.body) == ("done", {"angle_deg": 0.0, "holds": False})
    assert pulses_us(pins)[-2:] == [1500.0, 0.0]


def test_it_is_left_without_pulses_and_its_angle_is_known(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """At the next start it is told where it was, and does not move."""
    first = bench_of(Servo, ServoSettings, **FLAP)
    assert angle(first, 30) == "done"
    first.stop()
    assert (pulses_us(pins)[-1], pins.level(12)) == (0.0, False)
    pins.reset()
    second = bench_of(Servo, ServoSettings, **FLAP, remembered=first.remembered)
    assert (angles(second), pulses_us(pins)) == ([30.0], [0.0])


def test_it_goes_where_it_shall_be_at_the_start(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """Whatever it was told in an earlier life."""
    bench = bench_of(Servo, ServoSettings, **FLAP, start_deg=-90, remembered=json.dumps({"angle_deg": 30.0}))
    assert (angles(bench), pulses_us(pins)) == ([-90.0], [0.0, 1000.0])


def test_a_line_that_fails_is_missing_and_holds_again_when_it_is_back(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """The command that found it has not been carried out, and is tried again."""
    bench = bench_of(Servo, ServoSettings, **FLAP)
    assert angle(bench, 45) == "done"
    pins.unplug()
    assert angle(bench, 0, "a2") == "cannot write GPIO 12: unexpected error"
    bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
    assert angles(bench)[-1] is None
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK)
    assert (angles(bench)[-1], pulses_us(pins)[-2:]) == (45.0, [0.0, 1750.0])


def test_its_topic_tells_its_angle(bench_of: BenchOf) -> None:
    """Retained; null while nobody knows."""
    bench = bench_of(Servo, ServoSettings, **FLAP)
    assert angle(bench, 45) == "done"
    said = [(one.payload.topic, json.loads(one.payload.body), one.payload.retain) for one in bench.sent if one.verb == "publish"]
    assert said == [("{prefix}/servo/bench", {"angle_deg": None}, True), ("{prefix}/servo/bench", {"angle_deg": 45.0}, True)]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"low_deg": 90}, "high_deg: 90 is low_deg too; say the angle at the longest pulse"),
        ({"shortest_us": 2000}, "shortest_us: 2000 is not below longest_us = 2000; exchange them"),
        ({"start_deg": 91}, "start_deg: 91 is not within -90 and 90; mend it, or low_deg and high_deg"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(settings: dict[str, Any], said: str) -> None:
    """At the start."""
    with pytest.raises(ValidationError, match=said):
        ServoSettings(pin=12, **settings)
