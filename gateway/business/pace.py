"""Pace: whether what a device says with older times than before comes late, or its clock was set back.

A device that was out of reach sends what it kept in one go, or faster than it happened; one whose clock was set back goes on at the
pace at which time passes. So where its times move on as the gateway's clock does, its clock was set.
"""

import enum

from gateway.actors.models import Model

_LEAST_MS = 2000
"""So long a device must keep pace to be believed."""
_OFF_MS = 1000
_OFF = 0.2
"""So far, and by so much of the time between, it may be off: lines and networks delay."""


class Laggard(Model):
    """The first report that came with an older time than a report before."""

    at_ms: int
    """By the device's clock, and"""
    clock_ms: int
    """by the gateway's when it came, milliseconds."""


class ClockPace(enum.Enum):
    """How a device's clock has gone on since its first report with an older time."""

    KEPT = "kept"
    """The clock has gone on as time did, so it was set."""
    UNSURE = "unsure"
    """It is too early to say."""
    OFF = "off"
    """The clock has gone on in another way, so the device sends what it kept."""


def pace_of(first: Laggard | None, at_ms: int, clock_ms: int) -> tuple[ClockPace, Laggard]:
    """How a device's clock has gone on, and the report that the next one is compared with."""
    here = Laggard(at_ms=at_ms, clock_ms=clock_ms)
    if first is None:
        return ClockPace.UNSURE, here
    passed_ms = clock_ms - first.clock_ms
    if abs(at_ms - first.at_ms - passed_ms) > _OFF_MS + _OFF * passed_ms:
        return ClockPace.OFF, here
    return (ClockPace.KEPT if passed_ms >= _LEAST_MS else ClockPace.UNSURE), first
