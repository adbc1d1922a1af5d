"""Debounce: what a bouncing contact meant; `Rest`: what a contact that is disturbed meant, of which only a level that stays counts.

With `Debounce` a change counts at once, so nothing is late. For `window_s` after it further changes only move the latest level; when the
window ends and that differs, it counts too. A press shorter than the window is seen as one press and one release. With `Rest` a
change counts once its level has stayed for the whole window, so it is late by that, and a spike on a long wire is no open door.
Pure: both are told the time.
"""

import math
from collections.abc import Callable

OnChange = Callable[[float, bool], None]
"""Called with each change that counts: (as of when, the value)."""


def _nobody(at_s: float, active: bool) -> None:
    """Tell nobody of a change."""


class Debounce:
    """The debounced value of one input."""

    def __init__(self, window_s: float, *, active: bool, on_change: OnChange = _nobody) -> None:
        self.value = active
        self.changes = 0
        """How often the value has changed."""
        self.activations = 0
        """How often the input has become active."""
        self.bounces = 0
        """How many changes of level fell into a window."""
        self._window_s = window_s
        self._on_change = on_change
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

    def disturb(self, now_s: float) -> None:
        """Note that more edges came than were kept: nothing is to be done, for the window goes on from the first."""

    @property
    def due_s(self) -> float:
        """When `settle` must be called; infinite when nothing waits."""
        return self._quiet_until_s if self._latest is not self.value else math.inf

    def _accept(self, at_s: float) -> None:
        self.value = self._latest
        self.changes += 1
        self.activations += self.value
        self._quiet_until_s = at_s + self._window_s
        self._on_change(at_s, self.value)


class Rest:
    """The value of one input that counts when it rests: of the same form as `Debounce`; its bounces are the levels that did not stay."""

    def __init__(self, window_s: float, *, active: bool, on_change: OnChange = _nobody) -> None:
        self.value = active
        self.changes = 0
        self.activations = 0
        self.bounces = 0
        self._window_s = window_s
        self._on_change = on_change
        self._latest = active
        self._since_s = -math.inf
        """Since when the latest level stays."""

    def feed(self, at_s: float, active: bool) -> None:
        """Take the level seen at `at_s`. Levels must come in the order of time."""
        self.settle(at_s)
        if active is self._latest:
            return
        self._latest, self._since_s = active, at_s
        self.bounces += active is self.value

    def settle(self, now_s: float) -> None:
        """Let time pass: a level that has stayed for the window counts."""
        if self._latest is not self.value and now_s >= self.due_s:
            at_s, self.value = self.due_s, self._latest
            self.changes += 1
            self.activations += self.value
            self._on_change(at_s, self.value)

    def disturb(self, now_s: float) -> None:
        """Note that more edges came than were kept: whatever the level is, it has not stayed until now."""
        self._since_s = now_s

    @property
    def due_s(self) -> float:
        """When `settle` must be called; infinite when nothing waits."""
        return self._since_s + self._window_s if self._latest is not self.value else math.inf
