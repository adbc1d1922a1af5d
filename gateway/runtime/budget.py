"""The budget of writing: how many bytes a day the process may write to the disk, and how far that leaves readings to come in.

What may be written flows in evenly over the day, and a quarter of a day's worth is kept where it was not used: so a burst costs nothing.
The less is left, the further apart readings are to come; the rest, which `thinning.py` never touches, is written whatever is left.
"""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

STEPS_S = (1.0, 2.0, 10.0, 30.0, 60.0)
"""How far apart readings may be told to come, in seconds. Each is a multiple of the one before, so that what waits for different ones
comes in together, for one commit."""
_DAY_S = 86_400.0
_KEPT_S = _DAY_S / 4
_AT_START = 0.75
_BEGINS_AT = 0.5
"""Readings are thinned once less than this part of what is kept is left, and as they always were once `_AT_START` is there again."""


class WriteBudget:
    """Says how far apart readings are to come in. On the engine's thread; what it shows may be read on any."""

    def __init__(self, bytes_a_day: int, written_bytes: Callable[[], int]) -> None:
        """`written_bytes` says how many bytes the process has written so far. A budget of 0 is none."""
        self.bytes_a_day = bytes_a_day
        self.apart_s = 0.0
        """How many seconds lie between two readings of the same; 0: as they come."""
        self._written_bytes = written_bytes
        self._seen = written_bytes()
        self._kept = bytes_a_day * _KEPT_S / _DAY_S
        self._left = self._kept * _AT_START
        self._looked_s = 0.0

    def look(self, now_s: float) -> None:
        """See how much was written since the last look, at second `now_s` of the monotonic clock."""
        if not self.bytes_a_day:
            return
        written = self._written_bytes()
        passed_s = now_s - self._looked_s if self._looked_s else 0.0
        flowed = self.bytes_a_day * passed_s / _DAY_S
        self._left = max(-self.bytes_a_day, min(self._kept, self._left + flowed) - (written - self._seen))
        self._seen, self._looked_s = written, now_s
        apart_s = self._apart_s(self._left / self._kept)
        if bool(apart_s) is not bool(self.apart_s):
            self._tell(begins=bool(apart_s))
        self.apart_s = apart_s

    def _apart_s(self, left: float) -> float:
        """How far apart readings are to come where this part of what may be kept is left."""
        if left >= (_AT_START if self.apart_s else _BEGINS_AT):
            return 0.0
        step = int((_BEGINS_AT - left) / _BEGINS_AT * len(STEPS_S))
        return STEPS_S[max(0, min(step, len(STEPS_S) - 1))]

    def _tell(self, *, begins: bool) -> None:
        megabytes = self.bytes_a_day / 1_000_000
        if begins:
            said = "more is written than store.budget_mb_a_day = %g: readings of the same come in less often from now on; see gateway show"
            log.warning(said, megabytes)
        else:
            log.warning("what is written is within store.budget_mb_a_day = %g again: every reading comes in", megabytes)
