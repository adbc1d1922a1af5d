"""Actor ids: what is one, and what its parts are."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.actors import BadId
from gateway.actors.ids import GROUPS, check_id, group_of, is_key, key_of, kind_of, root_of

LETTERS = string.ascii_letters + string.digits + "._~:@=,-"
segments = st.text(LETTERS, min_size=1, max_size=128)
ids = st.lists(st.tuples(segments, segments), min_size=1, max_size=8).map(lambda pairs: "/".join("/".join(pair) for pair in pairs))


@given(ids)
def test_well_formed(text: str) -> None:
    """One to eight pairs of segments are an id, and come back as they are."""
    assert check_id(text) == text


@given(ids)
def test_parts(text: str) -> None:
    """The kind, the key and the root are the segments where the id says they are."""
    parts = text.split("/")
    assert (kind_of(text), key_of(text)) == (parts[-2], parts[-1])
    assert root_of(text) == "/".join(parts[:2])


@given(ids, segments, segments)
def test_families_stay_together(text: str, kind: str, key: str) -> None:
    """A child is in the group of its root, and there are no others than the groups that there are."""
    assert group_of(f"{root_of(text)}/{kind}/{key}") == group_of(text)
    assert 1 <= group_of(text) <= GROUPS


def test_groups_are_permanent() -> None:
    """The group of an id is the same in every release: stores on disk depend on it."""
    assert group_of("twin/boiler") == group_of("twin/boiler/contacts/ann") == 185
    assert group_of("trip/van") == 113


@pytest.mark.parametrize(
    "text",
    [
        *("", "twin", "twin/", "/boiler", "twin//boiler/x", "twin/boiler/contacts", "twin/" + "x" * 129, "/".join(["a"] * 18)),
        *("twin/boi ler", "twin/boiler\n", "twin/ofen:ä", "twin/+", "a/\x00", "\ud800/x", "twin/\u0663"),
    ],
)
def test_ill_formed(text: str) -> None:
    """What is no list of pairs of plain segments is refused, and the error shows it and the rule."""
    with pytest.raises(BadId) as caught:
        check_id(text)
    long = ", each of at most 128 characters" if len(text) > 128 else ""
    assert str(caught.value) == (
        f"cannot use {text!r} as an actor id: it must read kind/key (pairs of letters, digits and . _ ~ : @ = , -){long}"
    )
    assert isinstance(caught.value, ValueError)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """A text is either an id that reads as pairs, or refused; nothing else happens."""
    try:
        check_id(text)
    except BadId:
        return
    parts = text.split("/")
    assert len(parts) % 2 == 0
    assert all(is_key(part) for part in parts)


@given(segments)
def test_keys(text: str) -> None:
    """A segment is a key; with a slash in it, it is none."""
    assert is_key(text)
    assert not is_key(f"{text}/")
