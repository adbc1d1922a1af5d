"""Knobs: what a hand does to two simulated contacts, and who is told of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from devices.gpio.encoder import Encoder
from devices.gpio.encoder_settings import EncoderSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.testing import Bench
from tests.devices.gpio.conftest import Clock

BenchOf = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
KNOB = {"pin_a": 5, "pin_b": 6, "report_to": "twin/knob", "turn_to": "gpio/bed"}


def positions(bench: Bench) -> list[Any]:
    """The positions that it reported."""
    return [one.payload.values["position"] for one in bench.sent if one.verb == "report"]


def steps(bench: Bench) -> int:
    """By how many steps it said it was turned, in sum."""
    return sum(one.payload.steps for one in bench.sent if one.verb == "turned")


@pytest.mark.parametrize("bounce", [False, True])
@pytest.mark.parametrize("pull", ["up", "down"])
def test_a_turn_moves_the_position_and_is_told(bench_of: BenchOf, pins: SimulatedPins, pull: str, bounce: bool) -> None:
    """Three steps clockwise, five back: whatever its contacts do, no step is lost or doubled."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, pull=pull)
    for by, at in ((3, 3), (-5, -2)):
        pins.turn((5, 6), by, active_low=pull == "up", bounce=bounce)
        bench.until(lambda at=at: positions(bench)[-1] == at)
    bench.until(lambda: steps(bench) == -2)
    assert positions(bench)[0] == 0


def test_a_knob_that_spins_loses_no_step(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """While one message is under way what comes adds up in the next: 60 steps, few messages."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, commit=False)
    for _ in range(60):
        pins.turn((5, 6), 1)
    bench.until(lambda: bench.counters["edges"] == 240)
    assert len([one for one in bench.sent if one.verb == "turned"]) == 1
    bench.stop()
    assert (steps(bench), positions(bench)[-1]) == (60, 60)


def test_it_stays_within_its_range(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """Turned back it leaves the end at once; who is told of the turns hears of all of them."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, low=0, high=10)
    for by, at in ((12, 10), (-3, 7), (-20, 0)):
        pins.turn((5, 6), by)
        bench.until(lambda at=at: positions(bench)[-1] == at)
    bench.until(lambda: steps(bench) == -11)


def test_its_contacts_may_be_exchanged(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """What it is called where it turns the wrong way."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, reversed=True)
    pins.turn((5, 6), 2)
    bench.until(lambda: positions(bench)[-1] == -2 and steps(bench) == -2)


def test_its_position_is_kept_over_restarts(bench_of: BenchOf, pins: SimulatedPins, turn: Turn, clock: Clock) -> None:
    """Written once a second while it is turned, and at the end."""
    first = bench_of(Encoder, EncoderSettings, **KNOB)
    pins.turn((5, 6), 2)
    first.until(lambda: positions(first)[-1] == 2)
    assert first.remembered == ""
    turn(first, 1.0)
    first.until(lambda: first.remembered)
    assert json.loads(first.remembered) == {"position": 2}
    pins.turn((5, 6), 1)
    first.until(lambda: positions(first)[-1] == 3)
    first.stop()
    second = bench_of(Encoder, EncoderSettings, **KNOB, remembered=first.remembered)
    assert positions(second) == [3]


def test_its_position_is_set(bench_of: BenchOf, pins: SimulatedPins) -> None:
    """Within its range, and told."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, high=50)
    delivery = bench.tell("set", {"position": 80})
    assert (delivery.wait(), delivery.body) == ("done", {"position": 50})
    asked = bench.tell("read", id="m2")
    assert (asked.wait(), asked.body) == ("done", {"position": 50})
    assert positions(bench)[-1] == 50
    published = [json.loads(one.payload.body) for one in bench.sent if one.verb == "publish"]
    assert published == [{"position": 0}, {"position": 50}]


def test_a_board_that_is_gone_is_told_and_found_again(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """Its position is missing meanwhile, and is the same when it is back."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB)
    pins.turn((5, 6), 4)
    bench.until(lambda: positions(bench)[-1] == 4)
    pins.unplug()
    turn(bench, 10.0)
    bench.until(lambda: positions(bench)[-1] is None)
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: positions(bench)[-1] == 4 and bench.health[-1][0] is Health.OK)


def test_a_line_that_is_busy_leaves_the_other_free(bench_of: BenchOf, pins: SimulatedPins, turn: Turn) -> None:
    """Both are claimed, or none."""
    pins.occupy(6, "pigpiod")
    bench = bench_of(Encoder, EncoderSettings, **KNOB)
    assert "held by 'pigpiod'" in bench.health[-1][1]
    assert pins.pin(5).holder == ""
    pins.occupy(6, "")
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK)


def test_a_simulated_hand_turns_it(bench_of: BenchOf, turn: Turn) -> None:
    """Every so many seconds by so many steps."""
    bench = bench_of(Encoder, EncoderSettings, **KNOB, simulate={"turn_every_s": 2.0, "steps": -3, "bounce": True})
    for at in (-3, -6):
        turn(bench, 2.0)
        bench.until(lambda at=at: positions(bench)[-1] == at)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pin_a": 5, "pin_b": "GPIO5"}, "pin_b: 5 is pin_a already; each of the two has a line of its own"),
        ({"pin_a": 5, "pin_b": 6, "low": 3, "high": 3}, "low: 3 is not below high = 3; exchange them"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(settings: dict[str, Any], said: str) -> None:
    """At the start."""
    with pytest.raises(ValidationError, match=said):
        EncoderSettings(**settings)
