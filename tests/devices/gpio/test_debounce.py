"""Debounce, on paper."""

import math

from hypothesis import given
from hypothesis import strategies as st

from devices.gpio.debounce import Debounce, Rest


def fed(*levels: tuple[float, bool], window_s: float = 0.03) -> Debounce:
    """A debounce that has been fed (milliseconds, level)."""
    debounce = Debounce(window_s, active=False)
    for at_ms, active in levels:
        debounce.feed(at_ms / 1000, active)
    return debounce


def test_a_change_counts_at_once() -> None:
    """Debouncing makes nothing late."""
    assert fed((0, True)).value is True


def test_bounces_after_a_change_are_one_change() -> None:
    """A contact that bounces closed is pressed once."""
    debounce = fed((0, True), (1, False), (2, True), (3, False), (4, True))
    assert (debounce.value, debounce.changes, debounce.activations, debounce.bounces) == (True, 1, 1, 4)
    assert debounce.due_s == math.inf


def test_a_press_shorter_than_the_window_is_a_press_and_a_release() -> None:
    """A short press does not vanish; its release counts when the window ends."""
    debounce = fed((0, True), (5, False))
    assert (debounce.value, debounce.due_s) == (True, 0.03)
    debounce.settle(0.03)
    assert (debounce.value, debounce.changes, debounce.activations) == (False, 2, 1)


def test_edges_that_come_late_in_one_batch_are_judged_by_their_own_times() -> None:
    """Two presses 50 ms apart are two, though the actor woke only after both."""
    assert fed((0, True), (10, False), (70, True)).activations == 2


def test_without_a_window_every_change_counts() -> None:
    """debounce_ms = 0 is no debounce."""
    assert fed((0, True), (0, False), (1, True), window_s=0.0).changes == 3


@given(st.lists(st.tuples(st.floats(0, 0.02), st.booleans()), max_size=60), st.sampled_from([0.0, 0.005, 0.03]))
def test_in_the_end_the_value_is_the_level(steps: list[tuple[float, bool]], window_s: float) -> None:
    """Whatever the contact did, once it rests the value is its level, and changes came no closer than the window."""
    debounce, now_s, level = Debounce(window_s, active=False), 0.0, False
    for gap_s, level in steps:  # the last level is what counts
        now_s += gap_s
        debounce.feed(now_s, level)
    debounce.settle(now_s + window_s)
    assert debounce.value is level
    if window_s:
        assert debounce.changes <= now_s / window_s + 2


def rested(*levels: tuple[float, bool], until_ms: float) -> Rest:
    """A rest of 50 ms that has been fed (milliseconds, level), at some millisecond after."""
    rest = Rest(0.05, active=False)
    for at_ms, active in levels:
        rest.feed(at_ms / 1000, active)
    rest.settle(until_ms / 1000)
    return rest


def test_a_spike_is_no_change() -> None:
    """Two microseconds on a long wire open no door; it is counted as what did not stay."""
    rest = rested((0, True), (0.002, False), until_ms=1000)
    assert (rest.value, rest.changes, rest.bounces, rest.due_s) == (False, 0, 1, math.inf)


def test_a_level_counts_once_it_has_stayed_and_from_the_last_bounce_on() -> None:
    """Not before, and once."""
    opened = ((0, True), (5, False), (10, True))
    assert rested(*opened, until_ms=59).value is False
    rest = rested(*opened, until_ms=61)
    assert (rest.value, rest.changes, rest.activations, rest.bounces) == (True, 1, 1, 1)


def test_levels_that_come_in_one_batch_are_judged_by_their_own_times() -> None:
    """A door that was open for a second was open, though the actor woke only after it was shut again."""
    rest = rested((0, True), (1000, False), until_ms=1060)
    assert (rest.value, rest.changes, rest.activations) == (False, 2, 1)


def test_edges_that_were_only_counted_are_no_rest() -> None:
    """Between them the level may have been anything."""
    rest = rested((0, True), until_ms=40)
    rest.disturb(0.045)
    rest.settle(0.06)
    assert (rest.value, rest.due_s) == (False, 0.095)


@given(st.lists(st.tuples(st.floats(0, 0.1), st.booleans()), max_size=60))
def test_in_the_end_the_rested_value_is_the_level(steps: list[tuple[float, bool]]) -> None:
    """Whatever the contact did; and no two changes are closer than the window."""
    rest, now_s, level, last = Rest(0.05, active=False), 0.0, False, (0, -1.0)
    for gap_s, level in steps:
        now_s += gap_s
        rest.feed(now_s, level)
        assert rest.changes - last[0] <= 1 or gap_s >= 0.05
        last = (rest.changes, now_s)
    rest.settle(now_s + 0.1)
    assert rest.value is level
