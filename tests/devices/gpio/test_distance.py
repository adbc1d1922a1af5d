"""Distances: what the two edges of a simulated echo say, and what becomes of pings that nobody answers."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from devices.gpio.distance import Distance
from devices.gpio.distance_settings import DistanceSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.testing import Bench

BenchOf = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
TANK = {"trigger": 23, "echo": 24, "to": "twin/tank"}


def values(bench: Bench) -> list[dict[str, Any]]:
    """What it reported."""
    return [one.payload.values for one in bench.sent]


def test_the_time_of_the_echo_is_the_distance(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """There and back, at the speed of sound; the trigger has a pulse for each of three pings, and is low before and after."""
    bench = bench_of(Distance, DistanceSettings, **TANK, simulate={"distance_m": 1.5})
    assert values(bench) == [{"distance_m": 1.5}]
    assert pins.driven_levels(23) == [False, *[True, False] * 3]
    assert bench.health == [(Health.OK, "simulated, read every 10 s")]


def test_warm_air_is_faster() -> None:
    """343.2 m/s at 20 °C, 331.3 at 0."""
    speeds = [DistanceSettings(trigger=23, echo=24, temperature_c=warm).sound_mps for warm in (0, 20)]
    assert math.isclose(speeds[0], 331.3)
    assert math.isclose(speeds[1], 343.2, abs_tol=0.1)


def test_the_middle_one_of_its_pings_counts(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """One that hit a fly is left out."""
    bench = bench_of(Distance, DistanceSettings, **TANK)
    ways_s = iter([0.001, 0.01, 0.012])
    pins.pin(23).mirror = lambda high_pct: None if high_pct else pins.pin(24).answer(next(ways_s))
    turn(bench, 10.0)
    bench.until(lambda: len(values(bench)) == 2)
    assert values(bench)[1] == {"distance_m": round(0.01 * 343.2 / 2, 3)}


def test_a_ping_without_an_echo_is_left_out(bench_of: BenchOf) -> None:
    """The others count."""
    bench = bench_of(Distance, DistanceSettings, **TANK, simulate={"distance_m": 2.0, "deaf_every": 2})
    assert values(bench) == [{"distance_m": 2.0}]
    assert bench.counters["deaf"] == 1


@pytest.mark.parametrize("simulate", [{"deaf_every": 1}, {"distance_m": 4.1}, {"distance_m": 0.0}])
def test_without_any_echo_the_distance_is_missing(bench_of: BenchOf, simulate: dict[str, Any]) -> None:
    """None came, or it came from too far away, or from nothing: the sensor is there, so this is no fault."""
    bench = bench_of(Distance, DistanceSettings, **TANK, simulate=simulate)
    assert values(bench) == [{"distance_m": None}]
    assert (bench.counters["deaf"], bench.health[-1][0]) == (3, Health.OK)


def test_an_echo_line_that_stays_high_or_chatters_is_no_echo(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """What comes of one reading is over before the next."""
    bench = bench_of(Distance, DistanceSettings, **TANK, samples=1)

    def chatter(high_pct: float) -> None:
        for _ in range(100 if not high_pct else 0):
            pins.set_level(24, level=False)
            pins.pin(24).answer(-1.0)

    pins.pin(23).mirror = chatter
    turn(bench, 10.0)
    bench.until(lambda: len(values(bench)) == 2)
    pins.pin(23).mirror = lambda high_pct: None if high_pct else pins.set_level(24, level=True)
    turn(bench, 10.0)
    bench.until(lambda: len(values(bench)) == 3)
    assert values(bench)[1:] == [{"distance_m": None}] * 2


def test_a_table_makes_a_level_of_it(bench_of: BenchOf) -> None:
    """How full a tank is, and no distance beside it."""
    level = {"level_pct": {"from": "distance_m", "scale": -50.0, "offset": 120.0, "valid": [0, 100]}}
    bench = bench_of(Distance, DistanceSettings, **TANK, values=level, unmapped="ignore", simulate={"distance_m": 1.0})
    assert values(bench) == [{"level_pct": 70.0}]


def test_it_is_measured_when_it_is_asked(bench_of: BenchOf) -> None:
    """And reported."""
    bench = bench_of(Distance, DistanceSettings, **TANK)
    asked = bench.tell("measure")
    assert (asked.wait(), asked.body) == ("done", {"values": {"distance_m": 1.0}})
    assert len(values(bench)) == 2


def test_a_board_that_is_gone_is_found_again(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """Both lines are claimed anew."""
    bench = bench_of(Distance, DistanceSettings, **TANK)
    pins.unplug()
    turn(bench, 10.0)
    bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK and values(bench)[-1] == {"distance_m": 1.0})


def test_two_purposes_need_two_lines() -> None:
    """At the start, with the key."""
    with pytest.raises(ValidationError, match="echo: 23 is trigger already; each of the two has a line of its own"):
        DistanceSettings(trigger=23, echo=23)
