"""Wakes: whoever wakes a host-bound actor is heard, however many do at once, and an actor that nobody woke asks the system nothing."""

import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.hosted import Hosted
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf

_WAKERS = 2
_HEARD = 50


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    """The host of an actor whose part the test plays."""
    with Rig([Book()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as rig:
        rig.settle()
        rig.hosted["shelf/a"].take()
        yield rig.hosted["shelf/a"]


def _is_readable(hosted: Hosted, within_s: float = 0.0) -> bool:
    poll = select.poll()
    poll.register(hosted.fileno(), select.POLLIN)
    return bool(poll.poll(within_s * 1000))


def test_a_tick_without_a_wake_asks_the_system_nothing(hosted: Hosted) -> None:
    """Each question gives up the interpreter, and where others want it the actor's thread gets it back milliseconds later."""
    before = _reads()
    for _ in range(100):
        hosted.take()
    assert _reads() - before < 10
    hosted.wake()
    hosted.take()
    assert not _is_readable(hosted)


def test_no_wake_is_lost_and_none_stays(hosted: Hosted) -> None:
    """What many threads write is read, each time; when all of it is read the actor sleeps."""
    enough = threading.Event()
    wakers = [threading.Thread(target=_wake_until, args=(hosted, enough)) for _ in range(_WAKERS)]
    for waker in wakers:
        waker.start()
    for _ in range(_HEARD):
        assert _is_readable(hosted, PATIENCE_S), "the wakes that come next are written"
        hosted.take()
    enough.set()
    for waker in wakers:
        waker.join()
    hosted.take()
    assert not _is_readable(hosted)
    hosted.wake()
    assert _is_readable(hosted)


def _wake_until(hosted: Hosted, enough: threading.Event) -> None:
    while not enough.is_set():
        hosted.wake()


def _reads() -> int:
    """How many system calls this thread has made that read."""
    lines = Path("/proc/thread-self/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("syscr")).split()[1])
