"""Memory: mail and states are held there up to so many bytes, whosever they are, in the life that begins on a full store too."""

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.runtime.engine import Engine
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.testing import FrailStore, Rig
from gateway.testing.clock import PATIENCE_S

ACTORS = 300
LARGE = "x" * 5_000
SMALL = EngineSettings(mail_in_memory_bytes=100_000, states_in_memory_bytes=100_000, read_bytes_a_batch=100_000)


class Note(Payload):
    """Something long."""

    text: str


class Kept(State):
    """The last of it, and how many came."""

    text: str = ""
    count: int = 0


class Hoard(Actor[Kept]):
    """Keeps something long, when its turn goes well."""

    retry_s = 5.0
    fails = True

    @verb
    def keep(self, note: Note, stage: Stage[Kept]) -> None:
        stage.state = stage.state.changed(text=note.text, count=stage.state.count + 1)

    @verb
    def fail(self, note: Note, stage: Stage[Kept]) -> None:
        if self.fails:
            raise RuntimeError("not yet")
        self.keep(note, stage)


def _mail(engine: Engine) -> int:
    return sum(len(mail.message.payload.text) for cell in engine.cells for mail in cell.box.head)  # type: ignore[attr-defined]


def test_the_mail_of_many_actors_is_in_memory_up_to_so_many_bytes() -> None:
    """One large message for each of many whose turn fails: it waits on disk, is read back a bit at a time, and all of it is handled."""
    hoard = Hoard()
    with Rig([hoard], store=MemoryStore(), settings=SMALL) as rig:
        for n in range(ACTORS):
            rig.send(f"hoard/{n}", "fail", {"text": LARGE}, size=len(LARGE))
        rig.settle()
        assert rig.look(lambda: _mail(rig.engine)) <= 250_000
        rig.crash()
        rig.start()
        rig.settle()
        assert rig.look(lambda: _mail(rig.engine)) <= 250_000
        hoard.fails = False
        rig.advance(30)
        assert rig.look(lambda: _mail(rig.engine)) == 0
        assert [rig.state(f"hoard/{n}").count for n in range(ACTORS)] == [1] * ACTORS


def test_the_states_of_many_actors_are_in_memory_up_to_so_many_bytes() -> None:
    """The longest idle leave, long before there are too many of them; each is there with all it knew when it is written to."""
    with Rig([Hoard()], store=MemoryStore(), settings=SMALL) as rig:
        for round in range(2):
            for n in range(ACTORS):
                rig.send(f"hoard/{n}", "keep", {"text": f"{round} {LARGE}"}, size=len(LARGE))
            rig.settle()
            assert rig.look(lambda: rig.engine.cells.bytes) <= 110_000
        counts = {n: rig.store.load(f"hoard/{n}") for n in range(ACTORS)}
        assert all(row is not None and b'"count":2' in row.state and b"1 xxx" in row.state for row in counts.values())


def test_a_batch_brings_so_many_bytes_into_memory() -> None:
    """Small messages for many with large states, that come while a commit takes long: not all of these are there at once."""
    store = FrailStore(MemoryStore())
    with Rig([Hoard()], store=store, settings=SMALL) as rig:
        for n in range(ACTORS):
            rig.send(f"hoard/{n}", "keep", {"text": LARGE}, size=len(LARGE))
        rig.restart()
        rig.settle()
        store.to_come = ["waits"]
        sent = [rig.send(f"hoard/{n}", "keep", {"text": "x"}, on_commit=lambda receipt: None) for n in range(ACTORS)]
        rig.until(lambda: rig.engine.commits.under_way)
        read = rig.look(lambda: rig.engine.cells.read)
        for _ in range(20):
            read = rig.look(lambda: rig.engine.cells.read)
        assert 0 < read < 300_000 < ACTORS * len(LARGE)
        store.to_come = []
        assert all(receipt.wait(PATIENCE_S) for receipt in sent)
        assert rig.look(lambda: rig.engine.cells.read) >= ACTORS * len(LARGE)
