"""Deliveries: how often each was begun is on disk before it is; one thread begins it, or the engine takes it back, never both."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import Delivery, GatewayError, HostBound, Mode, verb
from gateway.actors.messages import Message
from gateway.actors.models import NOTHING
from gateway.runtime import despatch, hosted
from gateway.runtime.deliveries import HandedOut as RealDelivery
from gateway.runtime.deliveries import Stand
from gateway.runtime.lent import Lent, count_noted
from gateway.runtime.settings import EngineSettings
from gateway.store import Changes
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Store
from gateway.testing import FrailStore, ManualClock, Rig
from tests.runtime.actors import Book, Shelf, Word


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A shelf in the test's own hands, on each store."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Book()], {"shelf/a": Shelf}, store=FrailStore(store), by_hand=["shelf/a"]) as made:
        yield made
    store.close()


def taken(rig: Rig) -> list[Any]:
    rig.settle()
    return rig.hosted["shelf/a"].take()


def texts(deliveries: list[Any]) -> list[str]:
    return [delivery.message.payload.text for delivery in deliveries]


def one_by_one(rig: Rig) -> list[tuple[str, int]]:
    """What is handed out, and which attempt it is; each is done."""
    seen = []
    while given := taken(rig):
        seen += [(delivery.message.payload.text, delivery.attempt) for delivery in given]
        for delivery in given:
            delivery.done()
        rig.advance(1)
    return seen


def test_an_attempt_survives_a_crash(rig: Rig) -> None:
    """Above 1 the act may have happened; what was never handed out has 1 when it is."""
    for n in range(6):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    assert [delivery.attempt for delivery in taken(rig)] == [1, 1, 1, 1]
    rig.crash()
    rig.start()
    assert one_by_one(rig) == [("0", 2), ("1", 2), ("2", 2), ("3", 2), ("4", 1), ("5", 1)]


def test_an_attempt_survives_a_crash_from_the_backlog_too(rig: Rig) -> None:
    """What was handed out as the window grew free is on disk as begun when it is in the actor's hands."""
    for n in range(8):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    for delivery in taken(rig):
        delivery.done()
    assert texts(taken(rig)) == ["4", "5", "6", "7"]
    rig.crash()
    rig.start()
    assert one_by_one(rig) == [("4", 2), ("5", 2), ("6", 2), ("7", 2)]


def test_what_went_back_from_the_backlog_is_counted_right(rig: Rig) -> None:
    """Refused, taken back by a restart of its actor or because its resource went away, and then a crash: each as often as it was begun."""
    for n in range(8):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    for delivery in taken(rig):
        delivery.done()
    four, *_ = taken(rig)
    four.failed("no")
    rig.settle()
    rig.hosted["shelf/a"].away("unplugged")
    rig.hosted["shelf/a"].back()
    rig.advance(1)
    (four,) = taken(rig)
    four.done()
    assert texts(taken(rig)) == ["5", "6", "7"]
    rig.engine.reclaim("shelf/a")
    rig.advance(1)
    rig.crash()
    rig.start()
    rig.settle()
    rig.crash()
    rig.start()
    # begun by an actor that went, and twice in hand when the process ended
    assert one_by_one(rig)[0] == ("5", 4)


def test_memory_is_given_back_as_mail_goes_out(rig: Rig) -> None:
    """What was handed out is not counted as waiting in memory for ever: else all mail would be on disk only after a while."""
    for _ in range(3):
        for n in range(9):
            rig.tell("book/a", "write", {"text": f"!{n}"})
        assert rig.look(lambda: rig.engine.room.memory.bytes) > 0
        one_by_one(rig)
        assert rig.look(lambda: rig.engine.room.memory.bytes) == 0


def test_nothing_is_noted_of_what_is_dealt_with(rig: Rig) -> None:
    """Places are used again in a later life, when all mail is gone: the note must not speak of them."""
    for n in range(8):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    one_by_one(rig)
    rig.advance(1)
    assert rig.store.notes()["in hand shelf/a"] == ""
    rig.restart()
    rig.tell("book/a", "write", {"text": "!x"})
    assert one_by_one(rig) == [("x", 1)]


def test_many_places_that_are_lent_here_and_there_are_counted(rig: Rig) -> None:
    """More than a note should hold: they are counted in their rows."""
    for n in range(8):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    changes, lent = Changes(), Lent("shelf/a")
    lent.add(range(1, 400, 2))
    lent.note(range(0, 400, 2), (), changes, 1)
    assert (len(changes.tried), changes.notes) == (200, {"in hand shelf/a": ""})
    lent.add([7, 8, 10])
    lent.note([9], (), changes, 2)
    assert changes.notes == {"in hand shelf/a": "7-8 10-10"}
    resumed = Changes()
    assert count_noted(changes.notes, resumed)
    assert [(tried.first, tried.last, tried.by) for tried in resumed.tried] == [(7, 8, 1), (10, 10, 1)]


def test_failures_and_crashes_count_together(rig: Rig) -> None:
    """Twice refused, then a crash with it in hand: the fourth attempt."""
    rig.tell("book/a", "write", {"text": "!x"})
    for attempt in (1, 2):
        (delivery,) = taken(rig)
        assert delivery.attempt == attempt
        delivery.failed("not yet")
        rig.advance(1.1)
    assert [delivery.attempt for delivery in taken(rig)] == [3]
    rig.crash()
    rig.start()
    assert [delivery.attempt for delivery in taken(rig)] == [4]


def test_a_good_end_counts_no_attempt_of_what_nobody_began(rig: Rig) -> None:
    """It was in its actor's hands, and not touched."""
    rig.tell("book/a", "write", {"text": "!x"})
    rig.settle()
    rig.restart()
    assert [delivery.attempt for delivery in taken(rig)] == [1]


class Moving(ManualClock):
    """A clock that goes on by a quarter of a second with each look at it."""

    def mono_s(self) -> float:
        self.advance(0.25)
        return super().mono_s()


def test_order_is_kept_without_any_failure(rig: Rig) -> None:
    """Whatever the clock does within a round: what came first is handed out first, as the window grows free."""
    del rig
    with Rig([Book()], {"shelf/a": Shelf}, clock=Moving(), by_hand=["shelf/a"]) as moving:
        seen: list[str] = []
        for n in range(30):
            moving.send("book/a", "write", {"text": f"!{n}"})
            for delivery in moving.hosted["shelf/a"].take():
                seen += texts([delivery])
                delivery.done()
        while len(seen) < 30:
            given = moving.until(moving.hosted["shelf/a"].take)
            seen += texts(given)
            for delivery in given:
                delivery.done()
        assert seen == [str(n) for n in range(30)]


def test_at_most_once_the_recorded_attempt_outlives_a_power_cut() -> None:
    """Whatever the loss window: the commit that records it says that it must; one that records a publish does not."""
    store = MemoryStore()
    with Rig([Book()], {"shelf/a": Shelf}, store=store, by_hand=["shelf/a"]) as rig:
        rig.tell("book/a", "write", {"text": "!publish"})
        taken(rig)
        assert not any(changes.sync for changes in store.commits)
        rig.tell("book/a", "write", {"text": "?pulse"})
        taken(rig)
        (recorded,) = [changes for changes in store.commits if changes.sync]
        assert [(row.box, row.attempt) for row in recorded.mail] == [("shelf/a", 1)]


# --- one claim


def _delivery(post: Callable[..., None] = lambda delivery, *, pressing: None) -> RealDelivery:
    return RealDelivery(Message("m", "shelf/a", "put", NOTHING), 1, 1, "shelf/a", post=post, pressing=True)


def test_what_the_engine_took_back_cannot_be_begun_nor_settled() -> None:
    """And what was begun the engine knows as begun."""
    heard: list[RealDelivery] = []

    def post(delivery: RealDelivery, *, pressing: bool) -> None:
        del pressing
        heard.append(delivery)

    revoked, begun, settled = (_delivery(post) for _ in range(3))
    assert revoked.revoke() is Stand.HANDED
    assert not revoked.begin()
    revoked.done()
    assert begun.begin()
    assert not begun.begin()
    assert begun.revoke() is Stand.BEGUN
    begun.failed("too late")
    assert settled.begin()
    settled.done()
    assert settled.revoke() is Stand.SETTLED
    assert heard == [settled]


def test_two_threads_that_want_one_delivery_do_not_both_get_it() -> None:
    """Ten thousand times: the actor begins it, or the engine takes it back unbegun."""
    deliveries = [_delivery() for _ in range(10_000)]
    begun, unbegun = set[int](), set[int]()
    ready = threading.Barrier(2)

    def actor() -> None:
        ready.wait()
        begun.update(n for n, delivery in enumerate(deliveries) if delivery.begin())

    thread = threading.Thread(target=actor)
    thread.start()
    ready.wait()
    unbegun.update(n for n, delivery in reversed(list(enumerate(deliveries))) if delivery.revoke() is Stand.HANDED)
    thread.join()
    assert not begun & unbegun
    assert len(begun | unbegun) == len(deliveries)


class Breaking(HostBound):
    """Raises at the message it is told to."""

    kind = "breaking"
    window = 8

    @verb(mode=Mode.AT_MOST_ONCE)
    def shoot(self, word: Word, delivery: Delivery) -> None:
        if word.text == "1":
            raise RuntimeError("it broke")


def test_one_that_raises_takes_no_other_with_it() -> None:
    """Of six that may be done once, in hand together, the second breaks the actor: those behind it were never begun, and are done later."""
    with Rig([Book()], {"breaking/a": Breaking}, by_hand=["breaking/a"]) as rig:
        for n in range(6):
            rig.tell("breaking/a", "shoot", {"text": str(n)})
        rig.settle()
        actor = Breaking()
        actor.host = rig.hosted["breaking/a"]
        with pytest.raises(RuntimeError, match="it broke"):
            actor.run()
        rig.engine.reclaim("breaking/a")
        rig.settle()
        again = rig.hosted["breaking/a"].take()
        assert (texts(again), [delivery.attempt for delivery in again]) == (["2", "3", "4", "5"], [1] * 4)
        assert [row.reason for row in rig.store.dead(0, 9)] == ["RuntimeError: it broke"]


class Silent(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


class Odd(GatewayError):
    """The same, of ours."""

    def __str__(self) -> str:
        raise RuntimeError("nothing to say")


class Rude(HostBound):
    """Raises what nobody expects."""

    kind = "rude"

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        raise {"silent": Silent, "odd": Odd, "exit": SystemExit, "interrupt": KeyboardInterrupt}[word.text]()


@pytest.mark.parametrize(
    ("text", "reason", "restarts"),
    [
        ("silent", "Silent: (what it says cannot be shown: its __str__ raises RuntimeError)", 1),
        ("odd", "(what it says cannot be shown: its __str__ raises RuntimeError)", 0),
        ("exit", "SystemExit: ", 1),
        ("interrupt", "KeyboardInterrupt: ", 1),
    ],
)
def test_whatever_a_verb_raises_fails_its_message(text: str, reason: str, restarts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its actor is made anew, and the message is found out: it is not given again and again for ever."""
    monkeypatch.setattr(despatch, "_ATTEMPTS", 2)
    monkeypatch.setattr(hosted, "_FIRST_RESTART_S", 0.001)
    with Rig([Book()], {"rude/a": Rude}) as rig:
        rig.tell("rude/a", "put", {"text": text})
        rig.until(lambda: (rig.advance(1), len(rig.store.dead(0, 99)))[1])
        assert [row.reason for row in rig.store.dead(0, 9)] == [reason]
        rig.until(lambda: rig.hosted["rude/a"].restarts == 2 * restarts)
        assert rig.hosted["rude/a"].alive()


def test_a_store_that_is_committed_to_late_holds_back_what_is_handed_out() -> None:
    """Output never runs ahead of the disk: with the attempt not on disk, the actor has nothing."""
    store = FrailStore()
    with Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(), by_hand=["shelf/a"]) as rig:
        for n in range(8):
            rig.tell("book/a", "write", {"text": f"!{n}"})
        first = taken(rig)
        store.to_come = ["fails"] * 3
        for delivery in first:
            delivery.done()
        rig.until(lambda: rig.engine.store_fault)
        assert rig.hosted["shelf/a"].take() == []
        rig.until(lambda: not rig.engine.store_fault)
        assert texts(taken(rig)) == ["4", "5", "6", "7"]


def test_changes_say_nothing_of_a_sync_unless_told() -> None:
    """Most commits need not outlive a power cut at once."""
    assert not Changes().sync


def test_many_deliveries_are_done_in_one_word(rig: Rig) -> None:
    """Each is settled once, whatever was said of it before, and the mailbox goes on behind them."""
    for n in range(6):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    first = taken(rig)
    first[1].done()
    rig.hosted["shelf/a"].all_done([*first, first[0]])
    assert texts(taken(rig)) == ["4", "5"]
    rig.hosted["shelf/a"].all_done(first)
    rig.crash()
    rig.start()
    assert one_by_one(rig) == [("4", 2), ("5", 2)]


def test_what_was_taken_back_is_not_done(rig: Rig) -> None:
    """Its actor said that its resource is away: what it says of it later is not heard, of the others it is."""
    for n in range(3):
        rig.tell("book/a", "write", {"text": f"!{n}"})
    first = taken(rig)
    rig.hosted["shelf/a"].away("pulled out")
    rig.settle()
    rig.hosted["shelf/a"].all_done(first)
    rig.hosted["shelf/a"].back()
    assert texts(taken(rig)) == ["0", "1", "2"]
