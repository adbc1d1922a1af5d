"""Inputs: from a level on a simulated pin to what the twin and the listener are told."""

import threading
from collections.abc import Callable
from typing import Any

from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.actors.vocabulary import Switch
from gateway.testing import Bench
from gateway.testing.clock import PATIENCE_S

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

BUTTON = {"type": "button", "pin": 5, "report_to": "twin/door", "press_to": "toggle/hall"}


def test_the_first_value_is_reported_once(put: Put, told: Told) -> None:
    """A twin knows its input from the start, without an edge."""
    bench = put(**BUTTON)
    assert told(bench) == [{"pressed": False}]
    assert bench.health == [(Health.OK, "GPIO 5 (button) on the simulator")]


def test_an_input_that_is_active_at_the_start_is_reported_once_and_pressed_never(put: Put, told: Told, pins: SimulatedPins) -> None:
    """Fault 18: nobody saw the press, but the value is true."""
    pins.set_level(5, level=False)
    bench = put(**BUTTON)
    assert told(bench) == [{"pressed": True}]


def test_a_press_is_a_report_a_press_and_a_report(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """The value goes up at once, and down at once when it is let go after the window."""
    bench = put(**BUTTON)
    pins.set_level(5, level=False)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    turn(bench, 0.1)
    pins.set_level(5, level=True)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1, {"pressed": False}])
    assert bench.counters["edges"] == 2


def test_a_bouncing_press_is_one_press(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Bounces are counted and told to nobody."""
    bench = put(**BUTTON)
    for level in (False, True, False, True, False):
        pins.set_level(5, level=level)
    bench.until(lambda: bench.counters["edges"] == 5)
    turn(bench, 0.1)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    assert bench.counters["bounces"] == 4


def test_a_press_shorter_than_the_debounce_is_told_whole(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """A press of a moment is a press, and its release follows when the window has ended."""
    bench = put(**BUTTON)
    pins.set_level(5, level=False)
    pins.set_level(5, level=True)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    turn(bench, 0.03)
    bench.until(lambda: told(bench)[-1] == {"pressed": False})


def test_a_contact_is_open_when_nothing_closes_it(put: Put, told: Told, pins: SimulatedPins) -> None:
    """A door whose wire is cut reads open, not closed."""
    bench = put(type="contact", pin=6, report_to="twin/door")
    assert told(bench) == [{"open": True}]
    pins.set_level(6, level=False)
    bench.until(lambda: told(bench) == [{"open": True}, {"open": False}])


def test_a_motion_sensor_drives_its_pin_high(put: Put, told: Told, pins: SimulatedPins) -> None:
    """Motion is a high level against the pull down."""
    bench = put(type="motion", pin=7, report_to="twin/hall")
    pins.set_level(7, level=True)
    bench.until(lambda: told(bench) == [{"motion": False}, {"motion": True}])


def test_ten_thousand_edges_end_in_the_right_value(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Fault 17: what waits is bounded, every edge is counted, and the last value is the level."""
    bench = put(**BUTTON)
    for number in range(10_000):
        pins.set_level(5, level=number % 2 == 0)
    pins.set_level(5, level=False)
    bench.until(lambda: bench.counters["edges"] >= 9_999)
    turn(bench, 1.0)
    bench.until(lambda: [one for one in told(bench) if isinstance(one, dict)][-1] == {"pressed": True})
    assert len(bench.sent) < 2_000


def test_edges_beyond_the_buffer_are_counted_and_the_level_is_read(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """With the actor held up, a burst of 1000 edges keeps 256; the others are coalesced and the value is right."""
    bench = put(**BUTTON, debounce_ms=0)
    held, go = threading.Event(), threading.Event()

    def hold(on_commit: Any) -> None:
        held.set()
        go.wait(PATIENCE_S)

    bench.count = lambda name, by=1: (bench.counters.update({name: by}), hold(name) if not held.is_set() else None)  # type: ignore[method-assign, assignment, func-returns-value]  # the host blocks once, as a busy one does
    pins.set_level(5, level=False)
    assert held.wait(PATIENCE_S)
    for number in range(1000):
        pins.set_level(5, level=number % 2 == 0)
    go.set()
    bench.until(lambda: sum(one for one in told(bench) if isinstance(one, int)) == 1 + 128)
    assert (bench.counters["edges"], bench.counters["coalesced"]) == (1001, 1000 - 256)
    bench.until(lambda: [one for one in told(bench) if isinstance(one, dict)][-1] == {"pressed": True})


def test_a_callback_that_fails_does_not_silence_the_pin(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Fault 16: the exception stays in the callback, is counted, and the next edge arrives."""
    bench = put(**BUTTON)
    edges = bench.actor._role._edges  # type: ignore[attr-defined]  # where the callback ends

    def broken() -> None:
        raise OSError(24, "Too many open files")

    edges._wake = broken
    pins.set_level(5, level=False)
    edges._wake = bench.wake
    turn(bench, 0.1)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    pins.set_level(5, level=True)
    bench.until(lambda: told(bench)[-1] == {"pressed": False})
    assert bench.counters["callback_faults"] == 1


def test_a_change_without_an_edge_is_found_by_looking(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """The kernel drops edges when its buffer is full: the level is read every ten seconds all the same."""
    bench = put(**BUTTON)
    pins.pin(5).watch(None)
    pins.set_level(5, level=False)
    turn(bench, 10.0)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    assert bench.counters["missed"] == 1


def test_a_full_gateway_gets_the_last_value_and_every_press(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """A source that cannot wait coalesces: when there is room again, the value is the last one and the presses are summed."""
    bench = put(**BUTTON)
    bench.full = True
    for _ in range(3):
        pins.set_level(5, level=False)
        turn(bench, 0.1)
        bench.until(lambda: bench.counters["edges"] % 2 == 1)
        pins.set_level(5, level=True)
        turn(bench, 0.1)
        bench.until(lambda: bench.counters["edges"] % 2 == 0)
    assert told(bench) == [{"pressed": False}]
    bench.full = False
    turn(bench, 60.0)
    bench.until(lambda: len(told(bench)) == 3)
    assert told(bench) == [{"pressed": False}, {"pressed": False}, 3]
    assert bench.counters["held_back"] > 0


def test_while_a_report_is_under_way_newer_ones_are_merged(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """A pin never has more than one report at the store."""
    bench = put(**BUTTON, commit=False)
    pins.set_level(5, level=False)
    bench.until(lambda: told(bench) == [{"pressed": False}, 1])
    bench.sent[0].receipt.resolve()
    bench.until(lambda: told(bench) == [{"pressed": False}, 1, {"pressed": True}])


def test_a_value_is_repeated_when_asked(put: Put, told: Told, turn: Turn) -> None:
    """report_every_s lets a twin hear a pin that does not change."""
    bench = put(**BUTTON, report_every_s=30)
    turn(bench, 30.0)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": False}])


def test_a_command_to_an_input_is_refused_for_good(put: Put) -> None:
    """A button cannot be switched."""
    delivery = put(**BUTTON).tell("switch", Switch(on=True))
    assert delivery.wait() == "cannot switch GPIO 5: it is a button, an input; send it to an output"
    assert delivery.retry is False


def test_a_quiet_input_takes_in_no_more(put: Put, told: Told, pins: SimulatedPins) -> None:
    """When sources close, the line is given back."""
    bench = put(**BUTTON)
    bench.quiet = True
    bench.wake()
    bench.until(lambda: pins.pin(5).holder == "")
    pins.set_level(5, level=False)
    bench.stop()
    assert told(bench) == [{"pressed": False}]


DOOR = {"type": "contact", "pin": 6, "report_to": "twin/door", "stable_ms": 50}


def test_a_spike_opens_no_door_and_an_open_door_is_told_when_it_has_stayed_so(
    put: Put, told: Told, turn: Turn, pins: SimulatedPins
) -> None:
    """With stable_ms a change is late by that, and what is shorter is counted only."""
    pins.set_level(6, level=False)
    bench = put(**DOOR)
    pins.set_level(6, level=True)
    pins.set_level(6, level=False)
    bench.until(lambda: bench.counters["bounces"] == 1)
    turn(bench, 1.0)
    pins.set_level(6, level=True)
    bench.until(lambda: bench.counters["edges"] == 3)
    assert told(bench) == [{"open": False}]
    turn(bench, 0.05)
    bench.until(lambda: told(bench) == [{"open": False}, {"open": True}])


def test_an_input_whose_line_fails_says_that_its_value_is_missing(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """Its silence would say nothing; back again it says its value."""
    bench = put(**BUTTON)
    pins.unplug()
    turn(bench, 11.0)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": None}])
    pins.plug()
    bench.until(lambda: turn(bench, 60.0) or told(bench)[-1] == {"pressed": False})  # type: ignore[func-returns-value]  # each look later


def test_pulses_are_told_together_once_in_a_while(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """None is lost: the first at once, those of the next second as one, and at the end what is left."""
    bench = put(type="button", pin=5, press_to="pulses/water", press_every_s=1.0, debounce_ms=0)

    def pulse(times: int) -> None:
        for _ in range(times):
            pins.set_level(5, level=False)
            pins.set_level(5, level=True)

    def edges() -> int:
        return bench.counters["edges"]

    pulse(1)
    bench.until(lambda: told(bench) == [1])
    pulse(3)
    bench.until(lambda: edges() == 8)
    assert told(bench) == [1]
    turn(bench, 1.0)
    bench.until(lambda: told(bench) == [1, 3])
    pulse(2)
    bench.until(lambda: edges() == 12)
    bench.stop()
    assert told(bench) == [1, 3, 2]


def test_an_input_shows_its_value(put: Put, pins: SimulatedPins) -> None:
    """For pages: at the start, and at each change, under the name that its type has, whatever it is reported as."""
    bench = put(**BUTTON, value="on")
    assert bench.values == {"pressed": False}
    pins.set_level(5, level=False)
    bench.until(lambda: bench.values == {"pressed": True})
