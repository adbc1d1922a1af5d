"""The rig and its clock: what users test whole actors with."""

import pytest

from gateway.actors import Unanswered
from gateway.runtime.clock import GatewayClock
from gateway.testing import ManualClock, Rig
from tests.runtime.actors import Book


def test_the_clock_stands_until_it_is_turned() -> None:
    """Time passes on all three readings, a jump on the wall clock only."""
    clock: GatewayClock = ManualClock(now_ms=1000, clock_ms=500)
    assert isinstance(clock, ManualClock)
    before_s = clock.mono_s()
    clock.advance(1.5)
    clock.jump(-10)
    assert (clock.now_ms(), clock.clock_ms(), clock.mono_s() - before_s) == (-7500, 2000, 1.5)


def test_the_clock_goes_on_from_its_note() -> None:
    """Another clock on the same store is never before the first."""
    clock = ManualClock(clock_ms=7000)
    later = ManualClock(clock_ms=10)
    later.resume(clock.note())
    assert later.clock_ms() == 7000


def test_an_ask_that_nobody_answers_says_so() -> None:
    """A verb that does not reply leaves the asker with an error."""
    with Rig([Book()]) as rig, pytest.raises(Unanswered, match=r"^book/a did not answer write within 0\.2 s$"):
        rig.ask("book/a", "write", {"text": "x"}, timeout_s=0.2)
