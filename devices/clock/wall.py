"""The clocks that a clock goes by: the wall's, and the gateway's own, which says how long something lasts.

A Pi without a battery boots with the time at which it was switched off, and jumps when it first hears a time server. What is due at
a time of day therefore waits until somebody has vouched for the wall clock: the gateway knows, see `host.time`.
"""

import time

from gateway.actors import Host

RECHECK_S = 5.0
"""A clock that was set forward is noticed after so many seconds at most."""


class WallClock:
    """The clock of this machine. Any thread."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970. It may jump."""
        return time.time_ns() // 1_000_000

    def mono_s(self) -> float:
        """Seconds since some moment; they go on while the machine sleeps, too, and are never set."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def clock_ms(self, host: Host) -> int:
        """The gateway's own clock, milliseconds. It never goes back."""
        return host.time.clock_ms()

    def synchronised(self, host: Host) -> bool:
        """Whether somebody has vouched for the wall clock."""
        return host.time.synced

    def wait(self, host: Host, until_ms: int | None) -> None:
        """Block until the wall clock says `until_ms`, or the host has something for the actor; return now and then before, for the clock
        may be set."""
        if until_ms is None:
            host.wait(None)
        else:
            host.wait(min(RECHECK_S, max(0.0, (until_ms - self.now_ms()) / 1000)))
