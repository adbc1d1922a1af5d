"""A twin: what one device last said of itself, and whether it is still heard.

Source: values with unit and time as in SenML (RFC 8428); quality as in OPC UA part 8 (good, uncertain, bad).
"""

from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat
from typing_extensions import TypedDict

from gateway.actors import Actor, Stage, State, verb
from gateway.actors.vocabulary import Report
from gateway.business.publishing import Publishing

MOST_VALUES = 256
"""How many values one twin holds. A device that makes up names would let it grow without end."""

AHEAD_MS = 300_000
"""A stored time that lies further than this ahead of the gateway's is not believed: the device's clock has been corrected since."""


class Value(TypedDict):
    """One reported value."""

    value: Any  # a Scalar; Report has checked it, and a union would be tried member by member at each report of the hot path
    unit: str
    at_ms: int
    """Wall time of the reading, milliseconds since 1970: the device's, or the gateway's where the device has none."""
    quality: str
    """A `Quality`, by its word."""


class TwinState(State):
    """What a twin remembers."""

    online: bool = False
    last_seen_ms: int = 0
    """Wall time of the last report, milliseconds since 1970."""
    heard_ms: int = 0
    """The same on the gateway's clock, which never jumps."""
    watched: bool = False
    """Whether a timer is under way that will notice silence."""
    count: int = 0
    """Reports in this twin's life."""
    older: int = 0
    """Values that came after newer ones of the same name, and changed nothing."""
    beyond: int = 0
    """Values that found the twin full."""
    values: dict[str, Value] = {}


class TwinSettings(Publishing):
    """Section `[actors.twin]`."""

    topic: str = Field(default="gateway/twin/{key}", max_length=512)
    publish_on: Literal["every", "change"] = "every"
    """Publish at every report, or only when a value, unit, quality or the presence of the device changes."""
    silent_after_s: NonNegativeFloat = 60.0
    """Seconds without a report after which the device counts as silent; 0: never."""
    silent_after_s_of: dict[str, NonNegativeFloat] = {}
    """The same for some keys by pattern, the first that fits: {"door*" = 0}."""

    def silent_after(self, key: str) -> float:
        """Seconds of silence that one twin bears; 0: any."""
        return next((limit_s for pattern, limit_s in self.silent_after_s_of.items() if fnmatchcase(key, pattern)), self.silent_after_s)


class Twin(Actor[TwinState]):
    """Knows what a device last reported, and notices when it falls silent, awake or not."""

    settings_model = TwinSettings
    settings: TwinSettings

    @verb
    def report(self, report: Report, stage: Stage[TwinState]) -> None:
        """Take what the device says of itself; publish how it stands now."""
        before = stage.state
        values, older, beyond = _merged(before.values, report, stage.now_ms)
        stage.state = before.changed(
            online=True,
            last_seen_ms=stage.now_ms,
            heard_ms=stage.clock_ms,
            watched=before.watched or self._watch(stage),
            count=before.count + 1,
            older=before.older + older,
            beyond=before.beyond + beyond,
            values=values,
        )
        if self.settings.publish_on == "every" or not before.online or _differ(before.values, values):
            self._publish(stage)

    @verb
    def silent(self, stage: Stage[TwinState]) -> None:
        """Look whether the device is still heard (the twin's own timer); publish when it is not."""
        limit_s = self.settings.silent_after(stage.key)
        left_s = limit_s - (stage.clock_ms - stage.state.heard_ms) / 1000
        if not limit_s or not stage.state.online:
            stage.state = stage.state.changed(watched=False)
        elif left_s > 0:
            stage.after(left_s, "silent")
        else:
            stage.state = stage.state.changed(online=False, watched=False)
            self._publish(stage)

    @verb
    def read(self, stage: Stage[TwinState]) -> None:
        """Answer with everything the twin knows."""
        stage.reply(stage.state)

    @verb
    def forget(self, stage: Stage[TwinState]) -> None:
        """End the twin, and remove what it published; the device's next report begins a new one."""
        self.settings.clear(stage)
        stage.reply(stage.state)
        stage.stop()

    def _watch(self, stage: Stage[TwinState]) -> bool:
        """Set the timer that notices silence. Reports do not move it: it looks when it fires, so a report writes no timer."""
        limit_s = self.settings.silent_after(stage.key)
        if limit_s:
            stage.after(limit_s, "silent")
        return limit_s > 0

    def _publish(self, stage: Stage[TwinState]) -> None:
        state = stage.state
        self.settings.publish(
            stage, {"online": state.online, "last_seen_ms": state.last_seen_ms, "count": state.count, "values": state.values}
        )


def _merged(known: dict[str, Value], report: Report, now_ms: int) -> tuple[dict[str, Value], int, int]:
    """The values after a report, and how many of it were older than the known ones, and beyond the limit."""
    values, older, beyond = dict(known), 0, 0
    at_ms, quality, units = report.at_ms or now_ms, report.quality.value, report.units
    for name, value in report.values.items():
        old = known.get(name)
        if old is None and len(values) >= MOST_VALUES:
            beyond += 1
        elif old is not None and at_ms < old["at_ms"] <= now_ms + AHEAD_MS:
            older += 1
        else:
            unit = units.get(name, "" if old is None else old["unit"])
            values[name] = {"value": value, "unit": unit, "at_ms": at_ms, "quality": quality}
    return values, older, beyond


def _differ(before: dict[str, Value], after: dict[str, Value]) -> bool:
    """Whether more than times differ."""
    return before.keys() != after.keys() or any(_shown(before[name]) != _shown(after[name]) for name in after)


def _shown(value: Value) -> tuple[object, ...]:
    return type(value["value"]), value["value"], value["unit"], value["quality"]  # the type, for True == 1 == 1.0
