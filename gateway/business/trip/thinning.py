"""Thinning: which fixes of a trip are worth keeping, decided as they come, in constant time and memory.

From the last point that was kept a cone is opened towards each fix, as wide as the tolerance there; while the next fix lies in
all cones so far, the straight line to it passes all fixes between within the tolerance, and they can go. The first fix outside
has the one before it kept, and the next cone begins there.

Source: J. Sklansky and V. Gonzalez, "Fast polygonal approximation of digitized curves", Pattern Recognition 12 (1980).
"""

from math import asin, atan2, cos, hypot, pi, radians, remainder

from gateway.actors.models import Model
from gateway.business.earth import RADIUS_M
from gateway.business.trip.line import PathPoint, point_of, word_of

GAP_MS = 600_000
"""A point is kept after so long even on a straight line, or at rest: so the way says when it was where."""

REST = 2.0
"""At rest a receiver may wander so many tolerances from the point that was kept, and it is still there."""


class Thinner(Model):
    """What is remembered from one fix to the next, to decide which points to keep."""

    kept: str = ""
    """The last point that was kept, as in `line.py`; empty: none was."""
    last: str = ""
    """The last point after it that fits; it is where the line ends so far. Empty: there was none."""
    axis_rad: float = 0.0
    """Direction in which the cone was opened, clockwise from north."""
    low_rad: float = -pi
    """What is left of the cone, from its axis."""
    high_rad: float = pi
    reach_m: float = 0.0
    """How far from `kept` the line has come."""


def thin(thinner: Thinner, point: PathPoint, *, tolerance_m: float) -> tuple[Thinner, tuple[str, ...]]:
    """Take one more point of the way; return the thinner after it, and the points that are kept now (mostly none), as text."""
    if point.begins or not thinner.kept:
        word = word_of(point)
        return Thinner(kept=word), (thinner.last, word) if thinner.last else (word,)
    kept = point_of(thinner.kept)
    east_m, north_m = _offset_m(kept, point)
    away_m = hypot(east_m, north_m)
    stale = abs(point.at_ms - kept.at_ms) > GAP_MS  # times that are packed go down
    if not thinner.last:
        return _rested(thinner, point, away_m, atan2(east_m, north_m), stale=stale, tolerance_m=tolerance_m)
    off_rad = remainder(atan2(east_m, north_m) - thinner.axis_rad, 2 * pi)
    back = away_m < thinner.reach_m - tolerance_m
    if stale or back or not thinner.low_rad <= off_rad <= thinner.high_rad:
        begun, _ = thin(Thinner(kept=thinner.last), point, tolerance_m=tolerance_m)
        return begun, (thinner.last,)
    half_rad = asin(tolerance_m / away_m) if away_m > tolerance_m else pi
    return Thinner(
        kept=thinner.kept,
        last=word_of(point),
        axis_rad=thinner.axis_rad,
        low_rad=max(thinner.low_rad, off_rad - half_rad),
        high_rad=min(thinner.high_rad, off_rad + half_rad),
        reach_m=max(thinner.reach_m, away_m),
    ), ()


def _rested(
    thinner: Thinner, point: PathPoint, away_m: float, bearing_rad: float, *, stale: bool, tolerance_m: float
) -> tuple[Thinner, tuple[str, ...]]:
    """Take one more point after the last that was kept: the vehicle may still be there, or have moved, which opens the cone."""
    if stale:
        word = word_of(point)
        return Thinner(kept=word), (word,)
    if away_m <= REST * tolerance_m:
        return thinner, ()
    half_rad = asin(tolerance_m / away_m)
    opened = Thinner(kept=thinner.kept, last=word_of(point), axis_rad=bearing_rad, low_rad=-half_rad, high_rad=half_rad, reach_m=away_m)
    return opened, ()


def off_line_m(point: PathPoint, start: PathPoint, end: PathPoint) -> float:
    """How far a point lies off the straight line between two others, metres."""
    east_m, north_m = _offset_m(start, point)
    end_east_m, end_north_m = _offset_m(start, end)
    length_m = hypot(end_east_m, end_north_m)
    along = (east_m * end_east_m + north_m * end_north_m) / length_m**2 if length_m else 0.0
    along = min(1.0, max(0.0, along))
    return hypot(east_m - along * end_east_m, north_m - along * end_north_m)


def _offset_m(start: PathPoint, point: PathPoint) -> tuple[float, float]:
    """Metres east and north from a point to one near by, on a plane: good to a percent over 100 km, the poles excepted."""
    east_deg = remainder(point.longitude_deg - start.longitude_deg, 360)
    middle_rad = radians((start.latitude_deg + point.latitude_deg) / 2)
    return radians(east_deg) * cos(middle_rad) * RADIUS_M, radians(point.latitude_deg - start.latitude_deg) * RADIUS_M
