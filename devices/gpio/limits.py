"""How long one output may be on (`max_on_s`) and must be off before it is on again (`min_pause_s`), over restarts of the gateway too.

Since when it is on or off is kept on disk by the gateway's own clock, where one of the two is set, and of a dimmer. A power cut within
the moment of that write loses it: an output that is found on is then on since it was found.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from devices.gpio.memory import PinMemory
from devices.gpio.settings import PinSettings
from gateway.actors import Host


class LevelSince(NamedTuple):
    """What an output is, and since when, in seconds of the pin's clock."""

    on: bool
    since_s: float


class OutputLimits:
    """The times of one output. Runs on the pin's own thread."""

    def __init__(self, settings: PinSettings, host: Host, memory: PinMemory, *, clock: Callable[[], float]) -> None:
        self._max_on_s = settings.max_on_s
        self._min_pause_s = settings.min_pause_s
        self._is_kept = bool(settings.max_on_s or settings.min_pause_s or settings.is_dimmer)
        self._host = host
        self._memory = memory
        self._clock = clock
        self.level = self._kept() if self._is_kept else None
        """What is known of the output; None where nothing is."""

    def note(self, *, on: bool) -> None:
        """Note what the output is now; its time begins where that is new."""
        if self.level is not None and self.level.on is on:
            return
        self.level = LevelSince(on, self._clock())
        if self._is_kept:
            self._memory.keep(on=on, since_ms=self._host.time.clock_ms())

    @property
    def ends_s(self) -> float:
        """When it must go off; infinite while it is off, or may stay on."""
        return self.level.since_s + self._max_on_s if self._max_on_s and self.level is not None and self.level.on else math.inf

    @property
    def pause_s(self) -> float:
        """How many seconds it must still be off; 0: it may go on."""
        if not self._min_pause_s or self.level is None or self.level.on:
            return 0.0
        return max(0.0, self.level.since_s + self._min_pause_s - self._clock())

    def _kept(self) -> LevelSince | None:
        """What an earlier life of the gateway has noted last."""
        since_ms = self._memory.get("since_ms")
        if since_ms is None:
            return None
        passed_s = (self._host.time.clock_ms() - since_ms) / 1000
        return LevelSince(self._memory.get("on"), self._clock() - max(0.0, passed_s))
