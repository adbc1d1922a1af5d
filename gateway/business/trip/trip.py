"""A trip: where something is, how far it has come and which way, from its first fix to its last.

There are two kinds. A vehicle's trip begins with the first `position` that comes for it, from a GPS on a serial line or from the
OwnTracks app, and after its end the next fix begins another. A shared trip is begun, best by asking `trips/home` for a new one
(see `house.py`): it has a name that followers know, and a token that only its tracker knows, without which nobody moves or ends it.

    gateway ask trips/home new title="On my way home"                        # slug, token, where to follow
    gateway ask trip/brave-otter update token=… latitude_deg=52.5 longitude_deg=13.4 accuracy_m=8
    gateway ask trip/brave-otter read                                        # what followers see, now
    gateway ask trip/brave-otter stop token=…
    gateway ask trip/brave-otter gpx --field text > brave-otter.gpx  # or geojson
"""

import logging

from gateway.actors import Actor, By, Stage, verb
from gateway.actors.guards import refuse
from gateway.actors.ids import kind_of
from gateway.actors.machine import Machine
from gateway.actors.stamps import Stamp
from gateway.actors.supervision import Decision, Fault
from gateway.actors.verbs import Else
from gateway.actors.vocabulary import Fix
from gateway.business.earth import Place
from gateway.business.trip.exports import GEOJSON_TYPE, GPX_TYPE, fewer, to_geojson, to_gpx
from gateway.business.trip.following import NOWHERE, agrees, heard, in_reach, is_nowhere, lost_after_s, moved, noise_m, repeats
from gateway.business.trip.late import corrected, is_dated, put_in_place
from gateway.business.trip.line import PathPoint, in_order, joined, read_line
from gateway.business.trip.payloads import BeginTrip, Export, Format, Gone, OwnTracks, TripEnding, Update, Wanted
from gateway.business.trip.settings import TripSettings
from gateway.business.trip.state import EndedBy, TripPhase, TripState, shown, summary
from gateway.business.trip.token import digest_of, fits, new_token
from gateway.business.trip.way import Way, begun_anew, extended, part_of

log = logging.getLogger(__name__)


class Trip(Actor[TripState]):
    """Follows one vehicle or one person: where they are, how far they came; it notices a lost signal, in memory or not."""

    settings_model = TripSettings
    brings = ("path",)
    settings: TripSettings
    machine = Machine(
        initial=TripPhase.WAITING,
        unless=Else.IGNORE,
        entry={TripPhase.MOVING: "_moves", TripPhase.LOST: "_is_lost", TripPhase.STOPPED: "_has_ended"},
        exit={TripPhase.WAITING: "_is_heard", TripPhase.LOST: "_is_heard", TripPhase.MOVING: "_rests"},
    )

    def failed(self, fault: Fault, state: TripState) -> Decision:
        """Skip a fix that cannot be taken: the trip goes on with the next."""
        return Decision.SKIP

    def child_failed(self, fault: Fault, stage: Stage[TripState]) -> Decision:
        """Begin a part of the path anew that failed for good: the trip goes on."""
        return Decision.RESET

    # --- what moves it

    @verb(begins=True)
    def begin(self, begin: BeginTrip, stage: Stage[TripState]) -> None:
        """Begin a shared trip, and answer with its token, once. Refused where there is a trip of this name."""
        if stage.born:
            refuse(stage, f"there is a trip {stage.key} already")
            return
        token = new_token(stage.random)
        stage.state = TripState(
            trip=1,
            since_clock_ms=stage.clock_ms,
            title=begin.title,
            token_digest=digest_of(token),
            listed_in=stage.message.sender if kind_of(stage.message.sender or "/") == "trips" else "",
            grace_s=begin.grace_s or self.settings.grace_s,
            started_ms=stage.now_ms,
        )
        stage.after(self._patience_s(stage.state), "grace_over")
        self._publish_status(stage)
        stage.reply({"slug": stage.key, "token": token, "topic": self.settings.topic_of(stage.me)})

    @verb(to={TripPhase.MOVING})
    def update(self, update: Update, stage: Stage[TripState]) -> None:
        """Take a fix from the holder of the token."""
        if self._may(stage, update.token):
            self._take(update.fix(), stage)

    def apart_s(self, verb: str, key: str) -> float:
        """Fixes may come so seldom that there are three before the signal would count as lost."""
        del key
        return self.settings.lost_after_s / 3 if verb == "position" else 0.0

    @verb(begins=True, to={TripPhase.MOVING})
    def position(self, fix: Fix, stage: Stage[TripState]) -> None:
        """Take a GPS fix of a vehicle; publish where it is now. The first one begins the trip."""
        if self._may(stage, ""):
            self._take(fix, stage)

    @verb(begins=True, to={TripPhase.MOVING})
    def owntracks(self, said: OwnTracks, stage: Stage[TripState]) -> None:
        """Take what the OwnTracks app says: its locations are fixes, the rest is ignored."""
        fix = said.fix()
        if fix is None and not said.fault:
            if not stage.born:
                stage.stop()  # what names no place begins no trip
        elif self._may(stage, said.token):
            if fix is None:
                self._note_fault(said.fault, stage)
            else:
                self._take(fix, stage, phone=True)

    @verb(to={TripPhase.STOPPED})
    def stop(self, ending: TripEnding, stage: Stage[TripState]) -> None:
        """End the trip and publish its summary; a vehicle's next fix begins another. Of a shared trip, by its token."""
        if not self._may(stage, ending.token, ended=True):
            return
        if stage.state.phase is not TripPhase.STOPPED:
            stage.enter(TripPhase.STOPPED)
        stage.reply(shown(stage.state))

    # --- what it tells

    @verb
    def read(self, stage: Stage[TripState]) -> None:
        """Answer with everything that anybody may know of the trip."""
        stage.reply(shown(stage.state))

    @verb(by=By.ACTORS)
    def introduce(self, stage: Stage[TripState]) -> None:
        """Tell whoever shows devices what there is to see of this trip, and publish it again; sent at each start where somebody does."""
        state = stage.state
        if stage.born:
            self._publish_status(stage)
        if state.latest is not None:
            self._publish_position(stage, state.latest)

    @verb
    def gpx(self, wanted: Wanted, stage: Stage[TripState]) -> None:
        """Answer with the path as GPX 1.1: {"type", "name", "text"}; `gateway ask trip/van gpx --field text > van.gpx`."""
        self._export(Format.GPX, wanted, stage)

    @verb
    def geojson(self, wanted: Wanted, stage: Stage[TripState]) -> None:
        """Answer with the path as GeoJSON: {"type", "name", "text"}; write it to a file as with gpx."""
        self._export(Format.GEOJSON, wanted, stage)

    @verb(by=By.ITSELF)
    def write_out(self, export: Export, stage: Stage[TripState]) -> None:
        """Answer with an export that has visited all parts of the path (the last stop of its route)."""
        points = in_order([_timed(point, stage) for point in read_line(joined(export.points, export.tail))])
        if export.most_points:
            points = fewer(points, export.most_points)
        if export.format is Format.GPX:
            text, media, ending = to_gpx(stage.key, stage.state, points), GPX_TYPE, "gpx"
        else:
            text, media, ending = to_geojson(stage.key, stage.state, points), GEOJSON_TYPE, "geojson"
        stage.reply({"type": media, "name": f"{stage.key}.{ending}", "text": text})

    # --- its own timers

    @verb(when={TripPhase.MOVING}, to={TripPhase.LOST}, by=By.ITSELF)
    def signal_lost(self, stage: Stage[TripState]) -> None:
        """Look whether fixes still come (the trip's own timer); publish the loss when they do not."""
        heard_ms = stage.state.place.clock_ms if stage.state.place is not None else 0
        left_s = self._lost_after_s(stage.state) - (stage.clock_ms - max(heard_ms, stage.listening_since_ms)) / 1000
        if left_s > 0:
            stage.after(left_s, "signal_lost")
        else:
            stage.enter(TripPhase.LOST)

    @verb(when={TripPhase.WAITING, TripPhase.LOST}, to={TripPhase.STOPPED}, by=By.ITSELF)
    def grace_over(self, stage: Stage[TripState]) -> None:
        """End a shared trip whose tracker did not come back (the trip's own timer). After a restart it has time to be heard again."""
        state = stage.state
        if not state.shared:
            return
        left_s = self._patience_s(state) - stage.since_s(state.since_clock_ms)
        left_s = max(left_s, self._lost_after_s(state) - (stage.clock_ms - stage.listening_since_ms) / 1000)
        if left_s > 0:
            stage.after(left_s, "grace_over")
        else:
            stage.enter(TripPhase.STOPPED)

    @verb(when={TripPhase.STOPPED}, by=By.ITSELF)
    def forget(self, stage: Stage[TripState]) -> None:
        """Forget a shared trip that ended long ago (the trip's own timer): its state, its path, what the broker kept, its name."""
        state, settings = stage.state, self.settings
        over_s = stage.since_s(state.since_clock_ms)
        if not state.shared or not 0 < settings.kept_s <= over_s:
            return
        settings.clear(stage, under="/position")
        settings.clear(stage, under="/status")
        if state.listed_in:
            stage.tell(state.listed_in, "gone", Gone(slug=stage.key))
        stage.stop()

    # --- what comes with each phase

    def _moves(self, stage: Stage[TripState]) -> None:
        stage.after(self._lost_after_s(stage.state), "signal_lost")
        self._publish_status(stage)

    def _rests(self, stage: Stage[TripState]) -> None:
        stage.cancel("signal_lost")

    def _is_lost(self, stage: Stage[TripState]) -> None:
        state = stage.state
        way = state.way.changed(broken=True)
        stage.state = state.changed(since_clock_ms=stage.clock_ms, losses=state.losses + 1, way=way)
        if state.shared:
            stage.after(state.grace_s, "grace_over")
        self._publish_status(stage)

    def _is_heard(self, stage: Stage[TripState]) -> None:
        if stage.state.shared:
            stage.cancel("grace_over")

    def _has_ended(self, stage: Stage[TripState]) -> None:
        by = EndedBy.SILENCE if stage.message.verb == "grace_over" else EndedBy.TRACKER
        stage.state = stage.state.stamped(stage.stamp(), "ended_ms", since_clock_ms=stage.clock_ms, ended_by=by, suspect=None)
        if stage.state.shared and self.settings.kept_s:
            stage.after(self.settings.kept_s, "forget")
        self._publish_status(stage)

    # --- how

    def _may(self, stage: Stage[TripState], token: str, *, ended: bool = False) -> bool:
        """Whether a token lets a fix or an end be taken; where it does not, whoever sent it is refused. `ended`: a trip that has ended
        takes it, too.

        Where nobody asked nothing is said: fixes that come once a second for a trip that is over would push what matters out of the
        dead letters.
        """
        state = stage.state
        if not (token or state.shared):
            return True
        why = "" if fits(token, state.token_digest) else "wrong token"
        if not why and state.phase is TripPhase.STOPPED and not ended:
            why = "it has ended"
        if why:
            stage.refuse(f"cannot {stage.message.verb} trip {stage.key}: {why}")
        return not why

    def _note_fault(self, fault: str, stage: Stage[TripState]) -> None:
        """Remember why nothing that the tracker says can be used, or that it can be used again; say so once."""
        if fault == stage.state.fault:
            return
        if fault:
            log.warning("%s cannot be followed: %s", stage.me, fault)
        stage.state = stage.state.changed(fault=fault)
        self._publish_status(stage)

    def _take(self, fix: Fix, stage: Stage[TripState], *, phone: bool = False) -> None:
        """Take a fix, whether it is believed or not."""
        if is_nowhere(fix):
            self._take_nowhere(stage)
            return
        self._note_fault("", stage)
        state = stage.state
        here = Place(
            latitude_deg=fix.latitude_deg,
            longitude_deg=fix.longitude_deg,
            at_ms=fix.at_ms,
            clock_ms=stage.clock_ms,
            accuracy_m=fix.accuracy_m or 0.0,
        )
        anew, known = True, []
        if state.place is not None and repeats(here, state.place):
            known = state.way.known(self._latest(state))
            anew, state = corrected(state, here, known, stage)
        if not anew:
            stage.state = put_in_place(state, _point(fix, fix.at_ms), known, self.settings, stage)
        elif state.phase in (TripPhase.WAITING, TripPhase.STOPPED):
            self._follow(stage, self._first(state, fix, stage), fix, here, phone=phone)
        elif state.place is None or in_reach(state.place, here, self.settings):
            self._follow(stage, state, fix, here, phone=phone)
        elif agrees(state, here, self.settings):  # a place reached by a jump is a new beginning: nobody knows the way there
            self._follow(stage, state.changed(anchor=None, way=state.way.changed(broken=True)), fix, here, phone=phone)
        else:
            stage.state = state.changed(fixes=state.fixes + 1, jumps=state.jumps + 1, suspect=here)
        if stage.message.reply_to:
            stage.reply(summary(stage.state))

    def _take_nowhere(self, stage: Stage[TripState]) -> None:
        """Take a fix that names no place: within a trip it is a jump, and where the vehicle is not followed it is said what is wrong."""
        if stage.state.phase is not TripPhase.MOVING:
            self._note_fault(NOWHERE, stage)
        if stage.state.phase in (TripPhase.MOVING, TripPhase.LOST):
            stage.state = stage.state.changed(fixes=stage.state.fixes + 1, jumps=stage.state.jumps + 1)
        if stage.message.reply_to:
            stage.reply(summary(stage.state))

    def _patience_s(self, state: TripState) -> float:
        """How long a shared trip waits for its tracker: as long again as the signal takes to be lost, before the first fix."""
        return state.grace_s + (self.settings.lost_after_s if state.phase is TripPhase.WAITING else 0.0)

    def _lost_after_s(self, state: TripState) -> float:
        return lost_after_s(state.way, self.settings)

    def _first(self, state: TripState, fix: Fix, stage: Stage[TripState]) -> TripState:
        """The state before a trip's first fix; for a vehicle, that begins a new trip."""
        earlier_ms = state.place.at_ms if state.place is not None else 0
        if not state.shared:
            state = TripState(trip=state.trip + 1, way=begun_anew(stage, state.way, earlier_ms=earlier_ms))
        return state.stamped(_said(fix, stage), "started_ms")

    def _follow(self, stage: Stage[TripState], state: TripState, fix: Fix, here: Place, *, phone: bool) -> None:
        """Take a believed fix as the place where the vehicle is."""
        anchor, moved_m = moved(state, here, fix, self.settings)
        said = _said(fix, stage)
        way = heard(state.way, state.place, here, phone=phone)
        stage.state = state.stamped(
            said,
            "last_ms",
            latest=fix,
            place=here,
            anchor=anchor,
            suspect=None,
            length_m=state.length_m + moved_m,
            fixes=state.fixes + 1,
            way=self._extended(stage, way, fix, said.packed()),
        )
        self._publish_position(stage, fix)
        if state.phase is not TripPhase.MOVING:
            stage.enter(TripPhase.MOVING)

    def _extended(self, stage: Stage[TripState], way: Way, fix: Fix, at_ms: int) -> Way:
        tolerance_m = self.settings.path_tolerance_m
        if not tolerance_m:
            return way
        return extended(stage, way, _point(fix, at_ms), tolerance_m=max(tolerance_m, noise_m(fix, self.settings)))

    def _export(self, format: Format, wanted: Wanted, stage: Stage[TripState]) -> None:
        """Send an export through the parts of the path, and have it come back to be written."""
        if not stage.message.reply_to:
            return
        state, way = stage.state, stage.state.way
        latest = None if state.latest is None else self._latest(state)
        export = Export(format=format, most_points=wanted.most_points, part=way.part, part_points=way.part_points, tail=way.tail(latest))
        stops = [*((part_of(stage, number), "collect") for number in way.parts), (stage.me, "write_out")]
        route = stage.route(stops).changed(of=stage.message.id)
        stage.send_along(route, export, reply_to=stage.message.reply_to, expires_ms=stage.message.expires_ms)

    def _latest(self, state: TripState) -> PathPoint:
        """Where the trip is now, as a point of the path."""
        unsynced_ms = state.unsynced.get("last_ms", 0)
        return _point(state.latest or Fix(latitude_deg=0, longitude_deg=0), -unsynced_ms or state.last_ms)

    def _publish_position(self, stage: Stage[TripState], fix: Fix) -> None:
        state = stage.state
        place = {name: value for name, value in fix.__dict__.items() if value is not None}
        told = {"at_ms": state.last_ms, "trip": state.trip, "fixes": state.fixes, "length_m": round(state.length_m, 1)}
        self.settings.publish(stage, {**place, **told}, under="/position")

    def _publish_status(self, stage: Stage[TripState]) -> None:
        self.settings.publish(stage, summary(stage.state), under="/status")
        if self.points.shown is not None:
            self._introduce(stage)

    def _introduce(self, stage: Stage[TripState]) -> None:
        """Show the trip to whoever shows devices, once it has been somewhere."""
        from gateway.business.introducing import introduce  # noqa: PLC0415  # for gateways where somebody does
        from gateway.business.trip.showing import device_of_trip  # noqa: PLC0415  # as above

        if stage.state.place is not None and self.settings.publish_to:
            introduce(stage, self.points, device_of_trip(stage.me, self.settings))


def _said(fix: Fix, stage: Stage[TripState]) -> Stamp:
    """The time of a fix: by its receiver, or, where that gave none, or one that cannot be, by the gateway."""
    return stage.stamp()._replace(wall_ms=fix.at_ms, synced=True) if is_dated(fix.at_ms, stage) else stage.stamp()


def _timed(point: PathPoint, stage: Stage[TripState]) -> PathPoint:
    """A point with its wall time, where that is known."""
    return point if point.at_ms >= 0 else point._replace(at_ms=stage.unpacked(point.at_ms).wall_ms)


def _point(fix: Fix, at_ms: int) -> PathPoint:
    """Make a point of the path from a fix."""
    return PathPoint(
        latitude_deg=fix.latitude_deg,
        longitude_deg=fix.longitude_deg,
        at_ms=at_ms,
        accuracy_m=fix.accuracy_m,
        altitude_m=fix.altitude_m,
    )
