"""Outputs: every level a simulated pin was driven at, from the claim to the close."""

from collections.abc import Callable
from typing import Any

import pytest
from gpiozero import LED  # type: ignore[import-untyped, unused-ignore]  # ships no types

from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.actors.vocabulary import Pulse, Switch
from gateway.testing import Bench
from gateway.testing.bench import BenchDelivery

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

RELAY = {"type": "relay", "pin": 17, "report_to": "twin/boiler"}


def until_pulsing(bench: Bench, seconds: float, *, id: str = "m1") -> BenchDelivery:
    """Tell an output to pulse, and block until its time runs."""
    delivery = bench.tell("pulse", Pulse(seconds=seconds), id=id)
    bench.until(lambda: delivery.kept)
    return delivery


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("on_start", ["off", "on"])
def test_the_line_is_claimed_at_its_level(put: Put, told: Told, pins: SimulatedPins, active_low: bool, on_start: str) -> None:
    """Fault 22: there is one level at the start, the right one, for active-low relays too."""
    bench = put(**RELAY, active_low=active_low, on_start=on_start)
    assert pins.driven_levels(17) == [(on_start == "on") is not active_low]
    assert told(bench) == [{"on": on_start == "on"}]


def test_gpiozero_alone_would_glitch(pins: SimulatedPins) -> None:
    """The simulator shows a glitch where there is one: gpiozero's own device drives an active-low relay on for a moment."""
    with LED(17, active_high=False, initial_value=False, pin_factory=pins.factory):
        assert pins.driven_levels(17) == [False, True]


def test_a_switch_drives_the_line_and_tells_the_twin(put: Put, told: Told, pins: SimulatedPins) -> None:
    """On, on again, off: the level changes twice, each command is done and answered with a report."""
    bench = put(**RELAY)
    for on in (True, True, False):
        assert bench.tell("switch", Switch(on=on)).wait() == "done"
    assert pins.driven_levels(17) == [False, True, False]
    assert told(bench) == [{"on": False}, {"on": True}, {"on": True}, {"on": False}]
    assert bench.counters["switches"] == 3


def test_an_active_low_relay_is_on_at_low(put: Put, pins: SimulatedPins) -> None:
    """The level is the wiring's business, not the command's."""
    bench = put(**RELAY, active_low=True)
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    assert pins.level(17) is False


def test_a_pulse_is_done_when_it_has_ended(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """On for its seconds, then off, and only then done."""
    bench = put(**RELAY)
    delivery = until_pulsing(bench, 2.0)
    turn(bench, 1.9)
    assert delivery.outcome == ""
    turn(bench, 0.1)
    assert delivery.wait() == "done"
    assert delivery.body == {"seconds": 2.0, "ended_by": "time"}
    assert pins.driven_levels(17) == [False, True, False]
    assert told(bench) == [{"on": False}, {"on": True}, {"on": False}]


def test_a_switch_wins_over_a_pulse(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Switched on in a pulse, the output stays on when the pulse would have ended."""
    bench = put(**RELAY)
    pulse = until_pulsing(bench, 2.0)
    turn(bench, 0.5)
    assert bench.tell("switch", Switch(on=True), id="m2").wait() == "done"
    assert (pulse.wait(), pulse.body) == ("done", {"seconds": 0.5, "ended_by": "switch"})
    turn(bench, 10.0)
    assert bench.tell("switch", Switch(on=True), id="m3").wait() == "done"
    assert pins.driven_levels(17) == [False, True]


def test_a_newer_pulse_takes_over_without_a_gap(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Two pulses that overlap are one time of being on."""
    bench = put(**RELAY)
    first = until_pulsing(bench, 2.0)
    turn(bench, 1.0)
    second = until_pulsing(bench, 2.0, id="m2")
    assert (first.wait(), first.body) == ("done", {"seconds": 1.0, "ended_by": "pulse"})
    turn(bench, 2.0)
    assert second.wait() == "done"
    assert pins.driven_levels(17) == [False, True, False]


def test_a_pulse_is_on_real_time(put: Put, pins: SimulatedPins) -> None:
    """The pin wakes itself for the end of a pulse."""
    delivery = put(**RELAY, real=True).tell("pulse", Pulse(seconds=0.05))
    assert delivery.wait() == "done"
    assert delivery.body["seconds"] >= 0.05
    assert pins.level(17) is False


@pytest.mark.parametrize(
    ("on_stop", "levels"),
    [("off", [False, True, False]), ("on", [False, True]), ("keep", [False, True])],
)
def test_a_stop_leaves_the_documented_state(put: Put, pins: SimulatedPins, on_stop: str, levels: list[bool]) -> None:
    """Fault 22: the line is freed as on_stop says, and stays an output."""
    bench = put(**RELAY, on_stop=on_stop)
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    bench.stop()
    assert pins.driven_levels(17) == levels
    assert (pins.pin(17).function, pins.pin(17).holder) == ("output", "")


@pytest.mark.parametrize("on_stop", ["off", "on", "keep"])
def test_a_stop_in_a_pulse_leaves_it_off(put: Put, turn: Turn, pins: SimulatedPins, on_stop: str) -> None:
    """A pulse never becomes a lasting on."""
    bench = put(**RELAY, on_stop=on_stop)
    delivery = until_pulsing(bench, 3.0)
    turn(bench, 1.2)
    bench.stop()
    assert delivery.outcome == "cannot finish the pulse on GPIO 17: the gateway stops after 1.2 of 3.0 s; it is off now"
    assert delivery.retry is False
    assert pins.driven_levels(17) == [False, True, False]


def test_keep_takes_over_what_an_earlier_process_left(put: Put, told: Told, pins: SimulatedPins) -> None:
    """A boiler does not notice that the gateway was restarted."""
    first = put(**RELAY, on_stop="keep")
    assert first.tell("switch", Switch(on=True)).wait() == "done"
    first.stop()
    second = put(**RELAY, on_start="keep")
    assert told(second) == [{"on": True}]
    assert pins.driven_levels(17) == [False, True, True]


def test_keep_is_off_where_there_was_no_output(put: Put, told: Told, pins: SimulatedPins) -> None:
    """After a boot the pin is an input, whatever its level: there is nothing to keep."""
    pins.set_level(17, level=True)
    assert told(put(**RELAY, on_start="keep")) == [{"on": False}]


def test_without_commands_the_output_goes_to_its_link_lost_state(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """The dead man's switch counts from the last command, acts once, and the next command ends it."""
    bench = put(**RELAY, on_link_lost="off", link_lost_after_s=30)
    turn(bench, 20.0)
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    turn(bench, 29.9)
    assert bench.tell("switch", Switch(on=True), id="m2").wait() == "done"
    turn(bench, 30.0)
    bench.until(lambda: bench.health[-1] == (Health.OK, "GPIO 17: no command for 30 s, it is off now (on_link_lost)"))
    assert pins.driven_levels(17) == [False, True, False]
    assert (told(bench)[-1], bench.counters["link_lost"]) == ({"on": False}, 1)
    turn(bench, 300.0)
    assert bench.tell("switch", Switch(on=True), id="m3").wait() == "done"
    assert bench.health[-1] == (Health.OK, "GPIO 17: commands come again")
    assert (pins.level(17), bench.counters["link_lost"]) == (True, 1)


def test_a_pulse_holds_the_link(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """A pulse longer than link_lost_after_s runs its time; the counting begins at its end."""
    bench = put(**RELAY, on_link_lost="on", link_lost_after_s=10)
    delivery = until_pulsing(bench, 60.0)
    turn(bench, 59.0)
    turn(bench, 1.0)
    assert delivery.wait() == "done"
    assert pins.level(17) is False
    turn(bench, 10.0)
    bench.until(lambda: pins.level(17))


def test_a_pin_says_what_it_is_now(put: Put) -> None:
    """`read` answers in words of the wiring: an active-low relay that was switched on is on."""
    bench = put(**RELAY, active_low=True)
    bench.tell("switch", Switch(on=True)).wait()
    reading = bench.tell("read")
    assert reading.wait() == "done"
    assert reading.body == {"on": True}


def test_an_output_shows_the_level_of_its_line(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """What is read of the line, for pages: at the start, with each command and at a pulse's end."""
    bench = put(**RELAY)
    assert bench.values == {"on": False}
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    assert bench.values == {"on": True}
    until_pulsing(bench, 2.0)
    turn(bench, 2.0)
    bench.until(lambda: bench.values == {"on": False})
