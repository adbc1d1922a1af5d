"""What a trip remembers."""

import enum
from typing import Any, ClassVar

from pydantic import Field

from gateway.actors.stamps import Stamped
from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place
from gateway.business.trip.way import Way


class TripPhase(enum.Enum):
    """What a trip does now."""

    WAITING = "waiting"
    """No fix yet."""
    MOVING = "moving"
    LOST = "lost"
    """No believable fix for a while; the next one goes on with the trip."""
    STOPPED = "stopped"
    """The trip has ended; a vehicle's next fix begins another."""


class EndedBy(enum.Enum):
    """Why a trip ended."""

    TRACKER = "tracker"
    """Somebody stopped it."""
    SILENCE = "silence"
    """Its tracker was lost for longer than its grace time."""


class TripState(Stamped):
    """What a trip remembers."""

    VERSION: ClassVar[int] = 2

    phase: TripPhase = TripPhase.WAITING
    since_clock_ms: int = 0
    """When the trip began to wait, was lost, or ended, by the gateway's clock."""
    trip: int = 0
    """Which trip of this vehicle it is, from 1."""
    title: str = ""
    token_digest: str = ""
    """Of the token that moves it; empty: a vehicle's trip, moved by whoever may write to it."""
    listed_in: str = ""
    """Id of who lists it."""
    grace_s: float = 0.0
    """Seconds a shared trip may be lost until it ends by itself."""
    started_ms: int = 0
    """Wall time of the first fix, milliseconds since 1970: the receiver's, or the gateway's where it did not say."""
    last_ms: int = 0
    """Wall time of the last believed fix."""
    ended_ms: int = 0
    """Wall time of its end, by the gateway; 0: it has not ended."""
    ended_by: EndedBy | None = None
    latest: Fix | None = None
    """The last believed fix."""
    place: Place | None = None
    """Its place, and when it came."""
    anchor: Place | None = None
    """Where the length was last added to; what moves less than the receiver's noise stays there."""
    suspect: Place | None = None
    """A place too far away to be true, until a second fix agrees with it."""
    length_m: float = Field(default=0.0, ge=0)
    """Length of the path, metres along great circles."""
    fixes: int = 0
    """Every fix of this trip, repeated ones and jumps too."""
    repeated: int = 0
    """Fixes of the same time as the last, or an older one."""
    late: int = 0
    """How many of those came late, and have been put into the path where their times belong."""
    jumps: int = 0
    """Fixes at places that the vehicle cannot have reached."""
    losses: int = 0
    """How often the signal was lost."""
    fault: str = ""
    """Why nothing of what its tracker says can be used, and what to do about it; empty when it can."""
    way: Way = Way()

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        """Take up a state of version 1, which knew neither why a trip had ended nor its way: the way begins, with a gap, where the trip is
        now."""
        if version == 1:
            ended = {"ended_by": EndedBy.TRACKER.value, "ended_ms": fields.get("last_ms", 0)} if fields.get("phase") == "stopped" else {}
            return {**fields, **ended}
        return fields

    @property
    def shared(self) -> bool:
        """Whether the trip was begun with a token."""
        return bool(self.token_digest)


_HIDDEN = {"token_digest", "listed_in", "since_clock_ms", "way"}
_ONLY_WHEN_SET = ("title", "ended_ms", "ended_by", "late", "fault")


def shown(state: TripState) -> dict[str, Any]:
    """What anybody may see of a trip."""
    fields = state.model_dump(mode="json", exclude=_HIDDEN)
    return {**fields, "points": state.way.points}


def summary(state: TripState) -> dict[str, Any]:
    """How a trip stands, in a few words."""
    names = ("phase", "trip", "started_ms", "last_ms", "fixes", "repeated", "jumps", "losses")
    told = {name: getattr(state, name) for name in _ONLY_WHEN_SET if getattr(state, name)}
    told |= {"synced": False} if state.unsynced else {}
    return {**told, **{name: getattr(state, name) for name in names}, "length_m": round(state.length_m, 1)}
