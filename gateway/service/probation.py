"""Probation: a reload after which a broker or a device is lost is taken back. The file on disk is not touched.

A device that was well before the reload, and is in the new configuration too, is lost when it has not been well for a while in one go, or
is not at the end of the probation. Whose settings changed has that while to connect anew.
"""

import time
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from gateway.actors.hostbound import Health
from gateway.config import Configuration

_PATIENCE_S = 10.0
"""So long a device may be not well in one go, or half the probation where that is shorter."""


class WatchedHost(Protocol):
    """A device as it is seen from here."""

    me: str

    @property
    def health(self) -> Health:
        """How it is, in a word."""

    @property
    def detail(self) -> str:
        """How it is, in a sentence."""


class Probation:
    """One reload on probation. On the main thread."""

    def __init__(
        self, before: Configuration, well: Collection[str], length_s: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`before` is the configuration that comes back; `well` are the ids of the devices that must stay well."""
        self.before = before
        self._well = frozenset(well)
        self._clock = clock
        self._patience_s = min(_PATIENCE_S, length_s / 2)
        self._began_s = clock()
        self._until_s = self._began_s + length_s
        self._ill_since_s: dict[str, float] = {}

    @property
    def passed(self) -> bool:
        """Whether its time is over."""
        return self._clock() >= self._until_s

    def lost(self, devices: Iterable[WatchedHost]) -> str:
        """Which device is lost, why, and how long after the reload, as a sentence; empty where none is."""
        now_s, over = self._clock(), self.passed
        for device in devices:
            if device.me not in self._well:
                continue
            if device.health is Health.OK:
                self._ill_since_s.pop(device.me, None)
                continue
            since_s = self._ill_since_s.setdefault(device.me, now_s)
            if over or now_s - since_s >= self._patience_s:
                said = f"{device.health.value}{f': {device.detail}' if device.detail else ''}"
                after_s = now_s - self._began_s
                return f"{after_s:.0f} s after it {device.me}, which was well before, is {said}"
        return ""
