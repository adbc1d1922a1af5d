"""Bounds: sources that can wait wait, those that cannot are refused; a long mailbox is on disk, in order."""

import threading

import pytest

from gateway.actors import BadPayload, Inbound, Receipt, Refused
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import OUTSIDE, FrailStore, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf
from tests.runtime.world import small_mailboxes


def _rig(**settings: int) -> Rig:
    store = FrailStore(MemoryStore())
    return Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(**settings), by_hand=["shelf/a"])  # type: ignore[arg-type]


def _hear(receipt: Receipt) -> None:
    """Who wants to hear of a commit has it made on the committer's thread, and the engine goes on meanwhile."""
    del receipt


def test_a_source_that_cannot_wait_is_refused() -> None:
    """While as much is under way as may be; after the commit it may send again."""
    with _rig(ingress_messages=3) as rig:
        rig.settle()
        rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
        receipts = [rig.send("book/a", "write", {"text": str(n)}, on_commit=_hear) for n in range(3)]
        with pytest.raises(Refused) as caught:
            rig.send("book/a", "write", {"text": "x"}, wait=False)
        assert str(caught.value) == "cannot take write to book/a: 3 messages (768 bytes) are under way; send it again later"
        rig.store.to_come = []  # type: ignore[attr-defined]
        assert all(receipt.wait(PATIENCE_S) for receipt in receipts)
        rig.settle()
        rig.tell("book/a", "write", {"text": "x"}, wait=False)


def test_what_a_callback_sent_above_the_bound_lets_no_more_in() -> None:
    """While more is under way than may be, none of a list is let in, however long it is."""
    with _rig(ingress_messages=3) as rig:
        rig.settle()
        rig.store.to_come = ["waits"]  # type: ignore[attr-defined]
        for n in range(3):
            rig.send("book/a", "write", {"text": str(n)}, on_commit=_hear)
        sent: list[Receipt] = []
        rig.engine.post(lambda: sent.append(rig.send("book/a", "write", {"text": "from a callback"})))
        rig.until(lambda: sent)
        refused = rig.hosted[OUTSIDE].send_all([Inbound("book/a", "write", {"text": str(n)}) for n in range(20)], wait=False)
        assert [refusal.place for refusal in refused] == [0]
        assert rig.engine.ingress.held == 4
        rig.store.to_come = []  # type: ignore[attr-defined]


def test_a_source_that_can_wait_waits_and_is_freed() -> None:
    """It blocks in `send` until the commit makes room, and nothing is lost."""
    with _rig(ingress_messages=2) as rig:
        rig.settle()
        rig.store.to_come = ["fails"] * 2  # type: ignore[attr-defined]
        sent: list[Receipt] = []

        def source() -> None:
            sent.extend(rig.send("book/a", "write", {"text": str(n)}) for n in range(20))

        thread = threading.Thread(target=source)
        thread.start()
        thread.join(PATIENCE_S)
        assert [receipt.wait(PATIENCE_S) for receipt in sent] == [True] * 20
        assert rig.state("book/a").words == tuple(str(n) for n in range(20))


def test_who_writes_to_a_full_mailbox_waits_and_nobody_else() -> None:
    """Those who cannot are refused; other actors are written to as before; and when there is room it goes on."""
    with _rig(mailbox_messages=5) as rig:
        for n in range(5):
            rig.tell("shelf/a", "put", {"text": str(n)})
        rig.until(lambda: rig.engine.room.fullness.full)
        with pytest.raises(Refused) as caught:
            rig.send("shelf/a", "put", wait=False)
        full = rig.engine.room.fullness.how("shelf/a")
        assert full.startswith("5 messages, ")
        assert str(caught.value) == f"cannot take put to shelf/a: the mailbox of shelf/a is full ({full}); send it again later"
        rig.tell("book/a", "write", {"text": "x"}, wait=False)
        assert rig.hosted["shelf/a"].send("book/a", "write").wait(PATIENCE_S)
        for delivery in rig.hosted["shelf/a"].take():
            delivery.done()
        rig.settle()
        rig.tell("shelf/a", "put", wait=False)


def test_an_actor_that_would_overfill_a_mailbox_has_its_turn_put_off() -> None:
    """It happens when there is room, in order, once; that it waits is no failure of its own."""
    with _rig(mailbox_messages=3) as rig:
        thread = threading.Thread(target=lambda: [rig.send("book/a", "write", {"text": f"!{n}"}) for n in range(20)])
        thread.start()
        rig.until(lambda: {"book/a", "shelf/a"} <= rig.engine.room.fullness.full.keys())
        waits = "it waits for room in the mailbox of shelf/a, which is full (3 messages, "
        assert rig.look(lambda: rig.engine.cells.get("book/a").fault).startswith(waits)  # type: ignore[union-attr]
        got: list[str] = []
        while len(got) < 20:
            for delivery in rig.until(rig.hosted["shelf/a"].take):
                got.append(delivery.message.payload.text)  # type: ignore[attr-defined]
                delivery.done()
            rig.settle()
        assert got == [str(n) for n in range(20)]
        assert rig.state("book/a").words == tuple(f"!{n}" for n in range(20))
        assert len(rig.store.dead(0, 99)) == 0


def test_two_that_write_to_each_other_do_not_wait_for_each_other() -> None:
    """There the bound gives way: a standstill would be worse."""
    with _rig(mailbox_messages=3) as rig:
        for name in ("a", "b"):
            rig.tell(f"book/{name}", "write", {"text": "fail"})
        rig.settle()
        for _ in range(2):
            for name, other in (("a", "b"), ("b", "a")):
                rig.send(f"book/{name}", "write", {"text": f">{other}"}, wait=False)
        rig.advance(10)
        for name, other in (("a", "b"), ("b", "a")):
            assert [word for word in rig.state(f"book/{name}").words if word.startswith("from")] == [f"from {other}"] * 2
        assert rig.look(lambda: rig.engine.room.schedule.held) == {}


def test_a_source_that_waits_goes_on_when_its_receiver_begins_to_wait_for_it() -> None:
    """Else it would wait for the mail that its own actor does not take meanwhile: both would stand still."""
    with _rig(mailbox_messages=20) as rig:
        for n in range(20):
            rig.tell("shelf/a", "put", {"text": str(n)})
        for word in ["fail", *(f"!{n}" for n in range(19))]:
            rig.tell("book/a", "write", {"text": word})  # it tries again later, and what is behind that waits
        rig.until(lambda: {"book/a", "shelf/a"} <= rig.engine.room.fullness.full.keys())
        sent: list[Receipt] = []
        thread = threading.Thread(target=lambda: sent.append(rig.hosted["shelf/a"].send("book/a", "write", {"text": "last"})))
        thread.start()
        rig.until(lambda: rig.engine.ingress.waiting)
        rig.advance(10)  # it gives up what failed, and the next turn is put off, as the shelf is full
        assert rig.look(lambda: rig.engine.room.schedule.held)
        thread.join(PATIENCE_S)
        assert sent[0].wait(PATIENCE_S)
        assert "book/a" in rig.engine.room.fullness.full


def test_where_nobody_can_wait_the_bound_gives_way_to_its_double_and_no_further() -> None:
    """A port that takes no bytes, while an actor that its lines are for waits for it, is refused: waiting would be for ever."""
    with _rig(mailbox_messages=20) as rig:
        for n in range(60):  # the shelf takes nothing, and the book waits for it with the rest
            rig.tell("book/a", "write", {"text": f"!{n}"}) if n < 30 else rig.send("book/a", "write", {"text": f"!{n}"}, wait=False)
            if rig.look(lambda: rig.engine.room.schedule.held):
                break
        shelf, refused = rig.hosted["shelf/a"], 0
        for n in range(500):
            try:
                assert shelf.send("book/a", "write", {"text": str(n)}).wait(PATIENCE_S)
            except Refused as error:
                refused += 1
                said = str(error)
        total = rig.look(lambda: rig.engine.cells.get("book/a").box.total)  # type: ignore[union-attr]
        assert total == 40
        assert refused >= 460
        how = rig.engine.room.fullness.how("book/a")
        assert how.startswith("40 messages, ")  # as it is now, not as it was when it became full
        why = f"the mailbox of book/a is full ({how}), and book/a waits for shelf/a to take its mail; see why shelf/a does not"
        assert said == f"cannot take write to book/a: {why}"
        for _ in range(20):
            for delivery in shelf.take():
                delivery.done()
            rig.settle()
        rig.until(lambda: not rig.engine.room.fullness.full)
        assert not rig.store.dead(0, 9)


def test_a_mailbox_is_full_by_bytes_though_all_came_at_once() -> None:
    """What is new in a batch has no size yet: the mailbox is full when the first is stored, and takes no more than what is in line then."""
    with _rig(mailbox_bytes=200_000, ingress_bytes=1_000_000) as rig:
        rig.send("book/a", "write", {"text": "fail"})
        word, sent = {"text": "x" * 50_000}, list[Receipt]()
        thread = threading.Thread(target=lambda: sent.extend(rig.send("book/a", "write", word, size=50_300) for _ in range(200)))
        thread.start()
        rig.until(lambda: rig.engine.room.fullness.full and rig.engine.ingress.waiting and not rig.engine.ingress.arrivals)
        rig.settle()
        stored = rig.look(lambda: rig.engine.cells.get("book/a").box.bytes)  # type: ignore[union-attr]
        assert 200_000 <= stored < 1_300_000
        assert rig.engine.room.fullness.how("book/a").endswith(f" messages, {stored} bytes")
        rig.advance(3)
        thread.join(PATIENCE_S)
        assert all(receipt.wait(PATIENCE_S) for receipt in sent)


def test_what_is_larger_than_everything_may_be_is_refused_for_good() -> None:
    """It would never find room."""
    with _rig(ingress_bytes=1000) as rig, pytest.raises(BadPayload) as raised:
        rig.send("book/a", "write", {"text": "x"}, size=1001)
    said = "cannot take write to book/a: it has 1001 bytes, and at most 1000 may be under way; make it smaller"
    assert str(raised.value) == said


def test_a_source_that_waits_can_close() -> None:
    """Its `send` raises Refused when it is to close: it does not hang until the gateway ends."""
    with _rig(mailbox_messages=1) as rig:
        rig.tell("shelf/a", "put")
        rig.until(lambda: rig.engine.room.fullness.full)
        refused: list[str] = []

        def source() -> None:
            with pytest.raises(Refused) as caught:
                rig.send("shelf/a", "put")
            refused.append(str(caught.value))

        thread = threading.Thread(target=source)
        thread.start()
        assert rig.hosted[OUTSIDE].close()
        thread.join(PATIENCE_S)
        full = rig.engine.room.fullness.how("shelf/a")
        assert refused == [f"cannot take put to shelf/a: the mailbox of shelf/a is full ({full}); send it again later"]


def test_a_full_disk_shuts_the_door_until_there_is_room() -> None:
    """Nothing comes in while the store is full; when it works again, it does."""
    with _rig() as rig:
        rig.settle()
        rig.store.to_come = ["full"] * 100_000  # type: ignore[attr-defined]
        receipt = rig.send("book/a", "write", {"text": "x"})
        rig.until(lambda: rig.engine.store_fault)
        rig.clock.advance(1.1)
        rig.engine.post(lambda: None)
        rig.until(lambda: rig.engine.ingress.why_shut == "the disk is full")
        with pytest.raises(Refused, match=r"^cannot take write to book/a: the disk is full; send it again later$"):
            rig.send("book/a", "write", wait=False)
        rig.store.to_come = []  # type: ignore[attr-defined]
        assert receipt.wait(PATIENCE_S)
        rig.advance(1.1)
        rig.tell("book/a", "write", {"text": "y"}, wait=False)
        assert rig.state("book/a").words == ("x", "y")


def test_waiting_mail_is_on_disk_and_not_in_memory() -> None:
    """Of all mailboxes together: for sinks that are away, for actors that are paused or cannot be read. And it comes, in order."""
    with _rig(mail_in_memory_bytes=100_000) as rig:
        for n in range(200):
            rig.send("shelf/a", "put", {"text": f"{n} " + "x" * 5000})
            rig.send(f"book/{n % 20}", "write", {"text": f"{n} " + "y" * 5000} if n >= 20 else {"text": "fail"})
        rig.settle()

        def in_memory() -> int:
            boxes = [*(cell.box for cell in rig.engine.cells), rig.engine.room.outboxes["shelf/a"].box]
            return sum(len(mail.message.payload.text) for box in boxes for mail in box.head)  # type: ignore[attr-defined]

        assert rig.look(in_memory) < 125_000 + 50_000  # and one mailbox, which was weighed when there was still room
        got: list[str] = []
        while len(got) < 200:
            for delivery in rig.until(rig.hosted["shelf/a"].take):
                got.append(delivery.message.payload.text.split()[0])  # type: ignore[attr-defined]
                delivery.done()
            rig.settle()
        rig.advance(5)
        assert got == [str(n) for n in range(200)]
        for book in range(20):
            assert [word.split()[0] for word in rig.state(f"book/{book}").words] == [str(n) for n in range(book + 20, 200, 20)]


def test_a_long_mailbox_keeps_its_order_on_disk() -> None:
    """A burst while the actor backs off from a failure, on disk but for the first few; then all come, in order."""
    with small_mailboxes(), _rig() as rig:
        rig.send("book/a", "write", {"text": "fail"})
        for n in range(200):
            rig.send("book/a", "write", {"text": str(n)})
        rig.settle()
        assert rig.look(lambda: len(rig.engine.cells.get("book/a").box.head)) <= 3  # type: ignore[union-attr]
        rig.advance(5)
        assert rig.state("book/a").words == tuple(str(n) for n in range(200))
        assert rig.store.boxes() == []


def test_what_is_only_on_disk_and_not_there_yet_is_waited_for() -> None:
    """More in one batch than a mailbox holds in memory, while older commits are known: the engine does not go round in circles."""
    with small_mailboxes(), _rig() as rig:
        rig.tell("shelf/a", "put", {"text": "kept"})
        for n in range(60):
            rig.send("book/a", "write", {"text": ">b"})
            rig.send("book/a", "write", {"text": f"!{n}"})
        rig.settle()
        assert rig.state("book/b").words == ("from a",) * 60
