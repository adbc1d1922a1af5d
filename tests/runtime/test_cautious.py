"""After an unclean end turns run one by one, the attempt on disk before each."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.actors import Actor, Stage, State, verb
from gateway.runtime.recovery import PROVEN_S, UNCLEAN
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.store import Changes
from gateway.testing import FrailStore, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf


class Read(State):
    """What the clocks said in the last turn."""

    clock_ms: int = 0
    now_ms: int = 0


class Dial(Actor[Read]):
    """Remembers what the clocks said."""

    @verb
    def look(self, stage: Stage[Read]) -> None:
        stage.state = Read(clock_ms=stage.clock_ms, now_ms=stage.now_ms)


class SlowStore(FrailStore):
    """Each commit takes two seconds of the rig's clock; how stuck the engine seemed at each is kept."""

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.rig: Any = None
        self.stuck_s: list[float] = []

    def commit(self, changes: Changes) -> None:
        if self.rig is not None:
            self.rig.clock.advance(2)
            self.stuck_s.append(self.rig.engine.stuck_s)
        super().commit(changes)


@pytest.fixture
def unclean() -> Iterator[Rig]:
    """A life after one that did not end well."""
    with Rig([Book(), Dial()], {"shelf/a": Shelf}, store=SlowStore(), by_hand=["shelf/a"]) as rig:
        rig.settle()
        rig.crash()
        rig.start()
        rig.settle()
        yield rig


def test_a_full_disk_is_no_standstill(unclean: Rig) -> None:
    """A commit that is waited for, and tried again and again, is no reason for the watchdog to restart the gateway."""
    rig, store = unclean, unclean.store
    store.to_come = ["full"] * 100_000  # type: ignore[attr-defined]
    receipt = rig.send("book/a", "write", {"text": "x"})
    rig.until(lambda: rig.engine.store_fault)
    rig.clock.advance(60)
    rig.until(lambda: rig.engine.stuck_s == 0)
    rig.until(lambda: rig.engine.ingress.why_shut == "the disk is full")
    assert rig.engine.store_fault == "cannot commit: the medium is full; make room"
    store.to_come = []  # type: ignore[attr-defined]
    assert receipt.wait(PATIENCE_S)
    rig.settle()
    assert rig.state("book/a").words == ("x",)


def test_a_slow_medium_is_no_standstill(unclean: Rig) -> None:
    """Each commit is progress, however many turns wait for theirs."""
    unclean.store.rig = unclean  # type: ignore[attr-defined]
    for n in range(40):
        unclean.send("book/a", "write", {"text": str(n)})
    unclean.settle()
    assert len(unclean.store.stuck_s) >= 40  # type: ignore[attr-defined]
    assert max(unclean.store.stuck_s) <= 3  # type: ignore[attr-defined]


def test_a_turn_reads_the_clocks_after_its_attempt_is_on_disk(unclean: Rig) -> None:
    """The wait for that may be long; what the turn stamps and sets counts from when it runs."""
    unclean.settle()
    began_ms, began_wall_ms = unclean.clock.clock_ms(), unclean.clock.now_ms()
    unclean.store.rig = unclean  # type: ignore[attr-defined]
    unclean.tell("dial/a", "look")
    read = unclean.state("dial/a")
    assert (read.clock_ms - began_ms, read.now_ms - began_wall_ms) == (2000, 2000)


def test_while_a_delivery_runs_alone_the_engine_sleeps() -> None:
    """More actors have mail from the life before than may come into memory now: that is no work, as long as none of them may run."""
    tiny = EngineSettings(active_actors=1, batch_turns=4, cautious_turns=8)
    with Rig([Book()], {"shelf/a": Shelf}, store=FrailStore(MemoryStore()), settings=tiny, by_hand=["shelf/a"]) as rig:
        for n in range(12):
            rig.send(f"book/{n}", "write", {"text": "fail"})
        rig.tell("book/z", "write", {"text": "!x"})
        rig.settle()
        rig.crash()
        rig.start()
        rig.until(lambda: rig.engine.cautious.waits and rig.engine.cautious.until_s)
        rig.settle()
        assert rig.engine.room.activation.unopened
        rig.advance(600)
        assert [len(rig.store.mail(f"book/{n}", 0, 10)) for n in range(12)] == [0] * 12


def test_each_unclean_end_in_a_row_doubles_the_caution(unclean: Rig) -> None:
    """So that mail which ends the process late in each life is found out; a good end, or a long life, begins anew."""
    turns = [unclean.engine.cautious.turns_left]
    for _ in range(8):
        unclean.crash()
        unclean.start()
        turns.append(unclean.engine.cautious.turns_left)
        unclean.settle()
    assert turns == [256, 512, 1024, 2048, 4096, 8192, 16384, 16384, 16384]
    unclean.advance(PROVEN_S + 60)
    unclean.until(lambda: unclean.store.notes()[UNCLEAN] == "0")
    unclean.crash()
    unclean.start()
    assert unclean.engine.cautious.turns_left == 256
    unclean.restart()
    assert unclean.engine.cautious.turns_left == 0


def test_a_message_that_runs_alone_stays_in_memory_however_full_that_is() -> None:
    """Mail of a sink that is away fills it in each life: the message was dropped by the very commit that notes its attempt."""
    settings = EngineSettings(mail_in_memory_bytes=1000)
    with Rig([Book()], {"shelf/a": Shelf}, store=FrailStore(), settings=settings, by_hand=["shelf/a"]) as rig:
        rig.engine.away("shelf/a", "no network")
        for _ in range(3):
            rig.tell("shelf/a", "put", {"text": "y" * 900})
        for life in range(3):
            rig.crash()
            rig.start()
            rig.engine.away("shelf/a", "no network")
            rig.settle()
            rig.advance(1)
            rig.tell("book/a", "write", {"text": str(life)})
        assert (rig.faults, rig.state("book/a").words) == ([], ("0", "1", "2"))
