"""The sun: when it rises, sets and stands highest at a place.

astral knows where the sun is at any moment; when it crosses a height is found here, by halving the time between noon and the
midnight before or after it. So each day has its events in order, at every longitude, and a day of a polar summer has none.
astral's own `sunset` asks for a date instead, and at some longitudes leaves a day out when the event moves across 0:00 UTC.
Source: Jean Meeus, "Astronomical Algorithms", by way of astral; the heights are those of every almanac.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from astral import Observer

HEIGHTS_DEG = {"sunrise": -0.833, "sunset": -0.833, "dawn": -6.0, "dusk": -6.0}
"""Height of the sun's centre at each event: its upper edge at the horizon, with refraction; civil twilight."""
RISING = ("sunrise", "dawn")
EVENTS = ("dawn", "sunrise", "noon", "sunset", "dusk")
"""`noon` is when the sun stands highest, not twelve o'clock."""

_HALF_DAY_S = 43_200


class PlaceOnEarth(NamedTuple):
    """A place on Earth, degrees WGS 84."""

    latitude_deg: float
    longitude_deg: float


@lru_cache(maxsize=64)
def sun_time(event: str, place: PlaceOnEarth, day: date) -> int | None:
    """When `event` is on `day` of the sun there (from midnight to midnight by the sun), in seconds since 1970; None where it is not."""
    noon_s = _noon_s(place, day)
    if event == "noon":
        return noon_s
    rising = event in RISING
    midnight_s = noon_s - _HALF_DAY_S if rising else noon_s + _HALF_DAY_S
    return _crossing_s(place, HEIGHTS_DEG[event], low_s=midnight_s, high_s=noon_s)


def _crossing_s(place: PlaceOnEarth, height_deg: float, *, low_s: int, high_s: int) -> int | None:
    """The second between the sun's lowest and its highest at which it is at `height_deg`."""
    if _height_deg(place, high_s) < height_deg or _height_deg(place, low_s) > height_deg:
        return None
    while abs(high_s - low_s) > 1:
        middle_s = (low_s + high_s) // 2
        if _height_deg(place, middle_s) < height_deg:
            low_s = middle_s
        else:
            high_s = middle_s
    return high_s


def _noon_s(place: PlaceOnEarth, day: date) -> int:
    from astral.sun import noon  # noqa: PLC0415  # 2.5 MB that only a job by the sun needs

    return round(noon(_observer(place), day).timestamp())


def _height_deg(place: PlaceOnEarth, at_s: int) -> float:
    from astral.sun import elevation  # noqa: PLC0415  # as above

    return elevation(_observer(place), datetime.fromtimestamp(at_s, UTC), with_refraction=False)


@lru_cache(maxsize=8)
def _observer(place: PlaceOnEarth) -> "Observer":
    from astral import Observer  # noqa: PLC0415  # as above

    return Observer(place.latitude_deg, place.longitude_deg)
