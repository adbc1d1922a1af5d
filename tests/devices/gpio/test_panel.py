"""The simulator from outside: the panel, the player, and the presses of a test."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.actors.vocabulary import Switch
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

BUTTON = {"type": "button", "pin": 5, "report_to": "twin/bell", "press_to": "toggle/hall"}


def write(fifo: Path, line: str) -> None:
    """What a parent process does."""
    descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def until_edges(bench: Bench, count: int) -> None:
    """Block until the pin has taken that many edges."""
    bench.until(lambda: bench.counters["edges"] == count)


def test_a_lamp_shows_on_the_panel(put: Put, tmp_path: Path) -> None:
    """The file says on or off, not high or low, and stays when the gateway has gone."""
    bench = put(type="led", pin=17, active_low=True, on_stop="keep", simulate={"panel": str(tmp_path / "panel")})
    lamp = tmp_path / "panel" / "gpio17"
    assert lamp.read_text() == "off\n"
    assert bench.tell("switch", Switch(on=True)).wait() == "done"
    assert lamp.read_text() == "on\n"
    bench.stop()
    assert lamp.read_text() == "on\n"


def test_a_lamp_outlives_the_process_on_the_panel(put: Put, told: Told, tmp_path: Path) -> None:
    """on_start = keep finds what a killed process left, as a real pin would be found."""
    (tmp_path / "gpio17").write_text("on\n")
    bench = put(type="relay", pin=17, active_low=True, on_start="keep", report_to="twin/boiler", simulate={"panel": str(tmp_path)})
    assert told(bench) == [{"on": True}]


def test_a_press_on_the_panel_is_a_press(put: Put, told: Told, turn: Turn, tmp_path: Path) -> None:
    """A line in the FIFO presses the button for its seconds."""
    bench = put(**BUTTON, simulate={"panel": str(tmp_path)})
    write(tmp_path / "gpio5.press", "press 0.2\n")
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    turn(bench, 0.2)
    bench.until(lambda: told(bench)[-1] == {"pressed": False})


def test_an_input_is_held_and_let_go_on_the_panel(put: Put, told: Told, turn: Turn, tmp_path: Path) -> None:
    """On and off last until the next line; what cannot be followed is passed over."""
    bench = put(**BUTTON, simulate={"panel": str(tmp_path)})
    write(tmp_path / "gpio5.press", "smash\npress -1\npress x\non\n")
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    turn(bench, 1.0)
    write(tmp_path / "gpio5.press", "off\n")
    bench.until(lambda: told(bench)[-1] == {"pressed": False})


def test_lines_are_never_cut_in_two(put: Put, turn: Turn, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As many lines as the FIFO holds come whole, and those that cannot be followed are named together."""
    bench = put(**BUTTON, simulate={"panel": str(tmp_path)})
    write(tmp_path / "gpio5.press", "press 0.2\n" * 3000)
    bench.until(lambda: bench.counters["edges"] == 1)
    turn(bench, 0.2)
    bench.until(lambda: bench.counters["edges"] == 2)
    assert not caplog.records
    write(tmp_path / "gpio5.press", "smash\nbang\non\n")
    bench.until(lambda: bench.counters["edges"] == 3)
    assert caplog.messages == ["cannot follow the panel's 'smash' and 1 more: it takes press, press SECONDS, on and off"]


def test_the_panel_says_when_nobody_listens(put: Put, tmp_path: Path) -> None:
    """After the close there is no FIFO; after a kill it has no reader: a parent never blocks."""
    put(**BUTTON, simulate={"panel": str(tmp_path)}).stop()
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "gpio5.press", "press\n")
    os.mkfifo(tmp_path / "gpio5.press")
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
        write(tmp_path / "gpio5.press", "press\n")


def test_a_press_that_came_while_no_gateway_was_there(put: Put, told: Told, tmp_path: Path) -> None:
    """A shell's `>` has left a plain file where the FIFO belongs: it is replaced, and its presses are not played late."""
    (tmp_path / "gpio5.press").write_text("press\n")
    bench = put(**BUTTON, simulate={"panel": str(tmp_path)})
    write(tmp_path / "gpio5.press", "on\n")
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])


def test_a_panel_that_cannot_be_made_is_a_fault(put: Put, tmp_path: Path) -> None:
    """A file in its place is named."""
    (tmp_path / "panel").touch()
    bench = put(**BUTTON, simulate={"panel": str(tmp_path / "panel")})
    assert bench.health == [(Health.FAULTY, f"cannot make the panel {tmp_path}/panel: File exists; mend simulate.panel")]


def test_the_player_presses_by_the_clock(put: Put, told: Told, turn: Turn) -> None:
    """At its time one press that bounces, played in one go, and told as one press and one release."""
    bench = put(**BUTTON, simulate={"press_every_s": 4.0, "hold_s": 0.5, "bounce": True})
    for at_s, edges in ((4.0, 5), (0.5, 10), (3.5, 15)):
        turn(bench, at_s)
        until_edges(bench, edges)
    turn(bench, 0.1)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1, {"pressed": False}, {"pressed": True}, 1])
    assert bench.counters["bounces"] == 12


def test_the_player_runs_on_real_time(put: Put, told: Told) -> None:
    """The pin wakes itself for each move, bounces and all."""
    bench = put(**BUTTON, real=True, debounce_ms=20, simulate={"press_every_s": 0.1, "hold_s": 0.04, "bounce": True})
    bench.until(lambda: sum(one for one in told(bench) if isinstance(one, int)) >= 2)
    assert bench.counters["edges"] >= 11


def test_a_test_presses_the_button(put: Put, told: Told, turn: Turn, pins: SimulatedPins) -> None:
    """`press` wakes the pin's actor, which plays it on its own clock."""
    bench = put(**BUTTON)
    pins.press(5, seconds=0.5)
    bench.until(lambda: told(bench) == [{"pressed": False}, {"pressed": True}, 1])
    turn(bench, 0.5)
    bench.until(lambda: told(bench)[-1] == {"pressed": False})


def test_an_output_is_not_driven_from_outside(put: Put, pins: SimulatedPins) -> None:
    """A wire on a driven output is a short circuit, here too."""
    put(type="led", pin=17)
    with pytest.raises(ValueError) as caught:
        pins.set_level(17, level=True)
    assert str(caught.value) == "cannot drive GPIO 17 from outside: it is an output"
