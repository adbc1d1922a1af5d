"""The way of a trip: what of its path the trip itself holds, and how it comes to the path's parts.

The trip is written at every fix, so it stays small: it holds at most twenty points. A part is written once for every twenty.
"""

from typing import Any

from gateway.actors import Stage
from gateway.actors.models import Model
from gateway.business.pace import Laggard
from gateway.business.trip.line import PathPoint, joined, point_of, word_of
from gateway.business.trip.payloads import PathPoints
from gateway.business.trip.thinning import Thinner, thin

PART_POINTS = 500
TOGETHER_POINTS = 20
"""So many points wait in the trip, and come to a part together."""
PARTS_AT_MOST = 30
"""Full ones. The oldest part of a longer way goes: 15 000 points are days on winding roads, and a route has no more stops."""


class Way(Model):
    """Where a trip came along: the points that are in no part of the path yet, and which parts there are."""

    thinner: Thinner = Thinner()
    recent: str = ""
    """Kept points that are in no part yet, as in `line.py`."""
    recent_points: int = 0
    parted_points: int = 0
    """Points that went to parts, of this trip."""
    first_part: int = 1
    part: int = 1
    """The part that is being filled; those before it, from the first on, are full."""
    part_points: int = 0
    broken: bool = True
    """Whether nobody knows the way to the next point."""
    earlier_ms: int = 0
    """The time of the last fix of the vehicle's trip before, by its receiver: what is not newer belongs to that one."""
    laggard: Laggard | None = None
    """The first of the fixes that are older than the last one."""
    phone: bool = False
    """Whether the last fix came from a phone, which says seldom where it is."""
    gaps_s: tuple[float, ...] = ()
    """Seconds between the last fixes: how often its receiver speaks."""

    @property
    def points(self) -> int:
        """The points that were kept and are in no part yet."""
        return self.parted_points + self.recent_points

    @property
    def parts(self) -> list[int]:
        """The numbers of the parts of the path that hold points."""
        return list(range(self.first_part, self.part + bool(self.part_points)))

    def tail(self, latest: PathPoint | None) -> str:
        """The points that are in no part of the path, to where the trip is now."""
        before = self.thinner.last or self.thinner.kept
        known = latest is None or (bool(before) and point_of(before).at_ms == latest.at_ms)
        tail = joined(self.recent, self.thinner.last)
        return tail if known or latest is None else joined(tail, word_of(latest))

    def known(self, latest: PathPoint) -> list[PathPoint]:
        """The points that the trip itself holds, in the order of their times: the last ones of the way."""
        words = dict.fromkeys([self.thinner.kept, *self.recent.split(), self.thinner.last, word_of(latest)])
        return sorted((point_of(word) for word in words if word), key=lambda point: point.at_ms)


def extended(stage: Stage[Any], way: Way, point: PathPoint, *, tolerance_m: float) -> Way:
    """The way with one more point; points that are kept go to the path later."""
    thinner, kept = thin(way.thinner, point._replace(begins=True) if way.broken else point, tolerance_m=tolerance_m)
    if not kept:
        return way if thinner is way.thinner else way.changed(thinner=thinner)
    return _kept(stage, way.changed(thinner=thinner, broken=False), kept)


def filled_in(stage: Stage[Any], way: Way, point: PathPoint) -> Way:
    """The way with a point that came late: the thinner, which needs points in order, does not see it."""
    return _kept(stage, way, (word_of(point._replace(late=True)),))


def _kept(stage: Stage[Any], way: Way, words: tuple[str, ...]) -> Way:
    """The way with some more kept points."""
    recent, count = joined(way.recent, " ".join(words)), way.recent_points + len(words)
    way = way.changed(recent=recent, recent_points=count)
    return way if count < TOGETHER_POINTS else _parted(stage, way)


def part_of(stage: Stage[Any], number: int) -> str:
    """The id of a part of a trip's path."""
    return stage.child("path", str(number))


def begun_anew(stage: Stage[Any], way: Way, *, earlier_ms: int) -> Way:
    """End the parts of a trip's path, and give the way for the vehicle's next trip. Numbers are not used again."""
    for number in way.parts:
        stage.tell(part_of(stage, number), "end")  # behind the points that are on their way to it
    fresh = way.part + bool(way.part_points)
    return Way(first_part=fresh, part=fresh, earlier_ms=earlier_ms)


def _parted(stage: Stage[Any], way: Way) -> Way:
    """Send the recent points to the part that is being filled; begin another part when it is full, and end the oldest of too many."""
    stage.tell(part_of(stage, way.part), "keep", PathPoints(points=way.recent, count=way.recent_points))
    parted, filled = way.parted_points + way.recent_points, way.part_points + way.recent_points
    way = way.changed(recent="", recent_points=0, parted_points=parted, part_points=filled)
    if filled < PART_POINTS - TOGETHER_POINTS:
        return way
    way = way.changed(part=way.part + 1, part_points=0)
    if way.part - way.first_part <= PARTS_AT_MOST:
        return way
    stage.tell(part_of(stage, way.first_part), "end")
    return way.changed(first_part=way.first_part + 1)
