"""Following: a listener is told what each commit made of the actors it follows, misses nothing, or is told to look anew."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.actors.following import Committed, Following, LookAnew, StatesPage
from gateway.actors.hostbound import Host
from gateway.store.memory import MemoryStore
from gateway.testing import OUTSIDE, FrailStore, Rig
from tests.runtime.accounts import Account
from tests.runtime.actors import Book, Shelf


class Onlooker:
    """Somebody who follows: how all it follows stands, as far as it was told, and each commit in its order."""

    def __init__(self, rig: Rig, *of: str, since: str = "") -> None:
        self.rig = rig
        self.woken = threading.Event()
        host: Host = rig.hosted[OUTSIDE]
        self.following: Following = host.follow(of, self.woken.set, since)
        self.states: dict[str, Any] = {}
        self.commits: list[Committed] = []
        self.pages = 0

    def look(self) -> "Onlooker":
        """Look at all, page by page."""
        self.states = {}
        after, pages = "", list[StatesPage]()
        while True:
            pages.clear()
            self.following.look(pages.append, after)
            self.rig.until(lambda: pages)
            self.pages += 1
            assert not pages[0].fault
            self.states |= {state.id: json.loads(state.state or b"null") for state in pages[0].states}
            if not (after := pages[0].after):
                return self

    def take(self) -> list[Committed]:
        """Take what is new."""
        self.woken.clear()
        taken = list(self.following.take())
        self.commits += taken
        for committed in taken:
            self.states |= {state.id: json.loads(state.state or b"null") for state in committed.states}
        return taken

    def until(self, truth: Callable[[], Any]) -> None:
        """Take until something is true."""
        self.rig.until(lambda: self.take() and truth())

    def words_of(self, id: str) -> list[str]:
        """The words of a book, by what it was told."""
        found: list[str] = self.states[id]["words"]
        return found


@pytest.fixture
def rig() -> Iterator[Rig]:
    """Books and accounts, on a store that can be made to fail."""
    with Rig([Book(), Account()], {"shelf/a": Shelf}, store=FrailStore(MemoryStore()), by_hand=["shelf/a"]) as made:
        yield made


def write(rig: Rig, id: str, text: str) -> None:
    rig.tell(id, "write", {"text": text})


def test_who_follows_is_told_what_each_commit_made(rig: Rig) -> None:
    """In order, each with a place behind it; those it does not follow are left out."""
    write(rig, "book/a", "before")
    listener = Onlooker(rig, "book/a").look()
    assert listener.states == {"book/a": {"words": ["before"], "late_s": 0.0}}
    for text in ("one", "two", "three"):
        write(rig, "book/a", text)
        write(rig, "book/b", text)
    listener.until(lambda: len(listener.words_of("book/a")) == 4)
    assert [json.loads(one.states[0].state or b"")["words"][-1] for one in listener.commits] == ["one", "two", "three"]
    assert {state.id for one in listener.commits for state in one.states} == {"book/a"}
    numbers = [one.number for one in listener.commits]
    assert numbers == sorted(set(numbers))
    assert listener.following.place.startswith(f"{rig.engine.life}-")


def test_it_is_woken_at_each_commit(rig: Rig) -> None:
    """Once for all that the same listener follows, however many those are; and they share the states, which are written as JSON once."""
    woken: list[int] = []
    wake = lambda: woken.append(1)  # noqa: E731
    host: Host = rig.hosted[OUTSIDE]
    followings = [host.follow(["book/*"], wake) for _ in range(200)]
    pages: list[StatesPage] = []
    for one in followings:
        one.look(pages.append)
    rig.until(lambda: len(pages) == len(followings))
    write(rig, "book/a", "one")
    rig.settle()
    assert len(woken) == 1
    assert len({id(state.json) for one in followings for committed in one.take() for state in committed.states}) == 1
    for one in followings:
        one.end()
    write(rig, "book/a", "two")
    rig.settle()
    assert len(woken) == 1


def test_nothing_is_told_that_is_not_on_disk(rig: Rig) -> None:
    """Output never runs ahead of the disk: a commit that fails tells nothing, and what is looked at is the last one's."""
    write(rig, "book/a", "safe")
    listener = Onlooker(rig, "book/a").look()
    assert isinstance(rig.store, FrailStore)
    rig.store.to_come = ["fails"] * 3
    receipt = rig.send("book/a", "write", {"text": "not yet"})
    rig.until(lambda: rig.engine.store_fault)
    assert not listener.take()
    assert listener.look().words_of("book/a") == ["safe"]
    assert receipt.wait(10)
    listener.until(lambda: listener.words_of("book/a") == ["safe", "not yet"])


def test_one_that_looks_while_a_commit_is_under_way_misses_nothing(rig: Rig) -> None:
    """What was under way when the first listener came was not noted: the look waits until it is on disk."""
    assert isinstance(rig.store, FrailStore)
    rig.settle()
    rig.store.to_come = ["fails"] * 3
    receipt = rig.send("book/a", "write", {"text": "under way"})
    rig.until(lambda: rig.engine.store_fault)
    listener = Onlooker(rig, "book/a")
    assert listener.look().words_of("book/a") == ["under way"]
    assert receipt.resolved


def test_the_end_of_an_actor_is_told(rig: Rig) -> None:
    """Its state is none any more."""
    write(rig, "book/a", "one")
    listener = Onlooker(rig, "book/*").look()
    write(rig, "book/a", "stop")
    listener.until(lambda: listener.states["book/a"] is None)
    assert Onlooker(rig, "book/*").look().states == {}


def test_an_event_sourced_actor_is_told_with_its_state(rig: Rig) -> None:
    """Though a commit holds its events only."""
    rig.tell("account/ann", "deposit", {"cents": 5})
    listener = Onlooker(rig, "account/*").look()
    assert listener.states == {"account/ann": {"cents": 5, "events": 1}}
    rig.tell("account/ann", "deposit", {"cents": 7})
    listener.until(lambda: listener.states["account/ann"] == {"cents": 12, "events": 2})


def test_who_comes_back_goes_on_where_it_was(rig: Rig) -> None:
    """Nobody followed meanwhile: what was committed is kept for a while all the same."""
    write(rig, "book/a", "one")
    before = Onlooker(rig, "book/a").look()
    place = before.following.place
    before.following.end()
    write(rig, "book/a", "two")
    write(rig, "book/a", "three")
    rig.settle()
    back = Onlooker(rig, "book/a", since=place)
    assert [json.loads(one.states[0].state or b"")["words"][-1] for one in back.take()] == ["two", "three"]
    assert not back.take()


def test_when_nobody_has_followed_for_a_while_nothing_is_kept(rig: Rig) -> None:
    """And who comes back then must look anew."""
    rig.engine.feed.lingers_s = 0.0
    listener = Onlooker(rig, "book/a").look()
    place = listener.following.place
    listener.following.end()
    write(rig, "book/a", "one")
    rig.settle()
    assert rig.look(lambda: rig.engine.commits.recorder) is None
    with pytest.raises(LookAnew, match="too much was committed since"):
        Onlooker(rig, "book/a", since=place).take()


def test_one_that_falls_behind_what_is_kept_is_told_to_look_anew(rig: Rig) -> None:
    """And is right again then."""
    rig.engine.feed.most_commits = 3
    slow = Onlooker(rig, "book/a").look()
    quick = Onlooker(rig, "book/a").look()
    for n in range(5):
        write(rig, "book/a", str(n))
        quick.take()
    with pytest.raises(LookAnew):
        slow.take()
    assert slow.look().words_of("book/a") == list("01234")
    write(rig, "book/a", "5")
    slow.until(lambda: slow.words_of("book/a") == list("012345"))


def test_what_is_kept_is_bounded_by_bytes(rig: Rig) -> None:
    """Large states are kept for fewer commits."""
    rig.engine.feed.most_bytes = 5000
    listener = Onlooker(rig, "book/*").look()
    for n in range(5):
        write(rig, f"book/{n}", "x" * 2000)
    rig.settle()
    with pytest.raises(LookAnew):
        listener.take()
    assert len(rig.engine.feed.after(rig.look(lambda: rig.engine.commits.last))) == 0


def test_a_place_of_an_earlier_life_is_known_as_such(rig: Rig) -> None:
    """After a restart, and where a store was put back and counts the same life once more."""
    write(rig, "book/a", "one")
    place = Onlooker(rig, "book/a").look().following.place
    rig.restart()
    with pytest.raises(LookAnew, match="new life"):
        Onlooker(rig, "book/a", since=place).take()
    here = Onlooker(rig, "book/a").look().following.place
    life, number, salt = here.split("-")
    for forged in (f"{life}-{number}-{salt[:-1]}x", f"{life}-99999-{salt}", f"{life}-{'9' * 5000}-{salt}", "5", "-1-2-3", "a-²-c"):
        with pytest.raises(LookAnew):
            Onlooker(rig, "book/a", since=forged).take()


def test_many_actors_come_page_by_page(rig: Rig) -> None:
    """Each once, whichever patterns they fit, and no others."""
    rig.engine.feed.states_at_once = 3
    rig.engine.feed.ids_at_once = 4
    for n in range(12):
        write(rig, f"book/{'ab'[n % 2]}{n}", "x")
    listener = Onlooker(rig, "book/a*", "book/a1*", "book/b11", "account/*").look()
    assert sorted(listener.states) == ["book/a0", "book/a10", "book/a2", "book/a4", "book/a6", "book/a8", "book/b11"]
    assert listener.pages > 2
    assert len(Onlooker(rig, "*").look().states) == 12


def test_what_actors_keep_for_themselves_is_told_where_it_is_named() -> None:
    """`twin/*` fits the history of a twin too, by its text: it is told to whoever names that kind."""
    from gateway.business.twin import Twin, TwinSettings  # noqa: PLC0415

    with Rig([Twin(TwinSettings(publish_to=""))]) as rig:
        for n in range(60):
            rig.tell("twin/boiler", "report", {"values": {"temp_c": 20 + n / 10}})
            rig.advance(60)
        assert sorted(Onlooker(rig, "twin/*").look().states) == ["twin/boiler"]
        assert "twin/boiler/history/temp_c" in Onlooker(rig, "twin/*/history/*").look().states


def test_a_pattern_that_can_fit_no_actor_is_refused(rig: Rig) -> None:
    """With what to write."""
    host: Host = rig.hosted[OUTSIDE]
    with pytest.raises(ValueError, match="cannot use 'book' as a pattern of actors: write kind/key"):
        host.follow(["book"], lambda: None)


def test_a_wake_that_raises_stops_nobody(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """It is not called any more."""
    host: Host = rig.hosted[OUTSIDE]
    called: list[int] = []

    def broken() -> None:
        called.append(1)
        raise RuntimeError("closed")

    host.follow(["book/*"], broken)
    rig.settle()
    write(rig, "book/a", "one")
    write(rig, "book/a", "two")
    rig.settle()
    assert called == [1]
    assert "a listener could not be woken" in caplog.text
