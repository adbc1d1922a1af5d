"""Receipts: the promise that a message brought in from the outside is on disk.

Source: futures as in `concurrent.futures`, less their cost (a lock and a condition each); one is made per message.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

_lock = threading.Lock()

C = TypeVar("C", bound=Callable[..., None])


def prompt(callback: C) -> C:
    """Mark a callback of a receipt as one that is done in microseconds and waits for nothing, not for a lock either: it may be called on
    whichever of the runtime's threads made the commit, on the engine's too."""
    callback.prompt = True  # type: ignore[attr-defined]
    return callback


def is_prompt(callback: Callable[["Receipt"], None] | None) -> bool:
    """Whether a callback is marked so; one that is not may block, and is called where it holds up no turn."""
    return callback is None or getattr(callback, "prompt", False)


class Receipt:
    """The promise for one message that was brought in: it resolves once, at the message's commit. Any thread may wait for it. A commit that
    fails is tried again; where the gateway ends before it succeeds, the receipt never resolves, and the outcome is unknown."""

    __slots__ = ("_event", "callback", "duplicate", "resolved")

    def __init__(self, callback: Callable[["Receipt"], None] | None = None) -> None:
        self.callback = callback
        self.resolved = False
        self.duplicate = False
        """True when the message had been seen before, and was only acknowledged again."""
        self._event: threading.Event | None = None

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the receipt resolves, at most `timeout_s` seconds; return whether it did."""
        with _lock:
            if not self.resolved and self._event is None:
                self._event = threading.Event()
        if not self.resolved and self._event is not None:
            self._event.wait(timeout_s)
        return self.resolved

    def resolve(self) -> None:
        """Resolve the receipt, on the runtime's thread; later calls do nothing."""
        if self.resolved:
            return
        # Without the lock, since one is resolved per message: `wait` looks at `resolved` again after it has made its event.
        self.resolved = True
        if self._event is not None:
            self._event.set()
        if self.callback is not None:
            self.callback(self)
