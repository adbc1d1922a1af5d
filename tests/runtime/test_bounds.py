"""Bounds: sources that can wait wait, those that cannot are refused; a long mailbox is on disk, in order."""

import threading

import pytest

from gateway.actors import Receipt, Refused
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import OUTSIDE, FrailStore, Rig
from tests.runtime.actors import Book, Shelf
from tests.runtime.world import small_mailboxes


def _rig(**settings: int) -> Rig:
    store = FrailStore(MemoryStore())
    return Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(**settings), by_hand=["shelf/a"])  # type: ignore[arg-type]


def test_a_source_that_cannot_wait_is_refused() -> None:
    """While as much is under way as may be; after the commit it may send again."""
    with _rig(ingress_messages=3) as rig:
        rig.settle()
        rig.store.to_come = ["fails"] * 3  # type: ignore[attr-defined]
        receipts = [rig.send("book/a", "write", {"text": str(n)}) for n in range(3)]
        with pytest.raises(Refused) as caught:
            rig.send("book/a", "write", {"text": "x"}, wait=False)
        assert str(caught.value) == "cannot take write to book/a: 3 messages (768 bytes) are under way; send it again later"
        assert all(receipt.wait(10) for receipt in receipts)
        rig.settle()
        rig.tell("book/a", "write", {"text": "x"}, wait=False)


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
        thread.join(10)
        assert [receipt.wait(10) for receipt in sent] == [True] * 20
        assert rig.state("book/a").words == tuple(str(n) for n in range(20))


def test_a_mailbox_over_its_bounds_shuts_the_door_until_it_is_drained() -> None:
    """Sources wait, but for the full one's own actor, which may have to send before it takes its mail."""
    with _rig(mailbox_messages=5) as rig:
        for n in range(5):
            rig.tell("shelf/a", "put", {"text": str(n)})
        rig.advance(1.1)
        with pytest.raises(Refused) as caught:
            rig.send("book/a", "write", wait=False)
        full = rig.look(rig.engine.despatch.over_bounds)["shelf/a"]
        assert full.startswith("the mailbox of shelf/a is full (5 messages, ")
        assert str(caught.value) == f"cannot take write to book/a: {full}; send it again later"
        assert rig.hosted["shelf/a"].send("book/a", "write").wait(10)
        for delivery in rig.hosted["shelf/a"].take():
            delivery.done()
        rig.advance(1.1)
        rig.tell("book/a", "write", wait=False)


def test_a_source_that_waits_can_close() -> None:
    """Its `send` raises Refused when it is to close: it does not hang until the gateway ends."""
    with _rig(mailbox_messages=1) as rig:
        rig.tell("shelf/a", "put")
        rig.advance(1.1)
        refused: list[str] = []

        def source() -> None:
            with pytest.raises(Refused) as caught:
                rig.send("book/a", "write")
            refused.append(str(caught.value))

        thread = threading.Thread(target=source)
        thread.start()
        assert rig.hosted[OUTSIDE].close()
        thread.join(10)
        assert refused == ["cannot take write to book/a: outside/test is closing; send it again later"]


def test_a_full_disk_shuts_the_door_until_there_is_room() -> None:
    """Nothing comes in while the store is full; when it works again, it does."""
    with _rig() as rig:
        rig.settle()
        rig.store.to_come = ["full", "fails", "fails", "fails"]  # type: ignore[attr-defined]
        receipt = rig.send("book/a", "write", {"text": "x"})
        rig.until(lambda: rig.engine.store_fault)
        rig.clock.advance(1.1)
        rig.engine.post(lambda: None)
        rig.until(lambda: rig.engine.ingress.why_shut == "the disk is full")
        with pytest.raises(Refused, match=r"^cannot take write to book/a: the disk is full; send it again later$"):
            rig.send("book/a", "write", wait=False)
        assert receipt.wait(10)
        rig.advance(1.1)
        rig.tell("book/a", "write", {"text": "y"}, wait=False)
        assert rig.state("book/a").words == ("x", "y")


def test_a_full_mailbox_of_an_ordinary_actor_makes_dead_letters() -> None:
    """What does not fit is kept with its reason, and who asked is told."""
    with _rig(mailbox_messages=2) as rig:
        rig.tell("book/a", "write", {"text": "fail"})
        rig.settle()
        for text in "xyz":
            rig.tell("book/a", "write", {"text": text}, reply_to="book/b")
        rig.settle()
        assert rig.store.count_dead() == 2
        why = rig.store.dead(0, 1)[0].reason
        assert why.startswith("its mailbox is full (2 messages, ")
        assert why.endswith(" bytes); write failed: RuntimeError: the word said so")
        assert rig.state("book/b").words == (why, rig.store.dead(1, 1)[0].reason)


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
