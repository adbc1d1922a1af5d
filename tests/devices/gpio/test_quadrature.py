"""Quadrature: which way a knob was turned, and how far, whatever its contacts do in between."""

import pytest

from devices.gpio.quadrature import Levels, Quadrature

REST: Levels = (False, False)
CYCLE: list[Levels] = [(True, False), (True, True), (False, True), (False, False)]


def turned(levels: list[Levels], *, edges_per_step: int = 4, start: Levels = REST) -> tuple[list[int], int]:
    """The steps that a row of levels makes, and how often one was missed."""
    knob = Quadrature(edges_per_step, start)
    return [step for step in map(knob.feed, levels) if step], knob.missed


@pytest.mark.parametrize(("edges_per_step", "steps"), [(4, 2), (2, 4), (1, 8)])
def test_a_turn_clockwise_and_back(edges_per_step: int, steps: int) -> None:
    """Two whole cycles of the contacts are so many steps; the same way back are as many the other way."""
    there = CYCLE * 2
    back = [*reversed(there[:-1]), REST]
    assert turned(there, edges_per_step=edges_per_step) == ([1] * steps, 0)
    assert turned(back, edges_per_step=edges_per_step) == ([-1] * steps, 0)


def test_a_contact_that_bounces_is_counted_there_and_back() -> None:
    """However often: the step is one."""
    bouncing = [levels for before, after in zip([REST, *CYCLE], CYCLE, strict=False) for levels in (after, before, after, before, after)]
    assert turned(bouncing) == ([1], 0)


def test_a_knob_that_trembles_where_it_rests_makes_no_step() -> None:
    """Nor one that is turned half way and let go."""
    assert turned([(True, False), REST] * 50) == ([], 0)
    assert turned([(True, False), (True, True), (True, False), REST] * 50) == ([], 0)


@pytest.mark.parametrize("lost", range(3))
def test_a_step_of_which_one_change_was_missed_is_a_step(lost: int) -> None:
    """The next is counted from where the knob rests, and no rest of it is left over."""
    levels = [*CYCLE[:lost], *CYCLE[lost + 1 :]]
    steps, missed = turned([*levels, *CYCLE])
    assert (steps[-1], missed) == (1, 1)
    assert len(steps) in (1, 2)


def test_missed_changes_never_turn_it_the_other_way() -> None:
    """Of two that came at once nobody knows the way: they are counted as missed."""
    steps, missed = turned([(True, True), REST] * 10)
    assert (steps, missed) == ([], 20)


def test_it_begins_where_the_knob_stands() -> None:
    """Between two places, too: half a step is no step."""
    assert turned([(False, True), REST], start=(True, True)) == ([], 0)
    assert turned([(False, True), REST, *CYCLE], start=(True, True)) == ([1], 0)
