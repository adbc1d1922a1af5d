"""The points of a template are those of every id that can have been made of it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gateway.actors.points import Point, Points

TEMPLATES = (
    st.lists(st.sampled_from(["a", "b", "-", "/", "{x}", "{y}"]), min_size=1, max_size=8).map("".join).filter(lambda text: "{" in text)
)
POINT = Point(name="t_c")


@given(TEMPLATES, st.text("ab-/", max_size=12))
def test_it_fits_what_can_have_been_made_of_it(template: str, id: str) -> None:
    """Each field stands for one character or more, and for no slash."""
    made = re.fullmatch("".join("[^/]+" if part[:1] == "{" else re.escape(part) for part in re.split(r"(\{.\})", template)), id)
    assert bool(Points([(template, [POINT])]).of(id)) is (made is not None)


def test_a_long_id_costs_its_length() -> None:
    """However many ways there are to tell its fields apart."""
    points = Points([("twin/{a}-{b}-{c}-{d}-{e}!", [POINT])])
    assert not points.of("twin/" + "-" * 500_000)
