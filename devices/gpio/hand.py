"""A hand that works one simulated input: by the clock, by `SimulatedPins.press`, and by the lines of a panel.

It has no thread: the pin's actor asks it when it is due and lets it play, so that a test that turns the clock turns it too.
"""

import contextlib
import heapq
import logging
import math
from collections.abc import Callable
from pathlib import Path

from devices.gpio.panel import Buttons
from devices.gpio.pin_simulation import Simulate
from devices.gpio.settings import PinSettings
from devices.gpio.simulator import SimulatedPin

logger = logging.getLogger(__name__)

BOUNCES = 2


class Hand:
    """Presses and releases one simulated input."""

    def __init__(self, pin: SimulatedPin, settings: PinSettings, *, clock: Callable[[], float], wake: Callable[[], None]) -> None:
        self._pin = pin
        self._active_low = settings.low_is_active
        self._simulate = settings.simulated or Simulate()
        self._clock = clock
        self._moves: list[tuple[float, int, bool]] = []
        self._made = 0
        self._next_press_s = clock() + self._simulate.press_every_s if self._simulate.press_every_s else math.inf
        self.buttons = Buttons(Path(self._simulate.panel), settings.pin) if self._simulate.panel else None
        pin.wake = wake

    @property
    def due_s(self) -> float:
        """When `play` must be called next."""
        return min(self._next_press_s, self._moves[0][0] if self._moves else math.inf)

    def play(self) -> None:
        """Make the moves whose time has come."""
        self._listen()
        now_s = self._clock()
        while self._next_press_s <= now_s:
            self._press(self._next_press_s, self._simulate.hold_s)
            self._next_press_s += self._simulate.press_every_s
        while self._moves and self._moves[0][0] <= now_s:
            self._move(active=heapq.heappop(self._moves)[2])

    def close(self) -> None:
        if self.buttons is not None:
            self.buttons.close()

    def _listen(self) -> None:
        while self._pin.presses:
            self._press(self._clock(), self._pin.presses.popleft())
        odd = [line for line in (self.buttons.take() if self.buttons is not None else ()) if not self._obey(line.split())]
        if odd:
            more = f" and {len(odd) - 1} more" if odd[1:] else ""
            logger.warning("cannot follow the panel's %r%s: it takes press, press SECONDS, on and off", odd[0][:80], more)

    def _obey(self, words: list[str]) -> bool:
        """Do what one line of the panel says; return whether that can be done."""
        with contextlib.suppress(ValueError):
            match words:
                case ["press"]:
                    self._press(self._clock(), self._simulate.hold_s)
                    return True
                case ["press", seconds] if 0 < float(seconds) <= 3600:
                    self._press(self._clock(), float(seconds))
                    return True
                case ["on" | "off" as wanted]:
                    self._change(self._clock(), active=wanted == "on")
                    return True
        return False

    def _press(self, at_s: float, seconds: float) -> None:
        self._change(at_s, active=True)
        self._change(at_s + seconds, active=False)

    def _change(self, at_s: float, *, active: bool) -> None:
        """Plan one change of the input's level."""
        self._made += 1
        heapq.heappush(self._moves, (at_s, self._made, active))

    def _move(self, *, active: bool) -> None:
        """Make one change, with all its bounces at once: with each at its own time, a thread held up between them would make two
        presses."""
        for _ in range(BOUNCES if self._simulate.bounce else 0):
            self._pin.wire(active is not self._active_low)
            self._pin.wire(active is self._active_low)
        self._pin.wire(active is not self._active_low)
