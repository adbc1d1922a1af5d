"""A round: one pass of the engine, with the batch that fills and one reading of each clock.

Whatever happens in a round happens at one time: two readings in one round would put a later message before an earlier one.
"""

from gateway.actors.stamps import Stamp
from gateway.runtime.batch import Batch
from gateway.runtime.clock import GatewayClock


class Round:
    """Made by the engine at the beginning of each pass. On the engine's thread."""

    __slots__ = ("batch", "clock_ms", "now_ms", "now_s", "synced")

    def __init__(self, batch: Batch, clock: GatewayClock) -> None:
        self.batch = batch
        """What this round leaves goes into this batch."""
        self.now_ms = clock.now_ms()
        """Wall time, milliseconds since 1970. It may jump from one round to the next."""
        self.clock_ms = clock.clock_ms()
        """The gateway's clock, milliseconds. It never goes back."""
        self.synced = clock.synced
        """Whether the wall clock can be trusted."""
        self.now_s = clock.mono_s()
        """Monotonic seconds, for delays and deadlines."""

    def stamp(self) -> Stamp:
        """The stamp of this round, to be kept."""
        return Stamp(self.now_ms, self.clock_ms, self.synced)
