"""Tests of the registry of points, and of the keys of devices."""

import pytest

from gateway.actors.errors import BadId
from gateway.actors.ids import is_key
from gateway.actors.points import Keys, Point, Points, as_key


def test_points_are_found_by_the_id_and_by_its_template() -> None:
    """A template stands for every actor that it fits; what is said of one actor counts before it."""
    points = Points([("twin/{device}", [Point(name="t", unit="K"), Point(name="h")]), ("twin/boiler", [Point(name="t", unit="°C")])])
    assert {name: point.unit for name, point in points.of("twin/boiler").items()} == {"t": "°C", "h": ""}
    assert points.of("twin/attic")["t"].unit == "K"
    assert dict(points.of("trip/attic")) == {}
    assert dict(points.of("twin/a/twin/b")) == {}


def test_points_are_replaced_as_a_whole() -> None:
    """After a reload only the new points count."""
    points = Points([("twin/a", [Point(name="t")])])
    assert points.of("twin/a")
    points.fill([])
    assert not points
    assert not points.of("twin/a")


def test_what_is_remembered_of_points_is_bounded() -> None:
    """A device that makes up names does not fill the memory."""
    points = Points([("twin/{n}", [Point(name="t")])])
    for number in range(10_000):
        points.of(f"twin/{number}")
    assert len(points._found) <= 4096


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("living-room", "living-room"),
        ("a_b", "a_b"),
        ("Living Room / lamp", "Living_Room_lamp"),
        ("Küche", "Kueche"),
        ("Ku\u0308che", "Kueche"),
        ("Außenfühler (Süd)", "Aussenfuehler_Sued"),
        ("salón", "salon"),
        ("0x00158d0001a2b3c4", "0x00158d0001a2b3c4"),
        ("кухня", "~" + as_key("кухня")[-8:]),
        ("lampe 客", "lampe~" + as_key("lampe 客")[-8:]),
    ],
)
def test_a_name_becomes_a_key(name: str, key: str) -> None:
    """Names that people give become segments of ids, which can be read."""
    assert as_key(name) == key
    assert is_key(key)


@pytest.mark.parametrize("name", ["x" * 200, "ü" * 128, "/" * 300, "🙂", "\ud800", "a\0b"])
def test_any_name_becomes_a_key_that_an_id_takes(name: str) -> None:
    """Whatever a device calls itself, the key is one."""
    assert is_key(as_key(name))


def test_names_in_other_letters_are_told_apart() -> None:
    """Two names of which nothing could be spelt have two keys."""
    assert as_key("кухня") != as_key("ванна")
    assert as_key("x" * 200) != as_key("x" * 201)


def test_a_second_name_of_one_key_is_refused() -> None:
    """The values of two devices are never mixed in one actor: the first name has the key."""
    keys = Keys()
    assert keys.of("Küche") == keys.of("Küche") == "Kueche"
    with pytest.raises(BadId) as caught:
        keys.of("Kueche")
    assert str(caught.value) == "cannot take 'Kueche': its key Kueche is already that of 'Küche', which came first; rename one of them"


def test_long_names_are_told_apart_and_not_remembered_whole() -> None:
    """A level of a topic may have 64 kB, and a stranger may send thousands: they would take as many bytes for good."""
    keys = Keys()
    names = [f"{number}{'x' * 60_000}" for number in range(200)]
    assert len({keys.of(name) for name in names}) == len(names)
    assert [keys.of(name) for name in names] == [as_key(name) for name in names]
    assert sum(map(len, keys._names.values())) < 200 * 200


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_has_no_key(name: str) -> None:
    """A level of a topic may be empty."""
    with pytest.raises(BadId):
        as_key(name)
