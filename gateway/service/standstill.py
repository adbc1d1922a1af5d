"""Standstill: what is kept of one, for the log and for the next life, once it is seen. On the main thread."""

import logging

from gateway.service.last_words import LastWords
from gateway.service.life_ending import NO_PROGRESS
from gateway.service.stacks import Stacks

log = logging.getLogger(__name__)


class Standstill:
    """Whether the gateway stands still now, as far as it has been seen."""

    def __init__(self, last_words: LastWords, stacks: Stacks) -> None:
        """`last_words` and `stacks` say where it hung, should it end so."""
        self._last_words = last_words
        self._stacks = stacks
        self._is_seen = False

    def see(self, fault: str) -> None:
        """Keep what `fault` says, and where each thread stands, once for each standstill; an empty one ends it. This may wait for the
        disk."""
        if fault and not self._is_seen:
            self._stacks.write()
            log.critical("no progress: %s", fault)
            self._last_words.say(f"{NO_PROGRESS}{fault}")
        if self._is_seen and not fault:
            self._stacks.forget()
        self._is_seen = bool(fault)
