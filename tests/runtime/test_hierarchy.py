"""Hierarchy: a parent reaches its children by key, and what it orders about them becomes so with its turn."""

import pytest

from gateway.testing import Rig
from tests.runtime.houses import Door, House, dead
from tests.runtime.test_supervision import ATTIC, FLOOR, HALL, HOUSE, NOOK, did, fail, paused, rig

__all__ = ["rig"]


def order(rig: Rig, what: str, whom: str = HALL) -> None:
    """Have the house order something."""
    rig.tell(HOUSE, "order", {"what": what, "whom": whom})
    rig.advance(0)


def test_a_child_is_found_by_its_key(rig: Rig) -> None:
    """In memory or not; its parent needs to hold nothing."""
    assert rig.look(lambda: rig.engine.cells.get(HALL)) is None
    order(rig, "reset")
    rig.tell(HALL, "work", {"text": "after"})
    assert did(rig) == ("after",)


def test_to_stop_a_child_stops_its_children(rig: Rig) -> None:
    """The deepest first; brothers stay."""
    order(rig, "stop", FLOOR)
    rig.restart()
    assert rig.store.actors("", "", 9) == sorted([HOUSE, HALL, ATTIC, "room/alone"])
    assert did(rig, NOOK) == ()


def test_the_deepest_ends_first(rig: Rig) -> None:
    """As the order of what they were paused at shows, which nobody will do any more."""
    for id in (FLOOR, NOOK, ATTIC):
        fail(rig, "pause", id)
    rig.tell(HOUSE, "leave")
    rig.settle()
    assert [box for box, why in dead(rig) if why.startswith("it paused itself")] == [ATTIC, NOOK, FLOOR]


def test_the_end_of_a_parent_ends_children_in_whatever_they_are(rig: Rig) -> None:
    """Paused, waiting for a retry, with mail: their lives end, and what waited for them revives none."""
    fail(rig, "pause")
    rig.tell(ATTIC, "work", {"text": "fail skip"})
    rig.send(ATTIC, "work", {"text": "next"})
    rig.tell(NOOK, "work", {"text": "more"})
    rig.tell(HOUSE, "leave")
    rig.advance(5)
    assert did(rig, HOUSE) == did(rig, FLOOR) == did(rig, NOOK) == ()
    assert did(rig) == did(rig, ATTIC) == ()
    ended = [(box, f"{HOUSE} has ended, and {box} with it") for box in (ATTIC, ATTIC, HALL)]
    assert sorted(dead(rig)) == sorted([*ended, (HALL, "it paused itself: RuntimeError: pause")])


def test_to_pause_and_to_resume_a_child(rig: Rig) -> None:
    """Its mail waits, through a restart too."""
    order(rig, "pause")
    rig.tell(HALL, "work", {"text": "waits"})
    rig.restart()
    rig.advance(5)
    assert (did(rig), paused(rig)) == (("before",), "its parent paused it")
    order(rig, "resume")
    assert did(rig) == ("before", "waits")
    order(rig, "resume")


@pytest.mark.parametrize("whom", ["room/alone", HOUSE, NOOK, "house/ho/room/x"])
def test_only_ones_own_children_obey(rig: Rig, whom: str) -> None:
    """Not strangers, not oneself, and not the children of children: those are their parent's business."""
    order(rig, "stop", whom)
    rig.advance(1)
    assert dead(rig) == [(HOUSE, f"BadId: cannot stop {whom}: it is no child of {HOUSE}")]
    assert did(rig, "room/alone") == did(rig, NOOK) == ("before",)


def test_an_order_for_a_kind_that_is_not_registered_fails_the_turn(rig: Rig) -> None:
    """And nothing more than the turn."""
    order(rig, "stop", f"{HOUSE}/attic/x")
    rig.advance(1)
    assert dead(rig) == [(HOUSE, f"UnknownTarget: cannot stop {HOUSE}/attic/x: no kind 'attic' is registered")]


def test_an_order_of_a_turn_that_fails_is_none(rig: Rig) -> None:
    """As nothing else of it is."""
    order(rig, "reset then fail")
    rig.advance(1)
    assert did(rig) == ("before",)


def test_a_child_that_is_reset_handles_what_it_had_deferred() -> None:
    """At once: nothing else would wake it."""

    class Porch(House):
        """A house with a door."""

    with Rig([Porch(), Door()]) as rig:
        door = "porch/p/door/d"
        rig.tell(door, "hang")
        rig.tell(door, "go", {"text": "x"})
        rig.tell("porch/p", "order", {"what": "reset", "whom": door})
        rig.settle()
        assert dead(rig) == [(door, "there is no door d")]
        assert rig.store.boxes() == []
