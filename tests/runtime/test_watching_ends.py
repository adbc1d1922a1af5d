"""Watching: who wants to know that another ends is told so once, whatever happens in between; and a parent knows its children."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.actors import Actor, BadDefinition, Ended, Payload, Stage, State, UnknownTarget, verb
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig, Turns


class Name(Payload):
    """Of another."""

    text: str = ""


class Seen(State):
    """Who has ended, and who is there."""

    ended: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    n: int = 0


class Guest(Actor[Seen]):
    """Lives, watches, has children, ends."""

    @verb
    def live(self, stage: Stage[Seen]) -> None:
        """Begin, or go on."""
        stage.state = stage.state.changed(n=stage.state.n + 1)

    @verb
    def watch(self, whom: Name, stage: Stage[Seen]) -> None:
        """Watch another."""
        stage.watch(whom.text, then="left")

    @verb
    def unwatch(self, whom: Name, stage: Stage[Seen]) -> None:
        """Watch it no more."""
        stage.unwatch(whom.text)

    @verb
    def left(self, who: Ended, stage: Stage[Seen]) -> None:
        """Another has ended."""
        stage.state = stage.state.changed(ended=(*stage.state.ended, who.actor))

    @verb
    def leave(self, stage: Stage[Seen]) -> None:
        """End."""
        stage.stop()

    @verb
    def bear(self, name: Name, stage: Stage[Seen]) -> None:
        """Have a child of that key live."""
        stage.tell(stage.child("guest", name.text), "live")

    @verb
    def bury(self, name: Name, stage: Stage[Seen]) -> None:
        """End that child."""
        stage.stop_child(stage.child("guest", name.text))

    @verb
    def count(self, stage: Stage[Seen]) -> None:
        """See who is there, in pages of two."""
        found: list[str] = []
        while page := stage.children(after=found[-1] if found else "", limit=2):
            found += page
        stage.state = stage.state.changed(children=tuple(found))


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Guests, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Guest()], store=store) as made:
        yield made
    store.close()


def test_who_watches_is_told_once(rig: Rig) -> None:
    """Through restarts; and not again in the other's next life."""
    rig.tell("guest/bob", "live")
    rig.tell("guest/ann", "watch", Name(text="guest/bob"))
    rig.restart()
    rig.tell("guest/bob", "live")
    assert rig.state("guest/ann").ended == ()
    rig.tell("guest/bob", "leave")
    rig.settle()
    rig.restart()
    rig.tell("guest/bob", "live")
    rig.tell("guest/bob", "leave")
    rig.settle()
    assert rig.state("guest/ann").ended == ("guest/bob",)


def test_who_is_not_there_has_ended(rig: Rig) -> None:
    """At once; and nothing of it is stored."""
    rig.tell("guest/ann", "watch", Name(text="guest/nobody"))
    rig.settle()
    assert rig.state("guest/ann").ended == ("guest/nobody",)
    assert rig.store.load("guest/nobody") is None


def test_who_watches_no_more_is_not_told(rig: Rig) -> None:
    """Nor who has ended first."""
    rig.tell("guest/bob", "live")
    for watcher in ("guest/ann", "guest/cid"):
        rig.tell(watcher, "live")
        rig.tell(watcher, "watch", Name(text="guest/bob"))
    rig.tell("guest/ann", "unwatch", Name(text="guest/bob"))
    rig.tell("guest/cid", "leave")
    rig.tell("guest/bob", "leave")
    rig.settle()
    assert rig.state("guest/ann").ended == rig.state("guest/cid").ended == ()
    assert rig.store.load("guest/cid") is None
    assert rig.store.dead(0, 9) == []


def test_a_child_that_its_parent_ends_has_ended(rig: Rig) -> None:
    """And one that ends with its parent."""
    for name in ("x", "y"):
        rig.tell("guest/bob", "bear", Name(text=name))
        rig.tell("guest/ann", "watch", Name(text=f"guest/bob/guest/{name}"))
    rig.tell("guest/bob", "bury", Name(text="x"))
    rig.settle()
    assert rig.state("guest/ann").ended == ("guest/bob/guest/x",)
    rig.tell("guest/bob", "leave")
    rig.settle()
    assert rig.state("guest/ann").ended == ("guest/bob/guest/x", "guest/bob/guest/y")


def test_who_begins_to_watch_while_the_other_ends_with_its_parent_is_told(rig: Rig) -> None:
    """The request to watch comes first, or the end: no word of the runtime is a dead letter."""
    rig.tell("guest/bob", "bear", Name(text="x"))
    for verb_, whom, payload in (
        ("guest/ann", "watch", Name(text="guest/bob/guest/x")),
        ("guest/bob", "leave", None),
        ("guest/cid", "watch", Name(text="guest/bob/guest/x")),
    ):
        rig.send(verb_, whom, payload)
    rig.settle()
    assert rig.state("guest/ann").ended == rig.state("guest/cid").ended == ("guest/bob/guest/x",)
    assert rig.store.dead(0, 9) == []
    assert rig.store.boxes() == []


def test_what_cannot_be_watched() -> None:
    """It is said in the turn."""
    turns = Turns(Guest(), reachable={"mqtt": {}})
    with pytest.raises(UnknownTarget, match=r"^cannot watch gest/bob: no kind 'gest' of ordinary actors is registered$"):
        turns.tell("watch", {"text": "gest/bob"})

    class Deaf(Actor[Seen]):
        kind = "guest"

        @verb
        def watch(self, stage: Stage[Seen]) -> None:
            stage.watch("guest/bob", then="watch")

    with pytest.raises(BadDefinition, match=r"^cannot watch guest/bob: the verb 'watch' of guest/one takes no Ended; have it take one$"):
        Turns(Deaf()).tell("watch")


def test_the_test_kit_lets_the_watched_end() -> None:
    """As the engine does."""
    turns = Turns(Guest(), me="guest/ann")
    turns.tell("watch", {"text": "guest/bob"})
    turns.ends("guest/bob")
    assert turns.state.ended == ("guest/bob",)
    assert not turns.ties.copies


def test_a_parent_lists_its_children(rig: Rig) -> None:
    """In memory or not, without their own children, and without those that have ended."""
    for name in ("e", "a", "d", "b", "c"):
        rig.tell("guest/bob", "bear", Name(text=name))
    rig.tell("guest/bob/guest/a", "bear", Name(text="inner"))
    rig.tell("guest/bob", "bury", Name(text="c"))
    rig.tell("guest/bob", "count")
    expected = tuple(f"guest/bob/guest/{name}" for name in "abde")
    assert rig.state("guest/bob").children == expected
    rig.restart()
    rig.tell("guest/bob", "bear", Name(text="f"))
    rig.tell("guest/bob", "bury", Name(text="a"))
    rig.tell("guest/bob", "count")
    assert rig.state("guest/bob").children == (*expected[1:], "guest/bob/guest/f")
