"""Outputs that must not be on for too long, nor again too soon, nor together: over restarts, faults and reloads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins
from gateway.actors.vocabulary import Pulse, Report, Switch
from gateway.config import ConfigProblems, read
from gateway.registry import installed
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]

VALVE = {"type": "relay", "pin": 17, "max_on_s": 600}
COMPRESSOR = {"type": "relay", "pin": 17, "min_pause_s": 300}
TWO = """
[gpio.up]
type = "relay"
pin = 20
simulate = true
{more}
[gpio.down]
type = "relay"
pin = 21
simulate = true
never_with = ["gpio/up"]
"""
UP = {"type": "relay", "pin": 20, "key": "up", "never_with": ["gpio/down"]}
DOWN = {"type": "relay", "pin": 21, "key": "down", "never_with": ["gpio/up"]}


def reports(bench: Bench) -> list[Report]:
    """What it reported, and not what it published beside that."""
    return [one.payload for one in list(bench.sent) if isinstance(one.payload, Report)]


def switch(bench: Bench, on: bool, id: str = "m1") -> str:
    """Tell an output to be on or off; return what came of it."""
    return bench.tell("switch", Switch(on=on), id=id).wait()


def is_level(bench: Bench, pins: SimulatedPins, level: bool) -> None:
    """Wait until the pin has that level."""
    bench.until(lambda: pins.level(17) is level)


def since(bench: Bench, on: bool, passed_s: float) -> str:
    """What an earlier life has kept, so many seconds ago."""
    return json.dumps({"on": on, "since_ms": bench.time.clock_ms() - int(passed_s * 1000)})


def test_an_output_goes_off_after_its_longest_time(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Being told on again in between does not make it longer; after that, it does."""
    bench = put(**VALVE)
    assert switch(bench, True) == "done"
    turn(bench, 599.0)
    assert switch(bench, True, "m2") == "done"
    assert pins.level(17) is True
    turn(bench, 1.0)
    is_level(bench, pins, False)
    bench.until(lambda: bench.health[-1][1] == "GPIO 17: it was on for 600 s, it is off now (max_on_s)")
    assert switch(bench, True, "m3") == "done"
    assert pins.level(17) is True


def test_that_a_limit_turned_it_off_is_said(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """A toggle that is told only that it is off would tell it to be on again, for ever; after a command nothing of it is left."""
    bench = put(**VALVE, report_to="toggle/hall")
    assert switch(bench, True) == "done"
    turn(bench, 600.0)
    is_level(bench, pins, False)
    bench.until(lambda: reports(bench)[-1] == Report(values={"on": False}, guarded=True))
    assert switch(bench, False, "m2") == "done"
    bench.until(lambda: reports(bench)[-1] == Report(values={"on": False}))


def test_its_time_goes_on_over_a_restart(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Found on, as it was left; its time began in the life before."""
    first = put(**VALVE, on_stop="keep")
    assert switch(first, True) == "done"
    first.stop()
    assert json.loads(first.remembered)["on"] is True
    bench = put(**VALVE, on_start="keep", remembered=since(first, True, 590))
    assert pins.level(17) is True
    turn(bench, 10.0)
    is_level(bench, pins, False)


def test_whose_time_is_over_at_the_start_is_off(put: Put, pins: SimulatedPins) -> None:
    """Even where it is to start as it was."""
    first = put(**VALVE, on_stop="on")
    first.stop()
    put(**VALVE, on_start="keep", remembered=since(first, True, 601))
    assert pins.level(17) is False


def test_a_pulse_that_is_too_long_is_refused(put: Put, pins: SimulatedPins) -> None:
    """At once, and in words: not cut short."""
    bench = put(**VALVE)
    delivery = bench.tell("pulse", Pulse(seconds=601))
    assert delivery.wait() == "cannot pulse GPIO 17: 601 s are more than max_on_s = 600; it stays off"
    assert pins.driven_levels(17) == [False]


def test_a_switch_waits_for_the_pause(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Off for 300 s, then on; the command is done then."""
    bench = put(**COMPRESSOR)
    assert (switch(bench, False, "m0"), pins.level(17)) == ("done", False)
    turn(bench, 299.0)
    waiting = bench.tell("switch", Switch(on=True), id="m1")
    bench.until(lambda: waiting.kept)
    assert pins.level(17) is False
    turn(bench, 1.0)
    assert (waiting.wait(), pins.level(17)) == ("done", True)


def test_a_later_command_takes_the_place_of_the_one_that_waits(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """On, then off within the pause: it never goes on."""
    bench = put(**COMPRESSOR)
    waiting = bench.tell("switch", Switch(on=True), id="m1")
    bench.until(lambda: waiting.kept)
    assert switch(bench, False, "m2") == "done"
    assert (waiting.wait(), waiting.body) == ("done", {"on": False, "ended_by": "switch"})
    turn(bench, 400.0)
    assert switch(bench, False, "m3") == "done"
    assert pins.driven_levels(17) == [False]


def test_a_pulse_in_the_pause_is_refused(put: Put) -> None:
    """It is at most once, and for now."""
    delivery = put(**COMPRESSOR).tell("pulse", Pulse(seconds=1))
    assert delivery.wait() == "cannot pulse GPIO 17: it must be off for 300 s more (min_pause_s = 300); it stays off"


def test_the_pause_is_known_over_a_restart(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Off for 290 s when the gateway came back: on by itself, as the file says, 10 s later."""
    first = put(**COMPRESSOR)
    first.stop()
    bench = put(**COMPRESSOR, on_start="on", remembered=since(first, False, 290))
    assert pins.level(17) is False
    turn(bench, 10.0)
    is_level(bench, pins, True)


def test_a_command_that_waits_is_handed_back_at_the_stop(put: Put) -> None:
    """It is on disk, and tried again at the next start."""
    bench = put(**COMPRESSOR)
    waiting = bench.tell("switch", Switch(on=True), id="m1")
    bench.until(lambda: waiting.kept)
    bench.stop()
    assert waiting.outcome == "cannot switch GPIO 17 on: the gateway stops before its pause was over"


def test_nothing_is_kept_on_disk_without_a_limit(put: Put) -> None:
    """A lamp costs the card nothing."""
    bench = put(type="relay", pin=17)
    assert switch(bench, True) == "done"
    assert bench.remembered == ""


def test_two_that_exclude_each_other_are_never_on_together(put: Put, pins: SimulatedPins) -> None:
    """The second is refused, in words, until the first is off; by a pulse as by a switch."""
    up, down = put(**UP), put(**DOWN)
    assert switch(up, True) == "done"
    for verb, payload in (("switch", Switch(on=True)), ("pulse", Pulse(seconds=1))):
        delivery = down.tell(verb, payload, id=verb)
        assert delivery.wait() == f"cannot {verb} GPIO 21: gpio/up is on; it stays off"
    assert pins.driven_levels(21) == [False]
    assert switch(up, False, "m2") == "done"
    assert (switch(down, True, "m3"), pins.level(21)) == ("done", True)


def test_one_that_says_it_is_enough(put: Put) -> None:
    """Its rival knows nothing of it, and is refused all the same."""
    up, down = put(**UP), put(type="relay", pin=21, key="down")
    assert switch(up, True) == "done"
    assert switch(down, True) == "cannot switch GPIO 21: gpio/up is on; it stays off"


def test_a_rival_that_nobody_has_claimed_may_be_on(put: Put) -> None:
    """Left on by a process that crashed: it must be seen off first."""
    up = put(**UP)
    delivery = up.tell("switch", Switch(on=True))
    assert delivery.wait() == "cannot switch GPIO 20: it is not known that gpio/down is off, its pin is not claimed; it stays off"


def test_a_rival_whose_pin_has_failed_while_on_may_still_be_on(put: Put, pins: SimulatedPins) -> None:
    """Nobody can tell, so the other stays off until that one is there again, and off."""
    up, down = put(**UP), put(**DOWN)
    assert switch(up, True) == "done"
    pins.factory.pin(20).plugged = False
    assert switch(up, False, "m2") != "done"
    up.until(lambda: up.counters["line_faults"])
    assert switch(down, True) == "cannot switch GPIO 21: gpio/up is on; it stays off"


@pytest.mark.parametrize(("key", "value"), [("on_start", "on"), ("on_start", "keep"), ("on_stop", "on")])
def test_an_output_with_a_rival_is_on_by_command_alone(key: str, value: str) -> None:
    """What the file says of the start and the stop cannot ask the rival."""
    with pytest.raises(ValueError, match=f"{key}: '{value}' cannot be with never_with"):
        PinSettings.model_validate({"type": "relay", "pin": 20, "never_with": ["gpio/down"], key: value})


def test_an_interlock_at_one_side_holds_for_both(tmp_path: Path) -> None:
    """Whom another names knows it from the file: before that one has been claimed nobody can tell that it is off."""
    path = tmp_path / "gateway.toml"
    path.write_text(TWO.format(more=""))
    up, down = (part.settings for part in read(path, registry=installed()).host_bound)
    assert isinstance(up, PinSettings)
    assert isinstance(down, PinSettings)
    assert (up.never_with, down.never_with) == (["gpio/down"], ["gpio/up"])


@pytest.mark.parametrize("more", ['on_start = "on"', 'on_start = "keep"', 'on_stop = "on"', 'on_link_lost = "on"\nlink_lost_after_s = 9'])
def test_whom_another_excludes_does_not_go_on_by_itself(tmp_path: Path, more: str) -> None:
    """At the start, the stop or a lost link the other may be on, whichever of the two says that it must not be."""
    path = tmp_path / "gateway.toml"
    path.write_text(TWO.format(more=more))
    key, _, value = more.partition("\n")[0].partition(" = ")
    with pytest.raises(ConfigProblems) as found:
        read(path, registry=installed())
    found_there = value.replace('"', "'")
    said = f'gpio.up.{key}: {found_there} cannot be, as gpio/down is never_with gpio/up and may be on then; write "off"'
    assert [str(one) for one in found.value.problems] == [said]


def test_whom_another_excludes_stays_off_until_that_one_is_claimed(tmp_path: Path, put: Put, pins: SimulatedPins) -> None:
    """One that was left on by a kill has not been claimed yet: the other, which does not name it in the file, is refused."""
    path = tmp_path / "gateway.toml"
    path.write_text(TWO.format(more=""))
    up, down = (part.settings.model_dump(include={"type", "pin", "never_with"}) for part in read(path, registry=installed()).host_bound)
    pins.pin(21).remember(True)
    bench = put(**up, key="up")
    refused = bench.tell("switch", Switch(on=True), id="m1")
    assert refused.wait() == "cannot switch GPIO 20: it is not known that gpio/down is off, its pin is not claimed; it stays off"
    put(**down, key="down")
    assert (switch(bench, True, "m2"), pins.level(20), pins.level(21)) == ("done", True, False)
