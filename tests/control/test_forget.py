"""Forgetting: an actor's state goes, with all that belongs to it; its mail stays and begins a new life. And what is stored is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Actor, BadId, Decision, Fault, Stage, verb
from gateway.actors.collection import Collection, Page
from gateway.control import views
from gateway.control.absent import Unwritten
from gateway.control.forget import NothingStored, belongings, export, forget
from gateway.control.house import House
from gateway.service.last_words import LastWords
from gateway.service.logs import RecentFaults
from gateway.store import Changes, MailRow, StateRow
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig
from tests.runtime.accounts import Account, Amount
from tests.runtime.actors import Book, Shelf, Word
from tests.runtime.actors import Page as Written
from tests.runtime.test_watching_ends import Guest
from tests.runtime.watching import Cart, Customer

ANN = "customer/ann"
OLD = b'{"words":["one"],"late_s":0,"colour":"red"}'


class Fragile(Actor[Written]):
    """Fails until it is mended; then it is paused, for nobody above it decides."""

    attempts = 2
    retry_s = 0.01
    broken = True

    @verb
    def write(self, word: Word, stage: Stage[Written]) -> None:
        if self.broken:
            raise RuntimeError("it broke")
        stage.state = stage.state.changed(words=(*stage.state.words, word.text))

    def failed(self, fault: Fault, state: Written) -> Decision:
        return Decision.ESCALATE


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Actors of every kind, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    actors = [Book(), Fragile(), Account(), Customer(), Cart(), Guest(), Collection(), Page()]
    with Rig(actors, {"shelf/a": Shelf}, store=store, by_hand=["shelf/a"]) as made:
        yield made
    store.close()


def forgot(rig: Rig, id: str) -> dict[str, Any]:
    """Forget it, and what went; then all is handled."""
    rig.settle()
    found = rig.look(lambda: forget(rig.engine, id))
    rig.settle()
    return found


def written(rig: Rig, id: str) -> list[str]:
    return list(rig.state(id).words)


def stored(rig: Rig, id: str, state: bytes, *, version: int = 1, mail: bytes = b"") -> None:
    """Have the store hold a state from before, and begin another life on it."""
    rig.stop()
    blob = b"1\x1fm9\x1f" + id.encode() + b"\x1fwrite\x1f\x1f\x1f\x1f0\n" + mail
    rig.store.commit(Changes(states=[StateRow(id, version, state, None, None)], mail=[MailRow(id, 10**6, 1, blob)] if mail else []))
    rig.start()
    rig.settle()


def test_the_state_and_the_timers_go(rig: Rig) -> None:
    """At once on disk: a power cut right behind it changes nothing."""
    for text in ("one", "~60", "~90"):
        rig.tell("book/a", "write", {"text": text})
    found = forgot(rig, "book/a")
    assert (found["version"], found["timers"], found["mail"], found["children_total"]) == (1, 2, 0, 0)
    assert rig.store.load("book/a") is None
    rig.crash()
    rig.start()
    rig.advance(100)
    rig.tell("book/a", "write", {"text": "new"})
    assert written(rig, "book/a") == ["new"]


def test_a_state_that_cannot_be_loaded_goes_and_the_mail_that_waits_is_handled(rig: Rig) -> None:
    """In its order, by the new life; what was stored is there to be kept before."""
    stored(rig, "book/a", OLD, mail=b'{"text":"waited"}')
    rig.tell("book/a", "write", {"text": "came"})
    assert rig.look(lambda: export(rig.engine, "book/a")) == {"id": "book/a", "version": 1, "state": OLD.decode(), "events": 0}
    found = forgot(rig, "book/a")
    assert (found["version"], found["bytes"], found["mail"]) == (1, len(OLD), 2)
    assert written(rig, "book/a") == ["waited", "came"]
    assert rig.store.boxes() == []


def test_it_is_shown_as_it_is_stored_with_what_to_do(rig: Rig) -> None:
    """In health too, for its mail waits until somebody decides; one that nobody wrote to meanwhile is shown so as well."""
    stored(rig, "book/a", OLD)
    shown = rig.look(lambda: views.of_actor("book/a", rig.engine))
    assert shown is not None
    assert (shown["active"], shown["state"]["colour"]) == (False, "red")
    advice = "raise VERSION and write upcast, or `gateway forget book/a`"
    assert shown["fault"].splitlines()[0] == f"cannot load book/a: its state of version 1 does not fit Page: 'colour' is gone; {advice}"
    assert views.problems(_house(rig)) == []
    rig.tell("book/a", "write", {"text": "came"})
    rig.settle()
    shown = rig.look(lambda: views.of_actor("book/a", rig.engine))
    assert shown is not None
    assert (shown["active"], shown["state"]["colour"], shown["waiting"]) == (True, "red", 1)
    assert views.problems(_house(rig)) == [f"{shown['fault'].splitlines()[0]}; `gateway show book/a` has an example"]
    forgot(rig, "book/a")
    assert views.problems(_house(rig)) == []


def _house(rig: Rig) -> House:
    class Hosts:
        all: list[Any] = []

    house = House("test", Path("gateway.toml"), RecentFaults(), LastWords(Path("gateway.db")))
    house.engine, house.hosts = rig.engine, Hosts()
    return house


@pytest.mark.parametrize("restarted", [False, True])
def test_a_paused_actor_begins_anew_with_the_message_it_was_paused_at(rig: Rig, restarted: bool) -> None:
    """With all its attempts, whether it is in memory or on disk."""
    (fragile,) = (actor for actor in rig.actors if isinstance(actor, Fragile))
    for text in ("one", "two"):
        rig.tell("fragile/a", "write", {"text": text})
    rig.advance(5)
    assert rig.look(lambda: rig.engine.room.activation.cell("fragile/a").ties.paused_at) != ""
    if restarted:
        rig.restart()
    fragile.broken = False
    assert forgot(rig, "fragile/a")["mail"] == 2
    assert written(rig, "fragile/a") == ["one", "two"]
    assert rig.store.dead(0, 10) == []


def test_an_actor_between_two_attempts_begins_anew_at_once(rig: Rig) -> None:
    """The message that failed has all its attempts again."""
    rig.tell("book/a", "write", {"text": "one"})
    rig.tell("book/a", "write", {"text": "fail"})
    rig.settle()
    assert forgot(rig, "book/a")["mail"] == 1
    assert rig.look(lambda: rig.engine.cells.get("book/a").box.head[0].attempt) == 1  # type: ignore[union-attr]
    rig.advance(10)
    assert [row.attempt for row in rig.store.dead(0, 10)] == [3]


def test_children_end_first_and_their_mail_becomes_dead_letters(rig: Rig) -> None:
    """As when it is stopped; neighbours of nearly the same name stay."""
    for id in ("book/a", "book/a/book/b", "book/a/book/b/book/c", "book/ab"):
        rig.tell(id, "write", {"text": "one"})
    rig.tell("book/a/book/b", "write", {"text": "fail"})
    found = forgot(rig, "book/a")
    assert (found["children"], found["children_total"], found["mail_of_children"]) == (["book/a/book/b", "book/a/book/b/book/c"], 2, 1)
    assert rig.store.actors("book/", "", 10) == ["book/ab"]
    (letter,) = rig.store.dead(0, 10)
    assert (letter.box, letter.reason) == ("book/a/book/b", "book/a was forgotten, and book/a/book/b with it")


def test_the_events_of_an_event_sourced_actor_go(rig: Rig) -> None:
    """Their numbers are never used again."""
    for _ in range(3):
        rig.tell("account/ann", "deposit", Amount(cents=5))
    assert forgot(rig, "account/ann")["events"] == 3
    assert rig.store.events("account/ann", 0, 10) == []
    rig.restart()
    rig.tell("account/ann", "deposit", Amount(cents=1))
    assert rig.state("account/ann").cents == 1
    assert [row.n for row in rig.store.events("account/ann", 0, 10)] == [4]


@pytest.mark.parametrize("readable", [True, False])
def test_who_watches_it_goes_on_to_do_so(rig: Rig, readable: bool) -> None:
    """And sees the fresh state, then what the new life does: also where the old state could not be read."""
    rig.tell(ANN, "join", {"name": "Ann", "tier": "gold"})
    rig.tell("cart/7", "keep", {"name": "first", "of": ANN})
    rig.settle()
    if not readable:
        row = rig.store.load(ANN)
        assert row is not None
        rig.stop()
        rig.store.commit(Changes(states=[row._replace(state=b'{"nom":"Ann"}')]))
        rig.start()
    forgot(rig, ANN)
    rig.tell(ANN, "join", {"name": "Ann", "tier": "lead"})
    rig.settle()
    assert list(rig.state("cart/7").log) == [
        "first: {'name': 'Ann', 'tier': 'gold'} current",
        "first: {'name': 'nobody', 'tier': 'none'} current",
        "first: {'name': 'Ann', 'tier': 'lead'} current",
    ]


def test_who_waits_for_its_end_is_told(rig: Rig) -> None:
    """For its life is over, and the next is another; once, as after a stop."""
    rig.tell("guest/bob", "live")
    rig.tell("guest/ann", "watch", {"text": "guest/bob"})
    for _ in range(2):
        forgot(rig, "guest/bob")
        assert rig.state("guest/ann").ended == ("guest/bob",)
        rig.tell("guest/bob", "live")
    assert rig.state("guest/bob").n == 1


def test_a_kind_that_is_registered_no_more(rig: Rig) -> None:
    """Its state can be kept and forgotten all the same; its children's too."""
    for id in ("gone/a", "gone/a/book/b"):
        stored(rig, id, b'{"x":1}')
    assert rig.look(lambda: export(rig.engine, "gone/a"))["state"] == '{"x":1}'
    assert forgot(rig, "gone/a")["children"] == ["gone/a/book/b"]
    assert rig.store.actors("gone/", "", 10) == []


@pytest.mark.parametrize(
    ("id", "why"),
    [
        ("book/never", "nobody has ever written to it"),
        ("bok/a", "there is no such kind; did you mean 'book'?"),
        ("shelf/a", "it is host-bound: it keeps no state"),
        ("shelf/a/book/b", "it is host-bound: it keeps no state"),
        ("collection/parts/collection_page/p", "it is inside of another actor, which counts on it; forget collection/parts"),
    ],
)
def test_what_cannot_be_forgotten(rig: Rig, id: str, why: str) -> None:
    """Is refused in words, and nobody is called into memory for it."""
    for act in (forget, belongings):
        with pytest.raises(Unwritten if id == "book/never" else NothingStored) as refused:
            rig.look(lambda act=act: act(rig.engine, id))  # type: ignore[misc]  # bound at once
        assert str(refused.value).startswith(f"cannot forget {id}: {why}")
    assert rig.look(lambda: rig.engine.cells.get(id)) is None


def test_what_is_no_id_is_refused(rig: Rig) -> None:
    """As everywhere."""
    for act in (forget, belongings, export):
        with pytest.raises(BadId):
            rig.look(lambda act=act: act(rig.engine, "book"))  # type: ignore[misc]  # bound at once


def test_looking_forgets_nothing(rig: Rig) -> None:
    """It says what would go."""
    rig.tell("book/a", "write", {"text": "one"})
    assert rig.look(lambda: belongings(rig.engine, "book/a"))["version"] == 1
    assert written(rig, "book/a") == ["one"]


def test_nothing_is_exported_where_nothing_is(rig: Rig) -> None:
    """It says which of the reasons it is."""
    nobody = ("book/never", "nobody has ever written to it, or nothing of that was kept", Unwritten)
    for id, why, error in (nobody, ("shelf/a", "it is host-bound: it keeps no state", NothingStored)):
        with pytest.raises(error) as refused:
            rig.look(lambda id=id: export(rig.engine, id))  # type: ignore[misc]  # bound at once
        assert str(refused.value) == f"cannot export {id}: {why}"
