"""Waiting for what must come, on a machine that may be busy; and telling slow code from a slow machine.

A limit is for what never comes: it is far longer than a busy machine needs, and a test that passes does not wait it out.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from gateway.testing.clock import PATIENCE_S

_LOOK_S = 0.05
_ATTEMPTS = 5


def until(
    truth: Callable[[], Any],
    *,
    said: Callable[[], Any] = str,
    change: threading.Condition | None = None,
    patience_s: float = PATIENCE_S,
) -> Any:
    """Block until `truth()` holds, and return it; look again at each `change`, and now and then. Where it never holds the test fails,
    with what there is to be `said`."""
    deadline_s, changing = time.monotonic() + patience_s, change or threading.Condition()
    with changing:
        while not (value := truth()):
            assert time.monotonic() < deadline_s, f"not within {patience_s:g} s; {said()}"
            changing.wait(_LOOK_S)
    return value


def within(limit_s: float, once: Callable[[], float]) -> None:
    """Assert that something takes less than `limit_s`: `once` does it, and returns the seconds that it took.

    It is done again where it took longer: a busy machine is slow once in a while, slow code is slow each time.
    """
    took_s = [once()]
    while took_s[-1] >= limit_s and len(took_s) < _ATTEMPTS:
        took_s.append(once())
    assert took_s[-1] < limit_s, f"it took {took_s} s"
