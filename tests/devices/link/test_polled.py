"""A polled device: read on a grid, whatever a reading takes; what is bad is counted, and opened again. Here it reads a file."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from devices.link import Missing, Polled, PolledSettings, Values
from gateway.actors import Health
from gateway.testing import Bench


class LevelSettings(PolledSettings):
    """Section `[level.NAME]`."""

    path: Path


class Level(Polled[LevelSettings]):
    """A level of water, in a file; a reading may take time, by the clock that a test turns."""

    units = {"level": "mm"}
    opened = 0
    takes: Callable[[], Any] = staticmethod(lambda: None)

    def open(self) -> str:
        if not self.settings.path.parent.exists():
            raise Missing("cannot open the well: it is not there; dig one")
        self.opened += 1
        return "the well"

    def shut(self) -> None:
        if self.opened and not self.settings.path.exists():
            raise OSError("what is gone cannot be closed")

    def read(self) -> Values:
        self.takes()
        return {"level": float(self.settings.path.read_text()), "wet": True}

    def simulator(self) -> Callable[[], Values]:
        return lambda: {"level": 5.0}


@contextmanager
def level(path: Path, now_s: list[float], **more: Any) -> Iterator[tuple[Bench, Level]]:
    """One that runs, by a clock that stands until the test turns it."""
    settings = LevelSettings(path=path, to="twin/well", **{"every_s": 10.0, **more})
    actor = Level("well", settings, clock=lambda: now_s[0])
    with ExitStack() as stack:
        yield stack.enter_context(Bench(actor, "level/well")), actor


def pass_s(seconds: float, now_s: list[float], bench: Bench, actor: Level) -> None:
    """Let time pass once it has planned its next reading."""
    bench.until(lambda: actor.due_s > now_s[0])
    now_s[0] += seconds
    bench.wake()


def values(bench: Bench) -> list[float]:
    """The levels that were reported."""
    return [one.payload.values["level"] for one in bench.sent]


def test_it_is_read_at_once_and_then_each_period_and_reported_with_its_units(tmp_path: Path) -> None:
    """To the actor that the settings name; and it says how it is."""
    path, now_s = tmp_path / "level", [100.0]
    path.write_text("1.5\n")
    with level(path, now_s) as (bench, actor):
        bench.until(lambda: len(bench.sent) == 1)
        path.write_text("2.5\n")
        for number in (2, 3):
            pass_s(10, now_s, bench, actor)
            bench.until(lambda number=number: len(bench.sent) == number)
        assert values(bench) == [1.5, 2.5, 2.5]
        first = bench.sent[0]
        assert (first.to, first.verb, first.payload.units) == ("twin/well", "report", {"level": "mm"})
        assert bench.health == [(Health.OK, "the well, read every 10 s")]


def test_a_reading_that_takes_longer_than_its_period_skips_and_the_grid_stays(tmp_path: Path) -> None:
    """25 s for a period of 10: two are left out, and the next comes when the grid says, 30 s after the first."""
    path, now_s = tmp_path / "level", [100.0]
    path.write_text("1")
    with level(path, now_s) as (bench, actor):
        bench.until(lambda: len(bench.sent) == 1)

        def slow() -> None:
            now_s[0] += 25.0
            actor.takes = lambda: None

        actor.takes = slow
        pass_s(10.5, now_s, bench, actor)  # a little late: it does not move those that follow
        bench.until(lambda: len(bench.sent) == 2)
        bench.until(lambda: bench.counters["skipped"] == 2)
        bench.until(lambda: actor.due_s == 140.0)
        assert len(bench.sent) == 2, "what was left out is not made up for"


def test_a_bad_reading_is_counted_and_said_once_and_the_next_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One that fails now and then fills no log, and stays well."""
    path, now_s = tmp_path / "level", [0.0]
    path.write_text("1")
    with caplog.at_level(logging.WARNING), level(path, now_s) as (bench, actor):
        bench.until(lambda: len(bench.sent) == 1)
        for number in (1, 2):
            path.write_text("dry")
            pass_s(10, now_s, bench, actor)
            bench.until(lambda number=number: bench.counters["read_faults"] == number)
            path.write_text("7")
            pass_s(10, now_s, bench, actor)
            bench.until(lambda number=number: len(bench.sent) == number + 1)
        said = [record.getMessage() for record in caplog.records]
        assert said == ["level/well: cannot read it: ValueError: could not convert string to float: 'dry'"]
        assert {health for health, _ in bench.health} == {Health.OK}


def test_a_driver_that_leaves_has_a_bad_reading(tmp_path: Path) -> None:
    """Whoever says sys.exit() there, as a script that was made a driver does, ends nothing but this reading."""
    path, now_s = tmp_path / "level", [0.0]
    path.write_text("1")
    with level(path, now_s) as (bench, actor):
        bench.until(lambda: len(bench.sent) == 1)
        actor.takes = lambda: sys.exit("it is dry")
        pass_s(10, now_s, bench, actor)
        bench.until(lambda: bench.counters["read_faults"] == 1)
        del actor.takes
        pass_s(10, now_s, bench, actor)
        bench.until(lambda: len(bench.sent) == 2)
        assert actor.opened == 1


def test_after_three_bad_readings_in_a_row_it_is_opened_again(tmp_path: Path) -> None:
    """It says so, and reads on when it can."""
    path, now_s = tmp_path / "level", [0.0]
    with level(path, now_s) as (bench, actor):
        for number in (1, 2, 3):
            bench.until(lambda number=number: bench.counters["read_faults"] == number)
            pass_s(10, now_s, bench, actor)
        said = f"cannot read it: No such file or directory ({path}); plug it in, or mend its section; "
        bench.until(lambda: bench.health)
        assert bench.health[0] == (Health.MISSING, f"{said}3 readings in a row failed, it is opened again")
        path.write_text("3")
        bench.until(lambda: [now_s.__setitem__(0, now_s[0] + 1), bench.wake()] and bench.sent)
        assert (bench.health[-1], bench.why_away, actor.opened) == ((Health.OK, "the well, read every 10 s"), "", 2)


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    """In the words of the device, and no reading is tried."""
    with level(tmp_path / "none" / "level", [0.0]) as (bench, _):
        bench.until(lambda: bench.why_away)
        assert bench.health[0] == (Health.MISSING, "cannot open the well: it is not there; dig one")
        assert bench.counters["read_faults"] == 0


def test_it_is_measured_when_somebody_asks(tmp_path: Path) -> None:
    """Between two readings; or whoever asks hears why not."""
    path = tmp_path / "level"
    path.write_text("4")
    with level(path, [0.0]) as (bench, _):
        asked = bench.tell("measure")
        assert (asked.wait(), asked.body) == ("done", {"values": {"level": 4.0, "wet": True}})
        path.write_text("dry")
        assert bench.tell("measure").wait() == "cannot read it: ValueError: could not convert string to float: 'dry'"


def test_a_simulated_one_reads_its_simulator(tmp_path: Path) -> None:
    """And touches nothing of the host."""
    with level(tmp_path / "none" / "level", [0.0], simulate=True) as (bench, actor):
        bench.until(lambda: bench.sent)
        assert (values(bench), actor.opened, bench.health[-1]) == ([5.0], 0, (Health.OK, "simulated, read every 10 s"))


def test_while_the_gateway_closes_nothing_is_read(tmp_path: Path) -> None:
    """A due reading is left, and its thread sleeps."""
    path, now_s = tmp_path / "level", [0.0]
    path.write_text("1")
    with level(path, now_s) as (bench, actor):
        bench.until(lambda: len(bench.sent) == 1)
        bench.quiet = True
        now_s[0] = 50.0
        bench.wake()
        assert actor.due_s == float("inf")
        bench.stop()
        assert len(bench.sent) == 1
