"""Gestures: what a person means by the presses of one button: one press, two, several, or a long one.

A button that is let go within `long_s` has been pressed once; where it goes down again within `multi_s` of that, both are one gesture, and
so on. A long press is told as soon as the button has been down for `long_s`, while it is still held, and letting go then means nothing.
What was pressed just before a long press is told before it. Pure: it is told the time.
"""

import math
from typing import NamedTuple

PRESS, DOUBLE, MULTI, LONG = "press", "double", "multi", "long"


class Gesture(NamedTuple):
    """What was meant, and by how many presses."""

    type: str
    presses: int


class Gestures:
    """The gestures of one button. Seconds; 0: there are no long presses, or none that belong together."""

    def __init__(self, long_s: float, multi_s: float) -> None:
        self._long_s = long_s or math.inf
        self._multi_s = multi_s
        self._presses = 0
        """How many presses the gesture under way has, each of them let go."""
        self._down_s = math.inf
        """Since when the button is down; infinite: it is up, or what it is down for has been told."""
        self._up_s = -math.inf
        self._made: list[Gesture] = []

    def feed(self, at_s: float, active: bool) -> None:
        """Take a change, as of `at_s`: down (active) or up. Changes must come in the order of time."""
        self.settle(at_s)
        if active:
            self._down_s = at_s
        elif self._down_s < math.inf:
            self._down_s, self._up_s = math.inf, at_s
            self._presses += 1
            if not self._multi_s:
                self._tell_presses()

    def settle(self, now_s: float) -> None:
        """Let time pass: a button that has been down for long enough, and one that has been up for long enough, have meant something."""
        if now_s < self.due_s:
            return
        self._tell_presses()
        if self._down_s < math.inf:
            self._down_s = math.inf
            self._made.append(Gesture(LONG, 1))

    def end(self) -> None:
        """Wait for no further press: nobody looks at the button any more."""
        self._tell_presses()
        self._down_s = math.inf

    def take(self) -> list[Gesture]:
        """Take what was meant since the last time, in order."""
        made, self._made = self._made, []
        return made

    @property
    def due_s(self) -> float:
        """When `settle` must be called; infinite when nothing waits."""
        if self._down_s < math.inf:
            return self._down_s + self._long_s
        return self._up_s + self._multi_s if self._presses else math.inf

    def _tell_presses(self) -> None:
        if self._presses:
            self._made.append(Gesture({1: PRESS, 2: DOUBLE}.get(self._presses, MULTI), self._presses))
            self._presses = 0
