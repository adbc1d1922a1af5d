"""Work is admitted by budget: however much is due, waits, ends or is put aside, memory and each commit stay small."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.actors import Actor, Answer, Message, Payload, Stage, State, verb
from gateway.actors.stage import Timer
from gateway.runtime.activation import Activation
from gateway.runtime.cells import Cell
from gateway.runtime.mail import encode
from gateway.runtime.settings import EngineSettings
from gateway.runtime.timetable import encode_timers
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.store.store import Changes, MailRow, StateRow, Store
from gateway.testing import Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book, Shelf, Word
from tests.runtime.houses import Door
from tests.runtime.steps import steps


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store."""
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    yield made
    made.close()


class Peak:
    """The most actors that were in memory at any commit."""

    def __init__(self, rig: Rig) -> None:
        self.most = 0
        self._rig = rig
        rig.engine.watch(self._look)

    def _look(self, turned: object) -> None:
        self.most = max(self.most, len(self._rig.engine.cells))


SMALL = EngineSettings(active_actors=100, batch_turns=50, mailbox_messages=1_000_000)


def test_however_many_timers_are_due_few_actors_are_in_memory(store: Store) -> None:
    """They fire in the end, each once."""
    timers = b"5000\tring\t{}\t~1"
    rows = [StateRow(f"book/{n:05}", 1, b"{}", timers, 5000) for n in range(3000)]
    store.commit(Changes(woken=rows))
    with Rig([Book()], {"shelf/a": Shelf}, store=store, settings=SMALL, by_hand=["shelf/a"]) as rig:
        peak = Peak(rig)
        rig.clock.advance(3600)
        rig.engine.post(lambda: None)
        rig.until(lambda: rig.look(lambda: rig.engine.turns.total) >= 3000)
        rig.settle()
        assert peak.most <= 100 + 2 * 50
        assert rig.look(lambda: rig.engine.turns.total) == 3000
        assert rig.state("book/02999").words == ("rang ",)


def test_the_timers_of_twenty_thousand_actors_that_are_due_at_the_start_all_fire(store: Store) -> None:
    """More than are loaded at a time: each once, with no more actors in memory than may be, and no more bytes than those take."""
    due = 20_000 + 2_000
    timers = encode_timers({"~1": Timer(5000, "ring", Word(text="1"), 0)})
    store.commit(Changes(woken=[StateRow(f"book/{n:05}", 1, b"{}", timers, 5000 + n % 7) for n in range(due)]))
    settings = EngineSettings(active_actors=1000)
    with Rig([Book()], {"shelf/a": Shelf}, store=store, settings=settings, by_hand=["shelf/a"]) as rig:
        peak = Peak(rig)
        rig.clock.advance(3600)

        def fired() -> bool:
            rig.clock.advance(0.01)
            return rig.engine.turns.total >= due

        rig.until(fired)
        rig.settle()
        assert rig.engine.turns.total == due
        assert rig.engine.commits.count < due / 100  # those that have rung make room for the next, many to a commit
        assert peak.most <= 1000 + 2 * settings.batch_turns
        assert store.wakes(-1, 2**60, 1) == []
        assert all(b"rang 1" in store.load(f"book/{n:05}").state for n in range(0, due, 97))  # type: ignore[union-attr]


def test_however_much_mail_waits_at_the_start_few_actors_are_in_memory(store: Store) -> None:
    """It is handled in the end; what comes meanwhile comes behind what was there."""
    with Rig([Book()], {"shelf/a": Shelf}, store=store, settings=EngineSettings(), by_hand=["shelf/a"]) as rig:
        for n in range(1000):
            rig.send(f"book/{n:04}", "write", {"text": "fail"})
            rig.send(f"book/{n:04}", "write", {"text": "first"})
        rig.settle()
        rig.crash()
        rig.settings = SMALL
        rig.start()
        peak = Peak(rig)
        rig.tell("book/0999", "write", {"text": "second"})
        rig.until(lambda: rig.look(lambda: not rig.engine.room.activation.unopened))
        rig.advance(60)
        assert rig.state("book/0999").words == ("first", "second")
        assert rig.store.boxes() == []
        assert peak.most <= 1000 + 2 * 50  # each waits for its retry
        rig.advance(2)
        assert rig.look(lambda: len(rig.engine.cells)) <= 101


def test_a_commit_looks_at_the_mailboxes_that_changed_and_no_other() -> None:
    """Not at those of the many who wait."""
    with Rig([Book()], {"shelf/a": Shelf}, by_hand=["shelf/a"]) as rig:
        for n in range(500):
            rig.send(f"book/{n}", "write", {"text": "fail"})
            rig.send(f"book/{n}", "write", {"text": "waits"})
        rig.settle()
        looked: list[int] = []
        settle = rig.engine.room.settle_memory

        def counted(round: object) -> None:
            looked.append(len(rig.engine.room.fresh))
            settle(round)  # type: ignore[arg-type]  # a Round

        rig.engine.room.settle_memory = counted  # type: ignore[assignment,method-assign]  # to see what it is given
        rig.tell("book/x", "write", {"text": ">y"})
        rig.settle()
        assert max(looked) == 1, "that of book/y: what comes to book/x from outside needs none"


def test_who_has_ended_leaves_memory_and_nobody_makes_room_for_it() -> None:
    """Gathers come and go by the thousand; the living stay."""

    class Asker(Actor[State]):
        @verb
        def ask_all(self, stage: Stage[State]) -> None:
            stage.ask("book/a", "read", then="told", within_s=5)

        @verb
        def told(self, answer: Answer, stage: Stage[State]) -> None: ...

    settings = EngineSettings(active_actors=10)
    with Rig([Book(), Asker()], {"shelf/a": Shelf}, settings=settings, by_hand=["shelf/a"]) as rig:
        for n in range(8):
            rig.tell(f"book/{n}", "write", {"text": "here"})
        for _ in range(50):
            rig.tell("asker/a", "ask_all")
        rig.settle()
        rig.advance(1.5)
        here = {cell.id for cell in rig.look(lambda: list(rig.engine.cells))}
        assert {f"book/{n}" for n in range(8)} <= here
        assert not [id for id in here if "/gather/" in id]


def test_deferred_mail_is_looked_at_when_the_phase_has_changed_and_not_before() -> None:
    """A hundred that wait, and a hundred that change the state: two hundred turns, not ten thousand."""

    with Rig([Door()]) as rig:
        rig.tell("door/front", "hang")
        rig.tell("door/front", "move", {"text": "open"})
        rig.tell("door/front", "move", {"text": "shut"})
        for n in range(100):
            rig.send("door/front", "go", {"text": f"waits {n}"})
        rig.settle()
        before = rig.look(lambda: rig.engine.turns.total)
        for _ in range(100):
            rig.send("door/front", "move", {"text": "shut"})
        rig.settle()
        assert rig.look(lambda: rig.engine.turns.total) - before == 100
        rig.tell("door/front", "move", {"text": "open"})
        rig.settle()
        assert rig.state("door/front").through == tuple(f"waits {n}" for n in range(100))


class Name(Payload):
    """Of a child."""

    text: str = ""


class Count(State):
    """How often."""

    n: int = 0


class Inn(Actor[Count]):
    """Has any number of children."""

    @verb
    def bear(self, name: Name, stage: Stage[Count]) -> None:
        """Have a child live."""
        stage.state = stage.state.changed(n=stage.state.n + 1)
        stage.tell(stage.child("inn", name.text), "live")

    @verb
    def live(self, stage: Stage[Count]) -> None:
        """Begin, or go on."""
        stage.state = stage.state.changed(n=stage.state.n + 1)

    @verb
    def leave(self, stage: Stage[Count]) -> None:
        """End."""
        stage.stop()


def test_the_end_of_many_children_brings_none_of_them_into_memory(store: Store) -> None:
    """They are gone with their parent, in one commit; who is written to again begins a new life, in the same batch too."""
    rows = [StateRow("inn/a", 1, b'{"n":1}', None, None)]
    rows += [StateRow(f"inn/a/inn/{n:05}", 1, b'{"n":7}', None, None) for n in range(5000)]
    store.commit(Changes(states=rows))
    with Rig([Inn()], store=store, settings=SMALL) as rig:
        peak = Peak(rig)
        for verb_, payload in (("leave", None), ("bear", Name(text="00042"))):
            rig.send("inn/a", verb_, payload)
        rig.settle()
        assert peak.most < 20
        assert rig.store.actors("", "", 9) == ["inn/a", "inn/a/inn/00042"]
        assert rig.state("inn/a/inn/00042").n == 1
        rig.tell("inn/a", "leave")
        rig.settle()
        assert rig.store.actors("", "", 9) == []


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps it took at each end of an actor to find its family."""
    found: list[int] = []

    family = Activation.family

    def counted(activation: Activation, id: str) -> tuple[list[Cell], list[str]]:
        of_id, took = steps(lambda: family(activation, id))
        found.append(took)
        return of_id

    monkeypatch.setattr(Activation, "family", counted)
    return found


def test_an_end_does_not_look_at_the_mail_of_others_that_an_earlier_life_left(looked: list[int]) -> None:
    """Each of many that end with it looks as far as the last one, which has nobody beside it."""
    store = MemoryStore()
    said = [encode(Message(str(n), f"book/{n}", "write", Word(text="stop"), "outside/test")) for n in range(200)]
    store.commit(Changes(mail=[MailRow(f"book/{n}", n + 1, 0, one) for n, one in enumerate(said)]))
    with Rig([Book()], store=store, settings=SMALL) as rig:
        rig.until(lambda: rig.look(lambda: not rig.engine.room.activation.unopened))
        rig.settle()
    assert (len(looked), len(set(looked))) == (200, 1)


def test_an_end_does_not_look_at_those_beside_it(looked: list[int]) -> None:
    """Nor at those above: at its own descendants only, so that each of many looks as far as one alone."""
    with Rig([Book()], store=MemoryStore()) as rig:
        for ids in (["book/alone/book/1"], [f"book/r/book/{n}" for n in range(199)]):
            for word in ("here", "stop"):
                for id in ids:
                    rig.send(id, "write", {"text": word})
                rig.settle()
    assert (len(looked), len(set(looked))) == (200, 1)


def test_who_ends_finds_its_descendants_wherever_they_are() -> None:
    """In memory, or with nothing but mail that an earlier life left, however far below; those beside it stay."""
    store = MemoryStore()
    ids = ["book/r", "book/r/book/a", "book/r/book/a/book/b/book/c", "book/r/book/b", "book/ra"]
    rows = [MailRow(id, n + 1, 0, encode(Message(str(n), id, "write", Word(text="fail"), "outside/test"))) for n, id in enumerate(ids)]
    store.commit(Changes(mail=rows))
    with Rig([Book()], store=store) as rig:
        rig.settle()
        rig.restart()
        rig.tell("book/r/book/a/book/d", "write", {"text": "here"})

        def found(id: str) -> set[str]:
            awake, asleep = rig.engine.room.activation.family(id)
            return {*(cell.id for cell in awake), *asleep}

        below = {"book/r/book/a/book/b/book/c", "book/r/book/a/book/d"}
        assert rig.look(lambda: found("book/r")) == {"book/r/book/a", "book/r/book/b", *below}
        assert rig.look(lambda: found("book/r/book/a")) == below
        assert rig.look(lambda: found("book/r/book/a/book/b")) == {"book/r/book/a/book/b/book/c"}
        assert rig.look(lambda: found("book/ra")) == set()


def test_a_child_that_is_removed_and_begins_anew_while_the_disk_writes_is_new(store: Store) -> None:
    """Whatever the store still shows of it."""
    store.commit(Changes(states=[StateRow("inn/a", 1, b"{}", None, None), StateRow("inn/a/inn/x", 1, b'{"n":7}', None, None)]))
    with Rig([Inn()], store=store) as rig:
        rig.send("inn/a", "leave")
        rig.settle()
        rig.send("inn/a/inn/x", "live")
        rig.settle()
        assert rig.state("inn/a/inn/x").n == 1
        rig.restart()
        assert rig.state("inn/a/inn/x").n == 1


def test_no_letter_that_nobody_has_seen_makes_room_for_another() -> None:
    """When there are too many, one of each mailbox counts; seen ones go first."""
    with Rig([Book()], {"shelf/a": Shelf}, settings=EngineSettings(dead_letters_kept=3), by_hand=["shelf/a"]) as rig:

        def bury(box: str, count: int) -> None:
            for _ in range(count):
                rig.tell(box, "write", {"text": "unknown"})
                rig.advance(5)

        bury("book/a", 3)
        bury("book/b", 4)
        bury("book/a", 2)
        letters = rig.store.dead(0, 99)
        assert [row.box for row in letters] == ["book/a"] * 3 + ["book/b", "book/a"]
        assert letters[3].reason.endswith(" (and 3 more since, too many to be kept: look at these and drop them)")
        assert letters[4].reason.endswith(" (and 1 more since, too many to be kept: look at these and drop them)")
        assert not letters[0].reason.endswith(")")
        rig.look(lambda: rig.engine.dead_letters.look(1))
        bury("book/c", 1)
        assert [row.n for row in rig.store.dead(0, 99)] == [2, 3, 4, 5, 6]


class Player(Actor[Count]):
    """Plays ball without end."""

    @verb
    def play(self, stage: Stage[Count]) -> None:
        """Hit it back."""
        stage.state = stage.state.changed(n=stage.state.n + 1)
        stage.tell("player/b" if stage.key == "a" else "player/a", "play")


def test_mail_without_end_does_not_keep_the_engine_from_stopping() -> None:
    """It makes its last commit in time, and the ball is on disk."""
    with Rig([Player()]) as rig:
        rig.tell("player/a", "play")
        assert rig.engine.stop(PATIENCE_S)
        assert rig.store.notes()["ended"] == "clean"
        assert sum(size.count for size in rig.store.boxes()) == 1


def test_mail_that_goes_round_is_named() -> None:
    """Who sends it, while it does."""
    with Rig([Player()]) as rig:
        rig.tell("player/a", "play")
        loops = rig.engine.housekeeping.loops
        ended = threading.Event()

        def busy_seconds() -> None:
            seen = 0
            while not ended.wait(0.001):
                if rig.engine.turns.total >= seen + 2000:
                    seen = rig.engine.turns.total
                    rig.clock.advance(1)

        thread = threading.Thread(target=busy_seconds)
        thread.start()
        try:
            named = rig.until(lambda: loops.named)
        finally:
            ended.set()
            thread.join()
        assert named.startswith(("player/a and player/b made ", "player/b and player/a made "))
        assert named.endswith(" messages: their mail goes round")
