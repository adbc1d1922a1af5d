"""The statistics actor: tells the gateway's own figures as messages, so that who watches a broker sees how the gateway is.

    [statistics.local]
    every_s = 30
    publish_to = "mqtt/main"        # JSON, retained, under PREFIX/statistics/local
    report_to = "twin/gateway"      # the plain figures, as a device would report them

What it publishes waits for the broker once: while one is under way, the next is left out, so a broker that is away for a week
gets the newest figures soon after it is back, and not ten thousand old ones.
"""

import json
import math
import time
from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from gateway.actors import GatewayError, Health, HostBound, Inbound, Reply, Settings, Start
from gateway.actors.ids import key_of
from gateway.actors.points.point import Point, ValueType
from gateway.actors.points.shown import ShownDevice
from gateway.actors.templates import check_topic, filled
from gateway.actors.vocabulary import PREFIX, Publish, Report, Scalar

_DAY_S = 86_400.0
_FIRST_S = 1.0
_TEXT_AT_MOST = 255
"""Characters that Home Assistant takes for a state."""
_UNITS = {"uptime_s": "s", "memory_bytes": "B", "store_bytes": "B", "turns_a_second": "1/s", "commits_a_second": "1/s"}


def _figure(name: str, *path: str, unit: str = "", device_class: str = "") -> Point:
    """The point of one figure that is published."""
    point = Point(name=name, type=ValueType.NUMBER, path=path or (name,), diagnostic=True)
    return point.changed(unit=unit, device_class=device_class, state_class="measurement")


_POINTS = (
    Point(name="problem", type=ValueType.BOOLEAN, device_class="problem", path=("problem",), diagnostic=True),
    Point(name="last_exit", type=ValueType.TEXT, path=("last_exit",), diagnostic=True),
    _figure("written_bytes_a_day", unit="B", device_class="data_size"),
    _figure("thinned"),
    _figure("store_bytes", unit="B", device_class="data_size"),
    _figure("memory_bytes", unit="B", device_class="data_size"),
    _figure("uptime_s", unit="s", device_class="duration"),
    _figure("messages_that_wait", "totals", "waiting"),
    _figure("dead_letters", "totals", "dead_letters"),
)


class StatisticsSettings(Settings):
    """Section `[statistics.KEY]`."""

    every_s: float = Field(default=30.0, ge=1, le=86_400)
    """Seconds between two tellings; a twin that hears of nothing for 60 counts as silent."""
    look_every_s: float = Field(default=0.0, ge=0, le=86_400)
    """Seconds between two looks whether a device has come or gone, or there is a new problem: then they are told at once; 0: no looks."""
    publish_to: str = ""
    """Actor id that gets `publish` with all figures as JSON; "": nobody."""
    topic: str = Field(default="{prefix}/statistics/{key}", min_length=1, max_length=512)
    """Where they are published, retained. {key} is the name of the section, {prefix} that of the connection."""
    report_to: str = ""
    """Actor id, a twin's, that gets `report` with the plain figures; "": nobody."""

    @field_validator("topic")
    @classmethod
    def _is_topic(cls, topic: str) -> str:
        return check_topic(topic, ("key",), before=PREFIX)

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if not (self.publish_to or self.report_to):
            raise ValueError("nobody would hear of them; set publish_to, report_to or both")
        return self

    def shown_devices(self, me: str) -> list[ShownDevice]:
        """The gateway itself, where its figures are published."""
        if not self.publish_to:
            return []
        topic = filled(self.topic, {"key": key_of(me)})
        return [ShownDevice(id=me, topic=topic, by=self.publish_to, points=_POINTS, model="gateway", is_host=True)]

    def addresses(self) -> list[tuple[str, str, str]]:
        targets = [("publish_to", self.publish_to, "publish"), ("report_to", self.report_to, "report")]
        return [target for target in targets if target[1]]


class Statistics(HostBound):
    """Looks into the engine every so often, and tells what it saw."""

    settings_model = StatisticsSettings

    def __init__(self, key: str, settings: StatisticsSettings) -> None:
        self.settings = settings
        self._topic = filled(settings.topic, {"key": key})
        self._due_s = self._look_s = 0.0
        self._seen: Any = None
        """What was so when they were told last, of that whose change is told at once."""
        self._publishing = False
        """Whether the last publish has not got out yet."""

    def started(self, start: Start) -> None:
        """Begin with a first report, once the others have had time to start."""
        self._due_s = self._look_s = time.monotonic() + _FIRST_S
        self.host.report(Health.OK, f"every {self.settings.every_s:g} s")

    def wait(self) -> None:
        """Block until the next report, or look, is due."""
        self.host.wait(max(0.0, min(self._due_s, self._look_s) - time.monotonic()))

    def tick(self) -> None:
        """Tell the figures, when it is time."""
        now_s = time.monotonic()
        if now_s < min(self._due_s, self._look_s) or self.host.quiet:
            return
        is_due, self._look_s = now_s >= self._due_s, now_s + (self.settings.look_every_s or math.inf)
        if is_due:
            self._due_s = now_s + self.settings.every_s
        try:
            view = self.host.inspect()
            seen = (view["healthy"], [(one["id"], one["health"]) for one in view["host_bound"]])
            if not is_due and (self._publishing or seen == self._seen):
                return
            self._publish(view)
            self._report(view)
            self._seen = seen
        except (GatewayError, TimeoutError) as error:  # no room now, or no time: the next telling says more
            self.host.count("left_out")
            self.host.report(Health.OK, f"every {self.settings.every_s:g} s; the last was left out: {error}", quietly=True)

    def _publish(self, view: dict[str, Any]) -> None:
        if not self.settings.publish_to:
            return
        if self._publishing:
            self.host.count("left_out")
            return
        body = json.dumps(as_published(view), separators=(",", ":"), ensure_ascii=False)
        self._publishing = True
        try:
            publish = Publish(topic=self._topic, body=body, retain=True)
            self.host.ask(self.settings.publish_to, "publish", publish, on_reply=self._published)
        except GatewayError:
            self._publishing = False
            raise

    def _published(self, reply: Reply) -> None:
        """Note that a publish was made, or given up. On a thread of the runtime."""
        self._publishing = False
        self.host.count("published" if reply.ok else "not_published")

    def _report(self, view: dict[str, Any]) -> None:
        if self.settings.report_to:
            figures = as_reported(view)
            report = Report(values={**figures}, units={name: unit for name, unit in _UNITS.items() if name in figures})
            for refusal in self.host.send_all([Inbound(self.settings.report_to, "report", report)]):
                raise refusal.error
            self.host.count("reported")


def as_published(view: dict[str, Any]) -> dict[str, Any]:
    """The figures as a broker's users see them: health, totals, mailboxes, kinds."""
    hosts = [{name: one[name] for name in ("id", "health", "detail", "waiting", "restarts")} for one in view["host_bound"]]
    figures = {
        name: view[name] for name in ("name", "simulated", "healthy", "problems", "uptime_s", "life", "memory_bytes", "totals", "kinds")
    }
    return {
        **figures,
        "problem": not view["healthy"],
        "last_exit": view["last_exit"]["said"][:_TEXT_AT_MOST],
        "written_bytes_a_day": round(view["written_bytes"] * _DAY_S / max(view["uptime_s"], _DAY_S / 24)),  # the first hour is no measure
        "thinned": view["budget"]["thinned"],
        "store_bytes": view["store"]["bytes"],
        "host_bound": hosts,
        "connected": {one["id"]: one["health"] == Health.OK.value for one in hosts},
        "at_ms": time.time_ns() // 1_000_000,
    }


def as_reported(view: dict[str, Any]) -> dict[str, Scalar]:
    """The plain figures, by name: a number or a truth value each."""
    totals = {name: value for name, value in view["totals"].items() if isinstance(value, (int, float))}
    largest = view["totals"]["largest_mailbox"]["waiting"]
    plain = {name: view[name] for name in ("healthy", "uptime_s", "memory_bytes")}
    return {**plain, "store_bytes": view["store"]["bytes"], **totals, "largest_mailbox": largest}
