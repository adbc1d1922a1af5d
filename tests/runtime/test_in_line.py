"""In line: what had come in before its mailbox was known to be full goes into it, takes up nobody's room, and no more of it comes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.actors import Actor, Receipt, Refused, Stage, verb
from gateway.runtime.settings import EngineSettings
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Page, Shelf, Word

MOST = 5
"""How many messages a mailbox holds."""
LINE = 12
"""How many may be under way."""


class Courier(Actor[Page]):
    """Puts each word that it is told on the shelf of its own key."""

    @verb
    def carry(self, word: Word, stage: Stage[Page]) -> None:
        stage.state = stage.state.changed(words=(*stage.state.words, word.text))
        stage.tell(f"shelf/{stage.key}", "put", word)


@contextmanager
def _rig() -> Iterator[Rig]:
    settings = EngineSettings(mailbox_messages=MOST, ingress_messages=LINE)
    shelves = {"shelf/a": Shelf, "shelf/b": Shelf}
    with Rig([Book(), Courier()], shelves, settings=settings, by_hand=shelves) as rig:
        yield rig


@contextmanager
def _busy(rig: Rig) -> Iterator[None]:
    """The engine does something else, so that what is sent meanwhile is all in line before it looks at the first."""
    go = threading.Event()
    rig.engine.post(lambda: go.wait(PATIENCE_S) and None)
    yield
    go.set()


def _total(rig: Rig, id: str) -> int:
    return rig.look(lambda: rig.engine.cells.get(id).box.total)  # type: ignore[union-attr]


def _sends(rig: Rig, source: str, to: str, verb: str, words: list[str]) -> tuple[threading.Thread, list[Receipt | str]]:
    """A thread of a source's that sends these words, and what comes of each: the receipt, or why it was refused."""
    came: list[Receipt | str] = []

    def send() -> None:
        for word in words:
            try:
                came.append(rig.hosted[source].send(to, verb, {"text": word}))
            except Refused as error:
                came.append(str(error))

    thread = threading.Thread(target=send)
    thread.start()
    return thread, came


def _take_all(rig: Rig, *shelves: str) -> None:
    """Have the shelves take what comes until nothing more does."""

    def taken() -> bool:
        for shelf in shelves:
            for delivery in rig.hosted[shelf].take():
                delivery.done()
        return rig.look(lambda: not any(rig.engine.room.outboxes[shelf].waiting for shelf in shelves))

    rig.until(taken)


def test_a_full_mailbox_takes_what_is_in_line_and_no_more() -> None:
    """So it holds its bound and at most as much as may be under way; the rest comes, in order, when there is room."""
    with _rig() as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        rig.settle()
        words = [str(n) for n in range(100)]
        thread, came = _sends(rig, "outside/test", "book/a", "write", words)
        rig.until(lambda: rig.engine.ingress.waiting)
        rig.settle()
        assert MOST <= _total(rig, "book/a") <= MOST + LINE
        assert rig.engine.ingress.held == 0
        rig.until(lambda: all(receipt.resolved for receipt in came))  # type: ignore[union-attr]
        rig.advance(3)
        thread.join(PATIENCE_S)
        rig.settle()
        assert rig.state("book/a").words == tuple(words)
        assert [row.reason for row in rig.store.dead(0, 9)] == ["RuntimeError: the word said so"]


def test_whom_an_actor_waits_for_finds_room_whatever_was_in_line_for_that_actor() -> None:
    """Else it would wait, and never come to take its mail, on which all that depends."""
    with _rig() as rig:
        for n in range(MOST):
            rig.tell("shelf/a", "put", {"text": f"first {n}"})
        with _busy(rig):
            sent = [rig.send("book/a", "write", {"text": f"!{n}"}) for n in range(LINE)]
        rig.settle()
        assert "shelf/a" in rig.look(lambda: rig.engine.cells.get("book/a").fault)  # type: ignore[union-attr]
        thread, came = _sends(rig, "shelf/a", "book/b", "write", ["x"] * (2 * LINE))
        thread.join(PATIENCE_S)
        assert len(came) == 2 * LINE
        assert all(receipt.wait(PATIENCE_S) for receipt in [*sent, *came])  # type: ignore[union-attr]
        _take_all(rig, "shelf/a")
        assert rig.state("book/a").words == tuple(f"!{n}" for n in range(LINE))


def test_what_is_in_line_for_an_actor_that_waits_for_long_takes_up_nobodys_room() -> None:
    """Others are told things meanwhile."""
    with _rig() as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        with _busy(rig):
            sent = [rig.send("book/a", "write", {"text": str(n)}) for n in range(LINE)]
        rig.settle()
        rig.tell("book/b", "write", {"text": "x"}, wait=False)
        assert rig.state("book/b").words == ("x",)
        assert all(receipt.wait(PATIENCE_S) for receipt in sent)


def test_sources_and_actors_that_wait_for_each_other_in_a_circle_go_on() -> None:
    """Each source waits for room at an actor that waits for the other source: one of them goes on, and comes to take its mail."""
    with _rig() as rig:
        for name in "ab":
            for n in range(MOST):
                rig.tell(f"shelf/{name}", "put", {"text": f"first {n}"})
            for n in range(MOST):
                rig.tell(f"courier/{name}", "carry", {"text": str(n)})
        rig.until(lambda: len(rig.engine.room.fullness.full) == 4)
        first, came_first = _sends(rig, "shelf/a", "courier/b", "carry", ["x"])
        rig.until(lambda: rig.engine.ingress.waiting)
        second, came_second = _sends(rig, "shelf/b", "courier/a", "carry", ["x"])
        second.join(PATIENCE_S)
        assert not second.is_alive()
        _take_all(rig, "shelf/b")
        first.join(PATIENCE_S)
        _take_all(rig, "shelf/a", "shelf/b")
        assert all(isinstance(receipt, Receipt) and receipt.wait(PATIENCE_S) for receipt in [*came_first, *came_second])
        assert [rig.state(f"courier/{name}").words for name in "ab"] == [("0", "1", "2", "3", "4", "x")] * 2


def test_who_had_to_wait_is_refused_above_twice_the_bound_too() -> None:
    """What is under way is often as much as may be: a source that nobody may keep waiting would fill its actor's mailbox without end."""
    with _rig() as rig:
        for n in range(MOST):
            rig.tell("shelf/a", "put", {"text": f"first {n}"})
        rig.tell("courier/a", "carry", {"text": "waits"})
        for n in range(2 * MOST - 1):
            rig.hosted["shelf/a"].send("courier/a", "carry", {"text": str(n)}).wait(PATIENCE_S)
        assert _total(rig, "courier/a") == 2 * MOST
        with _busy(rig):
            sent = [rig.send("book/b", "write", {"text": "x"}) for _ in range(LINE)]
            thread, came = _sends(rig, "shelf/a", "courier/a", "carry", ["more"])
            rig.until(lambda: rig.engine.ingress.waiting)
        thread.join(PATIENCE_S)
        assert all(receipt.wait(PATIENCE_S) for receipt in sent)
        how = rig.engine.room.fullness.how("courier/a")
        why = f"the mailbox of courier/a is full ({how}), and courier/a waits for shelf/a to take its mail; see why shelf/a does not"
        assert came == [f"cannot take carry to courier/a: {why}"]


def test_a_callback_fills_no_mailbox_above_twice_its_bound() -> None:
    """It cannot wait, and is refused there."""
    with _rig() as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        rig.settle()
        refused: list[str] = []

        def again(receipt: Receipt) -> None:
            try:
                rig.send("book/a", "write", {"text": "more"}, on_commit=again)
            except Refused as error:
                refused.append(str(error))

        rig.send("book/a", "write", {"text": "first"}, on_commit=again)
        rig.until(lambda: refused)
        how = rig.engine.room.fullness.how("book/a")
        why = f"the mailbox of book/a is full ({how}), and a callback cannot wait; send it again later"
        assert refused == [f"cannot take write to book/a: {why}"]
        assert _total(rig, "book/a") == 2 * MOST


@pytest.mark.parametrize("ids", [True, False])
def test_what_is_in_line_is_on_disk_after_a_clean_stop(ids: bool) -> None:
    """Its source was told that it is taken, and who acknowledges after the commit hears of it; the mailbox holds more than its bound."""
    with _rig() as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        told: list[Receipt] = []
        options = {"on_commit": told.append} if ids else {}
        with _busy(rig):
            for n in range(LINE):
                rig.send("book/a", "write", {"text": str(n)}, **options, **({"id": f"id-{n}"} if ids else {}))
            rig.engine.ingress.end()
            rig.engine.post(lambda: rig.engine._begin_stop(0.0))  # before it has looked at any of them
        rig.until(lambda: not rig.engine._thread.is_alive())
        assert rig.stop()
        assert len(told) == (LINE if ids else 0)
        rig.start()
        rig.advance(5)
        assert rig.state("book/a").words == tuple(str(n) for n in range(LINE))
