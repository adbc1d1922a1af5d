"""Exports: a trip's path for programs that show maps.

Source: GPX 1.1 schema (Topografix, 2004); RFC 7946 (GeoJSON, 2016).
The accuracy of a point stands, in GPX, in an extension of our own; in GeoJSON, `times` and `accuracies_m` are lists as deep as
the coordinates.
"""

import json
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any

from gateway.business.trip.line import PathPoint
from gateway.business.trip.state import TripState

GPX_TYPE = "application/gpx+xml"
GEOJSON_TYPE = "application/geo+json"

_DAY_MS = 86_400_000
_EPOCH_DAY = 719_163
"""1 January 1970, as Python counts days."""
_LAST_MS = 253_402_300_799_000
"""The last second of the year 9999."""

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="pi-device-gateway" xmlns="http://www.topografix.com/GPX/1/1" xmlns:g="urn:pi-device-gateway:gpx:1">\n'
)


def to_gpx(name: str, state: TripState, points: list[PathPoint]) -> str:
    """Write a path as GPX: one track, with a segment for each stretch without a gap."""
    title = f"<desc>{_escaped(state.title)}</desc>" if state.title else ""
    began = f"<time>{_iso(state.started_ms)}</time>" if state.started_ms else ""
    segments = "".join(f"<trkseg>\n{''.join(map(_trkpt, segment))}</trkseg>\n" for segment in segments_of(points))
    head = f"{_HEAD}<metadata><name>{_escaped(name)}</name>{title}{began}</metadata>\n"
    return f"{head}<trk><name>{_escaped(name)}</name>{title}\n{segments}</trk>\n</gpx>\n"


def to_geojson(name: str, state: TripState, points: list[PathPoint]) -> str:
    """Write a path as GeoJSON: a collection of two features, the way (where there is one) and where it ends."""
    lines = [segment for segment in segments_of(_cut(points)) if len(segment) > 1]
    facts = {"name": name, "title": state.title, "phase": state.phase.value, "length_m": round(state.length_m, 1)}
    features = [_feature("LineString", _coordinates(lines[0]), {**facts, **_lists(lines[0])})] if len(lines) == 1 else []
    if len(lines) > 1:
        each = [_lists(line) for line in lines]
        features = [_feature("MultiLineString", [*map(_coordinates, lines)], {**facts, **{key: [e[key] for e in each] for key in each[0]}})]
    if points:
        last = points[-1]
        features.append(_feature("Point", _position(last), {**facts, "time": _iso(last.at_ms), "accuracy_m": last.accuracy_m}))
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":"))


def fewer(points: list[PathPoint], most: int) -> list[PathPoint]:
    """About `most` of the points, evenly; the first, the last and those at a gap are always kept."""
    step = -(-len(points) // most)
    return [point for at, point in enumerate(points) if not at % step or point.begins or at == len(points) - 1] if step > 1 else points


def segments_of(points: list[PathPoint]) -> list[list[PathPoint]]:
    """The points, divided where nobody knows the way between them."""
    segments: list[list[PathPoint]] = []
    for point in points:
        if point.begins or not segments:
            segments.append([])
        segments[-1].append(point)
    return segments


def _trkpt(point: PathPoint) -> str:
    height = "" if point.altitude_m is None else f"<ele>{point.altitude_m}</ele>"
    more = "" if point.accuracy_m is None else f"<extensions><g:accuracy>{point.accuracy_m}</g:accuracy></extensions>"
    return f'<trkpt lat="{point.latitude_deg:.6f}" lon="{point.longitude_deg:.6f}">{height}<time>{_iso(point.at_ms)}</time>{more}</trkpt>\n'


def _escaped(text: str) -> str:
    """A text for XML, without the characters that XML cannot hold."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _iso(at_ms: int) -> str:
    """A time as `2025-06-15T15:06:40.000Z`. A receiver's clock may say anything: a time past the year 9999 becomes that year's end."""
    day, ms = divmod(min(at_ms, _LAST_MS), _DAY_MS)
    return f"{_day(day)}T{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}Z"


@lru_cache(maxsize=64)
def _day(day: int) -> str:
    """The date that is so many days after 1970 began. Kept: a path has thousands of points a day."""
    return date.fromordinal(_EPOCH_DAY + day).isoformat()


def _cut(points: list[PathPoint]) -> list[PathPoint]:
    """A segment divided at the antimeridian, as RFC 7946, section 3.1.9, wants it."""
    crossing = [abs(two.longitude_deg - one.longitude_deg) > 180 for one, two in pairwise(points)]
    return [point._replace(begins=True) if cross else point for point, cross in zip(points, [False, *crossing], strict=False)]


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def _coordinates(line: list[PathPoint]) -> list[list[float]]:
    return [_position(point) for point in line]


def _position(point: PathPoint) -> list[float]:
    """A point as the RFC has it: longitude first."""
    place = [round(point.longitude_deg, 6), round(point.latitude_deg, 6)]
    return place if point.altitude_m is None else [*place, point.altitude_m]


def _lists(line: list[PathPoint]) -> dict[str, Any]:
    return {"times": [_iso(point.at_ms) for point in line], "accuracies_m": [point.accuracy_m for point in line]}
