"""Faults: a turn that raises is tried again, then it is a dead letter; neighbours go on; hosts restart within an intensity."""

import sys

from gateway.actors import Actor, Decision, Fault, Health, Stage, State, verb
from gateway.runtime import hosted
from gateway.testing import Rig
from tests.runtime.actors import Book, touchy


def test_a_turn_that_raises_is_tried_again_with_backoff_then_given_up(rig: Rig) -> None:
    """Three attempts, and the mail behind it waits; then the dead letter says why, and the mail goes on."""
    rig.send("book/a", "write", {"text": "fail"})
    rig.tell("book/a", "write", {"text": "next"})
    rig.settle()
    assert rig.look(lambda: rig.engine.cells.get("book/a").fault) == "write failed: RuntimeError: the word said so"  # type: ignore[union-attr]
    rig.advance(0.4)
    assert rig.store.mail("book/a", 0, 1)[0].attempt == 1
    rig.advance(0.2)
    assert rig.store.mail("book/a", 0, 1)[0].attempt == 2
    assert rig.state("book/a").words == ()
    rig.advance(1.1)
    assert rig.state("book/a").words == ("next",)
    assert [(row.box, row.attempt, row.reason) for row in rig.store.dead(0, 9)] == [("book/a", 3, "RuntimeError: the word said so")]


def test_attempts_are_counted_across_restarts(rig: Rig) -> None:
    """One attempt before, two after: three in all."""
    rig.tell("book/a", "write", {"text": "fail"})
    rig.settle()
    rig.restart()
    rig.advance(1.1)
    assert len(rig.store.dead(0, 99)) == 1


def test_who_asked_is_told_of_the_failure(rig: Rig) -> None:
    """The reply says no, with the reason."""
    rig.tell("book/a", "write", {"text": "fail"}, reply_to="book/b")
    rig.advance(10)
    assert rig.state("book/b").words == ("RuntimeError: the word said so",)


class Quitter(Actor[State]):
    """Has had enough."""

    attempts = 1

    @verb
    def work(self, stage: Stage[State]) -> None:
        raise RuntimeError("enough")

    def failed(self, fault: Fault, state: State) -> Decision:
        sys.exit("enough of all")


def test_a_policy_that_says_sys_exit_stops_nobody() -> None:
    """As a turn that does: its message is skipped."""
    with Rig([Quitter(), Book()]) as rig:
        rig.tell("quitter/a", "work")
        rig.settle()
        rig.tell("book/a", "write", {"text": "x"})
        assert [row.reason for row in rig.store.dead(0, 9)] == ["RuntimeError: enough"]


def test_mail_for_a_verb_that_is_gone_is_a_dead_letter(rig: Rig) -> None:
    """Stored mail that nobody answers any more does not stop what is behind it."""
    rig.tell("shelf/a", "put", {"text": "x"})
    rig.tell("shelf/a", "shoot", {"text": "y"})
    assert rig.stop()
    kind = type("Shelf", (rig.kinds["shelf/a"],), {"kind": "shelf"})
    kind.verbs = {"shoot": kind.verbs["shoot"]}
    rig.kinds["shelf/a"] = kind
    rig.start()
    rig.settle()
    assert [d.message.payload.text for d in rig.hosted["shelf/a"].take()] == ["y"]  # type: ignore[attr-defined]  # a Word
    (dead,) = rig.store.dead(0, 9)
    assert dead.reason == "cannot send 'put' to shelf/a: it has no such verb; there is reply, shoot"


def test_a_host_bound_actor_that_fails_is_made_anew() -> None:
    """Wherever it fails, the constructor too: it is closed, its mail comes again, and nobody else notices."""
    kind = touchy("make", "started", "put", "close")
    with Rig([Book()], {"touchy/a": kind}) as rig:
        rig.tell("touchy/a", "put", {"text": "x"})
        rig.until(lambda: "put" in kind.trace.calls)
        rig.until(lambda: rig.look(lambda: len(rig.engine.room.outboxes["touchy/a"].lanes)))
        rig.advance(1)
        rig.until(lambda: "x" in kind.trace.calls)
        assert kind.trace.calls == ["make", "make", "started", "close", "make", "started", "put", "close", "make", "started", "put", "x"]
        assert rig.hosted["touchy/a"].restarts == 3
        rig.tell("book/a", "write", {"text": "y"})
        assert rig.state("book/a").words == ("y",)


def test_a_host_bound_actor_that_fails_too_often_rests(monkeypatch) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    """Ten times in a minute: it says so, and waits for a minute."""
    monkeypatch.setattr(hosted, "_FIRST_RESTART_S", 0.001)
    monkeypatch.setattr(hosted, "_LAST_RESTART_S", 0.001)
    kind = touchy(*["started"] * 20)
    with Rig([Book()], {"touchy/a": kind}) as rig:
        said = "it failed 10 times in a minute and rests for one; the last fault: RuntimeError: started fails as it was told"
        rig.until(lambda: rig.hosted["touchy/a"].detail == said)
        assert rig.hosted["touchy/a"].health is Health.FAULTY
        assert rig.hosted["touchy/a"].alive()


def test_an_error_of_ours_from_a_verb_is_a_failure_and_no_restart() -> None:
    """A GatewayError fails the delivery; it is tried again with backoff."""
    kind = touchy()
    with Rig([], {"touchy/a": kind}) as rig:
        rig.tell("touchy/a", "put", {"text": "no"})
        rig.until(lambda: rig.look(lambda: len(rig.engine.room.outboxes["touchy/a"].lanes)))
        rig.advance(1)
        rig.until(lambda: kind.trace.calls.count("no") == 2)
        assert rig.hosted["touchy/a"].restarts == 0


def test_an_answer_to_a_host_bound_actor_that_takes_none_is_a_dead_letter() -> None:
    """It is no reason to restart it."""
    kind = touchy()
    with Rig([Book()], {"touchy/a": kind}) as rig:
        rig.tell("book/a", "read", reply_to="touchy/a")
        rig.until(lambda: len(rig.store.dead(0, 99)) == 1)
        assert rig.store.dead(0, 1)[0].reason == "touchy answers no 'reply'"
        assert rig.hosted["touchy/a"].restarts == 0
