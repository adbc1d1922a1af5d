"""Deliveries that are settled together come to the same as one by one: rows, trail, answers, and what failed among them."""

import threading
from functools import partial

from gateway.testing import Rig
from tests.runtime.actors import Book, Shelf
from tests.runtime.test_trail import outcomes


class Wide(Shelf):
    """A shelf that takes many at a time."""

    window = 100


def settled(rig: Rig, words: list[str], reasons: list[str], *, together: bool) -> list[tuple[str, str, str]]:
    """Have a shelf settle what a book sent it, each as its reason says (done, where it is empty); return what the trail has of that."""
    for word in words:
        rig.tell("book/a", "write", {"text": word})
    rig.settle()
    deliveries = rig.hosted["shelf/a"].take()
    assert len(deliveries) == len(words)
    hold = threading.Event()
    if together:
        rig.engine.post(partial(hold.wait, 60))
    for delivery, reason in zip(deliveries, reasons, strict=True):
        if reason:
            delivery.failed(reason, retry=False)
        else:
            delivery.done()
        if not together:
            rig.engine.post(lambda: None)
            rig.settle()
    hold.set()
    rig.engine.post(lambda: None)
    rig.settle()
    return [step for step in outcomes(rig) if step[0] != "book/a" or step[1] == "reply"]


def test_together_is_as_one_by_one() -> None:
    """A run of plain ones, one that somebody asked for and one that failed in the midst of them: the same steps in the same order."""
    words, reasons = ["!a", "!b", "?c", "!d", "!e", "!f"], ["", "", "", "", "it is broken", ""]
    found = []
    for together in (True, False):
        with Rig([Book()], {"shelf/a": Wide}, by_hand=["shelf/a"]) as rig:
            steps = settled(rig, words, reasons, together=together)
            found.append([step for step in steps if step[0] == "shelf/a"])
            assert rig.look(lambda: rig.engine.room.outboxes["shelf/a"].waiting) == 0
            rig.advance(1)
            assert rig.store.boxes() == []
            assert len(rig.store.dead(0, 9)) == 1
    assert found[0] == found[1]
    assert [outcome for _, _, outcome in found[0]] == ["done"] * 4 + ["dead letter 1: it is broken", "done"]


def test_what_is_said_of_a_delivery_that_was_taken_back_is_not_heard() -> None:
    """Also where it comes among others: it is handed out again, and only then it is done."""
    with Rig([Book()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as rig:
        for word in ("!a", "!b", "!c"):
            rig.tell("book/a", "write", {"text": word})
        rig.settle()
        first = rig.hosted["shelf/a"].take()
        rig.engine.reclaim("shelf/a")
        rig.settle()
        for delivery in first:
            delivery.done()
        rig.engine.post(lambda: None)
        rig.settle()
        assert [size.count for size in rig.store.boxes()] == [3]
        again = rig.hosted["shelf/a"].take()
        assert [delivery.seq for delivery in again] == [delivery.seq for delivery in first]
        for delivery in again:
            delivery.done()
        rig.engine.post(lambda: None)
        rig.settle()
        rig.advance(1)
        assert rig.store.boxes() == []
