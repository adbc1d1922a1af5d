"""A log that says the same kind of thing a few times a minute, and then how often it was so.

The first few are said each, since a person who tries something out wants to see what became of each try; a device that goes wrong
thousands of times a minute must not fill the log.
"""

import logging
import time
from collections.abc import Callable, Mapping

from gateway.actors import Host

EVERY_S = 60.0
AT_MOST = 5
"""How many of one kind are said within EVERY_S, unless whoever logs says otherwise."""
_ALIKE = frozenset(("checksum",))
"""Faults of which one says all: nobody tries them out, they come from a cable."""


class SparingLog:
    """Logs warnings or what is worth knowing, each kind at most `at_most` times a minute. On one thread."""

    def __init__(self, logger: logging.Logger, *, at_most: int = AT_MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._at_most = at_most
        self._said: dict[str, tuple[float, int]] = {}
        """By kind: since when, and how many were said since."""
        self._unsaid: dict[str, int] = {}

    def warn(self, kind: str, text: str) -> None:
        """Log `text` as a warning, unless enough of the same `kind` were logged within the last minute."""
        self._log(logging.WARNING, kind, text)

    def note(self, kind: str, text: str) -> None:
        """Log `text` as something worth knowing, as sparingly."""
        self._log(logging.INFO, kind, text)

    def _log(self, level: int, kind: str, text: str) -> None:
        now_s = self._clock()
        since_s, said = self._said.get(kind, (now_s, 0))
        if now_s - since_s >= EVERY_S:
            since_s, said = now_s, 0
        if said >= self._at_most:
            self._unsaid[kind] = self._unsaid.get(kind, 0) + 1
            return
        self._said[kind] = since_s, said + 1
        unsaid = self._unsaid.pop(kind, 0)
        self._logger.log(level, "%s%s", text, f" (and {unsaid} more of its kind since the last time)" if unsaid else "")


class Complaints:
    """Counts faults of one resource each time, and logs them sparingly, so that a bad cable fills no journal. On the actor's thread."""

    def __init__(self, logger: logging.Logger, said: Mapping[str, str]) -> None:
        """Make it; `said` has what the counters are called where people read them."""
        self._counted: dict[str, int] = {}
        self._log = SparingLog(logger)
        self._seldom = SparingLog(logger, at_most=1)
        self._said = said

    def say(self, host: Host, where: str, fault: str, detail: str, *, by: int = 1) -> None:
        """Count a fault of the resource at `where`, and log it unless its kind was logged a few times in the last minute."""
        host.count(fault, by)
        log = self._seldom if fault in _ALIKE else self._log
        log.warn(fault, f"{host.me}: {self._said.get(fault, fault)} on {where}{detail and f': {detail}'}")

    def count(self, host: Host, where: str, now: dict[str, int]) -> None:
        """Complain of what others have counted by `now` more than at the last call."""
        if now != self._counted:
            for name, count in now.items():
                if more := count - self._counted.get(name, 0):
                    self.say(host, where, name, "", by=more)
            self._counted = now
