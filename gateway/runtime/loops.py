"""Loops: actors that keep each other busy with mail of their own making are named while they do.

They break no bound, for what they send they also take; but a core is theirs, and a battery. Told from what was counted in the last
seconds: many turns, and next to nothing that came from outside, from timers or from devices.
"""

import logging
from collections import Counter, deque
from typing import NamedTuple

from gateway.runtime.trail import Trail

log = logging.getLogger(__name__)

_LOOKS = 11
"""How many looks are kept, a second apart."""
_TURNS_AT_LEAST = 10_000
_TURNS_FOR_EACH = 100
"""More turns than these for each thing that came from outside are their own doing."""
_NAMED = 3
_AGAIN_S = 60.0


class _Look(NamedTuple):
    now_s: float
    turns: int
    outside: int


class Loops:
    """Names the actors that keep each other busy. On the engine's thread; `named` may be read on any."""

    def __init__(self, trail: Trail) -> None:
        self.named = ""
        """Who is in a loop, for people; empty when nobody is."""
        self._trail = trail
        self._looks: deque[_Look] = deque(maxlen=_LOOKS)
        self._logged_s = -_AGAIN_S

    def look(self, now_s: float, *, turns: int, outside: int) -> None:
        """Remember how many turns there were by now (monotonic seconds), and how many messages came from outside of the actors."""
        self._looks.append(_Look(now_s, turns, outside))
        then, now = self._looks[0], self._looks[-1]
        ran, came = now.turns - then.turns, now.outside - then.outside
        if len(self._looks) < _LOOKS or ran < _TURNS_AT_LEAST or ran < _TURNS_FOR_EACH * came:
            self.named = ""
            return
        self.named = f"{self._who()} made {ran:,} turns in {now.now_s - then.now_s:.0f} s out of {came} messages: their mail goes round"
        if now_s - self._logged_s >= _AGAIN_S:
            self._logged_s = now_s
            log.warning("%s", self.named)

    def _who(self) -> str:
        """The actors that were busiest lately, by the trail, where one is kept."""
        busy = [id for id, _ in Counter(step.to for step in self._trail.steps()).most_common(_NAMED)]
        return " and ".join(busy) or "actors that cannot be named (runtime.explain_kb is 0)"
