"""A line on the map as text: how a trip's way stands in states and messages.

One word per point, `latitude,longitude,at_ms,accuracy_m,altitude_m`; what nobody said is empty, and a point that begins a
segment (the first one, and the first after a gap) ends in `,n`, one that came late in `,l`: its place is where its time belongs,
see `in_order`. A time that nobody can trust is packed, see `gateway.actors.stamps`. It is text, for a state is written whole at each
change: it costs one copy, where a list of models would cost a visit of each.

    52.500000,13.400000,1750000000000,4.5,,n 52.510000,13.400000,1750000060000,,34
"""

from collections import deque
from typing import NamedTuple


class PathPoint(NamedTuple):
    """One point of a trip's way. Degrees WGS 84, metres."""

    latitude_deg: float
    longitude_deg: float
    at_ms: int = 0
    """Wall time, milliseconds since 1970: the receiver's, or the gateway's where it did not say."""
    accuracy_m: float | None = None
    altitude_m: float | None = None
    begins: bool = False
    """Whether nobody knows the way to here: the first point, and the first after a lost signal or a jump."""
    late: bool = False
    """Whether it came behind newer ones."""


def read_line(text: str) -> list[PathPoint]:
    """Read the points of a text."""
    return [point_of(word) for word in text.split()]


def joined(one: str, other: str) -> str:
    """Join two texts into one."""
    return f"{one} {other}" if one and other else one or other


def word_of(point: PathPoint) -> str:
    """Write one point as text."""
    place = f"{point.latitude_deg:.6f},{point.longitude_deg:.6f},{point.at_ms}"
    return f"{place},{_short(point.accuracy_m)},{_short(point.altitude_m)}{',n' if point.begins else ''}{',l' if point.late else ''}"


def _short(metres: float | None) -> str:
    """A number with one decimal, where the decimal says something."""
    return "" if metres is None else f"{metres:.1f}".removesuffix(".0")


def point_of(word: str) -> PathPoint:
    """Read one point from its word."""
    latitude, longitude, at_ms, accuracy, altitude, *marks = word.split(",")
    accuracy_m = float(accuracy) if accuracy else None
    altitude_m = float(altitude) if altitude else None
    return PathPoint(float(latitude), float(longitude), int(at_ms), accuracy_m, altitude_m, "n" in marks, "l" in marks)


def in_order(points: list[PathPoint]) -> list[PathPoint]:
    """The points in the order of their times where some came late; the others stay in the order in which they came.

    Where such a point stands before one that began a segment, the way to that one is known now.
    """
    late = deque(sorted((point for point in points if point.late), key=lambda point: point.at_ms))
    if not late:
        return points
    found: list[PathPoint] = []
    for point in points:
        if point.late:
            continue
        while late and late[0].at_ms <= point.at_ms:
            found.append(late.popleft())
        bridged = point.begins and bool(found) and found[-1].late
        found.append(point._replace(begins=False) if bridged else point)
    return [*found, *late]
