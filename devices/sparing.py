"""A log that says the same thing at most once a minute, and then how often it was so."""

import logging
import time
from collections.abc import Callable

EVERY_S = 60.0


class SparingLog:
    """Logs warnings, each at most once a minute for one reason. On one thread."""

    def __init__(self, logger: logging.Logger, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def warn(self, reason: str, text: str) -> None:
        """Log `text`, unless something for the same `reason` was logged within the last minute."""
        now = self._clock()
        if now - self._said.get(reason, now - EVERY_S) < EVERY_S:
            self._unsaid[reason] = self._unsaid.get(reason, 0) + 1
            return
        self._said[reason] = now
        unsaid = self._unsaid.pop(reason, 0)
        self._logger.warning("%s%s", text, f" (and {unsaid} more of its kind since the last time)" if unsaid else "")
