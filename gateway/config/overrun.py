"""A limit on how long somebody else's code may run on this thread: what a file does at its import, and a class in its constructor."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

OWN_CODE_S = 20.0
"""So long an import, or a constructor, may take: some libraries need seconds on a small board, and the service's watchdog waits for 30."""
_AGAIN_S = 1.0
"""After so long it is raised again, where the code has caught it and goes on."""


class Overrun(BaseException):
    """Raised in code that has run for too long, at the line where it stands. No `except Exception` may hold it up."""


@contextmanager
def at_most(limit_s: float = OWN_CODE_S) -> Iterator[None]:
    """A context in which Overrun is raised after `limit_s` seconds. On the main thread, by its alarm; on another there is no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Overrun(f"it has not ended after {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, limit_s, _AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
