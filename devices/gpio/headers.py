"""The pins of the 40-pin header: gpiozero's lgpio pins, less the moments in which they leave a line in the wrong state.

Loaded only through `header`, when the first real pin starts: importing lgpio needs a prepared directory (see `chips.py`).
What differs from gpiozero, and why:
- Its pin claims the line as an input when it is made, and as an output at low level before the level is written: an
  active-low relay clicks at each start. Here the first claim is the right one, with its level.
- Its `close` claims the line as an input: a relay that is to stay on goes off. Here a line is freed as it is. What the
  kernel then does with it is its own matter: a Pi 5 keeps the level, an older Pi keeps it where the parameter
  persist_gpio_outputs of pinctrl-bcm2835 is set, and otherwise makes it an input; then only a resistor outside holds it.
Source: gpiozero 2.0.1 pins/lgpio.py; lg 0.2.2 lgGpio.c (a claim of a line that is an output already does not set its level).
"""

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lgpio
from gpiozero.exc import GPIOZeroError, PinUnknownPi  # type: ignore[import-untyped, unused-ignore]  # ships no types
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin  # type: ignore[import-untyped, unused-ignore]  # ships no types
from gpiozero.pins.local import LocalPiFactory, LocalPiPin  # type: ignore[import-untyped, unused-ignore]  # ships no types

from devices.gpio.chips import find_chip, number_of
from devices.gpio.errors import PinFault
from devices.gpio.kernel import driven_level, holder_of, label_of
from devices.gpio.lines import Edge

FLAGS = {"up": lgpio.SET_PULL_UP, "down": lgpio.SET_PULL_DOWN, "none": lgpio.SET_PULL_NONE}
ANY_BOARD = 0xA02082
"""The revision of a Pi 3B, for boards that do not tell theirs: BCM numbers 0 to 27 are the same on every 40-pin header."""


class HeaderPin(LGPIOPin):  # type: ignore[misc, unused-ignore]  # gpiozero ships no types
    """One pin of the header. Nothing is claimed before `claim_output` or `claim_input`."""

    def __init__(self, factory: Any, description: Any) -> None:
        LocalPiPin.__init__(self, factory, description)  # not LGPIOPin's: it claims the line as an input
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES
        self._claimed = False
        self._modulated = False

    def claim_output(self, level: bool) -> None:
        self._check_unclaimed()
        with self._named("claim"):
            lgpio.gpio_claim_output(self.factory._handle, self._number, int(level))
        self._claimed = True

    def claim_input(self, pull: str) -> None:
        self._check_unclaimed()
        with self._named("claim"):
            lgpio.gpio_claim_input(self.factory._handle, self._number, FLAGS[pull])
        self._claimed = True

    def driven(self) -> bool | None:
        try:
            return driven_level(self.factory.path, self._number)
        except OSError as error:
            raise PinFault(f"cannot look at {self}: {error.strerror}{self._holder()}") from error

    def read(self) -> bool:
        with self._named("read"):
            return bool(lgpio.gpio_read(self.factory._handle, self._number))

    def write(self, level: bool) -> None:
        with self._named("write"):
            self._end_modulation()
            lgpio.gpio_write(self.factory._handle, self._number, int(level))

    def modulate(self, frequency_hz: float, high_pct: float) -> None:
        with self._named("write"):
            self._modulated = True
            lgpio.tx_pwm(self.factory._handle, self._number, frequency_hz, high_pct)

    def watch(self, edge: Edge | None) -> None:
        with self._named("watch"):
            self.when_changed = edge

    def free(self) -> None:
        if self._callback is not None:
            self._callback.cancel()
        self._callback = None
        self._when_changed = None
        self._claimed = False
        with self._named("free"):
            self._end_modulation()
            lgpio.gpio_free(self.factory._handle, self._number)

    def __str__(self) -> str:
        return f"GPIO {self._number}"

    def close(self) -> None:
        """Do nothing: `free` has given the line back, and gpiozero's own `close` would turn it into an input."""

    def _end_modulation(self) -> None:
        """Have lgpio's thread write to the line no more: it would go on after the line is freed, into whatever has its descriptor then."""
        if self._modulated:
            self._modulated = False
            lgpio.tx_pwm(self.factory._handle, self._number, 0, 0)

    def _check_unclaimed(self) -> None:
        """Raise PinFault where this process holds the line already: lgpio would claim it again without a word, and leave its level as it
        is."""
        if self._claimed:
            raise PinFault(f"cannot claim {self}: GPIO busy, held by this gateway; give each pin one section")

    @contextmanager
    def _named(self, act: str) -> Iterator[None]:
        """A context that says in our words what failed on which line."""
        try:
            yield
        except (lgpio.error, GPIOZeroError) as error:
            fact = getattr(error, "value", error)
            raise PinFault(f"cannot {act} {self}: {fact}{self._holder() if act in ('claim', 'watch') else ''}") from error

    def _holder(self) -> str:
        """Who holds the line, as the end of a sentence; empty when nobody does."""
        try:
            holder = holder_of(self.factory.path, self._number)
        except OSError:
            return ""
        return f", held by {holder!r}; stop what holds it, or use another pin" if holder else ""


class Header(LGPIOFactory):  # type: ignore[misc, unused-ignore]  # gpiozero ships no types
    """gpiozero's lgpio factory on one chip, shared by the pins of this process."""

    def __init__(self, path: Path) -> None:
        LocalPiFactory.__init__(self)  # not LGPIOFactory's: it guesses the number of the chip
        self.pins: dict[Any, HeaderPin] = {}  # gpiozero's are shared by all chips, so that pin 17 of one would be found on the other
        self.path = path
        self._chip = number_of(path)
        self.pin_class = HeaderPin
        try:
            self._handle = lgpio.gpiochip_open(self._chip)
            self.name = f"{path.name} ({label_of(path)})"
        except (lgpio.error, OSError) as error:
            raise PinFault(f"cannot open {path}: {getattr(error, 'value', error)}; let the user into the group gpio") from error

    def _get_revision(self) -> int:
        try:
            return int(super()._get_revision())
        except PinUnknownPi:
            return ANY_BOARD


class Headers:
    """The GPIO chips that this process has open, by path and inode: a chip that went and came back is opened anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[Path, int], Header] = {}

    def get(self, asked: str | int) -> Header:
        """The chip that was asked for, opened once. Raises ChipMissing or PinFault."""
        path = find_chip(asked)
        with self._lock:
            seen = (path, path.stat().st_ino)
            if seen not in self._open:
                self._open[seen] = Header(path)
            return self._open[seen]


@functools.cache
def headers() -> Headers:
    """The one Headers of this process: lgpio has one table of handles and one notify thread for all of it."""
    return Headers()
