"""Interlocks: outputs of which one is never on while another is (`never_with`), as the two directions of a blind.

An output goes on only where each of these is known to be off: claimed, and driven so by this process. Each output has a thread of its own,
so who asks is marked as on under one lock before its line is driven, and as off after that was driven.
"""

import functools
import threading
from collections.abc import Collection


class Interlocks:
    """Who is on, of all outputs of a process. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._never_with: dict[str, frozenset[str]] = {}
        self._on: dict[str, bool] = {}
        """Whether an output is on, or may be; who is not here has not been claimed."""

    def enter(self, me: str, never_with: Collection[str]) -> None:
        """Say with whom an output is never on. What is known of its level stays, for it may be left to its heir."""
        with self._lock:
            self._never_with[me] = frozenset(never_with) - {me}

    def take(self, me: str) -> str:
        """Mark an output as on; or return why it must not be, empty where it may."""
        with self._lock:
            for other in sorted(self._rivals(me)):
                if self._on.get(other, True):
                    return f"{other} is on" if other in self._on else f"it is not known that {other} is off, its pin is not claimed"
            self._on[me] = True
            return ""

    def off(self, me: str) -> None:
        """Mark an output as off: its line has been driven so."""
        with self._lock:
            self._on[me] = False

    def leave(self, me: str, *, on: bool) -> None:
        """Forget an output that is closed, unless it is left on: that holds for its rivals as long as the process lives."""
        with self._lock:
            self._never_with.pop(me, None)
            if not on:
                self._on.pop(me, None)

    def _rivals(self, me: str) -> set[str]:
        """Whom it names, and who names it."""
        return {*self._never_with.get(me, ()), *(other for other, theirs in self._never_with.items() if me in theirs)}


@functools.cache
def interlocks() -> Interlocks:
    """The interlocks of the process: each pin is an actor of its own."""
    return Interlocks()
