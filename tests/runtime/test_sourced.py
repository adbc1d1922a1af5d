"""Event sourcing: the events are the truth, committed with everything else; the state is what they add up to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from gateway.actors import Actor, BadDefinition, Decision, Event, EventSourced, Fault, Stage, State, verb
from gateway.control import views
from gateway.store import Changes, EventRow, StateRow
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, Rig
from tests.runtime.accounts import Account, Amount, Balance

ANN = "account/ann"


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """One bank, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Account()], store=store) as made:
        yield made
    store.close()


def _kinds(rig: Rig, id: str = ANN) -> list[str]:
    return [row.kind for row in rig.store.events(id, 0, 1000)]


def _fault(rig: Rig, id: str = ANN) -> str:
    return rig.look(lambda: rig.engine.room.activation.cell(id).fault)


def test_an_event_changes_the_state_at_once_and_is_kept(rig: Rig) -> None:
    """The answer of the same turn has it; so does the store."""
    assert rig.ask(ANN, "deposit", Amount(cents=30)).body == {"cents": 30, "events": 1}
    assert rig.ask(ANN, "withdraw", Amount(cents=10)).body == {"cents": 20, "events": 2}
    assert _kinds(rig) == ["Deposited", "Withdrawn"]
    (first, _) = rig.store.events(ANN, 0, 10)
    assert (first.n, first.actor, first.version, first.body) == (1, ANN, 1, b'{"cents":30}')


def test_a_turn_that_raises_or_refuses_records_nothing(rig: Rig) -> None:
    """Its stage is dropped whole."""
    rig.tell(ANN, "deposit", Amount(cents=30))
    rig.tell(ANN, "deposit", Amount(cents=5, fails=True))
    rig.advance(1)
    assert rig.ask(ANN, "withdraw", Amount(cents=31)).reason == "there is only 30"
    assert rig.state(ANN).cents == 30
    assert _kinds(rig) == ["Deposited"]


def test_the_state_is_stored_every_few_events(rig: Rig) -> None:
    """At the first event, so that the actor is listed, and then after `snapshot_every`; between them only events are written."""
    for n in range(1, 13):
        rig.tell(ANN, "deposit")
        row = rig.store.load(ANN)
        assert row is not None
        assert row.state == f'{{"cents":{1 + (n - 1) // 5 * 5},"events":{1 + (n - 1) // 5 * 5}}}'.encode()
        assert rig.store.folded(ANN) == 1 + (n - 1) // 5 * 5
    assert rig.store.actors("account/", "", 10) == [ANN]
    assert rig.store.count_actors() == 1


def test_a_restart_folds_only_what_is_behind_the_snapshot(rig: Rig) -> None:
    """The state is the same, whether it was stored or folded."""
    for _ in range(13):
        rig.tell(ANN, "deposit")
    rig.restart()
    account: Any = rig.actors[0]
    account.folds = 0
    assert rig.state(ANN) == Balance(cents=13, events=13)
    assert account.folds == 2
    rig.tell(ANN, "deposit")
    assert [row.n for row in rig.store.events(ANN, 0, 100)] == list(range(1, 15))


def test_an_idle_one_leaves_memory_and_is_found_again(rig: Rig) -> None:
    """Nothing more is stored for it; it comes back from snapshot and events."""
    for _ in range(3):
        rig.tell(ANN, "deposit")
    rig.advance(400)
    assert rig.look(lambda: len(rig.engine.cells)) == 0
    assert rig.ask(ANN, "read").body == {"cents": 3, "events": 3}


def test_timers_are_stored_when_they_change(rig: Rig) -> None:
    """With events behind the snapshot or without; they survive a power cut, and an account that has only a timer is alive."""
    rig.tell(ANN, "deposit")
    rig.tell(ANN, "remind", Amount(cents=60))
    rig.tell("account/bob", "remind", Amount(cents=60))
    rig.crash()
    rig.start()
    rig.advance(61)
    assert rig.state(ANN) == Balance(cents=61, events=2)
    assert rig.state("account/bob") == Balance(cents=60, events=1)


def test_an_event_that_changes_nothing_is_kept_and_begins_a_life(rig: Rig) -> None:
    """Fold may give back the very state it was given."""
    rig.tell(ANN, "note")
    assert _kinds(rig) == ["Noted"]
    assert rig.store.actors("account/", "", 10) == [ANN]


def test_stop_deletes_the_events_too(rig: Rig) -> None:
    """And numbers are not used again, not even after a restart: whoever remembers one must not take a new event for an old."""
    rig.tell(ANN, "deposit")
    rig.tell(ANN, "close")
    assert (_kinds(rig), rig.store.load(ANN)) == ([], None)
    rig.restart()
    rig.tell(ANN, "deposit", Amount(cents=7))
    assert [row.n for row in rig.store.events(ANN, 0, 10)] == [3]
    assert rig.state(ANN) == Balance(cents=7, events=1)


def test_a_new_life_in_the_same_commit_has_its_own_events_only(rig: Rig) -> None:
    """However the turns fall into batches."""
    rig.tell(ANN, "deposit")
    for verb_ in ("deposit", "close", "deposit", "deposit"):
        rig.send(ANN, verb_)
    rig.settle()
    assert _kinds(rig) == ["Deposited", "Deposited"]
    rig.restart()
    assert rig.state(ANN) == Balance(cents=2, events=2)


def test_the_state_cannot_be_set_by_hand(rig: Rig) -> None:
    """The turn fails, with an error that says what to do."""
    rig.tell(ANN, "cheat")
    rig.advance(1)
    (letter,) = rig.store.dead(0, 10)
    assert letter.reason == f"BadDefinition: cannot set the state of {ANN}: it is what its events add up to; record an event instead"


def test_one_that_is_not_in_memory_is_shown_with_all_its_events(rig: Rig) -> None:
    """Not as its last snapshot was."""
    for _ in range(3):
        rig.tell(ANN, "deposit")
    rig.advance(400)
    shown = rig.look(lambda: views.of_actor(ANN, rig.engine))
    assert shown is not None
    assert (shown["active"], shown["state"]) == (False, {"cents": 3, "events": 3})


class Fresh(Account):
    """An account that begins anew after a message it cannot take."""

    kind = "fresh"
    attempts = 1

    def failed(self, fault: Fault, state: Balance) -> Decision:
        return Decision.RESET


def test_a_reset_deletes_the_events_too() -> None:
    """It begins anew, and so it does after a restart."""
    with Rig([Fresh()]) as rig:
        for amount in (Amount(cents=30), Amount(cents=1, fails=True), Amount(cents=5)):
            rig.tell("fresh/a", "deposit", amount)
        assert rig.state("fresh/a") == Balance(cents=5, events=1)
        rig.restart()
        assert rig.state("fresh/a") == Balance(cents=5, events=1)
        assert _kinds(rig, "fresh/a") == ["Deposited"]


# --- change


class Named(Event):
    """Version 2 has one name, 1 had it in two parts."""

    VERSION: ClassVar[int] = 2
    name: str

    @classmethod
    def upcast(cls, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        return {"name": f"{fields['first']} {fields['last']}"}


class Names(State):
    """Version 2 counts them too."""

    VERSION: ClassVar[int] = 2
    name: str = ""
    times: int = 0


class Someone(EventSourced[Names]):
    """Has a name."""

    events = (Named,)

    def fold(self, state: Names, event: Event) -> Names:
        assert isinstance(event, Named)
        return state.changed(name=event.name, times=state.times + 1)

    @verb
    def name(self, word: Amount, stage: Stage[Names]) -> None:
        stage.record(Named(name=f"number {word.cents}"))


def _someone(*events: EventRow, version: int = 2, state: bytes = b"{}", folded: int = 0) -> Rig:
    store = MemoryStore()
    row = StateRow("someone/a", version, state, None, None)
    store.commit(Changes(states=[row], folded=[(folded, "someone/a")], events=list(events)))
    return Rig([Someone()], store=store)


def _named(n: int, kind: str = "Named", version: int = 1, body: bytes = b'{"first":"Ann","last":"Lee"}') -> EventRow:
    return EventRow(n, "someone/a", 5, kind, version, body)


def test_an_old_event_is_taken_up_step_by_step() -> None:
    """As a state is."""
    with _someone(_named(1)) as rig:
        assert rig.state("someone/a") == Names(name="Ann Lee", times=1)


def test_a_snapshot_of_an_older_version_is_folded_anew_from_all_events() -> None:
    """What it did not count yet is counted."""
    with _someone(_named(1), _named(2), version=1, state=b'{"name":"Ann Lee"}', folded=2) as rig:
        assert rig.state("someone/a") == Names(name="Ann Lee", times=2)


def test_a_snapshot_of_another_shape_is_folded_anew_from_all_events() -> None:
    """A field of the state was changed, and its VERSION forgotten: the events are the truth all the same."""
    with _someone(_named(1), _named(2), state=b'{"nom":"Ann Lee"}', folded=2) as rig:
        assert rig.state("someone/a") == Names(name="Ann Lee", times=2)
        rig.tell("someone/a", "name")
        rig.restart()
        assert rig.state("someone/a") == Names(name="number 1", times=3)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (
            _named(3, version=2, body=b'{"nom":"Ann"}'),
            "its event 3, a 'Named', of version 2 does not fit Named: 'name' is new and has no "
            "default; 'nom' is gone; raise VERSION and write upcast",
        ),
        (_named(3, version=3), "its event 3, a 'Named', has version 3, this program knows 2; install the newer program again"),
        (_named(3, "Moved"), "its event 3 is a 'Moved', which this program does not know; install the newer program again"),
    ],
)
def test_an_event_that_cannot_be_read_blocks_the_actor_and_nothing_is_lost(event: EventRow, why: str) -> None:
    """Its mail waits, its events stay; its neighbours go on."""
    with _someone(_named(1), event) as rig:
        rig.tell("someone/a", "name")
        rig.tell("someone/b", "name")
        assert _fault(rig, "someone/a").partition("\n")[0] == f"cannot load someone/a: {why}, or `gateway forget someone/a`"
        assert rig.state("someone/b").times == 1
        rig.restart()
        rig.settle()
        assert [size.count for size in rig.store.boxes()] == [1]
        assert [row.n for row in rig.store.events("someone/a", 0, 10)] == [1, 3]


# --- definitions


def test_what_is_no_event_cannot_be_declared() -> None:
    """The class says so when it is made."""
    with pytest.raises(BadDefinition) as caught:

        class Bad(EventSourced[Balance]):
            events = (Amount,)  # type: ignore[assignment]

    assert "in its events is no Event model" in str(caught.value)


def test_an_event_that_is_not_declared_cannot_be_recorded() -> None:
    """It could not be read back."""

    class Quiet(EventSourced[Balance]):
        events = ()

        @verb
        def say(self, stage: Stage[Balance]) -> None:
            stage.record(Named(name="x"))

    with Rig([Quiet()], store=FrailStore(MemoryStore())) as rig:
        rig.tell("quiet/a", "say")
        assert _fault(rig, "quiet/a").endswith("cannot record Named in quiet/a: Quiet.events has none; add it there")


def test_an_ordinary_actor_records_nothing() -> None:
    """Its stage says what to do."""

    class Plain(Actor[Balance]):
        @verb
        def say(self, stage: Stage[Balance]) -> None:
            stage.record(Named(name="x"))

    with Rig([Plain()]) as rig:
        rig.tell("plain/a", "say")
        assert _fault(rig, "plain/a").endswith("cannot record Named in plain/a: it is not event-sourced; derive it from EventSourced")
