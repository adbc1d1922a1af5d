"""Places on the earth and the way between them.

Source: R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68 (1984); mean radius by IUGG (1980).
"""

from math import asin, cos, radians, sin, sqrt

from gateway.actors.models import Model

RADIUS_M = 6_371_008.8


class Place(Model):
    """Where something was, and when. Degrees WGS 84."""

    latitude_deg: float
    longitude_deg: float
    at_ms: int = 0
    """Wall time by the receiver, milliseconds since 1970; 0: it did not say."""
    clock_ms: int = 0
    """The time by the gateway's clock."""
    accuracy_m: float = 0.0
    """How far it may be off, where the receiver said so."""


def distance_m(one: Place, other: Place) -> float:
    """Great-circle distance between two places in metres; never negative, at most half the earth's girth."""
    one_rad, other_rad = radians(one.latitude_deg), radians(other.latitude_deg)
    north = sin((other_rad - one_rad) / 2)
    east = sin(radians(other.longitude_deg - one.longitude_deg) / 2)
    return 2 * RADIUS_M * asin(min(1.0, sqrt(north * north + cos(one_rad) * cos(other_rad) * east * east)))


def elapsed_s(one: Place, other: Place) -> float:
    """Seconds between two places, by the receiver where it gave both times in order, else by the gateway's clock."""
    said_ms = other.at_ms - one.at_ms if one.at_ms and other.at_ms else 0
    return (said_ms if said_ms > 0 else max(0, other.clock_ms - one.clock_ms)) / 1000
