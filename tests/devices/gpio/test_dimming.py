"""Dimmers: for which share of the time a simulated pin was driven high, from the claim to the close."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.gpio.pins import Pin
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors.vocabulary import Dim, KnobTurned, Pulse, Switch
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

LAMP = {"type": "dimmer", "pin": 18, "report_to": "twin/lamp"}


def dim(bench: Bench, brightness_pct: float, id: str = "d1") -> str:
    """Tell a dimmer how bright to be; return what came of it."""
    return bench.tell("dim", Dim(brightness_pct=brightness_pct), id=id).wait()


def switch(bench: Bench, on: bool, id: str = "s1") -> str:
    """Tell it to be on or off; return what came of it."""
    return bench.tell("switch", Switch(on=on), id=id).wait()


@pytest.mark.parametrize(("active_low", "high"), [(False, [0.0, 40.0, 100.0, 0.0]), (True, [100.0, 60.0, 0.0, 100.0])])
def test_it_is_as_bright_as_it_is_told(put: Put, told: Told, pins: SimulatedPins, active_low: bool, high: list[float]) -> None:
    """Fully on and off are steady levels; one that works the other way round is high for the rest of the time."""
    bench = put(**LAMP, active_low=active_low)
    assert [dim(bench, share, f"d{share}") for share in (40, 100, 0)] == ["done"] * 3
    assert pins.duties_pct(18) == high
    assert told(bench) == [
        {"on": False, "brightness_pct": 100.0},
        {"on": True, "brightness_pct": 40.0},
        {"on": True, "brightness_pct": 100.0},
        {"on": False, "brightness_pct": 100.0},
    ]


def test_switched_on_it_is_as_bright_as_it_was(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """By a switch and by a pulse, which ends off as that of any output."""
    bench = put(**LAMP, brightness_pct=70)
    assert (switch(bench, True), dim(bench, 30), switch(bench, False, "s2"), switch(bench, True, "s3")) == ("done",) * 4
    assert pins.duties_pct(18) == [0.0, 70.0, 30.0, 0.0, 30.0]
    assert switch(bench, False, "s4") == "done"
    pulse = bench.tell("pulse", Pulse(seconds=2), id="p1")
    bench.until(lambda: pulse.kept)
    turn(bench, 2.0)
    assert (pulse.wait(), pins.duties_pct(18)[-2:]) == ("done", [30.0, 0.0])


def test_a_knob_turns_it_up_and_down(put: Put, pins: SimulatedPins) -> None:
    """From off by its steps; below 0 it is off, and what was over is not owed."""
    bench = put(**LAMP, step_pct=10)
    for at, steps in enumerate((3, 2, -9, 1, 20)):
        assert bench.tell("turned", KnobTurned(steps=steps), id=f"t{at}").wait() == "done"
    assert pins.duties_pct(18) == [0.0, 30.0, 50.0, 0.0, 10.0, 100.0]


@pytest.mark.parametrize(("on_start", "then"), [("off", [0.0]), ("on", [0.0, 30.0]), ("keep", [0.0, 30.0])])
def test_a_restart_knows_its_brightness(put: Put, pins: SimulatedPins, on_start: str, then: list[float]) -> None:
    """Killed in its dimming, its line is at some level, which says nothing: what it was told last is on disk."""
    first = put(**LAMP)
    assert dim(first, 30) == "done"
    kept = first.remembered
    first.stop()
    pins.reset()
    bench = put(**LAMP, on_start=on_start, remembered=kept)
    assert pins.duties_pct(18) == then
    assert (switch(bench, True), pins.duties_pct(18)[-1]) == ("done", 30.0)


@pytest.mark.parametrize(("on_stop", "left"), [("off", 0.0), ("on", 100.0)])
def test_it_is_left_off_or_fully_on(put: Put, pins: SimulatedPins, on_stop: str, left: float) -> None:
    """The gateway alone makes it dim."""
    bench = put(**LAMP, on_stop=on_stop)
    assert dim(bench, 30) == "done"
    bench.stop()
    assert (pins.duties_pct(18)[-1], pins.level(18)) == (left, left > 0)


def test_a_lost_link_and_the_longest_time_hold_for_it_too(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """It is an output as any other."""
    bench = put(**LAMP, on_link_lost="off", link_lost_after_s=60)
    assert dim(bench, 30) == "done"
    turn(bench, 60.0)
    bench.until(lambda: pins.duties_pct(18)[-1] == 0.0)
    other = put(type="dimmer", pin=19, max_on_s=60, key="other")
    assert dim(other, 20) == "done"
    turn(other, 60.0)
    other.until(lambda: pins.duties_pct(19) == [0.0, 20.0, 0.0])


def test_a_reload_leaves_it_as_it_is(put: Put, pins: SimulatedPins) -> None:
    """Its line is handed on with its brightness; nothing is driven."""
    first = put(**LAMP)
    assert dim(first, 30) == "done"
    heir = PinSettings(**{**LAMP, "simulate": True, "step_pct": 20})
    left = first.actor.hand_over(heir)
    second = Pin("bench", heir)
    second.inherited = left
    with Bench(second, "gpio/bench") as bench:
        bench.until(lambda: bench.health)
        assert pins.duties_pct(18) == [0.0, 30.0]
        assert bench.tell("turned", KnobTurned(steps=1)).wait() == "done"
        assert pins.duties_pct(18) == [0.0, 30.0, 50.0]


def test_its_topic_says_whether_it_is_on_and_how_bright(put: Put) -> None:
    """Retained, at each change."""
    bench = put(**LAMP)
    assert dim(bench, 30) == "done"
    said = [json.loads(one.payload.body) for one in bench.sent if one.verb == "publish"]
    assert said == [{"on": False, "brightness_pct": 100.0}, {"on": True, "brightness_pct": 30}]


def test_another_output_is_not_dimmed(put: Put) -> None:
    """Neither by a number nor by a knob."""
    bench = put(type="relay", pin=17)
    assert dim(bench, 30) == "cannot dim GPIO 17: it is a relay; send it to a dimmer"
    assert bench.tell("turned", KnobTurned(steps=1), id="t1").wait() == "cannot dim GPIO 17: it is a relay; send it to a dimmer"
