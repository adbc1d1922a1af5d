"""The demo's hands: the tracker that repeats until it is acknowledged, and the finger on the button. One thread each.

Both live in the demo's own process, so a kill of the gateway does not touch them; what they remember is in the book.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from gateway.demo.folder import Folder
from gateway.registry import doors

INTERVAL_S = 0.5
"""Between two fixes."""
PRESS_EVERY_S = 3.0
_TURN_S = 0.02
_CONFIRM_S = 3.0


class _Thread(threading.Thread):
    """A thread that keeps the error that has ended it, for whoever looks after it."""

    def __init__(self, act: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.fault: Exception | None = None
        self._act = act

    def run(self) -> None:
        try:
            self._act()
        except Exception as error:  # noqa: BLE001  # whatever it is, the demo cannot go on without this hand, and says why
            self.fault = error


class Tracker:
    """A GPS receiver with a memory, on a pseudo-terminal. Its numbers go on where the last demo left off."""

    def __init__(self, folder: Folder, book: dict[str, Any], *, keep: Callable[[], None]) -> None:
        """Make a tracker. `keep` is called when the book has changed."""
        there = doors()
        self._line = there["line"].load()(folder.gps)
        self.before = int(book.get("acknowledged", 0))
        self._gps = there["tracker"].load()(
            self._line, interval_s=INTERVAL_S, acked=True, first=self.before, began_ms=int(book.get("began_ms", 0))
        )
        self._keep = keep
        self._ending = threading.Event()
        self._thread = _Thread(self._live, "tracker")
        self._thread.start()

    @property
    def fault(self) -> Exception | None:
        """The error that has ended the tracker; None while it runs."""
        return self._thread.fault

    @property
    def made(self) -> int:
        """How many fixes were made, in all demos of this folder."""
        return int(self.before + self._gps.made)

    @property
    def acknowledged(self) -> int:
        """How many fixes the gateway has said it has on disk."""
        return int(self.before + self._gps.acknowledged)

    @property
    def began_ms(self) -> int:
        return int(self._gps.began_ms)

    def finish(self, timeout_s: float) -> None:
        """Wait until all fixes that were made are acknowledged, and stop; give up after the time."""
        self._ending.set()
        self._thread.join(timeout_s)

    def unplug(self) -> None:
        """Take the tracker's line away."""
        self._line.unplug()

    def _live(self) -> None:
        kept = -1
        while not (self._ending.is_set() and self._gps.made == self._gps.acknowledged):
            self._gps.turn(time.monotonic(), timeout_s=_TURN_S)
            if self._gps.acknowledged != kept:
                kept = self._gps.acknowledged
                self._keep()


class Finger:
    """Presses the button now and then, and sees whether that was counted. A pin has no memory: it may press in vain."""

    def __init__(self, folder: Folder, book: dict[str, Any], *, keep: Callable[[], None]) -> None:
        self.made = int(book.get("pressed", 0))
        """Presses, in all demos of this folder."""
        self.counted = int(book.get("counted", 0))
        """Presses that were seen to be counted."""
        self._press = folder.press
        self._keep = keep
        self._presses = -1
        self._change = threading.Condition()
        self._ending = threading.Event()
        self._thread = _Thread(self._live, "finger")
        self._thread.start()

    @property
    def fault(self) -> Exception | None:
        """The error that has ended the finger; None while it runs."""
        return self._thread.fault

    def seen(self, presses: int) -> None:
        """Take word of how many presses the toggle has published that it counted."""
        with self._change:
            self._presses = presses
            self._change.notify_all()

    def finish(self) -> None:
        """Press no more; wait for a press that is under way."""
        self._ending.set()
        self._thread.join(_CONFIRM_S + 1)

    def _live(self) -> None:
        while not self._ending.wait(PRESS_EVERY_S):
            before = self._presses
            if self._try_press():
                self._await(before)

    def _try_press(self) -> bool:
        """Press the button, where the gateway is there to feel it."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._press, os.O_WRONLY | os.O_NONBLOCK)
            try:
                self.made += 1
                self._keep()
                os.write(descriptor, b"press 0.2\n")
            finally:
                os.close(descriptor)
            return True
        return False

    def _await(self, before: int) -> None:
        with self._change:
            if self._change.wait_for(lambda: self._presses > max(before, 0), _CONFIRM_S):
                self.counted += 1
        self._keep()
