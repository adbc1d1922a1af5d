"""Closing: each `close` blocks within its limit; who overran is named; then the last commit."""

import pytest

from gateway.actors import Health
from gateway.runtime import hosted
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, touchy


def test_an_actor_is_told_to_be_quiet_and_then_to_close() -> None:
    """In this order, on its own thread."""
    kind = touchy()
    with Rig([], {"touchy/a": kind}) as rig:
        rig.until(lambda: "started" in kind.trace.calls)
        rig.hosted["touchy/a"].quieten()
        rig.until(lambda: "quiet" in kind.trace.calls)
        hosted = rig.hosted["touchy/a"]
        assert rig.stop()
        assert kind.trace.calls == ["make", "started", "quiet", "close"]
        assert hosted.health is Health.CLOSED


def test_a_close_that_hangs_is_named_and_left_behind() -> None:
    """`close` of the host comes back after the actor's own limit, and says no."""
    kind = touchy("hang")
    kind.close_s = 0.3
    with Rig([Book()], {"touchy/a": kind}) as rig:
        rig.until(lambda: "started" in kind.trace.calls)
        assert not rig.hosted["touchy/a"].close()
        rig.tell("book/a", "write", {"text": "goes on"})
        kind.trace.go.set()
        kind.close_s = PATIENCE_S
        assert rig.hosted["touchy/a"].close()


def test_a_close_that_raises_is_a_good_end_all_the_same() -> None:
    """The fault is kept, the thread ends."""
    kind = touchy("close")
    with Rig([], {"touchy/a": kind}) as rig:
        rig.until(lambda: "started" in kind.trace.calls)
        hosted = rig.hosted["touchy/a"]
        assert rig.stop()
        assert hosted.last_fault == "close: RuntimeError: close fails as it was told"


def test_an_actor_that_backs_off_closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not sleep out its rest, which is a minute after so many failures."""
    monkeypatch.setattr(hosted, "_FIRST_RESTART_S", 0.001)
    monkeypatch.setattr(hosted, "_LAST_RESTART_S", 0.001)
    kind = touchy(*["started"] * 99)
    kind.close_s = 30.0
    with Rig([], {"touchy/a": kind}) as rig:
        rig.until(lambda: "rests for one" in rig.hosted["touchy/a"].detail)
        assert rig.hosted["touchy/a"].close()


def test_one_that_never_started_can_be_closed() -> None:
    """A start that fails half way closes what there is."""
    with Rig([], {"touchy/a": touchy()}, by_hand=["touchy/a"]) as rig:
        assert rig.hosted["touchy/a"].close()


def test_what_has_come_in_is_handled_before_the_end(rig: Rig) -> None:
    """And the end is clean: the next life need not be careful."""
    for n in range(500):
        rig.send("book/a", "write", {"text": str(n)})
    rig.restart()
    assert rig.engine.clean_start
    assert len(rig.state("book/a").words) == 500


def test_an_end_without_a_last_commit_is_known(rig: Rig) -> None:
    """The next life is careful."""
    rig.settle()
    rig.crash()
    rig.start()
    assert not rig.engine.clean_start
