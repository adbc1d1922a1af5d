"""Where an output stands, as its topic tells: at the start, at each change, when its line fails, and as it is left."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.gpio.simulator import SimulatedPins
from gateway.actors import Health
from gateway.actors.vocabulary import Publish, Pulse, Switch
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]
Told = Callable[[Bench], list[Any]]

LAMP = {"type": "led", "pin": 17}
UNKNOWN = None


def published(bench: Bench) -> list[bool | None]:
    """What a bench's output has published of itself, in order; each under its one topic, retained."""
    found = [one for one in bench.sent if one.verb == "publish"]
    for one in found:
        assert one.to == "mqtt/main"
        assert one.payload == Publish(topic="{prefix}/gpio/bench", body=one.payload.body, retain=True)
    return [json.loads(one.payload.body)["on"] for one in found]


@pytest.mark.parametrize("active_low", [False, True])
@pytest.mark.parametrize("on_start", ["off", "on"])
def test_it_is_published_at_the_start(put: Put, active_low: bool, on_start: str) -> None:
    """Whatever the topic had from an earlier life."""
    assert published(put(**LAMP, active_low=active_low, on_start=on_start)) == [on_start == "on"]


def test_it_is_published_at_each_change_and_at_no_repeat(put: Put) -> None:
    """A command that changes nothing publishes nothing: what is published may come back as a command, and the two would never end."""
    bench = put(**LAMP)
    for number, on in enumerate((True, True, False, False, True)):
        assert bench.tell("switch", Switch(on=on), id=f"m{number}").wait() == "done"
    assert published(bench) == [False, True, False, True]


def test_both_ends_of_a_pulse_are(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """On, and off after its seconds."""
    bench = put(**LAMP)
    pulse = bench.tell("pulse", Pulse(seconds=2.0))
    bench.until(lambda: pulse.kept)
    turn(bench, 2.0)
    assert pulse.wait() == "done"
    assert published(bench) == [False, True, False]


def test_so_is_the_state_of_a_lost_link(put: Put, turn: Turn) -> None:
    """What nobody told it to do is news above all."""
    bench = put(**LAMP, on_start="on", on_link_lost="off", link_lost_after_s=30)
    turn(bench, 30.0)
    bench.until(lambda: bench.counters["link_lost"] == 1)
    assert published(bench) == [True, False]


def test_it_is_the_level_of_the_line_not_the_command(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """What was told is one thing, what a voltmeter shows another: it is looked at each time there is something to report."""
    bench = put(**LAMP, report_to="twin/lamp", report_every_s=10)
    pins.pin(17).state = True  # shorted to 3.3 V
    turn(bench, 10.0)
    bench.until(lambda: len(published(bench)) == 2)
    assert published(bench) == [False, True]


def test_of_a_line_that_failed_it_is_unknown(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Until it is claimed again; said once, however often it is looked for."""
    bench = put(**LAMP)
    bench.tell("switch", Switch(on=True), id="m1").wait()
    pins.unplug()
    bench.tell("switch", Switch(on=False), id="m2").wait()
    bench.until(lambda: bench.health[-1][0] is not Health.OK)
    for _ in range(3):
        turn(bench, 60.0)
    bench.until(lambda: bench.counters["line_faults"] > 1)
    assert published(bench) == [False, True, UNKNOWN]
    pins.plug()
    turn(bench, 60.0)
    bench.until(lambda: bench.health[-1][0] is Health.OK)
    assert published(bench) == [False, True, UNKNOWN, True]


def test_a_command_that_was_obeyed_is_done_although_nobody_can_see_it(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Else a pulse would count as failed, and the line be claimed again as it was in its middle: on for good."""
    pins.pin(17).blind = True
    bench = put(**LAMP)
    pulse = bench.tell("pulse", Pulse(seconds=2.0))
    bench.until(lambda: pulse.kept)
    turn(bench, 2.0)
    assert (pulse.wait(), pulse.body) == ("done", {"seconds": 2.0, "ended_by": "time"})
    assert pins.driven_levels(17) == [False, True, False]
    assert published(bench) == [UNKNOWN]


def test_of_a_chip_that_is_missing_at_the_start_it_is_unknown(put: Put, pins: SimulatedPins) -> None:
    """The topic may have a word of an earlier life."""
    pins.unplug()
    bench = put(**LAMP)
    bench.until(lambda: published(bench))
    assert published(bench) == [UNKNOWN]


@pytest.mark.parametrize(("on_stop", "left"), [("off", [False]), ("on", []), ("keep", [])])
def test_as_it_is_left_it_is_published(put: Put, on_stop: str, left: list[bool]) -> None:
    """After the end of the gateway the topic tells what on_stop made of it, even where the word before is still under way."""
    bench = put(**LAMP, on_stop=on_stop, commit=False)
    bench.tell("switch", Switch(on=True)).wait()
    bench.sent[0].receipt.resolve()
    bench.wake()
    bench.until(lambda: len(published(bench)) == 2)
    bench.stop()
    assert published(bench) == [False, True, *left]


def test_changes_faster_than_the_disk_are_told_by_the_last(put: Put) -> None:
    """One message is under way, one waits, whatever comes meanwhile."""
    bench = put(**LAMP, commit=False)
    for number in range(1, 102):
        assert bench.tell("switch", Switch(on=bool(number % 2)), id=f"m{number}").wait() == "done"
    assert published(bench) == [False]
    bench.sent[0].receipt.resolve()
    bench.wake()
    bench.until(lambda: len(published(bench)) == 2)
    assert published(bench) == [False, True]


def test_it_can_be_silenced_or_sent_elsewhere(put: Put) -> None:
    """By the two keys that a twin has."""
    assert [one.verb for one in put(**LAMP, publish_to="").sent] == []
    (sent,) = put(type="relay", pin=27, publish_to="mqtt/cloud", topic="house/{key}/state").sent
    assert (sent.to, sent.payload.topic) == ("mqtt/cloud", "house/bench/state")


def test_an_input_publishes_no_value(put: Put, pins: SimulatedPins) -> None:
    """It has a twin for that."""
    bench = put(type="contact", pin=17, press_to="toggle/hall", debounce_ms=0, real=True)
    for level in (False, True):
        pins.set_level(17, level=level)
    bench.until(lambda: bench.sent)
    assert [one.verb for one in bench.sent] == ["pressed"]


def test_a_button_publishes_its_presses_which_nobody_keeps(put: Put, pins: SimulatedPins) -> None:
    """A press is an event, no state: whoever subscribes later must not take it for a new one."""
    bench = put(type="button", pin=17, real=True)
    pins.press(17)
    bench.until(lambda: bench.sent)
    assert [(one.to, one.verb, one.payload) for one in bench.sent] == [
        ("mqtt/main", "publish", Publish(topic="{prefix}/gpio/bench/event", body={"event_type": "press", "count": 1}))
    ]


def test_presses_that_find_no_room_add_up(put: Put, pins: SimulatedPins, turn: Turn) -> None:
    """None is lost."""
    bench = put(type="button", pin=17, debounce_ms=0)
    bench.full = True
    for level in (False, True, False, True):
        pins.set_level(17, level=level)
        turn(bench, 0.1)
        bench.until(lambda level=level: bench.counters["edges"] % 2 != level)
    bench.full = False
    turn(bench, 60.0)
    bench.until(lambda: bench.sent)
    assert [json.loads(one.payload.body) for one in bench.sent] == [{"event_type": "press", "count": 2}]


def test_a_level_is_published_once_more_for_who_begins_to_show_it(put: Put) -> None:
    """It has not changed: the broker may have lost it."""
    bench = put(**LAMP)
    bench.until(lambda: published(bench) == [False])
    bench.tell("show")
    bench.until(lambda: published(bench) == [False, False])
