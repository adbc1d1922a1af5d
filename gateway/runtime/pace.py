"""The pace: how many turns and commits a second, from two looks that are some seconds apart. On the engine's thread."""

from collections import deque
from typing import NamedTuple

_LOOKS = 11
"""How many looks are kept, a second apart: the pace is that of the last ten seconds."""


class Rates(NamedTuple):
    """How many turns and commits there were a second."""

    turns: float
    commits: float


class Rate:
    """The last readings of two counters, from which a rate is worked out."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int, int]] = deque(maxlen=_LOOKS)

    def look(self, now_s: float, *, turns: int, commits: int) -> None:
        """Remember how many turns and commits there were by now (monotonic seconds)."""
        self._looks.append((now_s, turns, commits))

    def rates(self) -> Rates:
        """The mean rates over the readings that are kept; 0 before the second one."""
        if len(self._looks) < 2:
            return Rates(0.0, 0.0)
        (then_s, *before), (now_s, *after) = self._looks[0], self._looks[-1]
        turns, commits = ((late - early) / max(now_s - then_s, 1e-9) for early, late in zip(before, after, strict=True))
        return Rates(round(turns, 1), round(commits, 1))
