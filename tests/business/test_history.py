"""Histories: what the values of twins were, in how much room, and how far back."""

import math
import random
import statistics
from itertools import starmap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.business.history import Archive, HistoryPart, ValueHistory
from gateway.business.history.archive import ArchiveSettings
from gateway.business.history.digits import numbers_in, written
from gateway.business.history.means import Span, begun_chunk, extended, spans_in
from gateway.business.history.payloads import USUAL, ReadingsKept
from gateway.business.history.readings import PastReading, chunk_of, decimals_of, readings_in
from gateway.business.history.recent import read_recent, with_reading
from gateway.business.history.searching import fitting_step_s
from gateway.business.history.shelf import PART_BYTES, PartNote, Shelf
from gateway.business.twin import Twin, TwinSettings
from gateway.testing import Rig, Turns
from gateway.testing.clock import ManualClock

BEGAN_MS = 1_764_000_000_000
DAY_S = 86_400
PART = "twin/boiler/history/temp_c/history_part/minutes-1"


def rig(*, clock: ManualClock | None = None, archive: dict[str, Any] | None = None, **settings: Any) -> Rig:
    twin = Twin(TwinSettings(publish_to="", silent_after_s=0, **settings))
    return Rig([twin, Archive(ArchiveSettings(**archive or {}))], clock=clock)


def report(gateway: Rig, at_s: float, /, **values: Any) -> None:
    gateway.send("twin/boiler", "report", {"values": values, "at_ms": BEGAN_MS + round(at_s * 1000)})


def rows_of(gateway: Rig, value: str = "temp_c", **asked: Any) -> list[Any]:
    answer = gateway.ask("twin/boiler", "history", {"value": value, "until_ms": BEGAN_MS + 10**12, **asked})
    assert answer.ok, answer.reason
    return [tuple(row) for row in answer.body["rows"]]


def test_what_a_dropped_part_was_sent_just_before_is_not_stranded() -> None:
    """A device that speaks seldom hands over what fills a part and is too old for it by then: the part ends behind that."""
    others = {"history_part": HistoryPart.verbs, "archive": Archive.verbs}
    turns = Turns(ValueHistory(), me="twin/boiler/history/temp_c", reachable=others)
    turns.now_ms = BEGAN_MS
    full = Shelf(parts=(PartNote(1, 0, BEGAN_MS // 1000 - 3 * DAY_S, PART_BYTES - 120),), last=1)
    turns.state = turns.state.changed(value="temp_c", minutes=full, reach=USUAL.changed(minutes_s=DAY_S))
    text = ""
    for hour in range(48):
        text = with_reading(text, BEGAN_MS - (72 - hour) * 3_600_000, hour * 75.48776 % 100, 0)
    turns.tell("keep", ReadingsKept(value="temp_c", text=text))
    assert turns.state.minutes.parts[0].number == 2
    told = [mail.verb for mail in turns.mail if mail.to == PART]
    assert (told[0], told[-1], set(told[1:-1])) == ("add", "end", {"add"})
    assert turns.orders == []


@given(st.lists(st.integers(-(2**70), 2**70)))
def test_numbers_as_text(numbers: list[int]) -> None:
    """Every whole number comes back from its text, and no character of it has to be escaped in JSON."""
    text = "".join(map(written, numbers))
    assert numbers_in(text) == numbers
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


_READING = st.tuples(st.integers(0, 10**13), st.floats(-(10**12), 10**12) | st.integers(-(10**9), 10**9) | st.booleans())


@given(st.lists(_READING, min_size=1))
def test_readings_come_back(readings: list[tuple[int, Any]]) -> None:
    """Readings come back in their order, to a tenth of a second and seven digits, whatever their times and sizes."""
    found = readings_in(chunk_of(starmap(PastReading, readings)))
    assert [one.at_ms for one in found] == [at_ms - at_ms % 100 for at_ms, _ in readings]
    for one, (_, value) in zip(found, readings, strict=True):
        assert math.isclose(one.value, float(value), rel_tol=1e-6, abs_tol=1e-12)


@given(st.lists(_READING, min_size=1), st.integers(0, 10**12))
def test_recent_readings_come_back(readings: list[tuple[int, Any]], clock_ms: int) -> None:
    """The readings that a twin has not handed over come back as they were, with the clock of the first where its time is not trusted."""
    text = ""
    for at_ms, value in readings:
        text = with_reading(text, at_ms, value, clock_ms)
    assert read_recent(text) == ([PastReading(at_ms, float(value)) for at_ms, value in readings], clock_ms)


@pytest.mark.parametrize(
    ("value", "decimals"),
    [
        (21.5, 1),
        (21.0, 0),
        (7, 0),
        (True, 0),
        (0.0, 0),
        (0.1 + 0.2, 7),
        (21.123, 3),
        (1234567.891, 0),
        (1e-7, 12),
        (1e300, 0),
        (123.456789, 4),
    ],
)
def test_decimals(value: float, decimals: int) -> None:
    """A reading has the decimals that its device gave it, up to seven digits."""
    assert decimals_of(value) == decimals


def test_a_reading_takes_less_than_three_bytes() -> None:
    """A temperature every second, with the noise that sensors have and times that are a little off, takes two to three bytes a reading."""
    chance, value = random.Random(7), 21.5
    with rig() as gateway:
        for second in range(1200):
            value = round(value + chance.gauss(0, 0.05), 2)
            report(gateway, second + chance.randrange(40) / 1000, temp_c=value)
        gateway.settle()
        shelf = gateway.state("twin/boiler/history/temp_c").readings
        recent = gateway.state("twin/boiler").recent["temp_c"].count(";") + 1
        assert sum(part.size for part in shelf.parts) / (1200 - recent) < 3


_SPAN = st.tuples(st.integers(1, 5000), st.floats(-1000, 1000), st.floats(0, 50), st.floats(0, 50), st.integers(1, 10**6))


@given(st.lists(_SPAN, min_size=1))
def test_spans_come_back(spans: list[tuple[Any, ...]]) -> None:
    """Minutes and hours come back from their text, to the decimals of their chunk."""
    given_, at, chunk, text = [], 0, None, ""
    for later, mean, below, above, count in spans:
        at += later
        span = Span(at * 60, mean - below, mean, mean + above, count)
        given_.append(span)
        chunk, more = begun_chunk(span, 60, 3) if chunk is None else extended(chunk, span, 60)
        text += more
    for one, found in zip(given_, spans_in(text, 60), strict=True):
        assert (found.at_s, found.readings) == (one.at_s, one.readings)
        assert found[1:4] == pytest.approx(one[1:4], abs=0.0011)


def test_each_reading_of_a_day() -> None:
    """What was reported comes back as it was, those too that the twin still has; a text is no reading, and a boolean is 0 or 1."""
    with rig() as gateway:
        for second in range(150):
            report(gateway, second, temp_c=20 + second / 100, on=second % 2 == 0, mode="eco")
        found = rows_of(gateway, every=True, most=2000)
        assert [row[0] for row in found] == [BEGAN_MS + 1000 * second for second in range(150)]
        assert [row[2] for row in found] == [20 + second / 100 for second in range(150)]
        assert [row[1] for row in rows_of(gateway, "on", every=True)] == [1.0, 0.0] * 75
        assert rows_of(gateway, "mode") == []
        assert len(gateway.state("twin/boiler").recent["temp_c"]) < 500


def test_pages_of_readings() -> None:
    """Where there are more readings than an answer may have, it says where the next ones begin, and none is lost or doubled."""
    with rig() as gateway:
        for second in range(1000):
            report(gateway, second, temp_c=second)
        found, since_ms = [], 1
        while since_ms:
            asked = {"value": "temp_c", "every": True, "most": 170, "since_ms": since_ms, "until_ms": BEGAN_MS * 2}
            body = gateway.ask("twin/boiler", "history", asked).body
            found += [row[2] for row in body["rows"]]
            since_ms = body["next_ms"]
        assert found == list(map(float, range(1000)))


def test_steps() -> None:
    """Without a step the rows are as fine as the answer has room for; each has the least, the mean and the greatest of its time."""
    with rig() as gateway:
        for second in range(600):
            report(gateway, second, temp_c=second % 60)
        found = rows_of(gateway, until_ms=BEGAN_MS + 600_000, most=11)
        assert [row[0] for row in found] == [BEGAN_MS + 60_000 * minute for minute in range(10)]
        assert all(row[1:] == (0, pytest.approx(29.5), 59, 60) for row in found)
        wide = rows_of(gateway, step_s=300, until_ms=BEGAN_MS + 600_000)
        assert [row[1:] for row in wide] == [(0, pytest.approx(29.5), 59, 300)] * 2


@pytest.mark.parametrize(("step_s", "looked_back_s"), [(300, 3 * 3600), (60, DAY_S), (900, 110 * 60), (30, 2 * 3600), (0, DAY_S)])
def test_a_young_history_is_told_in_the_steps_that_are_asked_for(step_s: int, looked_back_s: int) -> None:
    """An hour begins before the first reading that it is of: that does not make the hours go farther back than the minutes."""
    began_s, ended_s = 50 * 60 + 7, 150 * 60
    with rig() as gateway:
        for at_s in range(began_s, ended_s, 10):
            report(gateway, at_s, temp_c=at_s % 70)
        times_ms = {"since_ms": BEGAN_MS + (ended_s - looked_back_s) * 1000, "until_ms": BEGAN_MS + ended_s * 1000}
        answer = gateway.ask("twin/boiler", "history", {"value": "temp_c", "most": 1000, "step_s": step_s, **times_ms})
    assert 1 <= answer.body["step_s"] <= (step_s or 30)
    assert sum(row[-1] for row in answer.body["rows"]) == len(range(began_s, ended_s, 10))


def test_what_comes_late_is_put_in_its_place() -> None:
    """A reading that is older than others of its history, as after a device's clock was set back, stands where its time belongs."""
    with rig() as gateway:
        for at_s in [*range(3600, 3700), *range(100), *range(3700, 3800)]:
            report(gateway, at_s, temp_c=at_s)
        found = rows_of(gateway, every=True, most=2000)
        assert found == sorted(found)


def test_what_nobody_can_trust_is_no_reading() -> None:
    """A value of bad quality is in no history, nor one that its deadband holds back."""
    with rig() as gateway:
        gateway.tell("twin/boiler", "report", {"values": {"temp_c": 20.5}, "at_ms": BEGAN_MS})
        gateway.tell("twin/boiler", "report", {"values": {"temp_c": 85.0}, "quality": "bad", "at_ms": BEGAN_MS + 1000})
        gateway.tell("twin/boiler", "report", {"values": {"temp_c": None}, "at_ms": BEGAN_MS + 2000})
        assert [row[2] for row in rows_of(gateway, every=True)] == [20.5]


def test_a_kill_loses_no_reading() -> None:
    """What the gateway took is in the history after a power cut: the readings stand in the commit of the report that brought them."""
    with rig() as gateway:
        for second in range(100):
            report(gateway, second, temp_c=second)
            if second % 17 == 0:
                gateway.settle()
                gateway.crash()
                gateway.start()
        gateway.settle()
        assert [row[2] for row in rows_of(gateway, every=True)] == list(map(float, range(100)))


def test_many_days() -> None:
    """A value every five minutes, for twelve days: readings go back as far as the archive says, and hours to the first day."""
    clock = ManualClock(now_ms=BEGAN_MS)
    with rig(clock=clock, archive={"readings_s": DAY_S, "minutes_s": 2 * DAY_S}) as gateway:
        days = 12
        for day in range(days):
            for minute in range(0, 1440, 5):
                report(gateway, day * DAY_S + minute * 60, temp_c=day + minute / 1440)
            gateway.settle()
            gateway.advance(DAY_S, at_once=True)
        end = {"until_ms": BEGAN_MS + days * DAY_S * 1000}
        hours = rows_of(gateway, step_s=3600, most=2000, **end)
        assert len(hours) == days * 24
        assert [row[4] for row in hours] == [12] * days * 24
        assert statistics.fmean(row[2] for row in hours) == pytest.approx(days / 2, abs=0.01)
        assert rows_of(gateway, every=True, most=2000, **end)[0][0] >= BEGAN_MS + 5 * DAY_S * 1000


def test_too_many_bytes() -> None:
    """Where the histories have more bytes than their budget, the finest are kept for a shorter time; the archive says how long."""
    clock = ManualClock(now_ms=BEGAN_MS)
    chance = random.Random(3)
    with rig(clock=clock, archive={"history_mb": 0.01}) as gateway:
        for hour in range(15):
            for second in range(0, 3600, 6):
                report(gateway, hour * 3600 + second, temp_c=round(chance.uniform(0, 1000), 2))
            gateway.settle()
            gateway.advance(3600, at_once=True)
        kept = gateway.ask("archive/all", "read").body
        assert kept["readings_s"] < DAY_S
        assert kept["bytes"] < 4 * kept["budget_bytes"]


def test_a_forgotten_twin_leaves_no_history() -> None:
    """What a twin kept goes with it."""
    with rig() as gateway:
        for second in range(200):
            report(gateway, second, temp_c=second)
        gateway.tell("twin/boiler", "forget")
        gateway.settle()
        report(gateway, 300, temp_c=1)
        gateway.settle()
        assert [row[2] for row in rows_of(gateway, every=True)] == [1.0]


def test_no_such_value() -> None:
    """A value that the twin does not have is refused, with those that it has."""
    with rig() as gateway:
        report(gateway, 0, temp_c=1)
        answer = gateway.ask("twin/boiler", "history", {"value": "tmp_c"})
        assert (answer.ok, answer.reason) == (False, "twin/boiler has no value 'tmp_c'; it has temp_c")


def test_no_history() -> None:
    """Where the settings say so, nothing is kept."""
    with rig(history=False) as gateway:
        report(gateway, 0, temp_c=1)
        gateway.settle()
        assert gateway.state("twin/boiler").recent is None
        assert rows_of(gateway) == []


@pytest.mark.parametrize(("span_s", "most", "step_s"), [(3600, 3601, 1), (7200, 73, 120), (86400, 100, 900), (400 * DAY_S, 101, 4 * DAY_S)])
def test_fitting_steps(span_s: float, most: int, step_s: int) -> None:
    """A step is one that people read with ease."""
    assert fitting_step_s(span_s, most) == step_s


def test_readings_are_pairs() -> None:
    """One chunk, as it stands on disk."""
    readings = [PastReading(BEGAN_MS + 1000 * second, value) for second, value in enumerate((21.5, 21.6, 21.6, 21.4))]
    chunk = chunk_of(readings)
    assert chunk == "17640000000,1,AuNUCAAAD"
    assert readings_in(chunk) == readings
