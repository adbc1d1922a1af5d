"""The bound of what is on its way to others: looks now and then whether too much is, for one host or one group of shared actors.

What counts is in the database, and all that send there look at it: see `gateway/store/postgres/shared/bound_step.py`.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.runtime.fullness import SentElsewhere

if TYPE_CHECKING:
    from gateway.store.postgres.shared.post import PostReader

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_PART = 10
"""Of the time at most one part in so many goes into looking; and of a bound at most one is sent unseen."""


class SentBound:
    """What one sender knows of it. On the thread that looks; `said` on any."""

    def __init__(self, most: int, most_bytes: int) -> None:
        """`most`, `most_bytes`: how much may be on its way to one receiver."""
        self._most, self._most_bytes = most, most_bytes
        self._due_s = 0.0
        self.unseen = 0
        """How many messages were sent since it looked last."""
        self.at_once = max(1, most // _PART)
        """So many may be sent between two looks: no receiver gets much more than it may have."""
        self.full: dict[str, SentElsewhere] = {}
        """The receivers for which too much is, and for which we wait: those for which more than nine tenths are, once it was too much."""
        self._gave_way: Counter[str] = Counter()

    @property
    def due(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() >= self._due_s or self.unseen >= self.at_once

    def look(self, post: "PostReader", waits: Sequence[str]) -> None:
        """Look. `waits`: the receivers for which we wait, where we take nothing in for that reason. Raises StoreFailed."""
        began_s, self.unseen = time.monotonic(), 0
        found = post.stand(waits, self._most, self._most_bytes)
        self._due_s = time.monotonic() + max(_LOOK_S, _PART * (time.monotonic() - began_s))
        full = {}
        for one in found:
            if one.gone:
                self._note_gone(one.id, one.gone)
            over = one.many >= self._most or one.bytes >= self._most_bytes
            if not (one.lets_go_on or one.gone) and (over or one.id in self.full):
                full[one.id] = SentElsewhere(one.id, one.many, one.bytes)
        for id in full.keys() - self.full.keys():
            log.error("%s", _waits(full[id]))
        self.full = full

    def _note_gone(self, id: str, gone: int) -> None:
        self._gave_way[id] += gone
        log.error("the oldest telemetry for %s gave way (%s of it in this life): it takes less than is sent", id, f"{self._gave_way[id]:,}")

    @property
    def said(self) -> list[str]:
        """For whom what is sent waits, and for whom telemetry gave way, a sentence each."""
        gave_way = [f"the oldest telemetry for {id} gave way: {count:,} messages in this life" for id, count in [*self._gave_way.items()]]
        return [*map(_waits, self.full.values()), *gave_way]


def _waits(sent: SentElsewhere) -> str:
    held = f"{sent.total:,} messages ({sent.bytes:,} bytes) are on their way there"
    return f"what is for {sent.id} waits, for {held}; see why it does not take them"
