"""Stamps: when something happened, as far as the gateway knew at that time.

A Pi without a clock chip boots with a time of the past, until a time server sets its clock. So a stamp has three things: the wall
time, the gateway's own clock, and whether anybody had vouched for the wall time by then. Order, silence and durations go by the
gateway's clock; wall time is for people. When the wall clock is set, what it should have shown since the boot is known, and
stamps of that time are mended: see `Stamped`, and `gateway/runtime/clock.py`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, Self

from gateway.actors.messages import Message
from gateway.actors.models import State


class Stamp(NamedTuple):
    """One moment."""

    wall_ms: int
    """Wall time, milliseconds since 1970."""
    clock_ms: int
    """The gateway's own clock, milliseconds."""
    synced: bool = True
    """Whether the wall time could be trusted: a time server, or a clock chip, had vouched for it in that boot."""

    def packed(self) -> int:
        """The stamp as one number: the wall time, or, where that cannot be trusted, minus the gateway's clock."""
        return self.wall_ms if self.synced else -self.clock_ms


Mend = Callable[[Stamp], Stamp]
"""Gives a stamp as it should have been, where that is known by now; else the same stamp."""


class Trust(Protocol):
    """What the runtime knows of time, beside readings of the clocks. From any thread."""

    @property
    def synced(self) -> bool:
        """Whether the wall clock can be trusted now."""

    @property
    def listening_since_ms(self) -> int:
        """Since when, on the gateway's clock, the gateway has taken in messages without a break. Before it nobody could be heard."""

    def mended(self, stamp: Stamp) -> Stamp:
        """The stamp with the true wall time, where that is known by now."""

    def unpacked(self, packed: int) -> Stamp:
        """The stamp that a packed number stands for, with the true wall time where that is known by now."""

    def moved(self, clock_ms: int, set_ms: int) -> int:
        """A time that was worked out on the gateway's clock at `set_ms`, moved by as much as the clock was moved since."""


class Timed:
    """What a stage knows of time, beside its readings of the clocks."""

    world: Any
    """It has a Trust under `time`."""
    now_ms: int
    clock_ms: int

    @property
    def synced(self) -> bool:
        """Whether the wall time of this turn can be trusted."""
        synced: bool = self.world.time.synced
        return synced

    @property
    def listening_since_ms(self) -> int:
        """Since when, on the gateway's clock, the gateway has listened without a break: who was not heard before may have spoken."""
        since_ms: int = self.world.time.listening_since_ms
        return since_ms

    def since_s(self, clock_ms: int) -> float:
        """Seconds since an earlier moment, on the gateway's clock; without the time by which the clock was moved meanwhile."""
        passed_ms: int = self.clock_ms - self.world.time.moved(clock_ms, clock_ms)
        return passed_ms / 1000

    def stamp(self) -> Stamp:
        """The stamp of this turn, to be kept: wall time, the gateway's clock, and whether the wall time could be trusted."""
        return Stamp(self.now_ms, self.clock_ms, self.world.time.synced)

    def unpacked(self, packed: int) -> Stamp:
        """The stamp that a packed number stands for, with the true wall time where that is known by now."""
        stamp: Stamp = self.world.time.unpacked(packed)
        return stamp


class Time(Trust, Protocol):
    """What a host-bound actor knows of time: `Trust`, and readings of the clocks. From any thread."""

    def now_ms(self) -> int:
        """Wall time, milliseconds since 1970. It may jump."""

    def clock_ms(self) -> int:
        """The gateway's clock, milliseconds. It never goes back."""

    def mono_s(self) -> float:
        """Monotonic seconds, for delays and deadlines within one life of the process."""

    def left_ms(self, message: Message) -> int | None:
        """How many milliseconds a message that expires may still be acted on; negative: it expired so long ago; None: nobody can say
        yet."""


class Stamped(State):
    """A state that has wall times of the gateway's own among its fields. Derive a state from it, and set such fields by `stamped`."""

    unsynced: dict[str, int] = {}
    """Which of these times could not be trusted: by the field's name, the gateway's clock at that time."""

    def stamped(self, stamp: Stamp, *names: str, **fields: Any) -> Self:
        """A changed copy in which the fields `names` are the wall time of `stamp`."""
        return self.changed(**dict.fromkeys(names, stamp.wall_ms), **fields, unsynced=noted(self.unsynced, stamp, names))

    def mended(self, mend: Mend) -> Self:
        """A copy of this state with the true wall times, where they are known by now."""
        if not self.unsynced:
            return self
        known, left = told_apart(self.unsynced, mend)
        return self.changed(**known, unsynced=left) if known else self


def told_apart(unsynced: dict[str, int], mend: Mend) -> tuple[dict[str, int], dict[str, int]]:
    """Split times into those whose true wall time is known by now, and the others, which are given on the gateway's clock."""
    found = {name: mend(Stamp(0, clock_ms, synced=False)) for name, clock_ms in unsynced.items()}
    known = {name: stamp.wall_ms for name, stamp in found.items() if stamp.synced}
    return known, {name: clock_ms for name, clock_ms in unsynced.items() if name not in known}


def noted(unsynced: dict[str, int], stamp: Stamp, names: tuple[str, ...]) -> dict[str, int]:
    """The times that cannot be trusted, by name, after the times `names` have become `stamp`."""
    if not stamp.synced:
        return {**unsynced, **dict.fromkeys(names, stamp.clock_ms)}
    if not unsynced:
        return unsynced
    return {name: clock_ms for name, clock_ms in unsynced.items() if name not in names}
