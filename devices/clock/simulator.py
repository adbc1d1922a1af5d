"""A wall clock that is turned by hand: for tests of what waits for a time of day.

wall = TurnedClock(now_ms=1_750_000_000_000)
with Bench(Clock("main", settings, wall=wall)) as bench:
    wall.turn(3600)          # an hour passes
    wall.jump(-86400)        # a time server sets it back by a day: no time has passed
"""

from devices.clock.wall import WallClock
from gateway.actors import Host


class TurnedClock(WallClock):
    """A wall clock that only a test turns. It outlives the actors that look at it; turned from any thread."""

    def __init__(self, *, now_ms: int = 1_750_000_000_000, synchronised: bool = True) -> None:
        super().__init__()
        self._now_ms = now_ms
        self._mono_ms = 1_000_000
        self.synced = synchronised
        """Whether it has heard a time server."""
        self._hosts: list[Host] = []

    def now_ms(self) -> int:
        return self._now_ms

    def mono_s(self) -> float:
        return self._mono_ms / 1000

    def clock_ms(self, host: Host) -> int:
        return self._mono_ms

    def synchronised(self, host: Host) -> bool:
        return self.synced

    def wait(self, host: Host, until_ms: int | None) -> None:
        """Block until the clock is turned, or the host has something for the actor."""
        first = host not in self._hosts
        if first:
            self._hosts = [*(other for other in self._hosts if not other.closing), host]
        # The first time it may have been turned since the actor looked: it looks again.
        host.wait(0.0 if first or (until_ms is not None and until_ms <= self._now_ms) else None)

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._mono_ms += round(seconds * 1000)
        self.jump(seconds)

    def jump(self, seconds: float) -> None:
        """Set the clock forward or back: no time passes."""
        self._now_ms += round(seconds * 1000)
        self.wake()

    def synchronise(self) -> None:
        """Vouch for the clock, as a time server does."""
        self.synced = True
        self.wake()

    def wake(self) -> None:
        """Make whoever waits look at the clock."""
        for host in self._hosts:
            if not host.closing:
                host.wake()
