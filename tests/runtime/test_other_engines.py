"""What other engines have sent to actors of this one is taken in as its batches have room."""

from gateway.actors import Actor, Payload, Stage, State, verb
from gateway.actors.messages import Message
from gateway.runtime.engine import Engine
from gateway.runtime.mail import encode
from gateway.runtime.placement import Incoming, Placement
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from tests.waiting import until

BATCH = 50
MESSAGES = 7 * BATCH + 3
ALL_GROUPS = frozenset(range(1, 257))


class Parcel(Payload):
    """A message of another engine."""

    n: int


class Had(State):
    """What came, in order."""

    numbers: tuple[int, ...] = ()


class Depot(Actor[Had]):
    """Keeps what comes."""

    @verb
    def take(self, parcel: Parcel, stage: Stage[Had]) -> None:
        """Keep one."""
        stage.state = stage.state.changed(numbers=(*stage.state.numbers, parcel.n))


def _sent(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(n, encode(Message(f"m{n}", f"depot/d{n % 20}", "take", Parcel(n=n)))) for n in range(first, last + 1)]


def test_what_a_batch_cannot_run_waits_where_it_was_sent() -> None:
    """None of it is stored as mail in between; all of it is handled, in order, and told of with the commit that deletes it there."""
    store, taken = MemoryStore(), list[int]()
    engine = Engine(store, [Depot()], settings=EngineSettings(batch_turns=BATCH), placement=Placement(1, ALL_GROUPS))
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
    assert last == {f"depot/d{d}": tuple(n for n in range(1, MESSAGES + 1) if n % 20 == d) for d in range(20)}
    assert counted == MESSAGES


def test_what_is_not_taken_in_at_the_end_stays_where_it_was_sent() -> None:
    """Whoever serves its group next has it."""
    store, taken = MemoryStore(), list[int]()
    engine = Engine(store, [Depot()], settings=EngineSettings(batch_turns=BATCH), placement=Placement(1, ALL_GROUPS))
    engine.start()
    engine.take_in(Incoming(_sent(1, MESSAGES), taken.extend))
    assert engine.stop()
    gone = [n for changes in store.commits for n in changes.post_gone]
    handled = [n for row in _last_rows(store) for n in Had.model_validate_json(row).numbers]
    assert sorted(handled) == gone == taken


def _last_rows(store: MemoryStore) -> list[bytes]:
    return list({row.id: row.state for changes in store.commits for row in (*changes.states, *changes.woken)}.values())
