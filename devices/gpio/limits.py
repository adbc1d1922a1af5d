"""How long one output may be on (`max_on_s`) and must be off before it is on again (`min_pause_s`), over restarts of the gateway too.

Since when it is on or off is kept on disk by the gateway's own clock, where one of the two is set: a word at each change. A power cut
within the moment of that write loses it: an output that is found on is then on since it was found.
"""

import json
import math
from collections.abc import Callable
from typing import NamedTuple

from devices.gpio.settings import PinSettings
from gateway.actors import Host


class LevelSince(NamedTuple):
    """What an output is, and since when, in seconds of the pin's clock."""

    on: bool
    since_s: float


class OutputLimits:
    """The times of one output. Runs on the pin's own thread."""

    def __init__(self, settings: PinSettings, host: Host, *, clock: Callable[[], float]) -> None:
        self._max_on_s = settings.max_on_s
        self._min_pause_s = settings.min_pause_s
        self._host = host
        self._clock = clock
        self.level = self._kept() if self._counts else None
        """What is known of the output; None where nothing is."""

    def note(self, *, on: bool) -> None:
        """Note what the output is now; its time begins where that is new."""
        if self.level is not None and self.level.on is on:
            return
        self.level = LevelSince(on, self._clock())
        if self._counts:
            self._host.remember(json.dumps({"on": on, "since_ms": self._host.time.clock_ms()}), then=_nothing)

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

    @property
    def _counts(self) -> bool:
        return bool(self._max_on_s or self._min_pause_s)

    def _kept(self) -> LevelSince | None:
        """What an earlier life of the gateway has noted last."""
        if not self._host.remembered:
            return None
        kept = json.loads(self._host.remembered)
        passed_s = (self._host.time.clock_ms() - kept["since_ms"]) / 1000
        return LevelSince(kept["on"], self._clock() - max(0.0, passed_s))


def _nothing() -> None:
    """Do nothing once it is on disk: nobody waits for that."""
