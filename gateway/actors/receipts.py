"""Receipts: the promise that a message brought in from the outside is on disk.

Source: futures as in `concurrent.futures`, less their cost (a lock and a condition each); one is made per message.
"""

import threading
from collections.abc import Callable

from gateway.actors.errors import GatewayError

_lock = threading.Lock()


class Receipt:
    """The promise for one message that was brought in: it resolves once, at the message's commit, or fails with an error. Any thread may
    wait for it."""

    __slots__ = ("_event", "callback", "duplicate", "error", "resolved")

    def __init__(self, callback: Callable[["Receipt"], None] | None = None) -> None:
        self.callback = callback
        self.resolved = False
        self.error: GatewayError | None = None
        self.duplicate = False
        """True when the message had been seen before, and was only acknowledged again."""
        self._event: threading.Event | None = None

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the receipt resolves, at most `timeout_s` seconds; return whether it did. Raises the error that it failed with."""
        with _lock:
            if not self.resolved and self._event is None:
                self._event = threading.Event()
        if not self.resolved and self._event is not None:
            self._event.wait(timeout_s)
        if self.error is not None:
            raise self.error
        return self.resolved

    def resolve(self, error: GatewayError | None = None) -> None:
        """Resolve the receipt, on the runtime's thread; later calls do nothing."""
        if self.resolved:
            return
        # Without the lock, since one is resolved per message: `wait` looks at `resolved` again after it has made its event.
        self.error = error
        self.resolved = True
        if self._event is not None:
            self._event.set()
        if self.callback is not None:
            self.callback(self)
