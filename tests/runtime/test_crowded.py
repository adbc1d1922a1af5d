"""Crowded: a sink that is slower than its sources holds those that can wait and write to it, and nobody else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.actors import Inbound, Message, Receipt
from gateway.runtime.crowd import CROWDED
from gateway.runtime.mail import Arrival
from gateway.testing import OUTSIDE, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf, Word


@contextmanager
def _slow_shelf() -> Iterator[Rig]:
    """A shelf that has taken one of the many things that book/a has put on it, and will take the next in its time."""
    with Rig([Book()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as rig:
        for n in range(CROWDED + 100):
            rig.send("book/a", "write", {"text": f"!{n}"})
        rig.settle()
        rig.until(rig.hosted["shelf/a"].take)[0].done()
        rig.settle()
        rig.until(lambda: rig.engine.ingress.crowds)
        yield rig


def _sent(rig: Rig, to: str, *, acknowledges: bool) -> tuple[threading.Thread, list[Receipt]]:
    """A thread that sends one message, and what it got: a source that acknowledges waits for the commit with its own word."""
    sent: list[Receipt] = []
    told = (lambda receipt: None) if acknowledges else None
    thread = threading.Thread(target=lambda: sent.append(rig.send(to, "write", {"text": "!x"}, on_commit=told)))
    thread.start()
    return thread, sent


def test_a_wire_that_cannot_wait_is_read_though_the_sink_is_slow() -> None:
    """Nobody on it waits for an acknowledgement, so it would lose what it says: that goes by way of the disk."""
    with _slow_shelf() as rig:
        for _ in range(50):
            thread, sent = _sent(rig, "book/a", acknowledges=False)
            thread.join(PATIENCE_S)
            assert sent[0].wait(PATIENCE_S)


def test_who_can_wait_waits_and_is_named() -> None:
    """Until the sink has caught up, or makes no more progress: it is away then, and the disk is there for that."""
    with _slow_shelf() as rig:
        thread, sent = _sent(rig, "book/a", acknowledges=True)
        rig.until(lambda: rig.engine.ingress.waiting)
        held = rig.until(rig.engine.ingress.held_sources.now)
        assert [(hold.who, hold.why) for hold in held] == [(OUTSIDE, "shelf/a is slower than what is sent to it")]
        assert sent == []
        rig.advance(1)
        thread.join(PATIENCE_S)
        assert sent[0].wait(PATIENCE_S)


def test_a_third_one_is_not_held() -> None:
    """Who writes to actors that have nothing to do with the slow sink goes on, whether it can wait or not."""
    with _slow_shelf() as rig:
        thread, sent = _sent(rig, "book/b", acknowledges=True)
        thread.join(PATIENCE_S)
        assert sent[0].wait(PATIENCE_S)


def test_of_those_that_come_together_only_the_acknowledged_wait() -> None:
    """The first of them, with what stands behind it."""
    with _slow_shelf() as rig:
        messages = [
            Inbound("book/a", "write", {"text": "not told"}),
            Inbound("book/a", "write", {"text": "told"}, on_commit=lambda receipt: None),
            Inbound("book/a", "write", {"text": "behind"}),
        ]
        thread = threading.Thread(target=lambda: rig.hosted[OUTSIDE].send_all(messages))
        thread.start()
        rig.until(lambda: rig.engine.ingress.waiting)
        rig.until(lambda: rig.state("book/a").words[-1] == "not told")
        rig.advance(1)
        thread.join(PATIENCE_S)
        rig.until(lambda: rig.state("book/a").words[-3:] == ("not told", "told", "behind"))


def test_a_callback_does_not_wait_for_a_slow_sink() -> None:
    """It runs on the thread that is to make the commit."""
    with _slow_shelf() as rig:
        heard: list[Receipt] = []

        def on_reply(_: object) -> None:
            heard.append(rig.send("book/a", "write", {"text": "from a callback"}, on_commit=lambda receipt: None))

        rig.hosted[OUTSIDE].ask("book/b", "read", on_reply=on_reply)
        rig.until(lambda: heard)
        assert heard[0].wait(PATIENCE_S)


def test_those_who_do_not_wait_are_counted_in_together() -> None:
    """A source that must go on reading is not held by a slow sink: to look at each of what it brings would only take longer."""
    with _slow_shelf() as rig:
        message = Message("1", "book/a", "write", Word(text="x"), OUTSIDE)
        brought = [Arrival(message, lambda receipt: None, source=OUTSIDE, outside_id="", again=True, size=8)] * 20
        ingress = rig.engine.ingress
        counted = rig.look(lambda: [ingress.admit_many(brought, 0, wait=wait) for wait in (True, False)])
        assert counted == [0, 20]
        ingress.free(20, 160)
