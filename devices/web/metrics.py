"""Metrics: what the gateway counts, as Prometheus reads it, each with a line that says what it is.

    curl http://127.0.0.1:8080/metrics

What a device counts is a metric of its kind: `gateway_device_serial_bad_lines_total{id="serial/gps"}`.
Source: the Prometheus documentation, "Exposition formats" (text format 0.0.4), "Metric and label naming".
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from devices.web.problems import taken
from devices.web.routing import look

_MEDIA = "text/plain"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")


class MetricValue(NamedTuple):
    """One value, and the labels that tell it from others of its metric."""

    value: float
    labels: dict[str, str] = {}


class Metric(NamedTuple):
    """One metric: what people read of it, whether it only counts up, and its values."""

    name: str
    type: str
    """"counter" or "gauge"."""
    help: str
    samples: list[MetricValue]


_OF_WHOLE = (
    ("healthy", "gauge", "Whether the gateway is well: 1, or 0.", ("healthy",)),
    ("simulated", "gauge", "Whether the gateway and all its devices are simulated.", ("simulated",)),
    ("life", "gauge", "Which life of the gateway this is; each start begins another.", ("life",)),
    ("clean_start", "gauge", "Whether the life before this one ended well.", ("clean_start",)),
    ("uptime_seconds", "gauge", "Seconds since the start of the gateway.", ("uptime_s",)),
    ("memory_bytes", "gauge", "Resident memory of the gateway's process.", ("memory_bytes",)),
    ("written_bytes_total", "counter", "Bytes that the gateway's process has written to disk.", ("written_bytes",)),
    ("readings_left_out_total", "counter", "Readings that were left out for the budget of writing.", ("budget", "thinned")),
    ("store_bytes", "gauge", "Bytes that the store takes on its medium.", ("store", "bytes")),
    ("clock_trusted", "gauge", "Whether a time server or a clock chip has vouched for the wall clock.", ("clock", "trusted")),
    ("turns_total", "counter", "Messages that actors have handled.", ("totals", "turns")),
    ("turns_failed_total", "counter", "Turns that raised an error.", ("totals", "failed")),
    ("messages_expired_total", "counter", "Messages that were not acted on, for they came too late.", ("totals", "expired")),
    ("commits_total", "counter", "Commits to the store.", ("totals", "commits")),
    ("repeats_total", "counter", "Messages that had come before, and were not handled again.", ("totals", "duplicates")),
    ("passivations_total", "counter", "How often an idle actor has left memory.", ("totals", "passivated")),
    ("active_actors", "gauge", "Actors in memory.", ("totals", "active_actors")),
    ("stored_actors", "gauge", "Actors that the store has.", ("totals", "stored_actors")),
    ("blocked_actors", "gauge", "Actors whose mail waits for something.", ("totals", "blocked_actors")),
    ("paused_actors", "gauge", "Actors that are paused until somebody resumes them.", ("totals", "paused_actors")),
    ("waiting_messages", "gauge", "Messages that wait in mailboxes.", ("totals", "waiting")),
    ("dead_letters", "gauge", "Dead letters that nobody has decided about.", ("totals", "dead_letters")),
)
"""Of the gateway as a whole: the name, the type, the help, and where the value stands in what `show` gives."""

_OF_KINDS = (
    ("turns_total", "counter", "Messages that the actors of a kind have handled.", "turns"),
    ("turns_failed_total", "counter", "Turns of the actors of a kind that raised an error.", "failed"),
    ("passivations_total", "counter", "How often an idle actor of a kind has left memory.", "passivated"),
    ("active_actors", "gauge", "Actors of a kind in memory.", "active"),
    ("waiting_messages", "gauge", "Messages that wait for the actors of a kind.", "waiting"),
)

_OF_DEVICES = (
    ("waiting_messages", "gauge", "Messages that wait for a device.", "waiting"),
    ("in_hand_messages", "gauge", "Messages that a device has in its hands.", "in_hand"),
    ("restarts_total", "counter", "How often a device was made anew after a fault.", "restarts"),
)


_OF_LINK = (
    ("link_up", "gauge", "Whether the database that links this host with others is there.", "linked"),
    ("link_changed_timestamp_seconds", "gauge", "When the link was made or lost last, in seconds since 1970.", "since_ms"),
    ("link_coming_messages", "gauge", "Messages that others have sent, and that are not taken in here; counted up to 10001.", "coming"),
    ("link_coming_seconds", "gauge", "For how long the oldest of them is on its way.", "coming_s"),
)
"""Of the link to other hosts: the values that it shows."""


async def metrics(request: Request) -> Response:
    """What the gateway counts, for Prometheus."""
    view = taken(await request.app.door.ask({"do": "show"}))["show"]
    streams = Metric("gateway_web_event_streams", "gauge", "Event streams that are open.", [MetricValue(len(request.app.live))])
    return Response("".join(_text(metric) for metric in [*_metrics(view), streams]), media_type=f"{_MEDIA}; version=0.0.4; charset=utf-8")


def _metrics(view: dict[str, Any]) -> Iterator[Metric]:
    """Every metric of what `show` gives. Figures that only the engine has are missing where it does not turn."""
    yield Metric("gateway_info", "gauge", "What the gateway is called; always 1.", [MetricValue(1, {"name": str(view["name"])})])
    for name, type, help, path in _OF_WHOLE:
        if (value := _at(view, path)) is not None:
            yield Metric(f"gateway_{name}", type, help, [MetricValue(value)])
    kinds = view.get("kinds", [])
    for name, type, help, key in _OF_KINDS:
        yield Metric(f"gateway_kind_{name}", type, help, [MetricValue(one[key], {"kind": one["kind"]}) for one in kinds])
    yield from _of_devices(view["host_bound"])
    yield from _of_link(view["host_bound"])


def _of_link(devices: list[dict[str, Any]]) -> Iterator[Metric]:
    """How much is on its way between this host and others; nothing where it is linked with none."""
    link = next((one for one in devices if one["id"] == "link/main"), None)
    if link is None:
        return
    for name, type, help, key in _OF_LINK:
        value = link.get("values", {}).get(key)
        samples = [] if value is None else [MetricValue(value / 1000 if key.endswith("_ms") else value)]
        yield Metric(f"gateway_{name}", type, help, samples)
    waiting = [MetricValue(link["waiting"])]
    yield Metric("gateway_link_waiting_messages", "gauge", "Messages that wait here until the database has them.", waiting)


def _of_devices(devices: list[dict[str, Any]]) -> Iterator[Metric]:
    well = [MetricValue(one["health"] == "ok", {"id": one["id"]}) for one in devices]
    yield Metric("gateway_device_healthy", "gauge", "Whether a device is well.", well)
    for name, type, help, key in _OF_DEVICES:
        yield Metric(f"gateway_device_{name}", type, help, [MetricValue(one[key], {"id": one["id"]}) for one in devices])
    counted: dict[str, Metric] = {}
    for one in devices:
        kind = one["id"].partition("/")[0]
        for (name, value), said in zip(one["counters"].items(), _said(one), strict=True):
            full = _plain(f"gateway_device_{kind}_{name}_total")
            metric = counted.setdefault(full, Metric(full, "counter", f"Counted by {kind} devices: {said}.", []))
            metric.samples.append(MetricValue(value, {"id": one["id"]}))
    yield from counted.values()


def _said(device: dict[str, Any]) -> Iterable[str]:
    """What the counters of a device are called where people read them, in their order."""
    said, names = list(device["counted"]), list(device["counters"])
    return said if len(said) == len(names) else names


def _at(view: dict[str, Any], path: tuple[str, ...]) -> float | None:
    found: Any = view
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, (bool, int, float)) else None


def _text(metric: Metric) -> str:
    """A metric as text; nothing where it has no value."""
    if not metric.samples:
        return ""
    lines = [f"# HELP {metric.name} {metric.help}".replace("\\", r"\\").replace("\n", r"\n"), f"# TYPE {metric.name} {metric.type}"]
    lines += [f"{metric.name}{_labels(sample.labels)} {float(sample.value):.17g}" for sample in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    said = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _plain(name: str) -> str:
    """A name as Prometheus takes it."""
    return _NOT_IN_NAMES.sub("_", name.lower())


routes = [look("/metrics", metrics)._replace(media=_MEDIA)]
