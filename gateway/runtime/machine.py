"""What this machine's clocks say, and who vouches for the wall clock. No root is needed for any of it.

A time server, by the word of whoever talks to it: systemd-timesyncd leaves a file in /run, which is empty after each boot; chrony,
ntpd and every other service tell the kernel, which says so to whoever asks. A clock chip, where there is one: it says a time that
can be, and the wall clock has been set by it. (A Pi 5 without its battery has a chip that says 1970.)

Source: adjtimex(2) for STA_UNSYNC; systemd-timesyncd.service(8) for the file; Documentation/ABI/testing/rtc-cdev and
/sys/class/rtc/rtc0/since_epoch in the kernel's sysfs-class-rtc.
"""

import contextlib
import struct
import time
from pathlib import Path
from typing import Protocol

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
CHIP_TIME = Path("/sys/class/rtc/rtc0/since_epoch")

SERVER = "a time server"
CHIP = "the machine's clock chip"
OPERATOR = "the configuration"

_CHIP_OFF_S = 3
"""So far the wall clock may be from the chip, which counts whole seconds and drifts."""
_CHIP_EARLIEST_S = 1_700_000_000
"""November 2023: this program is younger."""
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of <sys/timex.h>."""
_TIMEX_AT_MOST = 512
"""More bytes than `struct timex` has on any machine; it begins with modes, offset, freq, maxerror, esterror, status."""


def boot_id() -> str:
    """The kernel's name of this boot: another one after each."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


class MachineClocks(Protocol):
    """The clocks of one machine. Each from any thread."""

    boot_id: str
    """Another one after each boot."""

    def wall_ms(self) -> int:
        """Wall time, milliseconds since 1970. It may jump."""

    def boot_ms(self) -> int:
        """Milliseconds since the boot: they only pass, while the machine sleeps too."""

    def mono_s(self) -> float:
        """Monotonic seconds since some moment of this process."""

    def voucher(self) -> str:
        """Who vouches for the wall clock now, in words; empty: nobody does."""


class HostMachine:
    """The clocks of the machine that this process runs on."""

    def __init__(self, *, trusted: bool = False, sign: Path = SYNCHRONISED, chip: Path = CHIP_TIME) -> None:
        """`trusted`: the operator vouches. `sign` is the file that timesyncd leaves, `chip` where the kernel says what the chip says."""
        self.boot_id = boot_id()
        self._trusted = trusted
        self._sign = sign
        self._chip = chip

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def boot_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    mono_s = staticmethod(time.monotonic)  # itself: it is asked a dozen times a message

    def voucher(self) -> str:
        if self._trusted:
            return OPERATOR
        if self._sign.exists() or (not self._sign.parent.exists() and _kernel_says_so()):  # timesyncd's own word is enough where it runs
            return SERVER
        return CHIP if self._set_by_chip() else ""

    def _set_by_chip(self) -> bool:
        """Whether the wall clock was set by a clock chip, whose time is a possible one."""
        chip_s = 0
        with contextlib.suppress(OSError, ValueError):
            chip_s = int(self._chip.read_text())
        return chip_s >= _CHIP_EARLIEST_S and abs(chip_s - time.time()) <= _CHIP_OFF_S


def _kernel_says_so() -> bool:
    """Ask the kernel whether a time service keeps its clock. False too where a sandbox denies the question."""
    try:
        import ctypes  # noqa: PLC0415  # it takes a quarter of a megabyte, and only machines without timesyncd ask

        timex = ctypes.create_string_buffer(_TIMEX_AT_MOST)  # modes = 0: nothing is changed
        state = ctypes.CDLL(None).adjtimex(timex)
    except (ImportError, OSError, AttributeError, MemoryError):
        return False
    *_, status = struct.unpack_from("@Illlli", timex)
    return state >= 0 and not status & _UNSYNCHRONISED
