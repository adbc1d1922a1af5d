"""One line of a GPIO chip in the words of what is wired to it: on and off, not high and low.

The chip's own pin objects come from gpiozero: `headers.HeaderPin` over lgpio, or `simulator.SimulatedPin`.
"""

from collections.abc import Callable
from typing import Protocol

Edge = Callable[[float, bool], None]
"""Called with (ticks, level) on the chip's notify thread: it must neither raise nor block."""


class ChipPin(Protocol):
    """What a chip offers for one pin. Each method raises ChipMissing or PinFault, and nothing else."""

    def claim_output(self, level: bool) -> None:
        """Claim the line as an output that is at `level` from its first moment."""

    def claim_input(self, pull: str) -> None:
        """Claim the line as an input, pulled up, down or not at all."""

    def driven(self) -> bool | None:
        """The level that the line is driven at as an output before anybody claims it; None when it is an input. Changes nothing."""

    def read(self) -> bool:
        """Read the line's level."""

    def write(self, level: bool) -> None:
        """Drive an output to `level`."""

    def modulate(self, frequency_hz: float, high_pct: float) -> None:
        """Drive an output high for a share of the time, above 0 and below 100 %, so many times a second, until the next `write`."""

    def watch(self, edge: Edge | None) -> None:
        """Call `edge` at each change of level from now on; None: no more. Only a weak reference is kept."""

    def free(self) -> None:
        """Give the line back as it is: an output is not turned into an input."""


class Board(Protocol):
    """A GPIO chip, real or simulated."""

    name: str

    def pin(self, number: int) -> ChipPin:
        """The pin of that BCM number."""


class PinLine:
    """One line, from its claim to its release, in active (true) and inactive (false)."""

    def __init__(self, pin: ChipPin, *, active_low: bool) -> None:
        self._pin = pin
        self._active_low = active_low
        self._edge: Callable[[bool], None] | None = None
        self._mine = False

    def claim_output(self, *, active: bool) -> None:
        self._pin.claim_output(active is not self._active_low)
        self._mine = True

    def claim_input(self, pull: str) -> None:
        self._pin.claim_input(pull)
        self._mine = True

    def driven(self) -> bool | None:
        """Whether an earlier owner left the line driven active; None when it is no output."""
        level = self._pin.driven()
        return None if level is None else level is not self._active_low

    def read(self) -> bool:
        return self._pin.read() is not self._active_low

    def write(self, *, active: bool) -> None:
        self._pin.write(active is not self._active_low)

    def watch(self, edge: Callable[[bool], None]) -> None:
        """Call `edge(active)` at each change. This object keeps it alive: gpiozero refers to it weakly."""
        self._edge = edge
        self._pin.watch(self._on_edge)

    def unwatch(self) -> None:
        self._pin.watch(None)

    def free(self) -> None:
        """Give the line back, if it was claimed: a line that was busy is another owner's to free."""
        if self._mine:
            self._mine = False
            self._pin.free()

    def _on_edge(self, ticks: float, level: bool) -> None:
        if self._edge is not None:
            self._edge(bool(level) is not self._active_low)
