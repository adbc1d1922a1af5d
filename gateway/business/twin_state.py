"""What a twin remembers of its device."""

import enum
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from gateway.actors import State
from gateway.actors.models import Model
from gateway.actors.stamps import Stamp, told_apart
from gateway.business.desiring import Desired
from gateway.business.pace import Laggard
from gateway.business.values import Value


class Presence(enum.Enum):
    """Whether the gateway hears a device."""

    UNKNOWN = "unknown"
    """Nobody has heard it yet."""
    ONLINE = "online"
    SILENT = "silent"
    """The device was heard, but not for a while."""
    NEVER_HEARD = "never heard"
    """Somebody expects it, and it was not heard for as long as it may be silent."""


class Timing(Model):
    """What a twin knows of its device's times, where they are not simply the device's own and in order."""

    untimed: tuple[str, ...] = ()
    """Names of the values whose time is the gateway's: their device gave none."""
    unsynced: dict[str, int] = {}
    """By the name of the value, the gateway's clock at those of the gateway's times that nobody could trust."""
    seen_ms: int = 0
    """The same for the last report; 0 where its time can be trusted."""
    laggard: Laggard | None = None
    """The first of the reports that are older than what is known."""


PLAIN_TIMING = Timing()


class TwinState(State):
    """What a twin remembers."""

    VERSION: ClassVar[int] = 4

    online: bool = False
    presence: Presence = Presence.UNKNOWN
    last_seen_ms: int = 0
    """Wall time of the last report, milliseconds since 1970."""
    heard_ms: int = 0
    """The same on the gateway's clock, by which silence is judged."""
    watched: bool = False
    """Whether a timer is under way that will notice silence."""
    count: int = 0
    """Reports in this twin's life."""
    older: int = 0
    """Values that came after newer ones of the same name, and changed nothing."""
    beyond: int = 0
    """Values that found the twin full."""
    held: int = 0
    """Values that had changed by less than their deadband, and so changed nothing."""
    values: dict[str, Value] = {}
    timing: Timing | None = None
    recent: dict[str, str] | None = None
    """By the name of the value, the last readings of it, which its history does not have yet; None: none of any."""

    desired: dict[str, Desired] | None = None
    """By the name of the value, what somebody wanted it to be, and what became of that; None: nobody ever did."""

    INNER = ("timing", "recent")

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Take up a state of version 1, which knew no presence, and not whose time a value has: the next report of a value counts as
        newer."""
        if version == 1:
            heard = Presence.SILENT if fields.get("count") else Presence.UNKNOWN
            presence = Presence.ONLINE if fields.get("online") else heard
            return {**fields, "presence": presence.value, "timing": {"untimed": sorted(fields.get("values", {}))}}
        return fields

    @property
    def synced(self) -> bool:
        """Whether all times of the state can be trusted."""
        return self.timing is None or not (self.timing.unsynced or self.timing.seen_ms)

    def mended(self, mend: Callable[[Stamp], Stamp]) -> Self:
        """The state with the true wall times, those of its values too, where they are known by now."""
        if self.timing is None or self.synced:
            return self
        known, left = told_apart(self.timing.unsynced, mend)
        seen = mend(Stamp(self.last_seen_ms, self.timing.seen_ms, synced=not self.timing.seen_ms))
        if not known and not seen.synced:
            return self
        values = {name: {**value, "at_ms": known.get(name, value["at_ms"])} for name, value in self.values.items()}
        timing = self.timing.changed(unsynced=left, seen_ms=0 if seen.synced else self.timing.seen_ms)
        return self.changed(last_seen_ms=seen.wall_ms, values=values, timing=timing)


def presence_in(copied: Mapping[str, Any]) -> Presence:
    """Whether a twin hears its device, by a copy of its state; one that an older program kept says only whether the device is online."""
    return Presence(copied["presence"]) if "presence" in copied else Presence.ONLINE if copied.get("online") else Presence.SILENT
