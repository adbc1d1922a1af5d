"""Existence and hierarchy: a message is enough, stop ends a family, leaving memory is nobody's business."""

from typing import Any

import pytest

from gateway.runtime.cells import Cells
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig
from tests.runtime.actors import Book
from tests.runtime.steps import steps


def test_a_message_is_enough() -> None:
    """An actor nobody has heard of exists by being written to; one nobody writes to takes no row."""
    with Rig([Book()]) as rig:
        rig.tell("book/new", "write", {"text": "x"})
        assert rig.state("book/new").words == ("x",)
        assert rig.store.count_actors() == 1


def test_stop_ends_a_life_and_a_later_message_begins_another() -> None:
    """State and timers are gone, here and on disk."""
    with Rig([Book()]) as rig:
        rig.tell("book/a", "write", {"text": "~5"})
        rig.tell("book/a", "write", {"text": "stop"})
        assert rig.store.load("book/a") is None
        rig.advance(60)
        assert rig.state("book/a").words == ()
        rig.tell("book/a", "write", {"text": "anew"})
        rig.restart()
        assert rig.state("book/a").words == ("anew",)


def test_a_stop_and_a_new_life_in_one_batch() -> None:
    """The new life has nothing of the old one."""
    with Rig([Book()]) as rig:
        for text in ("~5", "one", "stop", "two"):
            rig.send("book/a", "write", {"text": text})
        rig.settle()
        rig.restart()
        rig.advance(60)
        assert rig.state("book/a").words == ("two",)


def test_stop_ends_the_children_first() -> None:
    """Those in memory and those that are only on disk, and their timers; brothers stay."""
    with Rig([Book()]) as rig:
        for id in ("book/a", "book/a/book/x", "book/a/book/x/book/y", "book/ab"):
            rig.tell(id, "write", {"text": "~50"})
        rig.restart()
        rig.tell("book/a/book/z", "write", {"text": "in memory"})
        rig.tell("book/a", "write", {"text": "stop"})
        rig.restart()
        rig.advance(100)
        assert rig.store.actors("", "", 10) == ["book/ab"]
        assert rig.state("book/ab").words == ("~50", "rang 50")
        assert rig.state("book/a/book/x").words == ()


def test_idle_actors_leave_memory_and_come_back_as_they_were() -> None:
    """By time and by number; timers wake those that left."""
    with Rig([Book()], settings=EngineSettings(idle_s=10, active_actors=5)) as rig:
        for n in range(20):
            rig.tell(f"book/{n}", "write", {"text": "~300"})
        rig.advance(2)
        assert rig.look(lambda: len(rig.engine.cells)) <= 5
        rig.advance(20)
        assert rig.look(lambda: len(rig.engine.cells)) == 0
        rig.advance(300)
        assert {rig.state(f"book/{n}").words for n in range(20)} == {("~300", "rang 300")}


def test_an_actor_whose_mail_waits_does_not_leave() -> None:
    """One that backs off from a failure is kept, and so is its mail."""
    with Rig([Book()], settings=EngineSettings(idle_s=0.1, active_actors=0)) as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        rig.tell("book/a", "write", {"text": "next"})
        rig.advance(0.4)
        assert rig.look(lambda: len(rig.engine.cells)) == 1
        rig.advance(60)
        assert rig.state("book/a").words == ("next",)


def _crowd(rig: Rig, count: int) -> None:
    """So many that back off from a failure."""
    for n in range(count):
        rig.send(f"book/{n}", "write", {"text": "fail"})
    rig.settle()


def _steps_of_commits(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many steps it takes to look, after each of a few commits, who may leave, while so many wait that cannot."""
    took: list[int] = []
    with Rig([Book()], settings=EngineSettings(active_actors=5)) as rig:
        _crowd(rig, count)
        with monkeypatch.context() as patched:
            passivate = Cells.passivate

            def counted(cells: Cells, **options: Any) -> int:
                gone, looked = steps(lambda: passivate(cells, **options))
                took.append(looked)
                return gone

            patched.setattr(Cells, "passivate", counted)
            for _ in range(10):
                rig.tell("book/well", "write")
            rig.settle()
    assert len(took) >= 10
    return max(took)


def test_a_commit_does_not_look_at_all_that_cannot_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times as many cost it no more."""
    few, many = (_steps_of_commits(count, monkeypatch) for count in (300, 1500))
    assert many < 1.5 * few


@pytest.mark.parametrize("messages", [20, 0])
def test_who_is_idle_behind_many_that_cannot_leave_leaves_in_the_end(messages: int) -> None:
    """Each commit goes on where the last one ended; once a second nobody is spared, without any."""
    with Rig([Book()], settings=EngineSettings(active_actors=5)) as rig:
        _crowd(rig, 500)
        idle = [f"book/idle{n}" for n in range(5)]
        for id in idle:
            rig.send(id, "write")
        rig.settle()
        for _ in range(messages):
            rig.tell("book/well", "write")
        if not messages:
            rig.advance(1)
        here = {cell.id for cell in rig.look(lambda: list(rig.engine.cells))}
        assert len(here) >= 500
        assert here.isdisjoint(idle)
