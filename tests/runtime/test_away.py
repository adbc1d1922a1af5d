"""Away is no failure: what owns a resource that is not there is handed nothing, no attempt is counted, and mail waits on disk."""

import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from gateway.actors import Delivery, HostBound, Mode, Refused, Start, verb
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig
from tests.runtime.actors import Book, Word

GONE = "its cable was pulled"


class Lamp(HostBound):
    """What is told to it must be done soon, or not at all; what it is asked, sooner."""

    window = 4

    @verb(act_within_s=30)
    def put(self, word: Word, delivery: Delivery) -> None:
        """At least once."""

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=30)
    def shoot(self, word: Word, delivery: Delivery) -> None:
        """At most once."""

    @verb
    def note(self, word: Word, delivery: Delivery) -> None:
        """May come late."""


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A lamp in the test's own hands."""
    with Rig([Book()], {"lamp/a": Lamp}, store=FrailStore(MemoryStore()), by_hand=["lamp/a"]) as made:
        yield made


def taken(rig: Rig) -> list[Any]:
    rig.settle()
    return rig.hosted["lamp/a"].take()


def texts(deliveries: list[Any]) -> list[str]:
    return [delivery.message.payload.text for delivery in deliveries]


def dead(rig: Rig) -> list[tuple[str, str]]:
    return [(row.box, row.reason) for row in rig.store.dead(0, 100)]


def test_what_is_away_is_handed_nothing_for_as_long_as_it_likes(rig: Rig) -> None:
    """Mail waits on disk; no attempt is counted, nothing becomes a dead letter, and over a restart it waits on."""
    rig.hosted["lamp/a"].away(GONE)
    for n in range(10):
        rig.tell("lamp/a", "note", {"text": str(n)})
    rig.advance(600)
    assert taken(rig) == []
    rig.restart()
    rig.hosted["lamp/a"].away(GONE)
    rig.advance(600)
    assert [(row.seq, row.attempt) for row in rig.store.mail("lamp/a", 0, 100)] == [(n, 0) for n in range(1, 11)]
    rig.hosted["lamp/a"].back()
    seen = []
    while given := taken(rig):
        assert {delivery.attempt for delivery in given} == {1}
        seen += texts(given)
        for delivery in given:
            delivery.done()
    assert seen == [str(n) for n in range(10)]
    assert dead(rig) == []


def test_what_it_had_in_hands_goes_back_and_no_attempt_is_counted(rig: Rig) -> None:
    """Begun or not; what is said of it afterwards is not heard, and it comes again in its order."""
    for n in range(6):
        rig.tell("lamp/a", "note", {"text": str(n)})
    rig.settle()
    begun = rig.hosted["lamp/a"].take(2)
    for times in range(20):
        rig.hosted["lamp/a"].away(GONE)
        rig.settle()
        for delivery in begun:
            delivery.failed("nothing was written")
        rig.hosted["lamp/a"].back()
        begun = taken(rig)
        assert (texts(begun), [delivery.attempt for delivery in begun]) == (["0", "1", "2", "3"], [1] * 4), times
    rig.crash()
    rig.start()
    assert dead(rig) == []


def test_the_count_of_attempts_that_went_back_is_on_disk(rig: Rig) -> None:
    """After a crash an attempt counts that was under way, and one that went back does not."""
    for n in range(3):
        rig.tell("lamp/a", "note", {"text": str(n)})
    assert len(taken(rig)) == 3
    assert [row.attempt for row in rig.store.mail("lamp/a", 0, 10)] == [1, 1, 1]
    rig.hosted["lamp/a"].away(GONE)
    rig.advance(1)
    assert [row.attempt for row in rig.store.mail("lamp/a", 0, 10)] == [0, 0, 0]


def test_what_may_be_done_once_and_was_begun_is_unknown_and_what_was_not_is_done_later(rig: Rig) -> None:
    """Whoever asked is told to look."""
    for text in ("first", "second"):
        rig.tell("lamp/a", "shoot", {"text": text}, reply_to="book/a")
    rig.settle()
    (begun,) = rig.hosted["lamp/a"].take(1)
    rig.hosted["lamp/a"].away(GONE)
    rig.settle()
    unknown = f"outcome unknown: lamp/a went away while it was being done ({GONE}); look before you repeat it"
    assert dead(rig) == [("lamp/a", unknown)]
    assert rig.state("book/a").words == (unknown,)
    begun.done()
    rig.hosted["lamp/a"].back()
    (second,) = taken(rig)
    assert (second.message.payload.text, second.attempt) == ("second", 1)
    rig.crash()
    rig.start()
    rig.settle()
    assert len(dead(rig)) == 2  # now the second was begun, too


def test_what_was_settled_before_it_went_away_is_settled(rig: Rig) -> None:
    """Its word is on its way to the engine: it is heard."""
    rig.tell("lamp/a", "shoot", {"text": "x"})
    (delivery,) = taken(rig)
    delivery.done()
    rig.hosted["lamp/a"].away(GONE)
    rig.advance(1)
    assert (dead(rig), rig.store.boxes()) == ([], [])


def test_a_command_that_acts_is_answered_expired_when_it_has_waited_too_long(rig: Rig) -> None:
    """Not before; whoever asked is told why, and the message is a dead letter. What may come late waits on."""
    rig.hosted["lamp/a"].away(GONE)
    rig.tell("lamp/a", "put", {"text": "command"}, reply_to="book/a")
    rig.tell("lamp/a", "note", {"text": "note"})
    rig.advance(29.9)
    assert rig.state("book/a").words == ()
    rig.advance(0.2)
    said = f"expired after 30 s: lamp/a is away: {GONE}"
    assert rig.state("book/a").words == (said,)
    assert dead(rig) == [("lamp/a", said)]
    rig.hosted["lamp/a"].back()
    assert texts(taken(rig)) == ["note"]


def test_the_age_of_a_command_is_on_the_clock_that_never_jumps(rig: Rig) -> None:
    """Whatever the wall clock is set to, and over a crash: thirty seconds are thirty seconds."""
    rig.hosted["lamp/a"].away(GONE)
    rig.tell("lamp/a", "put", {"text": "x"})
    rig.clock.jump(+50 * 365 * 86_400)
    rig.advance(10)
    rig.crash()
    rig.start()
    rig.hosted["lamp/a"].away(GONE)
    rig.clock.jump(-100 * 365 * 86_400)
    rig.advance(19)
    assert dead(rig) == []
    rig.advance(1.5)
    assert [reason.split()[0] for _, reason in dead(rig)] == ["expired"]


def test_many_commands_grow_too_old_one_after_the_other(rig: Rig) -> None:
    """Each in its time, wherever it stands: in memory, in hand and not begun, only on disk or behind a refused one."""
    rig.tell("lamp/a", "put", {"text": "refused"}, reply_to="book/a")
    (refused,) = taken(rig)
    refused.failed("not now")
    rig.settle()
    for n in range(4):
        rig.advance(0.1)
        rig.tell("lamp/a", "put", {"text": f"behind {n}"})  # of the same sender: only their places are in memory
    rig.hosted["lamp/a"].send("lamp/a", "put", {"text": "handed"})  # of another: it is handed out, and never begun
    rig.settle()
    rig.advance(20)
    rig.hosted["lamp/a"].away(GONE)
    rig.advance(30)
    assert taken(rig) == []
    assert [reason.split()[0] for _, reason in dead(rig)] == ["expired"] * 6
    assert rig.store.boxes() == []
    assert rig.engine.despatch.expired == 6


def test_a_command_that_grows_too_old_before_it_is_on_disk_is_answered_once_it_is(rig: Rig) -> None:
    """Behind a refused one, of which only places are in memory, while a commit takes long: it is not forgotten."""
    rig.tell("lamp/a", "note", {"text": "refused"})
    (refused,) = taken(rig)
    refused.failed("not now")
    rig.settle()
    rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
    rig.send("book/a", "write", {"text": "a commit that waits"}, on_commit=lambda receipt: None)
    rig.until(lambda: rig.engine.commits.under_way)
    lanes = rig.engine.room.outboxes["lamp/a"].lanes
    rig.send("lamp/a", "put", {"text": "behind"}, reply_to="book/a")
    rig.until(lambda: rig.look(lambda: [waiting for lane in lanes.by_sender.values() for waiting in lane.waiting if type(waiting) is int]))
    rig.clock.advance(31)
    before = rig.look(lambda: rig.engine.rounds)
    rig.until(lambda: rig.look(lambda: rig.engine.rounds) > before + 1)  # a whole round has seen that it is too old
    rig.store.to_come = []  # type: ignore[attr-defined]
    rig.settle()
    said = "expired after 30 s: lamp/a did not come to it"
    assert dead(rig) == [("lamp/a", said)]
    assert rig.state("book/a").words == ("a commit that waits", said)
    assert rig.engine.despatch.expired == 1
    (again,) = taken(rig)
    again.done()
    rig.advance(1)
    assert rig.store.boxes() == []


def test_what_an_actor_has_and_does_not_begin_grows_too_old(rig: Rig) -> None:
    """Its thread hangs, say: whoever asked is told in time, and it is not done later."""
    rig.tell("lamp/a", "put", {"text": "x"}, reply_to="book/a")
    rig.advance(31)
    assert rig.state("book/a").words == ("expired after 30 s: lamp/a did not come to it",)
    assert taken(rig) == []


def test_a_message_that_has_expired_by_its_own_word_is_not_begun(rig: Rig) -> None:
    """A command of ten minutes ago is answered, and not run; one that has not expired is."""
    for text, in_ms in (("late", -600_000), ("timely", 1)):
        rig.tell("lamp/a", "note", {"text": text}, expires_ms=rig.clock.now_ms() + in_ms, reply_to="book/a")
    assert texts(taken(rig)) == ["timely"]
    rig.settle()
    said = "expired 600 s ago: lamp/a did not come to it"
    assert rig.state("book/a").words == (said,)
    assert dead(rig) == [("lamp/a", said)]


def test_a_message_expires_by_its_own_word_while_its_actor_is_away(rig: Rig) -> None:
    """Whoever asked is told then, and not when the actor is back."""
    rig.hosted["lamp/a"].away(GONE)
    rig.tell("lamp/a", "note", {"text": "x"}, expires_ms=rig.clock.now_ms() + 5000, reply_to="book/a")
    rig.advance(4.9)
    assert rig.state("book/a").words == ()
    rig.advance(0.2)
    assert rig.state("book/a").words == (f"expired 0 s ago: lamp/a is away: {GONE}",)


def test_what_is_begun_is_its_actors_to_settle(rig: Rig) -> None:
    """However old it grows."""
    rig.tell("lamp/a", "put", {"text": "x"})
    (delivery,) = taken(rig)
    rig.advance(60)
    assert dead(rig) == []
    delivery.done()
    rig.advance(1)
    assert rig.store.boxes() == []


def test_age_limits_can_be_set(rig: Rig) -> None:
    """By the settings: for mail that comes from then on; 0: however long."""
    rig.engine.despatch.limit_ages("lamp/a", {"put": 5, "shoot": 0})
    rig.hosted["lamp/a"].away(GONE)
    for verb_name in ("put", "shoot"):
        rig.tell("lamp/a", verb_name, {"text": verb_name})
    rig.advance(6)
    assert [reason.split()[0] for _, reason in dead(rig)] == ["expired"]
    rig.advance(600)
    assert len(dead(rig)) == 1
    rig.hosted["lamp/a"].back()
    assert texts(taken(rig)) == ["shoot"]


class Port(HostBound):
    """Loses its line as often as the test says, in the midst of its mail."""

    kind = "port"
    window = 8
    wrote: ClassVar[list[str]]
    losses: ClassVar[list[str]]
    there: ClassVar[threading.Event]

    def started(self, start: Start) -> None:
        if not self.there.is_set():
            self.host.away("not there at its start")

    def wait(self) -> None:
        self.host.wait(0.01)

    def tick(self) -> None:
        if self.there.is_set():
            self.host.back()

    @verb(mode=Mode.AT_MOST_ONCE)
    def shoot(self, word: Word, delivery: Delivery) -> None:
        if self.losses and self.losses[0] == word.text:
            self.losses.pop(0)
            delivery.failed(f"{word.text}: the line failed", retry=False)
            self.host.away(GONE)
            return
        self.wrote.append(word.text)


def test_on_a_thread_of_its_own_nothing_is_done_twice_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """An actor goes and comes while its mail is handed to it: each message is done once, in order, or named as failed."""
    monkeypatch.setattr(Port, "wrote", [], raising=False)
    monkeypatch.setattr(Port, "losses", ["5", "6", "17"], raising=False)
    monkeypatch.setattr(Port, "there", threading.Event(), raising=False)
    with Rig([Book()], {"port/a": Port}) as rig:
        for n in range(40):
            rig.tell("port/a", "shoot", {"text": str(n)})
        rig.settle()
        assert Port.wrote == []
        Port.there.set()
        rig.until(lambda: len(Port.wrote) == 37)
        assert Port.wrote == [str(n) for n in range(40) if n not in (5, 6, 17)]
        rig.advance(1)
        assert [row.reason for row in rig.store.dead(0, 9)] == [f"{n}: the line failed" for n in (5, 6, 17)]
        assert rig.store.boxes() == []


def test_an_actor_gets_nothing_before_it_has_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """So what waits at the start of the gateway is no attempt for one whose resource is not there."""
    monkeypatch.setattr(Port, "wrote", [], raising=False)
    monkeypatch.setattr(Port, "losses", [], raising=False)
    monkeypatch.setattr(Port, "there", threading.Event(), raising=False)
    with Rig([Book()], {"port/a": Port}) as rig:
        rig.tell("port/a", "shoot", {"text": "x"})
        rig.restart()
        rig.advance(5)
        assert [row.attempt for row in rig.store.mail("port/a", 0, 9)] == [0]
        assert all(not changes.tried for changes in rig.store.commits)  # type: ignore[attr-defined]  # a MemoryStore


def test_a_full_mailbox_of_one_that_is_away_makes_those_wait_who_write_to_it() -> None:
    """As it does for one that is slow: nothing is dropped, and nobody else waits."""
    with Rig([Book()], {"lamp/a": Lamp}, settings=EngineSettings(mailbox_messages=3), by_hand=["lamp/a"]) as rig:
        rig.hosted["lamp/a"].away(GONE)
        for n in range(3):
            rig.tell("lamp/a", "note", {"text": str(n)})
        rig.settle()
        with pytest.raises(Refused, match="the mailbox of lamp/a is full"):
            rig.send("lamp/a", "note", {"text": "one too many"}, wait=False)
        rig.tell("book/a", "write", {"text": "x"}, wait=False)
        rig.hosted["lamp/a"].back()
        for delivery in taken(rig):
            delivery.done()
        rig.advance(1)
        rig.tell("lamp/a", "note", {"text": "now"}, wait=False)
