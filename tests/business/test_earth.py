"""Places and distances on the earth."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.business.earth import RADIUS_M, Place, distance_m, elapsed_s

places = st.builds(Place, latitude_deg=st.floats(-90, 90), longitude_deg=st.floats(-180, 180))


def test_known_distances() -> None:
    """Berlin is 878 km from Paris, and a minute of latitude is a nautical mile."""
    berlin, paris = Place(latitude_deg=52.5200, longitude_deg=13.4050), Place(latitude_deg=48.8566, longitude_deg=2.3522)
    assert distance_m(berlin, paris) == pytest.approx(877_464, abs=100)
    assert distance_m(berlin, berlin.changed(latitude_deg=52.52 + 1 / 60)) == pytest.approx(1853.25, abs=0.1)


def test_across_the_date_line() -> None:
    """The way across the date line is the short one."""
    fiji = Place(latitude_deg=0, longitude_deg=179.9995)
    assert distance_m(fiji, Place(latitude_deg=0, longitude_deg=-179.9995)) == pytest.approx(111.2, abs=0.1)


@given(places, places)
def test_any_two_places(one: Place, other: Place) -> None:
    """A distance is the same both ways, never negative, and at most half the girth."""
    assert distance_m(one, other) == distance_m(other, one)
    assert 0 <= distance_m(one, other) <= pi * RADIUS_M
    assert distance_m(one, one) == 0


@pytest.mark.parametrize(
    ("one", "other", "seconds"),
    [((1000, 0), (3000, 9000), 2.0), ((0, 1000), (3000, 9000), 8.0), ((3000, 1000), (1000, 2000), 1.0), ((0, 9000), (0, 8000), 0.0)],
)
def test_elapsed(one: tuple[int, int], other: tuple[int, int], seconds: float) -> None:
    """Time passes by the receiver where it said both times in order, else by the gateway's clock, and never backwards."""
    first, second = (Place(latitude_deg=0, longitude_deg=0, at_ms=at, clock_ms=clock) for at, clock in (one, other))
    assert elapsed_s(first, second) == seconds
