"""A trip: where one vehicle is, and how far it has come, from its first fix to its last."""

import enum
from typing import Any

from pydantic import Field

from gateway.actors import Actor, Stage, State, verb
from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place, distance_m, elapsed_s
from gateway.business.publishing import Publishing

CORRECTED_MS = 86_400_000
"""A fix older than the last one by more than this is no late one: the receiver's clock has been corrected."""


class Phase(enum.Enum):
    """Where a trip stands."""

    WAITING = "waiting"
    """No fix yet."""
    MOVING = "moving"
    LOST = "lost"
    """No believable fix for a while; the next one goes on with the trip."""
    STOPPED = "stopped"
    """It has ended; the next fix begins another."""


class TripState(State):
    """What a trip remembers."""

    phase: Phase = Phase.WAITING
    trip: int = 0
    """Which trip of this vehicle it is, from 1."""
    started_ms: int = 0
    """Wall time of the first fix, milliseconds since 1970: the receiver's, or the gateway's where it did not say."""
    last_ms: int = 0
    """Wall time of the last believed fix."""
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
    jumps: int = 0
    """Fixes at places that the vehicle cannot have reached."""
    losses: int = 0
    """How often the signal was lost."""


class TripSettings(Publishing):
    """Section `[actors.trip]`."""

    topic: str = Field(default="gateway/trip/{key}", max_length=500)
    """Above `/position` and `/status`."""
    lost_after_s: float = Field(default=30.0, gt=0)
    """Seconds without a believable fix after which the signal counts as lost."""
    min_move_m: float = Field(default=5.0, ge=0)
    """Metres that count as movement where the dilution (hdop) is 1 or better; times the hdop where it is worse."""
    max_speed_mps: float = Field(default=100.0, gt=0)
    """Metres per second that the vehicle cannot exceed; what it would have had to is a jump."""


class Trip(Actor[TripState]):
    """Follows one vehicle: where it is, how far it has come; notices a lost signal, awake or not."""

    settings_model = TripSettings
    settings: TripSettings

    @verb
    def position(self, fix: Fix, stage: Stage[TripState]) -> None:
        """Take a GPS fix; publish where the vehicle is now. The first one begins the trip."""
        state = stage.state
        here = Place(latitude_deg=fix.latitude_deg, longitude_deg=fix.longitude_deg, at_ms=fix.at_ms, clock_ms=stage.clock_ms)
        if state.place is not None and _repeats(here, state.place):
            stage.state = state.changed(fixes=state.fixes + 1, repeated=state.repeated + 1)
            return
        if state.phase in (Phase.WAITING, Phase.STOPPED):
            state = TripState(trip=state.trip + 1, started_ms=fix.at_ms or stage.now_ms)
        elif not self._believable(state, here):
            stage.state = state.changed(fixes=state.fixes + 1, jumps=state.jumps + 1, suspect=here)
            return
        self._follow(stage, state, fix, here)

    @verb
    def signal_lost(self, stage: Stage[TripState]) -> None:
        """Look whether fixes still come (the trip's own timer); publish the loss when they do not."""
        state = stage.state
        if state.phase is not Phase.MOVING or state.place is None:
            return
        left_s = self.settings.lost_after_s - (stage.clock_ms - state.place.clock_ms) / 1000
        if left_s > 0:
            stage.after(left_s, "signal_lost")
        else:
            stage.state = state.changed(phase=Phase.LOST, losses=state.losses + 1)
            self._publish_status(stage)

    @verb
    def stop(self, stage: Stage[TripState]) -> None:
        """End the trip and publish its summary; the next fix begins another."""
        if stage.state.phase in (Phase.MOVING, Phase.LOST):
            stage.state = stage.state.changed(phase=Phase.STOPPED, suspect=None)
            stage.cancel("signal_lost")
            self._publish_status(stage)
        stage.reply(stage.state)

    @verb
    def read(self, stage: Stage[TripState]) -> None:
        """Answer with everything the trip knows."""
        stage.reply(stage.state)

    def _believable(self, state: TripState, here: Place) -> bool:
        """Whether the vehicle can have come here; or a second fix says so, that agrees with the last jump."""
        if state.place is None or self._in_reach(state.place, here):
            return True
        return state.suspect is not None and not _repeats(here, state.suspect) and self._in_reach(state.suspect, here)

    def _in_reach(self, start: Place, here: Place) -> bool:
        seconds = max(1.0, elapsed_s(start, here))  # fixes without a time may come in one burst
        return distance_m(start, here) <= self.settings.min_move_m + self.settings.max_speed_mps * seconds

    def _follow(self, stage: Stage[TripState], state: TripState, fix: Fix, here: Place) -> None:
        """Take a believed fix as where the vehicle is."""
        anchor, moved_m = self._moved(state, fix, here)
        stage.state = state.changed(
            phase=Phase.MOVING,
            last_ms=fix.at_ms or stage.now_ms,
            latest=fix,
            place=here,
            anchor=anchor,
            suspect=None,
            length_m=state.length_m + moved_m,
            fixes=state.fixes + 1,
        )
        self._publish_position(stage, fix)
        if state.phase is not Phase.MOVING:
            stage.after(self.settings.lost_after_s, "signal_lost")
            self._publish_status(stage)

    def _moved(self, state: TripState, fix: Fix, here: Place) -> tuple[Place, float]:
        """The new anchor, and the metres from the old one. A place reached by a jump is a new beginning: nobody knows the way there."""
        if state.anchor is None or state.place is None or not self._in_reach(state.place, here):
            return here, 0.0
        moved_m = distance_m(state.anchor, here)
        noise_m = self.settings.min_move_m * max(1.0, fix.hdop or 1.0)
        return (here, moved_m) if moved_m >= noise_m else (state.anchor, 0.0)

    def _publish_position(self, stage: Stage[TripState], fix: Fix) -> None:
        state = stage.state
        place = {name: value for name, value in fix.__dict__.items() if value is not None}
        told = {"at_ms": state.last_ms, "trip": state.trip, "fixes": state.fixes, "length_m": round(state.length_m, 1)}
        self.settings.publish(stage, {**place, **told}, under="/position")

    def _publish_status(self, stage: Stage[TripState]) -> None:
        self.settings.publish(stage, _summary(stage.state), under="/status")


def _summary(state: TripState) -> dict[str, Any]:
    names = ("phase", "trip", "started_ms", "last_ms", "fixes", "repeated", "jumps", "losses")
    return {**{name: getattr(state, name) for name in names}, "length_m": round(state.length_m, 1)}


def _repeats(here: Place, last: Place) -> bool:
    """Whether a fix is the last one again, or an older one that comes late. Without times nobody can tell."""
    return bool(here.at_ms and last.at_ms) and last.at_ms - CORRECTED_MS <= here.at_ms <= last.at_ms
