"""What other engines have sent to actors of this one is taken in as its batches have room."""

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.messages import Message
from gateway.runtime.engine import Engine
from gateway.runtime.mail import encode
from gateway.runtime.placement import Incoming, Placement
from gateway.runtime.settings import EngineSettings
from gateway.store import StateRow
from gateway.store.memory import MemoryStore
from tests.waiting import until

BATCH = 50
MESSAGES = 7 * BATCH + 3
ALL_GROUPS = frozenset(range(1, 257))


class Crate(Payload):
    """A message of another engine."""

    n: int


class Had(State):
    """What came, in order."""

    numbers: tuple[int, ...] = ()


class Storehouse(Actor[Had]):
    """Keeps what comes."""

    @verb
    def take(self, parcel: Crate, stage: Stage[Had]) -> None:
        """Keep one."""
        stage.state = stage.state.changed(numbers=(*stage.state.numbers, parcel.n))


def _sent(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(n, encode(Message(f"m{n}", f"storehouse/d{n % 20}", "take", Crate(n=n)))) for n in range(first, last + 1)]


def test_what_a_batch_cannot_run_waits_where_it_was_sent() -> None:
    """None of it is stored as mail in between; all of it is handled, in order, and told of with the commit that deletes it there."""
    store, taken = MemoryStore(), list[int]()
    engine = Engine(store, [Storehouse()], settings=EngineSettings(batch_turns=BATCH), placement=Placement(1, ALL_GROUPS))
    engine.take_in(Incoming(_sent(1, MESSAGES - 10), taken.extend))
    engine.take_in(Incoming(_sent(MESSAGES - 9, MESSAGES), taken.extend))
    engine.start()
    until(lambda: len(taken) == MESSAGES)
    counted = engine.inspect(lambda: engine.admission.outside)
    assert engine.stop()
    assert taken == list(range(1, MESSAGES + 1))
    assert [n for changes in store.commits for n in changes.post_gone] == taken
    assert max(len(changes.post_gone) for changes in store.commits) == BATCH
    assert not any(changes.mail for changes in store.commits)
    last = {row.id: Had.model_validate_json(row.state).numbers for changes in store.commits for row in (*changes.states, *changes.woken)}
    assert last == {f"storehouse/d{d}": tuple(n for n in range(1, MESSAGES + 1) if n % 20 == d) for d in range(20)}
    assert counted == MESSAGES


def test_what_cannot_be_read_becomes_a_dead_letter() -> None:
    """Of a newer program, or damaged; what comes behind it is handled."""
    store, taken = MemoryStore(), list[int]()
    engine = Engine(store, [Storehouse()], placement=Placement(1, ALL_GROUPS))
    newer = b"9\x1fm\x1fstorehouse/d1\x1ftake\x1f\x1f\x1f\x1f0\x1fmore\x1f\x1f\x1f\x1f\x1f\n{}"
    engine.take_in(Incoming([(1, newer), (2, b"\xff"), (3, b""), *_sent(4, 4)], taken.extend))
    engine.start()
    until(lambda: taken == [1, 2, 3, 4])
    assert engine.stop()
    dead = [(row.box, row.message) for row in store.dead(0, 9)]
    assert dead == [("storehouse/d1", newer), ("", b"\xff"), ("", b"")]
    assert [row.id for changes in store.commits for row in (*changes.states, *changes.woken)] == ["storehouse/d4"]


def test_states_of_many_actors_are_read_together() -> None:
    """Each alone would take a round trip to the database."""
    store, taken = MemoryStore(), list[int]()
    before = Engine(store, [Storehouse()], placement=Placement(1, ALL_GROUPS))
    before.take_in(Incoming(_sent(1, 20), taken.extend))
    before.start()
    until(lambda: len(taken) == 20)
    assert before.stop()

    class Alone(MemoryStore):
        def load(self, actor: str) -> StateRow | None:
            raise AssertionError(f"{actor} was read alone")

    alone = Alone()
    for changes in store.commits:
        alone.commit(changes)
    engine = Engine(alone, [Storehouse()], placement=Placement(2, ALL_GROUPS))
    engine.take_in(Incoming(_sent(21, 40), taken.extend))
    engine.start()
    until(lambda: len(taken) == 40)
    assert engine.stop()
    rows = {row.id: row.state for row in alone.load_many([f"storehouse/d{n}" for n in range(20)], 10**6).values() if row}
    assert {id: Had.model_validate_json(state).numbers for id, state in rows.items()} == {
        f"storehouse/d{n % 20}": (n, n + 20) for n in range(1, 21)
    }


def test_what_is_not_taken_in_at_the_end_stays_where_it_was_sent() -> None:
    """Whoever serves its group next has it."""
    store, taken = MemoryStore(), list[int]()
    engine = Engine(store, [Storehouse()], settings=EngineSettings(batch_turns=BATCH), placement=Placement(1, ALL_GROUPS))
    engine.start()
    engine.take_in(Incoming(_sent(1, MESSAGES), taken.extend))
    assert engine.stop()
    gone = [n for changes in store.commits for n in changes.post_gone]
    handled = [n for row in _last_rows(store) for n in Had.model_validate_json(row).numbers]
    assert sorted(handled) == gone == taken


def _last_rows(store: MemoryStore) -> list[bytes]:
    return list({row.id: row.state for changes in store.commits for row in (*changes.states, *changes.woken)}.values())
