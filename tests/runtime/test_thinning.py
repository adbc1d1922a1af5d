"""Thinning: where more is written than the budget allows, fewer readings come in; what acts, is watched or is new still does."""

from typing import Any

import pytest

from gateway.actors import Actor, Copy, Inbound, Message, Payload, Stage, State, Tells, verb
from gateway.actors.vocabulary import Report, TextLine
from gateway.business.trip import Trip, TripSettings
from gateway.business.twin import Twin, TwinSettings
from gateway.runtime.mail import PlainArrival
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig
from gateway.testing.rig import OUTSIDE
from tests.runtime.steps import steps

BUDGET = 40_000_000
"""Bytes a day; a quarter of it is kept where it was not used."""
FAR = BUDGET // 4


class Disk:
    """Counts what a process has written, as the test says."""

    def __init__(self) -> None:
        self.written = 0

    def bytes(self) -> int:
        return self.written


class BookState(State):
    """The lines."""

    lines: tuple[str, ...] = ()


class Book(Actor[BookState]):
    """Writes down what it is told, and is one of those that readings may be left out for."""

    def apart_s(self, verb: str, key: str) -> float:
        return 10.0 if key != "broken" else float(verb)

    @verb
    def line(self, line: TextLine, stage: Stage[BookState]) -> None:
        stage.state = BookState(lines=(*stage.state.lines, line.text))

    @verb
    def report(self, report: Report, stage: Stage[BookState]) -> None:
        said = " ".join(f"{name}={value}" for name, value in report.values.items())
        stage.state = BookState(lines=(*stage.state.lines, said))
        stage.reply()


class Counting(Actor[BookState]):
    """Counts each report: it has not said that any may be left out."""

    @verb
    def report(self, report: Report, stage: Stage[BookState]) -> None:
        stage.state = BookState(lines=(*stage.state.lines, str(report.values)))


class Guard(Actor[State]):
    """Watches a twin's values, as an alarm does."""

    copies = {"twin": Copy("twin", "values")}

    @verb
    def begin(self, stage: Stage[State]) -> None:
        stage.begin()
        stage.keep_copy("twin", f"twin/{stage.key}")


@pytest.fixture
def disk() -> Disk:
    return Disk()


def _rig(disk: Disk, *, budget: int = BUDGET, silent_after_s: float = 60.0) -> Rig:
    twin = Twin(TwinSettings(publish_to="", silent_after_s=silent_after_s))
    actors = [twin, Trip(TripSettings(publish_to="")), Book(), Counting(), Guard()]
    return Rig(actors, settings=EngineSettings(budget_bytes_a_day=budget, written_bytes=disk.bytes))


def _say(rig: Rig, to: str, *, verb: str = "report", told: bool = False, **fields: Any) -> None:
    """Say something as a device does that nobody acknowledges to, or as one that waits for that."""
    payload = fields if verb != "report" or "values" in fields else {"values": fields}
    on_commit = (lambda receipt: None) if told else None
    assert rig.hosted[OUTSIDE].send_all([Inbound(to, verb, payload, on_commit=on_commit)]) == []
    rig.settle()


def _over(rig: Rig, disk: Disk) -> None:
    """Write so much that as much is thinned as may be; the last second of a minute has just begun."""
    disk.written += FAR
    rig.advance(60 - rig.clock.mono_s() % 60 + 1)
    assert rig.look(lambda: rig.engine.thinning.budget.apart_s) == 60


def _thinned(rig: Rig) -> int:
    return rig.engine.thinning.counts.total()


def _lines(rig: Rig, id: str = "book/a") -> tuple[str, ...]:
    return tuple(rig.state(id).lines)


def test_without_a_budget_every_reading_comes_in(disk: Disk) -> None:
    """However much is written."""
    with _rig(disk, budget=0) as rig:
        disk.written += FAR
        rig.advance(60)
        for n in range(20):
            _say(rig, "book/a", n=n)
        assert len(_lines(rig)) == 20
        assert rig.engine.thinning.counts == {}


def test_over_the_budget_the_newest_reading_comes_in_once_in_a_while(disk: Disk) -> None:
    """One at a time that its actor has said may lie between two: the others are left out, and counted by their source."""
    with _rig(disk) as rig:
        _say(rig, "book/a", n=-1)
        _over(rig, disk)
        for n in range(30):
            _say(rig, "book/a", n=n)
            rig.advance(1)
        rig.advance(10)
        assert _lines(rig) == ("n=-1", "n=0", "n=8", "n=18", "n=28", "n=29")
        assert rig.engine.thinning.counts == {OUTSIDE: 25}


def test_the_further_over_the_budget_the_further_apart(disk: Disk) -> None:
    """Step by step as less is left of what is kept, and not at all once enough is there again."""
    with _rig(disk) as rig:
        kept, seen = BUDGET // 4, []
        disk.written += kept // 5
        for _ in range(7):
            rig.advance(1)
            seen.append(rig.look(lambda: rig.engine.thinning.budget.apart_s))
            disk.written += kept // 10
        assert seen == [0, 1, 2, 10, 30, 60, 60]
        rig.advance(3600 * 3)
        assert rig.look(lambda: rig.engine.thinning.budget.apart_s) in {2, 10}
        rig.advance(3600 * 3)
        assert rig.look(lambda: rig.engine.thinning.budget.apart_s) == 0


def test_it_is_said_once_that_readings_are_left_out(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    """And once that they are not any more."""
    with _rig(disk) as rig:
        _over(rig, disk)
        rig.advance(600)
        rig.advance(3600 * 7)
    assert [record.getMessage() for record in caplog.records if "budget" in record.getMessage()] == [
        "more is written than store.budget_mb_a_day = 40: readings of the same come in less often from now on; see gateway show",
        "what is written is within store.budget_mb_a_day = 40 again: every reading comes in",
    ]


def test_what_is_switched_comes_in_at_once(disk: Disk) -> None:
    """A reading in which more than numbers has changed waits for nothing, and what it had taken the place of does not come behind it."""
    with _rig(disk) as rig:
        _say(rig, "book/a", open=False, c=1)
        _over(rig, disk)
        _say(rig, "book/a", open=False, c=2)
        _say(rig, "book/a", open=False, c=3)
        _say(rig, "book/a", open=True, c=4)
        _say(rig, "book/a", open=False, c=5)
        assert _lines(rig) == ("open=False c=1", "open=False c=2", "open=True c=4", "open=False c=5")


def test_values_of_other_names_do_not_take_each_others_place(disk: Disk) -> None:
    """A device may tell of its values in turn."""
    with _rig(disk) as rig:
        _say(rig, "book/a", c=0)
        _say(rig, "book/a", rh=0)
        _over(rig, disk)
        for n in range(1, 4):
            _say(rig, "book/a", c=n)
            _say(rig, "book/a", rh=n)
        rig.advance(10)
        assert sorted(_lines(rig)[-2:]) == ["c=3", "rh=3"]


def test_what_is_no_reading_comes_in_behind_what_waited(disk: Disk) -> None:
    """Order is kept between a source and an actor."""
    with _rig(disk) as rig:
        _say(rig, "book/a", n=0)
        _over(rig, disk)
        for n in (1, 2):
            _say(rig, "book/a", n=n)
        _say(rig, "book/a", n=3)
        _say(rig, "book/a", verb="line", text="done")
        assert _lines(rig) == ("n=0", "n=1", "n=3", "done")


@pytest.mark.parametrize("how", ["told", "counting", "watched", "asked", "late"])
def test_nothing_is_left_out_that_somebody_would_miss(disk: Disk, how: str) -> None:
    """What is acknowledged, what its actor wants all of, what an alarm watches, what is asked for, what is told of another time."""
    with _rig(disk) as rig:
        to = {"counting": "counting/a", "watched": "twin/freezer"}.get(how, "book/a")
        rig.tell(to, "report", {"values": {"n": -1}})
        if how == "watched":
            rig.tell("guard/freezer", "begin")
        _over(rig, disk)
        for n in range(5):
            if how == "asked":
                assert rig.ask(to, "report", {"values": {"n": n}}).ok
            elif how == "late":
                _say(rig, to, values={"n": n}, at_ms=1_700_000_000_000 + 3_600_000 * n)
            else:
                _say(rig, to, n=n, told=how == "told")
        count = rig.state(to).count if how == "watched" else len(_lines(rig, to))
        assert (count, _thinned(rig)) == (6, 0)


def test_a_device_that_is_thinned_does_not_count_as_silent(disk: Disk) -> None:
    """A twin's readings come at least twice in the time after which it would, whatever the pace of the device."""
    for every_s in (1, 20, 29, 31, 50):
        with _rig(disk) as rig:
            _say(rig, "twin/a", n=0)
            _over(rig, disk)
            _say(rig, "twin/a", n=0)
            for n in range(300 // every_s):
                assert rig.state("twin/a").online, every_s
                _say(rig, "twin/a", n=n)
                rig.advance(every_s)


def test_a_thinned_trip_is_not_lost(disk: Disk) -> None:
    """Its fixes come three times in the time after which its signal would be."""
    with _rig(disk) as rig:
        _over(rig, disk)
        for n in range(120):
            _say(rig, "trip/van", verb="position", latitude_deg=48 + n / 10_000, longitude_deg=11)
            rig.advance(1)
            assert rig.state("trip/van").phase.name == "MOVING", n
        assert _thinned(rig) > 90


def test_a_good_end_loses_nothing_that_waits(disk: Disk) -> None:
    """The newest reading is in the next life."""
    with _rig(disk) as rig:
        _say(rig, "book/a", n=0)
        _over(rig, disk)
        for n in range(1, 4):
            _say(rig, "book/a", n=n)
        rig.restart()
        rig.until(lambda: _lines(rig)[-1] == "n=3")


def test_what_waits_takes_no_room_of_what_comes_in(disk: Disk) -> None:
    """More sources than may be under way can be thinned."""
    with _rig(disk) as rig:
        rig.engine.ingress._messages = 20  # the bound that is under test
        ids = [f"book/b{n}" for n in range(50)]
        for id in ids:
            _say(rig, id, n=0)
        _over(rig, disk)
        for n in range(1, 3):
            for id in ids:
                _say(rig, id, n=n)
        assert rig.look(lambda: (rig.engine.thinning.held, rig.engine.ingress.held)) == (50, 0)
        rig.advance(10)
        assert {_lines(rig, id) for id in ids} == {("n=0", "n=1", "n=2")}
        assert rig.engine.ingress.held == 0


def test_what_waits_comes_in_together(disk: Disk) -> None:
    """Ten sources cost one commit: that is what spares the card."""
    with _rig(disk) as rig:
        ids = [f"book/b{n}" for n in range(10)]
        for id in ids:
            _say(rig, id, n=0)
        _over(rig, disk)
        rig.advance(3)
        for n in range(1, 3):
            for id in ids:
                _say(rig, id, n=n)
        before = rig.look(lambda: rig.engine.commits.count)
        while rig.look(lambda: rig.engine.thinning.held):
            rig.advance(1)
        assert rig.look(lambda: rig.engine.commits.count) - before <= 2  # one may be the clock's own note


def test_a_device_that_makes_up_names_fills_no_memory(disk: Disk) -> None:
    """Beyond a bound its readings are not known, and come in; what was not told of for long is forgotten."""
    with _rig(disk) as rig:
        _say(rig, "book/a", n=0)
        _over(rig, disk)
        for n in range(0, 5000, 500):
            said = [Inbound("counting/a" if n % 1000 else "twin/a", "report", Report(values={f"v{n + m}": m})) for m in range(500)]
            rig.hosted[OUTSIDE].send_all([*said, *(one._replace(to="book/x") for one in said)])
            rig.settle()
        assert rig.look(lambda: rig.engine.thinning._known) <= 4096  # nothing else shows it
        rig.advance(1300)
        assert rig.look(lambda: rig.engine.thinning._known) == 0


def _steps(disk: Disk, known: int, *, others: bool) -> tuple[int, int]:
    """How many steps a round takes while one reading is held, and what comes in behind it; so much is known of others, or of the same."""
    with _rig(disk) as rig:
        _over(rig, disk)
        _say(rig, "book/a", verb="line", text="here")
        for n in range(known):
            to = f"book/b{n}" if others else "book/a"
            _say(rig, to, verb="line", text="here")
            _say(rig, to, **{f"v{n}": 0})
        for n in range(2):
            _say(rig, "book/a", n=n)
        thinning, now_s = rig.engine.thinning, rig.clock.mono_s()
        assert rig.look(lambda: (thinning.held, thinning._known)) == (1, known + 1)  # nothing else shows it
        behind = PlainArrival(Message("x", "book/a", "line", TextLine(text="behind"), OUTSIDE), 100)
        due, round_ = rig.look(lambda: steps(lambda: thinning.due(now_s)))
        come, behind_ = rig.look(lambda: steps(lambda: thinning.sift(behind, now_s)))
        assert (len(due), len(come)) == (0, 2)
        return round_, behind_


@pytest.mark.parametrize("others", [True, False])
def test_a_round_looks_at_what_is_held_and_not_at_all_that_is_known(disk: Disk, others: bool) -> None:
    """Many other devices, or many other values of the same, cost a round nothing while one reading waits."""
    assert _steps(disk, 200, others=others) == _steps(disk, 2, others=others)


def test_a_kind_whose_word_of_it_fails_gets_every_reading(disk: Disk) -> None:
    """Its own code may raise anything."""
    with _rig(disk) as rig:
        for n in range(3):
            _say(rig, "book/broken", n=n)
        _over(rig, disk)
        for n in range(3):
            _say(rig, "book/broken", n=n)
        assert len(_lines(rig, "book/broken")) == 6


class Level(Payload):
    """How full one of several tanks is."""

    tank: str
    litres: float
    leaks: bool = False

    @property
    def is_telemetry(self) -> bool:
        return True

    @property
    def tells(self) -> Tells:
        return Tells(of=self.tank, fixed=self.leaks)


class Farm(Actor[BookState]):
    """Has some tanks."""

    def apart_s(self, verb: str, key: str) -> float:
        return 60.0 if verb == "level" else 0.0

    @verb
    def level(self, level: Level, stage: Stage[BookState]) -> None:
        stage.state = BookState(lines=(*stage.state.lines, f"{level.tank} {level.litres:g} {level.leaks}"))


def test_a_payload_of_ones_own_says_what_it_tells_of(disk: Disk) -> None:
    """Tanks do not take each other's place, and one that begins to leak is told of at once."""
    with Rig([Farm()], settings=EngineSettings(budget_bytes_a_day=BUDGET, written_bytes=disk.bytes)) as rig:
        for tank in ("a", "b"):
            _say(rig, "farm/1", verb="level", tank=tank, litres=1.0)
        _over(rig, disk)
        rig.advance(59)
        for litres in (2.0, 3.0):
            for tank in ("a", "b"):
                _say(rig, "farm/1", verb="level", tank=tank, litres=litres)
        _say(rig, "farm/1", verb="level", tank="a", litres=4.0, leaks=True)
        rig.advance(60)
        assert _lines(rig, "farm/1") == ("a 1 False", "b 1 False", "a 2 False", "b 2 False", "b 3 False", "a 4 True")
