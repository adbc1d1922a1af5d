"""A twin: what one device last said of itself, and whether it is still heard.

Of what devices without a clock say, what came last is newest; times are compared only where a device gave both, see `pace.py`.
Silence is judged over time in which the gateway listened: after a restart each device has its whole time to be heard again.

Source: values with unit and time as in SenML (RFC 8428); quality as in OPC UA part 8 (good, uncertain, bad).
"""

import json
import logging
import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, NonNegativeFloat

from gateway.actors import Actor, Answer, By, Stage, verb
from gateway.actors.points import Point, seen_point
from gateway.actors.stamps import Stamp, noted
from gateway.actors.vocabulary import Report
from gateway.business.desiring import Desire, Desired, ask_for, outcome_of, settable, told_of
from gateway.business.history.payloads import HistoryAsked
from gateway.business.history.recent import history_of, recorded, search
from gateway.business.pace import ClockPace, Laggard, pace_of
from gateway.business.publishing import Publishing
from gateway.business.twin_state import PLAIN_TIMING, Presence, Timing, TwinState
from gateway.business.values import MISSING, Value, first_value, fit, stale

log = logging.getLogger(__name__)

MOST_VALUES = 256
"""How many values one twin holds. A device that makes up names would let it grow without end."""

AHEAD_MS = 300_000
"""A stored time that lies further than this ahead of the trusted wall time is not believed: the device's clock has been corrected since."""


def _is_pattern(pattern: str) -> str:
    if "/" in pattern:
        of_keys = f"; write {json.dumps(pattern.removeprefix('twin/'))}" if pattern.startswith("twin/") else ""
        raise ValueError(f"{pattern!r} fits no twin: it stands for keys, which are what follows twin/{of_keys}")
    return pattern


class TwinSettings(Publishing):
    """Section `[actors.twin]`."""

    topic: str = Field(default="{prefix}/twin/{key}", max_length=512)
    publish_on: Literal["every", "change"] = "every"
    """Publish at every report, or only when a value, unit, quality or the presence of the device changes."""
    most: int = Field(default=10_000, ge=0, le=1_000_000_000)
    """How many twins there may be: a device that makes up ids would fill the disk. What would begin one more is refused; 0: any number."""
    history: bool = True
    """Keep what the numbers and booleans were; for how long, and in how many bytes, `[actors.archive]` says."""
    silent_after_s: NonNegativeFloat = 60.0
    """Seconds without a report after which the device counts as silent; 0: never."""
    silent_after_s_of: dict[Annotated[str, AfterValidator(_is_pattern)], NonNegativeFloat] = {}
    """The same for some keys by pattern, the first that fits: {"door*" = 0}."""

    def ids_named(self) -> list[tuple[str, str]]:
        """The twins that have a time of silence of their own."""
        return [(f"silent_after_s_of.{pattern}", f"twin/{pattern}") for pattern in self.silent_after_s_of]

    def silent_after(self, key: str, *, on_change: bool = False) -> float:
        """The seconds of silence after which one twin counts its device as silent; 0: never. One that speaks `on_change` only is silent for
        as long as nothing changes, unless its key is named."""
        usual_s = 0.0 if on_change else self.silent_after_s
        return next((limit_s for pattern, limit_s in self.silent_after_s_of.items() if fnmatchcase(key, pattern)), usual_s)


class Twin(Actor[TwinState]):
    """Knows what a device last reported, and notices when the device falls silent, in memory or not."""

    settings_model = TwinSettings
    brings = ("history", "history_part", "archive")
    settings: TwinSettings

    @property
    def most(self) -> int:
        return self.settings.most

    def apart_s(self, verb: str, key: str) -> float:
        """Reports may come so seldom that the device is heard twice before it would count as silent."""
        return (self.settings.silent_after(key) or math.inf) / 2 if verb == "report" else 0.0

    @verb
    def report(self, report: Report, stage: Stage[TwinState]) -> None:
        """Take what the device says of itself; publish how it stands now."""
        before, timed, points = stage.state, report.at_ms > 0, self.points.of(stage.me)
        values, older, beyond, laggard = _merged(before, report, stage, points)
        held = fit(values, before.values, report, points) if points else 0
        stage.state = before.changed(
            online=True,
            presence=Presence.ONLINE,
            last_seen_ms=stage.now_ms,
            heard_ms=stage.clock_ms,
            watched=before.watched or self._watch(stage),
            count=before.count + 1,
            older=before.older + older,
            beyond=before.beyond + beyond,
            held=before.held + held,
            values=values,
            recent=recorded(before.recent or {}, report, values, before.values, stage) if self.settings.history else before.recent,
            timing=before.timing
            if _is_usual(before.timing, report, laggard, stage)
            else _timing(before, values, laggard, stage, timed=timed),
        )
        every = self.settings.publish_on == "every" and held < len(report.values)
        if every or not before.online or _differ(before.values, values):
            self._publish(stage)
        if self.points.shown is not None:
            self._introduce(stage, before.values)

    @verb
    def set(self, desire: Desire, stage: Stage[TwinState]) -> None:
        """Have a value of the device set by the actor that can; answer when that is done, or cannot be."""
        point = settable(desire, self.points.of(stage.me), stage.me)
        if isinstance(point, str):
            stage.refuse(point)
            return
        desired = ask_for(desire, point, stage)
        stage.begin()
        stage.state = stage.state.changed(desired={**(stage.state.desired or {}), desire.value: desired})
        self._publish(stage)

    @verb
    def set_done(self, answer: Answer, stage: Stage[TwinState]) -> None:
        """Note what became of a value that somebody set, and tell them; of one that was set again meanwhile only they are told."""
        state, (id, name) = stage.state, told_of(answer)
        outcome = outcome_of(answer)
        desired = (state.desired or {}).get(name)
        if desired is not None and desired["id"] == id:
            said: Desired = {**desired, "outcome": outcome, "at_ms": stage.now_ms, "reason": answer.reason}
            stage.state = state.changed(desired={**(state.desired or {}), name: said})
            self._publish(stage)
        if answer.ok:
            stage.reply({"value": name, "outcome": outcome})
        else:
            stage.refuse(f"{outcome}: {answer.reason}")

    @verb
    def expect(self, stage: Stage[TwinState]) -> None:
        """Note that somebody relies on this device: where it was never heard, say so after as long as it may be silent."""
        state = stage.state
        if not self._limit_s(stage):
            why = "silent_after_s is 0 for it" if not self.settings.silent_after(stage.key) else "it speaks only when something changes"
            log.warning("somebody relies on the silence of %s, but it may be silent for ever: %s", stage.me, why)
        if state.presence is Presence.UNKNOWN and not state.watched:
            stage.begin()
            stage.state = state.changed(watched=self._watch(stage))
        stage.reply(stage.state.model_dump(mode="json", exclude={"recent"}))

    @verb(by=By.ITSELF)
    def silent(self, stage: Stage[TwinState]) -> None:
        """Look whether the device is still heard (the twin's own timer); publish when it is not."""
        state = stage.state
        limit_s = self._limit_s(stage)
        left_s = limit_s - (stage.clock_ms - max(state.heard_ms, stage.listening_since_ms)) / 1000
        if not limit_s or state.presence not in (Presence.ONLINE, Presence.UNKNOWN):
            stage.state = state.changed(watched=False)
        elif left_s > 0:
            stage.after(left_s, "silent")
        else:
            presence = Presence.SILENT if state.online else Presence.NEVER_HEARD
            stage.state = state.changed(online=False, presence=presence, watched=False, values=stale(state.values))
            self._publish(stage)

    @verb
    def describe(self, stage: Stage[TwinState]) -> None:
        """Answer with what is known of each of its values whatever it reads: type, unit, class, range."""
        seen = {name: seen_point(name, value["value"]) for name, value in stage.state.values.items()}
        stage.reply({name: point.model_dump(mode="json") for name, point in {**seen, **self.points.of(stage.me)}.items()})

    @verb(by=By.ACTORS)
    def introduce(self, stage: Stage[TwinState]) -> None:
        """Tell whoever shows devices what there is to see of this one, and publish it again; sent at each start where somebody does."""
        if stage.born:
            self._introduce(stage, {})
            self._publish(stage)

    @verb
    def read(self, stage: Stage[TwinState]) -> None:
        """Answer with everything the twin knows."""
        stage.reply(stage.state.model_dump(mode="json", exclude={"recent"}))

    @verb
    def history(self, asked: HistoryAsked, stage: Stage[TwinState]) -> None:
        """Answer with what a value was, as rows of time, least, mean, greatest and count."""
        value = stage.state.values.get(asked.value)
        if value is None:
            stage.refuse(f"{stage.me} has no value {asked.value!r}; it has {', '.join(stage.state.values) or 'none yet'}")
            return
        question = search(asked, value["unit"], (stage.state.recent or {}).get(asked.value, ""), stage)
        stage.send_along(stage.route([(history_of(asked.value, stage), "find")]), question)

    @verb
    def forget(self, stage: Stage[TwinState]) -> None:
        """End the twin, and remove what it published; the device's next report begins a new one."""
        self.settings.clear(stage)
        stage.reply(stage.state.model_dump(mode="json", exclude={"recent"}))
        stage.stop()

    def _watch(self, stage: Stage[TwinState]) -> bool:
        """Set the timer that notices silence. Reports do not move it: it looks when it fires, so a report writes no timer."""
        limit_s = self.settings.silent_after(stage.key)
        if limit_s:
            stage.after(limit_s, "silent")
        return limit_s > 0

    def _limit_s(self, stage: Stage[TwinState]) -> float:
        """The seconds after which this twin counts its device as silent; 0: never."""
        values, points = stage.state.values, self.points.of(stage.me)
        on_change = bool(values) and all(name in points and points[name].on_change for name in values)
        return self.settings.silent_after(stage.key, on_change=on_change)

    def _introduce(self, stage: Stage[TwinState], before: Mapping[str, Value]) -> None:
        """Show the twin to whoever shows devices, where there is more to see than before."""
        from gateway.business.introducing import device_of_twin, introduce, is_news  # noqa: PLC0415  # for gateways where somebody does

        settings, values, points = self.settings, stage.state.values, self.points
        if settings.publish_to and is_news(before, values):
            topic, by = settings.topic_of(stage.me), settings.publish_to
            introduce(stage, points, device_of_twin(stage.me, values, points, topic=topic, by=by))

    def _publish(self, stage: Stage[TwinState]) -> None:
        state = stage.state
        told: dict[str, Any] = {"online": state.online, "last_seen_ms": state.last_seen_ms, "count": state.count, "values": state.values}
        if state.presence is Presence.NEVER_HEARD:
            told["presence"] = state.presence.value
        if state.desired:
            told["desired"] = state.desired
        if not state.synced:
            told["synced"] = False
        self.settings.publish(stage, told)


def _merged(
    state: TwinState, report: Report, stage: Stage[TwinState], points: Mapping[str, Point]
) -> tuple[dict[str, Value], int, int, Laggard | None]:
    """The values after a report; how many of its values were older than the known ones; how many were beyond the limit; and the laggard.

    The busiest function of this room: it makes nothing that it need not.
    """
    known, said_ms, older, beyond = state.values, report.at_ms, 0, 0
    values, late, laggard = dict(known), None, None
    at_ms, quality = said_ms or stage.now_ms, report.quality.value
    for name, value in report.values.items():
        old = known.get(name)
        if old is None:
            if value is None and name not in points:
                continue  # nobody knows a value of that name
            if len(values) >= MOST_VALUES:
                beyond += 1
                continue
            old = first_value(name, value, points.get(name))
        elif 0 < said_ms < old["at_ms"] and _is_timed(name, state):
            if late is None:
                late, laggard = _is_late(state, report, stage)
            if late:
                older += 1
                continue
        values[name] = {**old, "value": value, "at_ms": at_ms, "quality": quality if value is not None else MISSING}
    if report.units or report.qualities:
        _say(values, known, report)
    return values, older, beyond, laggard


def _say(values: dict[str, Value], known: Mapping[str, Value], report: Report) -> None:
    """Give the values that were taken from a report the units and qualities that it says of them."""
    for name in (report.units.keys() | report.qualities.keys()) & report.values.keys() & values.keys():
        if values[name] is not known.get(name):
            quality = report.qualities.get(name)
            said = {} if quality is None else {"quality": quality.value}
            values[name] = {**values[name], "unit": report.units.get(name, values[name]["unit"]), **said}  # type: ignore[typeddict-item]


def _is_timed(name: str, state: TwinState) -> bool:
    """Whether the time of a known value is the device's own."""
    return state.timing is None or name not in state.timing.untimed


def _is_late(state: TwinState, report: Report, stage: Stage[TwinState]) -> tuple[bool, Laggard | None]:
    """Whether a report with an older time than the known one comes late; and the report that the next such one is compared with.

    The known time may be wrong: it lies ahead of what is surely now, or the device's clock was set back since and goes on from there.
    """
    newest_ms = max(value["at_ms"] for name, value in state.values.items() if name in report.values and _is_timed(name, state))
    if stage.synced and newest_ms > stage.now_ms + AHEAD_MS:
        return False, None
    pace, laggard = pace_of((state.timing or PLAIN_TIMING).laggard, report.at_ms, stage.clock_ms)
    return pace is not ClockPace.KEPT, laggard


def _is_usual(timing: Timing | None, report: Report, laggard: Laggard | None, stage: Stage[TwinState]) -> bool:
    """Whether a report changes nothing of what the twin knows of times, which is so for nearly every report."""
    if laggard is not None or not stage.synced:
        return False
    if timing is None:
        return report.at_ms > 0
    same = not (report.at_ms or timing.unsynced or timing.seen_ms or timing.laggard)
    return same and all(name in timing.untimed for name in report.values)


def _timing(state: TwinState, values: dict[str, Value], laggard: Laggard | None, stage: Stage[TwinState], *, timed: bool) -> Timing | None:
    """What the twin knows of times after a report; mostly nothing, or the same as before."""
    before = state.timing or PLAIN_TIMING
    taken = tuple(name for name, value in values.items() if value is not state.values.get(name))
    kept = tuple(name for name in before.untimed if not timed or name not in taken)
    fresh = () if timed else tuple(name for name in taken if name not in kept)
    own = Stamp(0, 0) if timed else stage.stamp()  # a device's own time is not ours to mend
    timing = Timing(
        untimed=(*kept, *fresh),
        unsynced=noted(before.unsynced, own, taken),
        seen_ms=0 if stage.synced else stage.clock_ms,
        laggard=laggard,
    )
    return None if timing == PLAIN_TIMING else timing


def _differ(before: dict[str, Value], after: dict[str, Value]) -> bool:
    """Whether two states differ in more than times."""
    return before.keys() != after.keys() or any(_shown(before[name]) != _shown(after[name]) for name in after)


def _shown(value: Value) -> tuple[object, ...]:
    return type(value["value"]), value["value"], value["unit"], value.get("class"), value["quality"]  # the type, for True == 1 == 1.0
