"""Endings: why a life of the gateway ended, told by the next one from what the last one and its service manager left behind.

The service manager knows best (watchdog, out of memory, a signal); the kernel says whether the host began anew meanwhile; the last
words say which fault of ours it was. What none of them tells is a kill.

Source: systemd.exec(5), SERVICE_RESULT and EXIT_STATUS; proc(5), /proc/sys/kernel/random/boot_id and oom_kill in /proc/vmstat.
"""

import enum
import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

log = logging.getLogger(__name__)


class How(enum.Enum):
    """In which way a life ended."""

    FIRST = "first start"
    """There was none before."""
    STOPPED = "stopped"
    """It was told to stop, and did."""
    REBOOT = "reboot"
    """The same, and the host began anew before the next life."""
    POWER_CUT = "power cut"
    """The host began anew, and the life had not ended: its power went, or its kernel stopped."""
    KILLED = "killed"
    OUT_OF_MEMORY = "out of memory"
    WATCHDOG = "watchdog"
    """It made no progress, and the service manager ended it."""
    CRASH = "crash"
    """A fault below Python ended it."""
    FAULT = "fault"
    """It found a fault of ours, and ended by itself."""


_WELL = (How.FIRST, How.STOPPED, How.REBOOT)
_BECAUSE = {
    How.STOPPED: "it ended by itself",
    How.POWER_CUT: "the host began anew before the gateway had ended",
    How.KILLED: "it was killed",
    How.OUT_OF_MEMORY: "the kernel killed it, because there was no memory left",
    How.WATCHDOG: "it made no progress, and the service manager ended it",
    How.CRASH: "a fault below Python ended it",
    How.FAULT: "a fault of its own ended it",
}
_BY_RESULT = {
    "watchdog": How.WATCHDOG,
    "oom-kill": How.OUT_OF_MEMORY,
    "core-dump": How.CRASH,
    "exit-code": How.FAULT,
    "success": How.STOPPED,
}
_CRASHES = ("SEGV", "BUS", "ILL", "FPE", "ABRT", "SYS", "TRAP")
NO_PROGRESS = "no progress: "
"""How last words of a life that stood still begin."""


class LifeEnding(NamedTuple):
    """How a life ended, why, and where each of its threads stood, as far as that is known."""

    how: How
    because: str = ""
    stacks: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing was wrong with it."""
        return self.how in _WELL

    @property
    def said(self) -> str:
        """The ending in one line."""
        return f"{self.how.value}: {self.because}" if self.because else self.how.value


class Left(NamedTuple):
    """What the last life and its surroundings left behind."""

    note: Mapping[str, Any] | None
    """What it noted about itself, see life_note.py; None where there is no such note."""
    is_same_boot: bool
    oom_kills: int
    """How many processes the kernel has killed for want of memory since that life began."""
    result: str
    """What the service manager says of its end: its result, how the process ended, and the code or signal; empty where it says nothing."""
    last_words: str
    """Its last words; empty where it said none."""
    crashed: bool
    """Whether it was aborted, or met a fault below Python."""
    stacks: tuple[str, ...]


def ending_of(left: Left, *, is_first: bool, is_clean: bool) -> LifeEnding:
    """Tell how the last life ended. `is_first`: there was none before, `is_clean`: it made its last commit, both by the store."""
    if left.note is None:
        well = LifeEnding(How.FIRST if is_first else How.STOPPED)
        return well if is_clean else LifeEnding(How.KILLED, "it was killed, or lost its power")
    if ended := left.note.get("ended"):
        return LifeEnding(How.STOPPED if left.is_same_boot else How.REBOOT, str(ended))
    how = _how(left)
    return LifeEnding(how, _because(how, left), left.stacks)


def _how(left: Left) -> How:
    if not left.is_same_boot:
        return How.POWER_CUT
    result, *signal = left.result.split() or [""]
    if result in _BY_RESULT:
        return _BY_RESULT[result]
    stood_still = left.last_words.partition(" ")[2].partition(" ")[2].startswith(NO_PROGRESS)  # behind date and time
    if left.crashed or (signal and signal[-1] in _CRASHES):
        return How.WATCHDOG if stood_still and not result else How.CRASH
    if left.oom_kills > 0:
        return How.OUT_OF_MEMORY
    return How.FAULT if left.last_words and not stood_still and not result else How.KILLED


def _because(how: How, left: Left) -> str:
    is_told = how in (How.WATCHDOG, How.FAULT, How.CRASH, How.KILLED) and left.last_words
    signal = f" ({left.result.split()[-1]})" if how in (How.KILLED, How.CRASH) and left.result else ""
    return f"{_BECAUSE[how]}{signal}{f'; its last words: {left.last_words}' if is_told else ''}"


def log_ending(ending: LifeEnding) -> None:
    """Log how the last life ended, and where its threads stood."""
    if ending.is_well:
        log.info("the last life: %s", ending.said)
    else:
        log.warning("the last life did not end well: %s", ending.said)
    if ending.stacks:
        log.warning("where each thread of it stood, innermost first:\n%s", "\n".join(ending.stacks))
