"""A board that is not there: gpiozero's mock pins, wired as real ones are. It ships in the product, for demos and tests.

    pins = simulated_pins()
    pins.press(5, seconds=0.2)      # what a finger does to the button on GPIO 5
    pins.set_level(6, level=True)   # what a wire does to GPIO 6
    pins.turn((5, 6), 3)            # what a hand does to the knob on GPIO 5 and 6
    pins.level(17)                  # what a voltmeter shows on GPIO 17
    pins.driven_levels(17)          # every level that output has been driven at, in order: a glitch shows here
    pins.duties_pct(18)             # and for which share of the time a dimmer has been on
    pins.occupy(17, "pigpiod")      # another process takes the line: GPIO busy
    pins.unplug()                   # no chip at all

Loaded only when the first simulated pin starts (gpiozero takes half a second of a slow core to import).
"""

import functools
import itertools
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin  # type: ignore[import-untyped, unused-ignore]  # ships no types

from devices.gpio.errors import ChipMissing, PinFault
from devices.gpio.lines import Edge

PULLS = {"up": "up", "down": "down", "none": "floating"}
HISTORY = 1000
"""How many driven levels a pin remembers."""


class SimulatedPin(MockPin):  # type: ignore[misc, unused-ignore]  # gpiozero ships no types
    """One simulated pin. What is wired to it beats its pull; freed, an output stays as it is, as on a Pi 5."""

    def __init__(self, factory: Any, description: Any) -> None:
        self.driven_levels: deque[bool] = deque(maxlen=HISTORY)
        self.duties_pct: deque[float] = deque(maxlen=HISTORY)
        """For which share of the time it was driven high, at each change: 0 and 100 are steady levels."""
        self.wired: bool | None = None
        """The level the outside imposes; None: nothing is connected, the pull decides."""
        self.holder = ""
        self.plugged = True
        self.blind = False
        """Whether it can be driven and not be read."""
        self.presses: deque[float] = deque(maxlen=100)
        """Seconds of each press asked for, for the pin's actor to play."""
        self.wake: Callable[[], None] = _nobody
        self.mirror: Callable[[float], None] = _nothing
        """Called with each share of the time, in percent, that an output is driven high: 0 and 100 are steady levels."""
        super().__init__(factory, description)

    def __str__(self) -> str:
        return f"GPIO {self._number}"

    def claim_output(self, level: bool) -> None:
        self._claim()
        self._change_state(level)  # the level first, the direction second: one moment, as in the kernel
        self.function = "output"

    def claim_input(self, pull: str) -> None:
        self._claim()
        self.input_with_pull(PULLS[pull])

    def driven(self) -> bool | None:
        return self.read() if self.function == "output" else None

    def read(self) -> bool:
        self._check("read")
        if self.blind:
            raise PinFault(f"cannot read {self}: unexpected error")
        return bool(self.state)

    def write(self, level: bool) -> None:
        self._check("write")
        self.state = level
        share = 100.0 if level else 0.0
        if self.duties_pct and self.duties_pct[-1] != share:  # it was modulated
            self._note_share(share)

    def modulate(self, frequency_hz: float, high_pct: float) -> None:
        self._check("write")
        del frequency_hz  # nobody can see it here
        self._note_share(high_pct)

    def watch(self, edge: Edge | None) -> None:
        self.when_changed = edge

    def free(self) -> None:
        self.when_changed = None
        self.holder = ""
        self.wake, self.mirror = _nobody, _nothing

    def remember(self, level: bool) -> None:
        """Make the pin an output that an earlier process has left at `level`."""
        self._change_state(level)
        self._function = "output"

    def wire(self, level: bool | None) -> None:
        """Connect the pin to a level, or to nothing."""
        if self.function == "output":
            raise ValueError(f"cannot drive {self} from outside: it is an output")
        self.wired = level
        self._follow_outside()

    def answer(self, seconds: float) -> None:
        """Be high for so long, at once and by the stamps of the two edges alone."""
        began_s = time.monotonic()
        if self._when_changed is not None:
            super(MockPin, self)._call_when_changed(began_s, True)
            super(MockPin, self)._call_when_changed(began_s + seconds, False)

    def _claim(self) -> None:
        self._check("claim")
        if self.holder:
            raise PinFault(f"cannot claim {self}: GPIO busy, held by {self.holder!r}; stop what holds it, or use another pin")
        self.holder = "gateway"

    def _check(self, act: str) -> None:
        if not self.plugged:
            raise PinFault(f"cannot {act} {self}: unexpected error")

    def _set_pull(self, value: str) -> None:
        self._pull = value
        self._follow_outside()

    def _follow_outside(self) -> None:
        level = self.wired if self.wired is not None else {"up": True, "down": False}.get(self._pull, self._state)
        if level:
            self.drive_high()
        else:
            self.drive_low()

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        if value == "output":
            self._note(self._state)

    def _change_state(self, value: bool) -> bool:
        changed = bool(super()._change_state(value))
        if changed and self._function == "output":
            self._note(value)
        return changed

    def _note(self, level: bool) -> None:
        self.driven_levels.append(level)
        self._note_share(100.0 if level else 0.0)

    def _note_share(self, high_pct: float) -> None:
        self.duties_pct.append(high_pct)
        self.mirror(high_pct)


class SimulatedPins:
    """All simulated pins of a process: those of a Raspberry Pi 3B. Any thread may call it."""

    name = "the simulator"

    def __init__(self) -> None:
        self.factory = MockFactory(revision="a02082", pin_class=SimulatedPin)
        self._plugged = True

    def pin(self, number: int) -> SimulatedPin:
        if not self._plugged:
            raise ChipMissing("cannot find the GPIO chip: the simulated board is unplugged")
        return self._pin(number)

    def press(self, number: int, seconds: float = 0.1) -> None:
        """Make an input active for so many seconds. Its actor plays it, on its own clock; this returns at once."""
        pin = self._pin(number)
        pin.presses.append(seconds)
        pin.wake()

    def set_level(self, number: int, *, level: bool | None) -> None:
        """Wire a pin to high, low, or nothing. Edges are reported on the caller's thread."""
        self._pin(number).wire(level)

    def turn(self, pins: tuple[int, int], steps: int, *, edges_per_step: int = 4, active_low: bool = True, bounce: bool = False) -> None:
        """Turn a knob whose contacts A and B are wired to two pins: clockwise, or against it where `steps` is below 0. Edges are reported
        on the caller's thread."""
        contacts = [self._pin(number) for number in pins]
        closed = [pin.state is not active_low for pin in contacts]
        for _ in range(abs(steps) * edges_per_step):
            at = 0 if (closed[0] is closed[1]) is (steps > 0) else 1  # A leads clockwise, B the other way round
            closed[at] = not closed[at]
            for active in (closed[at], not closed[at]) * (2 if bounce else 0):
                contacts[at].wire(active is not active_low)
            contacts[at].wire(closed[at] is not active_low)

    def level(self, number: int) -> bool:
        """The level of a pin now, high or low."""
        return bool(self._pin(number).state)

    def driven_levels(self, number: int) -> list[bool]:
        """The levels that a pin has been driven at as an output, each time the level changed or the pin was claimed."""
        return list(self._pin(number).driven_levels)

    def duties_pct(self, number: int) -> list[float]:
        """For which shares of the time, in percent, a pin has been driven high as an output: each change of it."""
        return list(self._pin(number).duties_pct)

    def answer_pings(self, trigger: int, echo: int, way_s: float, *, deaf_every: int = 0) -> None:
        """Wire a distance sensor to two pins: each pulse on its trigger has the echo line be high for `way_s`, but every so many-th."""
        pings = itertools.count(1)

        def on_level(high_pct: float) -> None:
            if high_pct == 0.0 and not (deaf_every and next(pings) % deaf_every == 0):
                self._pin(echo).answer(way_s)

        self._pin(trigger).mirror = on_level

    def occupy(self, number: int, holder: str) -> None:
        """Let another process hold a line; an empty name lets go of it."""
        self._pin(number).holder = holder

    def unplug(self) -> None:
        """Take the chip away: pins fail, and none is found."""
        self._plug(False)

    def plug(self) -> None:
        """Put the chip back. Lines are unclaimed, outputs are inputs again, as after a boot."""
        for pin in self.factory.pins.values():
            pin.holder = ""
            pin.function = "input"
        self._plug(True)

    def reset(self) -> None:
        """Forget everything, as a new board would."""
        self.factory.reset()
        self._plugged = True

    def _pin(self, number: int) -> SimulatedPin:
        pin: SimulatedPin = self.factory.pin(number)
        return pin

    def _plug(self, plugged: bool) -> None:
        self._plugged = plugged
        for pin in self.factory.pins.values():
            pin.plugged = plugged


@functools.cache
def simulated_pins() -> SimulatedPins:
    """The one simulated board of the process: its pins are shared as those of a real board are, and actors are made apart."""
    return SimulatedPins()


def _nobody() -> None:
    """Wake nobody."""


def _nothing(high_pct: float) -> None:
    """Show nothing: there is no panel."""
