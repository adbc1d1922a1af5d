"""Held sources: which of them wait for room, since when, and why; for people.

A source that is held a moment at each message, one after the other, is held: what lies less than a second apart is one hold.
"""

import threading
import time
from typing import NamedTuple

_TOGETHER_S = 1.0


class HeldSource(NamedTuple):
    """One source that waits."""

    who: str
    """Id of the host-bound actor."""
    why: str
    since_s: float
    """Monotonic second."""
    waits: bool
    """Whether it waits at this moment."""
    until_s: float
    """Monotonic second up to which it waited, where none does now."""


class HeldSources:
    """Any thread."""

    def __init__(self) -> None:
        self._holds: dict[str, HeldSource] = {}
        self._lock = threading.Lock()

    def begin(self, who: str, why: str) -> None:
        """A thread of a source waits, or waits on for another reason."""
        now_s = time.monotonic()
        with self._lock:
            old = self._holds.get(who)
            goes_on = old is not None and (old.waits or now_s - old.until_s < _TOGETHER_S)
            since_s = old.since_s if old is not None and goes_on else now_s
            self._holds[who] = HeldSource(who, why, since_s, True, now_s)

    def end(self, who: str) -> None:
        """It waits no more, for now."""
        with self._lock:
            self._holds[who] = self._holds[who]._replace(waits=False, until_s=time.monotonic())

    def now(self) -> list[HeldSource]:
        """Who is held, the longest first."""
        now_s = time.monotonic()
        held = [hold for hold in list(self._holds.values()) if hold.waits or now_s - hold.until_s < _TOGETHER_S]
        return sorted(held, key=lambda hold: hold.since_s)
