"""Late fixes: what a tracker sends behind newer ones, from the time in which nobody could hear it.

Such a fix is put into the path where its time belongs. It does not move the vehicle, and is no sign that its signal is there.
"""

from itertools import pairwise
from typing import NamedTuple

from gateway.actors import Stage
from gateway.business.earth import Place, distance_m
from gateway.business.pace import ClockPace, pace_of
from gateway.business.trip.following import in_reach
from gateway.business.trip.line import PathPoint
from gateway.business.trip.settings import TripSettings
from gateway.business.trip.state import TripState
from gateway.business.trip.thinning import off_line_m
from gateway.business.trip.way import filled_in

AHEAD_MS = 300_000
"""A last fix whose time lies so far ahead of the trusted wall time was wrong: the receiver's clock has been corrected since."""

_LATE_AT_MOST_MS = 366 * 86_400_000
"""A fix that is older than this is none that a tracker has kept: receivers say such times (1980, 2006) until they know the date."""
_EARLIEST_MS = 1_577_836_800_000
"""The begin of 2020: no fix that comes is older, whether anybody has set the gateway's clock or not."""


class _Neighbours(NamedTuple):
    """The points before and after a late one, where the trip itself holds them."""

    before: PathPoint | None
    after: PathPoint | None


def is_dated(at_ms: int, stage: Stage[TripState]) -> bool:
    """Whether the time of a fix may be true: a receiver that does not know the date yet says one of years ago."""
    return at_ms >= (max(_EARLIEST_MS, stage.now_ms - _LATE_AT_MOST_MS) if stage.synced else _EARLIEST_MS)


def corrected(state: TripState, here: Place, known: list[PathPoint], stage: Stage[TripState]) -> tuple[bool, TripState]:
    """Whether a fix with an older time than the last one shows that the receiver's clock was set; and the state after that look.

    `known` are the points that the trip itself holds.
    """
    if any(point.at_ms == here.at_ms for point in known):
        return False, state
    if stage.synced and known[-1].at_ms > stage.now_ms + AHEAD_MS:
        return True, state.changed(started_ms=min(state.started_ms, here.at_ms if is_dated(here.at_ms, stage) else stage.now_ms))
    pace, laggard = pace_of(state.way.laggard, here.at_ms, stage.clock_ms)
    return pace is ClockPace.KEPT, state.changed(way=state.way.changed(laggard=laggard))


def put_in_place(state: TripState, point: PathPoint, known: list[PathPoint], settings: TripSettings, stage: Stage[TripState]) -> TripState:
    """The state with a late point put where its time belongs. One that adds nothing to the path, or belongs to the trip before, is only
    counted."""
    counted = state.changed(fixes=state.fixes + 1, repeated=state.repeated + 1)
    too_old_ms = max(state.way.earlier_ms, known[-1].at_ms - _LATE_AT_MOST_MS)
    if point.at_ms <= too_old_ms or not settings.path_tolerance_m or any(one.at_ms == point.at_ms for one in known):
        return counted
    beside = _neighbours(known, point.at_ms)
    if not _reachable(beside, point, settings):
        return state.changed(fixes=state.fixes + 1, jumps=state.jumps + 1)
    counted = counted.changed(late=state.late + 1, started_ms=min(state.started_ms, point.at_ms))
    if beside.before is None or beside.after is None:
        return counted.changed(way=filled_in(stage, state.way, point))
    tolerance_m = max(settings.path_tolerance_m, settings.min_move_m, point.accuracy_m or 0.0)
    if off_line_m(point, beside.before, beside.after) <= tolerance_m:
        return counted
    length_m = state.length_m + _detour_m(point, beside.before, beside.after)
    return counted.changed(way=filled_in(stage, state.way, point), length_m=length_m)


def _neighbours(known: list[PathPoint], at_ms: int) -> _Neighbours:
    if at_ms < known[0].at_ms:
        return _Neighbours(None, known[0])
    return next((_Neighbours(one, two) for one, two in pairwise(known) if one.at_ms < at_ms < two.at_ms), _Neighbours(known[-1], None))


def _reachable(beside: _Neighbours, point: PathPoint, settings: TripSettings) -> bool:
    """Whether the vehicle can have been at the late point between its two neighbours."""
    here = _place(point)
    before = beside.before is None or in_reach(_place(beside.before), here, settings)
    return before and (beside.after is None or in_reach(here, _place(beside.after), settings))


def _place(point: PathPoint) -> Place:
    return Place(latitude_deg=point.latitude_deg, longitude_deg=point.longitude_deg, at_ms=point.at_ms, accuracy_m=point.accuracy_m or 0.0)


def _detour_m(point: PathPoint, before: PathPoint, after: PathPoint) -> float:
    """By how many metres the way over the point is longer than the straight one."""
    here, start, end = _place(point), _place(before), _place(after)
    return max(0.0, distance_m(start, here) + distance_m(here, end) - distance_m(start, end))
