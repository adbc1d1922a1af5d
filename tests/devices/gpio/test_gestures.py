"""Gestures: what presses of a button mean, told to actors and published as events."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from devices.gpio.gestures import Gesture, Gestures
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPins
from gateway.testing import Bench

Put = Callable[..., Bench]
Turn = Callable[[Bench, float], None]

BELL = {"type": "button", "pin": 5, "long_s": 0.8, "multi_s": 0.3, "press_to": "toggle/one", "double_to": "toggle/two"}
BELL |= {"multi_to": "toggle/many", "long_to": "toggle/long"}


@pytest.mark.parametrize(
    ("changes", "until_s", "meant"),
    [
        ([0.0, 0.1], 0.39, []),
        ([0.0, 0.1], 0.41, [("press", 1)]),
        ([0.0, 0.1, 0.3, 0.4], 1.0, [("double", 2)]),
        ([0.0, 0.1, 0.5, 0.6], 1.0, [("press", 1), ("press", 1)]),
        ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], 1.0, [("multi", 3)]),
        ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], 1.1, [("multi", 4)]),
        ([0.0], 0.79, []),
        ([0.0], 0.8, [("long", 1)]),
        ([0.0, 5.0], 9.0, [("long", 1)]),
        ([0.0, 0.1, 0.2], 2.0, [("press", 1), ("long", 1)]),
        ([0.0, 0.1, 0.2, 0.3, 0.4, 3.0], 9.0, [("double", 2), ("long", 1)]),
    ],
)
def test_what_presses_mean(changes: list[float], until_s: float, meant: list[Gesture]) -> None:
    """Down at the first time, up at the second, and so on."""
    gestures = Gestures(0.8, 0.3)
    for number, at_s in enumerate(changes):
        gestures.feed(at_s, number % 2 == 0)
    gestures.settle(until_s)
    assert gestures.take() == meant


def test_being_let_go_without_a_press_means_nothing() -> None:
    """A button that was held when the gateway started."""
    gestures = Gestures(0.8, 0.3)
    gestures.feed(1.0, False)
    gestures.settle(9.0)
    assert (gestures.take(), gestures.due_s) == ([], float("inf"))


def test_what_was_let_go_is_told_at_the_end() -> None:
    """An orderly stop loses no press, and makes none of a button that is still held."""
    gestures = Gestures(0.8, 0.3)
    for at_s, active in ((0.0, True), (0.1, False), (0.2, True)):
        gestures.feed(at_s, active)
    gestures.end()
    assert gestures.take() == [("press", 1)]


def gestures_of(bench: Bench) -> list[tuple[str, Any]]:
    """Who was told of what: the actors, with the count, and the broker, with the event."""
    return [(one.to, json.loads(one.payload.body) if one.verb == "publish" else one.payload.count) for one in bench.sent]


def press(bench: Bench, turn: Turn, pins: SimulatedPins, seconds: float) -> None:
    """Hold the button down for so many seconds, and let go for a tenth."""
    for level, held_s in ((False, seconds), (True, 0.1)):
        edges = bench.counters["edges"]
        pins.set_level(5, level=level)
        bench.until(lambda before=edges: bench.counters["edges"] > before)  # type: ignore[misc]
        turn(bench, held_s)


@pytest.mark.parametrize(
    ("held", "to"),
    [
        ([0.1], ("toggle/one", "press")),
        ([0.1, 0.1], ("toggle/two", "double")),
        ([0.1, 0.1, 0.1], ("toggle/many", "multi")),
        ([1.0], ("toggle/long", "long")),
    ],
)
def test_each_gesture_has_its_listener(put: Put, turn: Turn, pins: SimulatedPins, held: list[float], to: tuple[str, str]) -> None:
    """One actor is told, once, and the broker what it was."""
    bench = put(**BELL)
    for seconds in held:
        press(bench, turn, pins, seconds)
    turn(bench, 0.3)
    bench.until(lambda: len(bench.sent) == 2)
    actor, type = to
    event = {"event_type": type, "count": 1, "presses": len(held)}
    assert sorted(gestures_of(bench), key=lambda one: one[0]) == [("mqtt/main", event), (actor, 1)]


def test_a_long_press_is_told_while_it_is_held(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """The finger feels that it has been long enough."""
    bench = put(**BELL)
    pins.set_level(5, level=False)
    bench.until(lambda: bench.counters["edges"] == 1)
    turn(bench, 0.8)
    bench.until(lambda: ("toggle/long", 1) in gestures_of(bench))


def test_a_press_that_waits_is_told_at_the_stop(put: Put, turn: Turn, pins: SimulatedPins) -> None:
    """Nobody waits for a second one any more."""
    bench = put(**BELL)
    press(bench, turn, pins, 0.1)
    bench.stop()
    assert ("toggle/one", 1) in gestures_of(bench)
    assert ("mqtt/main", {"event_type": "press", "count": 1, "presses": 1}) in gestures_of(bench)


def test_home_assistant_is_told_the_types_that_there_are() -> None:
    """No type that can never come."""
    for keys, types in (({}, ("press",)), ({"long_s": 1}, ("press", "long")), ({"multi_s": 0.3}, ("press", "double", "multi"))):
        (device,) = PinSettings.model_validate({"type": "button", "pin": 5, **keys}).shown_devices("gpio/bell")
        assert device.happenings[0].types == types


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"type": "contact", "long_s": 1}, "means nothing for type 'contact', only for a button; leave it out"),
        ({"long_to": "toggle/x"}, "unless this pin says how long they take; write long_s = 0.8 beside it"),
        ({"double_to": "toggle/x", "long_s": 1}, "double_to: there are no double presses unless"),
        ({"multi_s": 0.3, "press_every_s": 1}, "press_every_s: is for meters, long_s and multi_s for fingers; take it or these out"),
    ],
)
def test_what_cannot_be_is_said(keys: dict[str, Any], said: str) -> None:
    """In the words of the file."""
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        PinSettings.model_validate({"type": "button", "pin": 5, **keys})
