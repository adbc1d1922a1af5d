"""What can go wrong with a line, and what the pin makes of it."""

from collections.abc import Callable
from typing import Any

from devices.gpio.pins import Pin
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.actors.vocabulary import Pulse, Switch
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

RELAY = {"type": "relay", "pin": 17, "report_to": "twin/boiler"}
BUTTON = {"type": "button", "pin": 5, "report_to": "twin/door"}
BUSY = "cannot claim GPIO 17: GPIO busy, held by 'pigpiod'; stop what holds it, or use another pin"
GONE = "cannot find the GPIO chip: the simulated board is unplugged"


def until_tried(bench: Bench, tries: int) -> None:
    """Block until the pin has asked for its line in vain that often."""
    bench.until(lambda: bench.counters["line_faults"] == tries and len(bench.health) == tries)


def test_a_busy_line_is_named_retried_and_recovers(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Fault 19: the pin says who holds its line, and takes it when it is free."""
    pins.occupy(17, "pigpiod")
    bench = put(**RELAY)
    assert bench.health == [(Health.FAULTY, BUSY)]
    turn(bench, 1.0)
    bench.until(lambda: bench.counters["line_faults"] == 2)
    pins.occupy(17, "")
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1] == (Health.OK, "GPIO 17 (relay) on the simulator"))
    assert told(bench) == [{"on": False}]


def test_retries_wait_longer_each_time(put: Put, turn: Turn, pins: SimulatedPins, clock: Callable[[], float]) -> None:
    """The first retry comes within a quarter of a second, later ones every half a minute at most."""
    pins.occupy(17, "pigpiod")
    bench = put(**RELAY)
    waits = []
    for tries in range(1, 11):
        until_tried(bench, tries)
        waits.append(bench.actor.look_s - clock())  # type: ignore[attr-defined]  # its next try
        turn(bench, 31.0)
    assert 0.125 <= waits[0] <= 0.25
    assert 15.0 <= waits[-1] <= 30.0


def test_commands_wait_for_a_line_that_is_not_there(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Nothing fails and no attempt is counted; how long they may wait is the host's business."""
    pins.occupy(17, "pigpiod")
    bench = put(**RELAY)
    assert bench.why_away == BUSY
    switch, pulse = bench.tell("switch", Switch(on=True)), bench.tell("pulse", Pulse(seconds=1.0), id="m2")
    turn(bench, 1.0)
    bench.until(lambda: bench.counters["line_faults"] == 2)
    assert (switch.outcome, pulse.outcome) == ("", "")
    pins.occupy(17, "")
    turn(bench, 60.0)
    assert switch.wait() == "done"
    bench.until(lambda: pulse.kept)
    turn(bench, 1.0)
    assert pulse.wait() == "done"
    assert bench.why_away == ""


def test_what_acts_has_an_age_limit_and_a_question_a_shorter_one() -> None:
    """Half a minute unless the settings say otherwise; 0: none."""
    limits = Pin.age_limits(PinSettings(type="relay", pin=17))
    acts, asks = ("switch", "pulse", "dim", "turned"), {"read": 1.0, "show": 1.0}
    assert limits == {**dict.fromkeys(acts, 30.0), **asks}
    assert Pin.age_limits(PinSettings(type="relay", pin=17, act_within_s=0)) == {**dict.fromkeys(acts, 0.0), **asks}


def test_two_pins_on_one_line_are_not_both_ok(put: Put) -> None:
    """One process owns a line once."""
    put(**RELAY)
    assert put(**RELAY).health[0][0] is Health.FAULTY


def test_without_a_chip_the_pin_is_missing_until_it_is_there(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Fault 20: a board that comes later is found."""
    pins.unplug()
    bench = put(**BUTTON)
    assert bench.health == [(Health.MISSING, GONE)]
    assert told(bench) == []
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: told(bench) == [{"pressed": False}])


def test_an_input_whose_chip_goes_is_claimed_again(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """A chip that went and came back is read again, and its value reported; meanwhile it is missing."""
    bench = put(**BUTTON)
    pins.unplug()
    turn(bench, 10.0)
    bench.until(lambda: bench.health[-1] == (Health.FAULTY, "cannot read GPIO 5: unexpected error"))
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1] == (Health.MISSING, GONE))
    pins.plug()
    pins.set_level(5, level=False)
    turn(bench, 60.0)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": None}, {"pressed": True}])


def test_an_output_whose_chip_goes_is_claimed_again_as_it_was(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """After a fault an output has the state it had, not on_start's."""
    bench = put(**RELAY)
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    pins.unplug()
    failed = bench.tell("switch", Switch(on=True), id="m2")
    assert (failed.wait(), failed.retry) == ("cannot write GPIO 17: unexpected error", True)
    bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK)
    assert pins.level(17) is True


def test_a_pulse_whose_line_fails_is_told_and_ends_off(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Nobody knows the level then: the answer says look, and the next claim is off."""
    bench = put(**RELAY)
    pulse = bench.tell("pulse", Pulse(seconds=2.0))
    bench.until(lambda: pulse.kept)
    pins.unplug()
    turn(bench, 2.0)
    assert pulse.wait() == "cannot finish the pulse on GPIO 17: the pin failed; look whether it is off"
    assert pulse.retry is False
    bench.until(lambda: bench.health[-1][0] is Health.FAULTY)
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK)
    assert pins.level(17) is False


def test_a_pin_that_never_got_its_line_closes(put: Put, pins: SimulatedPins) -> None:
    """Stopping in a fault is no fault."""
    pins.unplug()
    bench = put(**RELAY)
    bench.stop()
    assert bench.error is None


def test_a_relay_that_cannot_be_left_as_asked_still_closes(put: Put, pins: SimulatedPins) -> None:
    """A write that fails at the close is logged, the line is freed."""
    bench = put(**RELAY)
    pins.unplug()
    bench.stop()
    assert bench.error is None
    pins.plug()
    assert pins.pin(17).holder == ""
