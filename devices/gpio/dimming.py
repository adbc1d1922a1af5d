"""A dimmer: an output that is on for a share of the time, so fast that a lamp only looks darker, and a fan runs slower.

It is an output in all else (see `outputs.py`), and what is different is this:

moment                  state
on                      at its brightness, which is kept on disk: `brightness_pct` until it was told another
`dim` to 0              off; its brightness stays for the next time it goes on
on_start = "keep"       on or off as it was told last, since the line itself does not show it
stop (SIGTERM)          `on_stop`: off, or fully on; the gateway alone makes it dim
SIGKILL, crash          the line stays at the level of that moment, where the kernel keeps freed outputs: off or fully on, by chance

The share is made by lgpio, in a thread that writes to the line: up to some hundred times a second that is steady enough for the eye.
"""

from collections.abc import Callable
from typing import Any

from devices.gpio.lines import ChipPin, PinLine
from devices.gpio.outputs import HeldOutput, Output
from devices.gpio.settings import BRIGHTNESS, PinSettings
from gateway.actors import Delivery, Host


class DimmedLine(PinLine):
    """A line that is active for `brightness_pct` of the time while it is on."""

    def __init__(self, pin: ChipPin, *, active_low: bool, frequency_hz: float) -> None:
        super().__init__(pin, active_low=active_low)
        self.brightness_pct = 100.0
        self.left_on: bool | None = None
        """Whether an earlier owner left it on; None where nobody knows."""
        self._frequency_hz = frequency_hz
        self._on = False

    def claim_output(self, *, active: bool) -> None:
        super().claim_output(active=False)
        self.write(active=active)

    def driven(self) -> bool | None:
        return self.left_on

    def read(self) -> bool:
        super().read()  # which fails where the line does; its level says nothing
        return self._on

    def write(self, *, active: bool) -> None:
        share_pct = self.brightness_pct if active else 0.0
        if share_pct in (0.0, 100.0):
            super().write(active=active)
        else:
            self._pin.modulate(self._frequency_hz, 100.0 - share_pct if self._active_low else share_pct)
        self._on = active


class DimmedOutput(Output):
    """One dimmer. Runs on the pin's own thread."""

    def __init__(self, settings: PinSettings, host: Host, *, clock: Callable[[], float]) -> None:
        super().__init__(settings, host, clock=clock)
        self._brightness_pct: float = self._memory.get(BRIGHTNESS) or settings.brightness_pct

    def attach(self, line: PinLine) -> None:
        """Claim the line at the brightness it should have. Raises PinFault."""
        assert isinstance(line, DimmedLine)
        line.left_on = self._limits.level.on if self._limits.level else None
        line.brightness_pct = self._brightness_pct
        super().attach(line)

    def inherit(self, left: HeldOutput) -> None:
        super().inherit(left)
        if isinstance(left.line, DimmedLine):
            self._brightness_pct = left.line.brightness_pct

    def dim(self, brightness_pct: float, delivery: Delivery) -> None:
        """Have it so bright; 0: off. Raises PinFault."""
        if brightness_pct > 0:
            self._brightness_pct = brightness_pct
            self._memory.keep(**{BRIGHTNESS: brightness_pct})
            if isinstance(self._line, DimmedLine):
                self._line.brightness_pct = brightness_pct
        self.switch(brightness_pct > 0, delivery)

    def turned(self, steps: int, delivery: Delivery) -> None:
        """Have it brighter or darker by the steps of a knob. Raises PinFault."""
        now_pct = self._brightness_pct if self._on else 0.0
        self.dim(min(100.0, max(0.0, now_pct + steps * self._settings.step_pct)), delivery)

    def _leave(self, line: PinLine) -> None:
        if isinstance(line, DimmedLine):
            line.brightness_pct = 100.0  # nobody dims it from now on
        super()._leave(line)

    @property
    def _beside(self) -> dict[str, Any]:
        return {BRIGHTNESS: self._brightness_pct}

    def _refuse(self, name: str, delivery: Delivery, why: str) -> None:
        super()._refuse(name, delivery, why)
        self._report()  # its brightness may be new
