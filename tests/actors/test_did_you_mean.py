"""The nearest name."""

import time
from collections.abc import Sequence

import pytest

from gateway.actors.did_you_mean import did_you_mean
from tests.waiting import within

KEYS = ["baud", "device", "settle_s"]


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ("buad", "did you mean 'baud'?"),
        ("BAUD", "did you mean 'baud'?"),
        ("devices", "did you mean 'device'?"),
        ("settle", "did you mean 'settle_s'?"),
        ("colour", "there is baud, device, settle_s"),
        ("", "there is baud, device, settle_s"),
    ],
)
def test_the_nearest_name_is_offered_or_all_of_them(seen: str, said: str) -> None:
    """A name a slip away is offered; for one that is like nothing, there is the list."""
    assert did_you_mean(seen, KEYS) == said


def test_a_long_list_is_cut() -> None:
    """At most twelve names are listed."""
    assert did_you_mean("zzzzz", [f"key{n:02}" for n in range(33)]).endswith("key29 and 3 more")


def test_no_names_at_all() -> None:
    """Where nothing is known, that is what is said."""
    assert did_you_mean("x", []) == "there is none"


def test_a_name_whose_end_was_left_out_is_offered() -> None:
    """`press` for `press_to`, however long the rest; two that begin so are no answer."""
    assert did_you_mean("press", ["pin", "press_to", "pull"]) == "did you mean 'press_to'?"
    assert did_you_mean("debounce", ["debounce_milliseconds", "pin"]) == "did you mean 'debounce_milliseconds'?"
    assert did_you_mean("on", ["on_link_lost", "on_nothing"]) == "there is on_link_lost, on_nothing"


def test_a_name_without_end_is_compared_at_once() -> None:
    """Whoever sends a name of a megabyte does not hold up the thread that says no."""
    _at_once("x" * 1_000_000, KEYS, "there is baud, device, settle_s")


@pytest.mark.parametrize("seen", ["sensor_712x", "sensor_71é", "Sensor_712"])
def test_the_nearest_of_many_names_is_found_at_once(seen: str) -> None:
    """Of thousands those beside it are compared, not the first of them all."""
    names = [f"sensor_{n}" for n in range(0, 40_000, 8)]
    _at_once(seen, names, "did you mean 'sensor_712'?")


def _at_once(seen: str, names: Sequence[str], said: str) -> None:
    def once() -> float:
        began_s = time.thread_time()
        assert did_you_mean(seen, names) == said
        return time.thread_time() - began_s

    within(0.5, once)
