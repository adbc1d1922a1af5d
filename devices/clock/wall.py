"""The wall clock of this host: what it says, and whether it can be trusted yet.

A Pi without a battery boots with the time at which it was switched off, and jumps when it first hears a time server. What is due at
a time of day therefore waits until the clock was synchronised once in this life of the process.
Source: adjtimex(2) for STA_UNSYNC; systemd-timesyncd.service(8) for the file it leaves.
"""

import struct
import time
from pathlib import Path

from gateway.actors import Host

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
RECHECK_S = 5.0
"""A clock that was set forward is noticed after so many seconds at most."""
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of <sys/timex.h>."""
_TIMEX_AT_MOST = 512
"""More bytes than `struct timex` has on any machine; it begins with modes, offset, freq, maxerror, esterror, status."""


class WallClock:
    """The machine's. Any thread."""

    def __init__(self, *, sign: Path = SYNCHRONISED) -> None:
        """`sign` is the file that timesyncd leaves."""
        self._sign = sign

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970. It may jump."""
        return time.time_ns() // 1_000_000

    def mono_s(self) -> float:
        """Seconds since some moment: they only pass, while the machine sleeps too."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def synchronised(self) -> bool:
        """Whether a time server has set it: by timesyncd's file, else by the kernel's word, which any time service sets."""
        return self._sign.exists() or _kernel_says_so()

    def wait(self, host: Host, until_ms: int | None) -> None:
        """Block until it is `until_ms`, or the host has something for the actor; now and then before, for the clock may be set."""
        if until_ms is None:
            host.wait(None)
        else:
            host.wait(min(RECHECK_S, max(0.0, (until_ms - self.now_ms()) / 1000)))


def _kernel_says_so() -> bool:
    """Ask the kernel. False too where a sandbox denies the question, as the gateway's own unit does: there timesyncd's file counts."""
    try:
        import ctypes  # noqa: PLC0415  # only where there is no timesyncd

        timex = ctypes.create_string_buffer(_TIMEX_AT_MOST)  # modes = 0: nothing is changed
        state = ctypes.CDLL(None).adjtimex(timex)
    except (ImportError, OSError, AttributeError, MemoryError):
        return False
    *_, status = struct.unpack_from("@Illlli", timex)
    return state >= 0 and not status & _UNSYNCHRONISED
