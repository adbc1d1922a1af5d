"""What a question about a long past costs: how many points are read for it, and how many rows are told, however it is asked."""

import itertools

import pytest

from gateway.business.history.means import LENGTHS_S
from gateway.business.history.payloads import DAY_S, USUAL, Search
from gateway.business.history.searching import begun_search
from gateway.business.history.shelf import PART_BYTES, PartNote, Shelf

NOW_S = 1_900_000_000
PART_SPANS = 800
"""So many spans are in one part, of those that vary as temperatures do."""
READINGS_A_SECOND = 20
KEPT_S = {"hours": USUAL.hours_s, "minutes": USUAL.minutes_s, "readings": USUAL.readings_s}
SINCE_S = (600, 3600, DAY_S, 7 * DAY_S, 31 * DAY_S, 366 * DAY_S, 3660 * DAY_S, 30 * 366 * DAY_S)
STEPS_S = (0, 1, 7, 59, 60, 61, 300, 3599, 3600, DAY_S, 366 * DAY_S)
MOST = (1, 2, 500, 2000)


def _points(name: str, seconds: float) -> float:
    """How many points one fineness has of so much time."""
    return seconds / LENGTHS_S[name] if LENGTHS_S[name] else seconds * READINGS_A_SECOND


def _shelf(name: str) -> Shelf:
    """What is kept of a value that has said something for ten years and longer, twenty times a second."""
    kept_s = int(KEPT_S[name])
    each_s = max(1, int(kept_s / (_points(name, kept_s) / PART_SPANS)))
    begins = range(NOW_S - kept_s, NOW_S, each_s)
    return Shelf(parts=tuple(PartNote(n, begin, min(begin + each_s, NOW_S), PART_BYTES) for n, begin in enumerate(begins)))


SHELVES = {name: _shelf(name) for name in LENGTHS_S}


def _begun(since_s: int, step_s: int, most: int) -> Search:
    asked = Search(
        value="temp_c",
        unit="",
        since_ms=(NOW_S - since_s) * 1000,
        until_ms=NOW_S * 1000,
        step_s=step_s,
        every=False,
        most=most,
        recent="",
    )
    return begun_search(asked, SHELVES)


@pytest.mark.parametrize(("since_s", "step_s", "most"), list(itertools.product(SINCE_S, STEPS_S, MOST)))
def test_rows_and_points_are_bounded_however_it_is_asked(since_s: int, step_s: int, most: int) -> None:
    """No more rows than are wanted, the one at the begin aside; of points as many as ten years have hours, a minute of readings for each
    row, or an hour of them, whatever the step that was asked for."""
    begun = _begun(since_s, step_s, most)
    shelf = SHELVES[begun.fineness]
    asked_s = min(since_s, KEPT_S["hours"])
    assert asked_s / begun.step_s <= most
    read = len(shelf.in_time(begun)) * PART_SPANS
    assert read <= max(_points("hours", KEPT_S["hours"]), _points("readings", max(60 * most, 3600))) + 3 * PART_SPANS


def test_years_are_read_as_hours() -> None:
    """Ten years take some hundred parts, twenty no more: what is not kept is not looked for."""
    ten, longer = _begun(3660 * DAY_S, 0, 500), _begun(30 * 366 * DAY_S, 0, 500)
    assert ten.fineness == longer.fineness == "hours"
    assert len(SHELVES["hours"].in_time(ten)) == len(SHELVES["hours"].in_time(longer)) == pytest.approx(110, abs=2)


def test_a_fine_step_over_a_day_does_not_have_each_reading_read() -> None:
    """The answer has no room for seconds, so its rows are minutes, and minutes are read."""
    assert _begun(DAY_S, 1, 2000).fineness == "minutes"
    assert _begun(600, 1, 2000).fineness == "readings"
