"""A message that a sink refuses backs off by itself: what its sender sent after it waits, in order; what others sent does not."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from gateway.actors import Actor, Delivery, HostBound, Payload, Stage, State, verb
from gateway.runtime import despatch, mailbox
from gateway.runtime.outbox import Outbox
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig


class Note(Payload):
    """Numbered, from one sender."""

    sender: str = ""
    n: int


class Clerk(Actor[State]):
    """Sends on what it is told, so that it is the sender."""

    @verb
    def send(self, note: Note, stage: Stage[State]) -> None:
        stage.tell("desk/a", "put", note)


class Desk(HostBound):
    """In the test's own hands."""

    window = 4

    @verb
    def put(self, note: Note, delivery: Delivery) -> None:
        """At least once."""


@contextmanager
def tiny() -> Iterator[None]:
    """Mailboxes of which little is in memory, read back in small pages."""
    kept = mailbox.HEAD_AT_MOST, mailbox.READ_BACK, despatch._READ_AT_ONCE
    mailbox.HEAD_AT_MOST, mailbox.READ_BACK, despatch._READ_AT_ONCE = 6, 3, 3
    try:
        yield
    finally:
        mailbox.HEAD_AT_MOST, mailbox.READ_BACK, despatch._READ_AT_ONCE = kept


class Office:
    """A desk, and clerks that send to it."""

    def __init__(self) -> None:
        self.rig = Rig([Clerk()], {"desk/a": Desk}, store=FrailStore(MemoryStore()), by_hand=["desk/a"])

    def send(self, sender: str, *numbers: int) -> None:
        for n in numbers:
            self.rig.tell(f"clerk/{sender}", "send", {"sender": sender, "n": n})

    def take(self) -> list[Any]:
        self.rig.settle()
        return list(self.rig.hosted["desk/a"].take())

    def work(self) -> list[str]:
        """Do everything there is; what it was, in its order."""
        seen = []
        while taken := self.take():
            seen += said(taken)
            for delivery in taken:
                delivery.done()
        self.rig.advance(0.3)
        return seen

    def outbox(self) -> Outbox:
        return self.rig.engine.room.outboxes["desk/a"]


@pytest.fixture
def office() -> Iterator[Office]:
    made = Office()
    with made.rig:
        yield made


def said(deliveries: list[Any]) -> list[str]:
    return [f"{d.message.payload.sender}{d.message.payload.n}" for d in deliveries]


def test_only_its_own_sender_waits_for_a_refused_message(office: Office) -> None:
    """The others' mail goes on, in its order, for as long as the one is refused."""
    office.send("a", 1)
    (refused,) = office.take()
    refused.failed("not this one")
    for n in (1, 2, 3):
        office.send("b", n)
        office.send("a", n + 1)
        office.send("c", n)
    assert office.work() == ["b1", "c1", "b2", "c2", "b3", "c3"]
    office.rig.advance(0.6)
    assert office.work() == ["a1", "a2", "a3", "a4"]
    assert office.rig.store.boxes() == []


def test_it_is_tried_alone_before_what_waits_behind_it(office: Office) -> None:
    """While it is in hand again, its sender's other mail still waits: the next failure must not put it behind."""
    office.send("a", 1)
    office.take()[0].failed("no")
    office.send("a", 2, 3)
    office.rig.advance(0.6)
    (again,) = office.take()
    assert (said([again]), again.attempt) == (["a1"], 2)
    again.failed("no")
    office.rig.advance(0.9)
    assert office.take() == []
    office.rig.advance(0.2)
    (again,) = office.take()
    assert (said([again]), again.attempt) == (["a1"], 3)
    again.done()
    assert office.work() == ["a2", "a3"]


def test_it_is_given_up_after_ten_failures_and_what_waited_goes_on(office: Office) -> None:
    """And its neighbours never noticed."""
    office.send("a", 1)
    for times in range(1, 11):
        (tried,) = office.take()
        assert (said([tried]), tried.attempt) == (["a1"], times)
        tried.failed("never")
        office.send("a", times + 1)
        office.send("b", times)
        behind = [f"a{n}" for n in range(2, 12)] if times == 10 else []
        assert sorted(office.work()) == sorted([*behind, f"b{times}"])
        office.rig.advance(61)
    assert [(row.attempt, row.reason) for row in office.rig.store.dead(0, 9)] == [(10, "never")]
    assert office.rig.store.boxes() == []


def test_each_refused_message_has_a_backoff_of_its_own(office: Office) -> None:
    """Several of one sender, in hand together and refused together: they come again in their order, the first one first."""
    office.send("a", 1, 2, 3)
    one, two, three = office.take()
    three.failed("no")
    one.failed("no")
    two.done()
    office.send("a", 4)
    office.rig.advance(0.6)
    (again,) = office.take()
    assert said([again]) == ["a1"]
    again.done()
    assert office.work() == ["a3", "a4"]


@pytest.mark.parametrize("count", [5000])
def test_a_long_wait_behind_one_costs_neither_memory_nor_its_neighbours(office: Office, count: int) -> None:
    """Of what waits behind it only the places are in memory; when it is done all of it goes, in order."""
    office.send("a", 0)
    office.take()[0].failed("no")
    for n in range(1, count):
        office.rig.send("clerk/a", "send", {"sender": "a", "n": n})
    office.send("b", 1)
    assert office.work() == ["b1"]
    in_memory = office.rig.look(lambda: len(office.outbox().box.head) + len(office.outbox().lanes.mail()))
    assert in_memory == 1
    office.rig.advance(0.6)
    assert office.work() == [f"a{n}" for n in range(count)]
    assert office.rig.store.boxes() == []


def test_what_waits_behind_one_is_there_after_a_crash(office: Office) -> None:
    """It is on disk, and what others did meanwhile took nothing of it with it."""
    with tiny():
        office.send("a", 0)
        office.take()[0].failed("no")
        for n in range(1, 30):
            office.send("a", n)
            office.send("b", n)
        assert office.work() == [f"b{n}" for n in range(1, 30)]
        office.rig.advance(0.3)
        assert [row.seq for row in office.rig.store.mail("desk/a", 0, 100)] == sorted(
            office.rig.look(lambda: office.outbox().live(0, 10**9))
        )
        office.rig.crash()
        office.rig.start()
        assert office.work() == [f"a{n}" for n in range(30)]


def test_a_sink_that_goes_away_and_refuses_keeps_all_of_it(office: Office) -> None:
    """What waits in lanes is no more lost than the rest."""
    office.send("a", 1, 2)
    office.take()[0].failed("no")
    office.rig.hosted["desk/a"].away("unplugged")
    office.send("a", 3)
    office.send("b", 1)
    office.rig.advance(120)
    assert office.take() == []
    office.rig.hosted["desk/a"].back()
    assert sorted(office.work()) == ["a1", "a2", "a3", "b1"]


class Shelf(HostBound):
    """Refuses each tenth note once, while others wait in its hands; or fails itself at one."""

    seen: ClassVar[list[int]] = []
    crashes = False

    @verb
    def put(self, note: Note, delivery: Delivery) -> None:
        """At least once."""
        if delivery.attempt == 1 and self.crashes and note.n == 13:
            raise RuntimeError("a bug")
        if delivery.attempt == 1 and not self.crashes and note.n % 10 == 3:
            delivery.failed("no")
        else:
            self.seen.append(note.n)


@pytest.mark.parametrize("crashes", [False, True], ids=["refuses", "raises"])
@pytest.mark.parametrize("window", [1, 4, 100])
def test_a_sender_is_heard_in_order_whatever_was_in_hand_at_a_refusal(window: int, crashes: bool) -> None:
    """What was handed out and not begun goes back behind the refused one, however fast the actor goes on."""
    made = type("Shelf", (Shelf,), {"window": window, "crashes": crashes, "seen": []})
    with Rig([Clerk()], {"desk/a": made}) as rig:
        for n in range(1, 41):
            rig.send("clerk/a", "send", {"n": n})

        def is_through() -> bool:
            rig.advance(0.5)
            return len(made.seen) >= 40

        rig.until(is_through)
        assert made.seen == list(range(1, 41))


def test_what_goes_back_behind_a_refused_message_was_not_tried(office: Office) -> None:
    """Nor does it keep others, or a begun one, back; after a crash its first attempt is still to come."""
    office.send("a", 1, 2)
    office.send("b", 1)
    office.send("a", 3)
    office.rig.settle()
    desk = office.rig.hosted["desk/a"]
    first, second = desk.take(2)
    first.failed("no")
    office.rig.settle()
    second.done()
    (other,) = office.take()
    assert said([other]) == ["b1"]
    other.done()
    office.rig.settle()
    office.rig.advance(0.3)
    assert [row.attempt for row in office.rig.store.mail("desk/a", 0, 9)] == [1, 0]
    office.rig.crash()
    office.rig.start()
    for attempt, what in ((2, "a1"), (1, "a3")):  # one by one, after a crash
        (again,) = office.take()
        assert (again.attempt, *said([again])) == (attempt, what)
        again.done()


def test_a_refusal_holds_its_actor_for_no_longer_than_the_engine_needs(office: Office) -> None:
    """Several at once, and its resource goes away meanwhile: when that is back it begins what it is handed."""
    office.send("a", 1)
    office.send("b", 1)
    office.send("c", 1, 2)
    desk = office.rig.hosted["desk/a"]
    for delivery in office.take()[:2]:
        delivery.failed("no")
    desk.away("unplugged")
    office.rig.settle()
    desk.back()
    assert said(office.take()) == ["c1", "c2"]


SENDERS = "abcd"


class Day:
    """A random day at the office: each sender's mail is in order, whatever is refused, done, put back or restarted."""

    def __init__(self, seed: int, *, failing: bool) -> None:
        self.rng = random.Random(seed)
        self.failing = self.failed = failing
        self.office = Office()
        self.sent = dict.fromkeys(SENDERS, 0)
        self.done: dict[str, list[int]] = defaultdict(list)
        self.in_hand: list[Any] = []
        self.refused: set[tuple[str, int]] = set()

    def run(self, steps: int) -> None:
        with self.office.rig as rig:
            for _ in range(steps):
                self.rng.choice([self.send, self.send, self.take, self.settle, self.settle, self.leave, self.wait])()
            self.failing = False
            for _ in range(300):
                self.take()
                while self.in_hand:
                    self.settle()
                rig.advance(61)
                if not rig.store.boxes():
                    break
            assert rig.store.boxes() == []
            assert len(rig.store.dead(0, 99)) == 0
        for sender, count in self.sent.items():
            assert sorted(self.done[sender]) == list(range(1, count + 1)), f"of {sender}"
            if not self.failed:
                assert self.done[sender] == sorted(self.done[sender]), f"of {sender}: {self.done[sender]}"

    def send(self) -> None:
        for _ in range(self.rng.randrange(1, 8)):
            sender = self.rng.choice(SENDERS)
            self.sent[sender] += 1
            self.office.rig.send(f"clerk/{sender}", "send", {"sender": sender, "n": self.sent[sender]})

    def take(self) -> None:
        taken = self.office.take()
        for delivery in taken:
            note = delivery.message.payload
            earlier = [n for sender, n in self.refused if sender == note.sender and n < note.n]
            assert not earlier, f"{note} was handed out while {earlier} of the same sender waited"
        self.in_hand += taken
        assert len(self.in_hand) <= Desk.window

    def settle(self) -> None:
        self.take()  # what was handed out before a refusal is no fault
        if not self.in_hand:
            return
        delivery = self.in_hand.pop(0)
        note = delivery.message.payload
        if self.failing and self.rng.random() < 0.3:
            self.refused.add((note.sender, note.n))
            delivery.failed("no")
        else:
            self.refused.discard((note.sender, note.n))
            self.done[note.sender].append(note.n)
            delivery.done()
        self.office.rig.settle()

    def leave(self) -> None:
        if self.rng.random() < 0.5:
            self.office.rig.hosted["desk/a"].away("it went")
            self.in_hand.clear()
            self.office.rig.settle()
            self.office.rig.hosted["desk/a"].back()
        else:
            self.office.rig.engine.reclaim("desk/a")
            self.in_hand.clear()
        self.office.rig.settle()

    def wait(self) -> None:
        self.office.rig.advance(self.rng.choice([0.1, 0.6, 2.0]))


@pytest.mark.parametrize("failing", [False, True], ids=["never-refused", "refused"])
@pytest.mark.parametrize("seed", range(12))
def test_on_a_random_day_order_is_kept_and_nothing_is_lost(seed: int, failing: bool) -> None:
    """Without a refusal every sender's mail is done in its order; with some, nothing overtakes what is refused."""
    with tiny():
        Day(seed, failing=failing).run(60)
