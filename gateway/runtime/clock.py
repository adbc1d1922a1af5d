"""The gateway's clock: it never jumps, and goes on across restarts, so that a durable timer means what it said.

Wall time on a Pi may jump by years at boot. Timers therefore live on a clock of our own, which runs with the monotonic clock
(CLOCK_BOOTTIME) while the machine is up. Across a reboot it goes on by the wall time that passed, when that went forward.
"""

import time
from pathlib import Path
from typing import Protocol

NOTE = "clock"
"""Key of the note in the store: clock, boot id, boot time and wall time of one moment, milliseconds."""


class Clock(Protocol):
    """Three readings, each from any thread."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970. It may jump."""

    def clock_ms(self) -> int:
        """The gateway's clock, milliseconds. It never jumps."""

    def mono_s(self) -> float:
        """Monotonic seconds since some moment of this process, for delays and deadlines."""

    def resume(self, note: str) -> None:
        """Go on from where `note` (of an earlier life) left off; once, before anything else is asked."""

    def note(self) -> str:
        """This moment, for the next life."""


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._boot_id = _boot_id()
        self._offset_ms = self.now_ms() - _boottime_ms()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def clock_ms(self) -> int:
        return _boottime_ms() + self._offset_ms

    def mono_s(self) -> float:
        return time.monotonic()

    def resume(self, note: str) -> None:
        if not note:
            return
        clock, boot_id, boottime, wall = note.split()
        same_boot = boot_id == self._boot_id
        passed_ms = _boottime_ms() - int(boottime) if same_boot else max(0, self.now_ms() - int(wall))
        self._offset_ms = int(clock) + passed_ms - _boottime_ms()

    def note(self) -> str:
        return f"{self.clock_ms()} {self._boot_id} {_boottime_ms()} {self.now_ms()}"


def _boottime_ms() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
