"""Read models: told each committed event once, in order; what was missed is noticed and read from the journal."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.actors import BadDefinition, By, ReadModel, Reply, State, on
from gateway.actors.readmodel import JOURNAL, EventsPage, ReadEvents, ReadStage, ReadState, Rebuild
from gateway.control.resume import resume
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig
from tests.runtime.accounts import Account, Amount, Deposited, Totals

ALL = "totals/all"


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A bank and its totals, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Account(), Totals()], store=store) as made:
        yield made
    store.close()


def _caught_up(rig: Rig) -> Any:
    """The totals, when they have heard from the journal."""
    rig.until(lambda: not rig.state(ALL).catching_up)
    rig.settle()
    return rig.state(ALL)


def test_it_is_told_each_event_in_order(rig: Rig) -> None:
    """Of every actor that it follows; what it has no handler for passes it by."""
    rig.tell("account/ann", "deposit", Amount(cents=30))
    rig.tell("account/bob", "swap", Amount(cents=7))
    rig.tell("account/bob", "note")
    rig.tell("account/ann", "withdraw", Amount(cents=10))
    state = _caught_up(rig)
    assert (state.cents, state.seen) == ({"account/ann": 20, "account/bob": 0}, (1, 2, 3, 5))


def test_it_hears_the_last_event_of_a_life(rig: Rig) -> None:
    """What an account recorded in the turn that ended it."""
    rig.tell("account/ann", "deposit", Amount(cents=30))
    rig.tell("account/ann", "pay_out")
    assert _caught_up(rig).cents == {"account/ann": 0}


def test_it_goes_on_after_a_power_cut(rig: Rig) -> None:
    """Nothing twice, nothing missing, and without asking the journal."""
    rig.tell("account/ann", "deposit", Amount(cents=30))
    rig.crash()
    rig.start()
    rig.tell("account/ann", "deposit", Amount(cents=5))
    rig.settle()
    state = rig.state(ALL)
    assert (state.cents, state.seen, state.catching_up) == ({"account/ann": 35}, (1, 2), False)


def test_one_that_is_installed_later_reads_what_was_before(rig: Rig) -> None:
    """At the first event it is told, in pages."""
    rig.stop()
    rig.actors = [Account()]
    rig.start()
    for n in range(450):
        rig.send("account/ann", "deposit", Amount(cents=1 + n % 3))
    rig.settle()
    rig.stop()
    rig.actors = [Account(), Totals()]
    rig.start()
    rig.tell("account/bob", "deposit", Amount(cents=9))
    state = _caught_up(rig)
    assert state.cents == {"account/ann": 900, "account/bob": 9}
    assert state.seen == tuple(range(1, 452))


def test_events_that_come_while_it_catches_up_are_not_lost(rig: Rig) -> None:
    """The journal has them when it is asked again."""
    for n in range(1, 300):
        rig.send("account/ann", "deposit", Amount(cents=1))
        if n == 150:
            rig.tell(ALL, "rebuild")
    rig.settle()
    state = _caught_up(rig)
    assert (state.cents, state.seen) == ({"account/ann": 299}, tuple(range(1, 300)))


def test_it_can_be_rebuilt_from_any_number(rig: Rig) -> None:
    """From the beginning it is as it was; behind a number it holds only what came later."""
    for n in range(1, 11):
        rig.tell("account/ann", "deposit", Amount(cents=n))
    before = _caught_up(rig)
    assert rig.ask(ALL, "rebuild").ok
    assert _caught_up(rig) == before
    rig.tell(ALL, "rebuild", Rebuild(after=8))
    assert _caught_up(rig).cents == {"account/ann": 19}


def test_events_that_were_deleted_leave_no_gap_to_wait_for(rig: Rig) -> None:
    """An account that ended is in the totals still, and after a rebuild no more."""
    rig.tell("account/ann", "deposit", Amount(cents=30))
    rig.tell("account/bob", "deposit", Amount(cents=7))
    rig.tell("account/bob", "close")
    assert _caught_up(rig).cents == {"account/ann": 30, "account/bob": 7}
    rig.tell(ALL, "rebuild")
    state = _caught_up(rig)
    assert (state.cents, state.last) == ({"account/ann": 30}, 2)


class Strict(ReadModel[ReadState]):
    """Cannot take a deposit of seven cents, for now."""

    retry_s = 0.5
    follows = (Account,)
    mended = False

    @on(Deposited)
    def deposited(self, event: Deposited, stage: ReadStage[ReadState]) -> None:
        if event.cents == 7 and not self.mended:
            raise ArithmeticError("seven is no number for me")


def test_one_that_cannot_take_an_event_is_paused_at_it_and_says_which() -> None:
    """It makes no dead letter, however long that lasts and whatever comes behind; mended and resumed it goes on, with all of them."""
    strict, store = Strict(), MemoryStore()
    with Rig([Account(), strict], store=store) as rig:
        for cents in (5, 7, 9):
            rig.tell("account/ann", "deposit", Amount(cents=cents))
        rig.advance(600)
        rig.tell("account/ann", "deposit", Amount(cents=11))
        rig.advance(600)
        reason = "it paused itself: NotTaken: cannot take event 2, Deposited of account/ann: ArithmeticError: seven is no number for me"
        assert rig.look(lambda: rig.engine.cells.get("strict/all").fault) == reason  # type: ignore[union-attr]
        assert (len(store.dead(0, 9)), rig.state("strict/all").last) == (0, 1)
        strict.mended = True
        rig.look(lambda: resume(rig.engine, "strict/all", skip=False))
        rig.settle()
        assert rig.state("strict/all").last == 4


def test_a_late_page_is_harmless(rig: Rig) -> None:
    """A page that nobody waits for, and one that was answered already."""
    rig.tell("account/ann", "deposit", Amount(cents=30))
    _caught_up(rig)
    rig.tell(ALL, "reply", Reply(of="x", body=EventsPage(after=0, upto=99).model_dump(mode="json")), by=By.ACTORS)
    assert rig.state(ALL).last == 1


def test_the_journal_answers_pages(rig: Rig) -> None:
    """Of one actor, by the beginning of its id, by kind, behind a number; and says whether there is more."""
    for name in ("ann", "bob", "ann", "ann"):
        rig.tell(f"account/{name}", "deposit", Amount(cents=1))
    rig.tell("account/ann", "withdraw", Amount(cents=1))
    assert _page(rig, actor="account/ann", limit=2) == ([1, 3], 3, True)
    assert _page(rig, actor="account/ann", after=3, limit=2) == ([4, 5], 5, False)
    assert _page(rig, prefix="account/b") == ([2], 2, False)
    assert _page(rig, kinds=("Withdrawn",)) == ([5], 5, False)
    assert _page(rig, prefix="nobody/", after=3) == ([], 3, False)
    (event,) = rig.ask(JOURNAL, "read", ReadEvents(after=4)).body["events"]
    event = dict(event)
    assert event.pop("at_ms") > 0
    assert event == {"n": 5, "actor": "account/ann", "kind": "Withdrawn", "version": 1, "body": {"cents": 1}}


def _page(rig: Rig, **wanted: Any) -> tuple[list[int], int, bool]:
    body = rig.ask(JOURNAL, "read", ReadEvents(**wanted)).body
    return [event["n"] for event in body["events"]], body["upto"], body["more"]


def test_definitions_are_checked() -> None:
    """A state that cannot remember where it is, and an event that nobody it follows records."""
    with pytest.raises(BadDefinition) as caught:

        class NoPlace(ReadModel[State]):  # type: ignore[type-var]
            follows = (Account,)

    assert str(caught.value) == "cannot use NoPlace as a read model: derive State from ReadState"
    with pytest.raises(BadDefinition) as caught:

        class Nobody(Totals):
            follows = ()

            @on(Deposited)
            def deposited(self, event: Deposited, stage: Any) -> None: ...

    assert str(caught.value) == "cannot use Nobody as a read model: nobody in its `follows` records Deposited"
