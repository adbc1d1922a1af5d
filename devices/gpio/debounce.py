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


class Settled:
    """The value of one input, as far as its levels have settled: what `Debounce` and `Rest` have in common."""

    def __init__(self, window_s: float, *, active: bool, on_change: OnChange = _nobody) -> None:
        self.value = active
        self.changes = 0
        """How often the value has changed."""
        self.activations = 0
        """How often the input has become active."""
        self.bounces = 0
        """How many changes of level did not count."""
        self._window_s = window_s
        self._on_change = on_change
        self._latest = active

    def feed(self, at_s: float, active: bool) -> None:
        """Take the level seen at `at_s`. Levels must come in the order of time."""
        self.settle(at_s)
        if active is not self._latest:
            self._latest = active
            self._level_changed(at_s)

    def settle(self, now_s: float) -> None:
        """Let time pass: a level whose time has come counts, as of then."""
        if now_s >= self.due_s:
            self._accept(self.due_s)

    def disturb(self, now_s: float) -> None:
        """Note that more edges came than were kept."""

    @property
    def due_s(self) -> float:
        """When `settle` must be called; infinite when nothing waits."""
        return self._counts_at_s if self._latest is not self.value else math.inf

    @property
    def _counts_at_s(self) -> float:
        """When the latest level counts, if it stays."""
        raise NotImplementedError

    def _level_changed(self, at_s: float) -> None:
        """Take a level that is another than the one before."""
        raise NotImplementedError

    def _accept(self, at_s: float) -> None:
        """Have the latest level count."""
        self.value = self._latest
        self.changes += 1
        self.activations += self.value
        self._on_change(at_s, self.value)


class Debounce(Settled):
    """The value that changes at once; its bounces are the changes of level that fell into a window."""

    _quiet_until_s = -math.inf
    """Until when further changes only move the latest level."""

    @property
    def _counts_at_s(self) -> float:
        return self._quiet_until_s

    def _level_changed(self, at_s: float) -> None:
        if at_s < self._quiet_until_s:
            self.bounces += 1
        else:
            self._accept(at_s)

    def _accept(self, at_s: float) -> None:
        self._quiet_until_s = at_s + self._window_s
        super()._accept(at_s)


class Rest(Settled):
    """The value that changes when a level rests; its bounces are the levels that did not stay."""

    _since_s = -math.inf
    """Since when the latest level stays."""

    def disturb(self, now_s: float) -> None:
        """Note that more edges came than were kept: whatever the level is, it has not stayed until now."""
        self._since_s = now_s

    @property
    def _counts_at_s(self) -> float:
        return self._since_s + self._window_s

    def _level_changed(self, at_s: float) -> None:
        self._since_s = at_s
        self.bounces += self._latest is self.value
