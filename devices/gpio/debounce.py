"""Debounce: what a bouncing contact meant.

A change counts at once, so nothing is late. For `window_s` after it further changes only move the latest level; when the
window ends and that differs, it counts too. A press shorter than the window is seen as one press and one release.
Pure: it is told the time.
"""

import math


class Debounce:
    """The debounced value of one input."""

    def __init__(self, window_s: float, *, active: bool) -> None:
        self.value = active
        self.changes = 0
        """How often the value has changed."""
        self.activations = 0
        """How often the input has become active."""
        self.bounces = 0
        """How many changes of level fell into a window."""
        self._window_s = window_s
        self._latest = active
        self._quiet_until_s = -math.inf

    def feed(self, at_s: float, active: bool) -> None:
        """Take the level seen at `at_s`. Levels must come in the order of time."""
        self.settle(at_s)
        if active is self._latest:
            return
        self._latest = active
        if at_s < self._quiet_until_s:
            self.bounces += 1
        else:
            self._accept(at_s)

    def settle(self, now_s: float) -> None:
        """Let time pass: where a window has ended, its last level counts, as of the window's end."""
        if self._latest is not self.value and now_s >= self._quiet_until_s:
            self._accept(self._quiet_until_s)

    @property
    def due_s(self) -> float:
        """When `settle` must be called; infinite when nothing waits."""
        return self._quiet_until_s if self._latest is not self.value else math.inf

    def _accept(self, at_s: float) -> None:
        self.value = self._latest
        self.changes += 1
        self.activations += self.value
        self._quiet_until_s = at_s + self._window_s
