"""Commit: many turns in one, nothing released before it, nothing of a failed one seen."""

import threading

import pytest

from gateway.actors import Refused
from gateway.testing import OUTSIDE, FrailStore, PowerCut, Rig
from gateway.testing.clock import PATIENCE_S


def _frail(rig: Rig) -> FrailStore:
    assert isinstance(rig.store, FrailStore)
    return rig.store


def test_one_commit_holds_the_message_the_state_and_the_mail(rig: Rig) -> None:
    """The power goes right after the commit: state and mail are both there, and the message is not handled again."""
    rig.settle()
    _frail(rig).to_come = ["after"]
    rig.send("book/a", "write", {"text": "!x"}, id="m1")
    rig.until(lambda: rig.faults)
    assert isinstance(rig.faults[0], PowerCut)
    rig.crash()
    rig.start()
    rig.tell("book/a", "write", {"text": "!x"}, id="m1")
    rig.settle()
    assert rig.state("book/a").words == ("!x",)
    assert [d.message.payload.text for d in rig.hosted["shelf/a"].take()] == ["x"]


def test_nothing_is_released_before_the_commit(rig: Rig) -> None:
    """While the medium refuses, no receipt resolves and no sink hears anything; when it works again all come, in order."""
    rig.settle()
    _frail(rig).to_come = ["fails"] * 100_000
    receipts = rig.look(lambda: [rig.send("book/a", "write", {"text": f"!{n}"}) for n in range(3)])  # no commit comes in between
    rig.until(lambda: rig.engine.store_fault)
    assert rig.engine.store_fault == "cannot commit: the medium refuses; try another"
    assert not any(receipt.resolved for receipt in receipts)
    assert rig.hosted["shelf/a"].take() == []
    _frail(rig).to_come = []
    assert all(receipt.wait(PATIENCE_S) for receipt in receipts)
    rig.settle()
    assert [d.message.payload.text for d in rig.hosted["shelf/a"].take()] == ["0", "1", "2"]
    assert rig.engine.store_fault == ""


def test_what_was_not_committed_did_not_happen(rig: Rig) -> None:
    """The power goes before the commit: neither state nor mail is there."""
    rig.settle()
    _frail(rig).to_come = ["before"]
    rig.send("book/a", "write", {"text": "!x"})
    rig.until(lambda: rig.faults)
    rig.crash()
    rig.start()
    rig.settle()
    assert rig.state("book/a").words == ()
    assert rig.hosted["shelf/a"].take() == []


def test_mail_that_arises_and_is_consumed_in_one_batch_stays_off_the_disk(rig: Rig) -> None:
    """A tells B: no mail row is written for it."""
    rig.tell("book/a", "write", {"text": ">b"})
    rig.settle()
    assert rig.state("book/b").words == ("from a",)
    assert not any(changes.mail for changes in rig.store.commits)  # type: ignore[attr-defined]  # the store in memory keeps them


@pytest.mark.parametrize("fault", [RuntimeError, SystemExit])
def test_a_callback_that_raises_does_not_stop_the_others(rig: Rig, fault: type[BaseException]) -> None:
    """The acknowledgement of one source fails, or an answer to it; the next message is acknowledged all the same."""

    def raises(receipt: object) -> None:
        raise fault("the source said so")

    rig.send("book/a", "write", {"text": "one"}, on_commit=raises)
    rig.hosted[OUTSIDE].ask("book/a", "read", on_reply=raises)
    rig.tell("book/a", "write", {"text": "two"})
    assert rig.faults == []


def test_nothing_comes_in_while_nothing_can_be_committed(rig: Rig) -> None:
    """Whatever the medium has: what came in would wait in memory, and a kill cost it. It goes on when the medium works."""
    rig.settle()
    host, woken = rig.hosted["shelf/a"], threading.Event()
    assert not host.held_back
    _frail(rig).to_come = ["fails"] * 100_000
    receipt = rig.send("book/a", "write", {"text": "one"}, wait=False)
    rig.until(lambda: rig.engine.ingress.why_shut)
    assert rig.engine.ingress.said == "nothing is taken in: nothing can be committed"
    with pytest.raises(Refused, match=r"^cannot take write to book/a: nothing can be committed; send it again later$"):
        rig.send("book/a", "write", {"text": "two"}, wait=False)
    assert rig.engine.ingress.holds_back(woken.set)
    assert host.held_back
    _frail(rig).to_come = []
    assert receipt.wait(PATIENCE_S)
    assert woken.wait(PATIENCE_S)
    assert not host.held_back
    rig.tell("book/a", "write", {"text": "two"})
    assert rig.state("book/a").words == ("one", "two")


def test_the_reserve_for_commands_is_shut_with_the_first_commit_that_fails(rig: Rig) -> None:
    """Not a second later: a full medium takes some commands a second while there is something left, and none from then on."""
    rig.settle()
    store, ingress = _frail(rig), rig.engine.ingress
    store.full, store.to_come = True, ["full"]
    rig.tell("book/a", "write", {"text": "one"}, wait=False)
    rig.until(lambda: ingress.said == "only commands are taken in: the disk is full")
    store.to_come = ["full"] * 100_000
    receipt = rig.send("book/a", "write", {"text": "two"}, wait=False)
    rig.until(lambda: rig.engine.store_fault)
    rig.until(lambda: ingress.said == "nothing is taken in: the disk is full")
    assert ingress.holds_back(lambda: None)
    store.full, store.to_come = False, []
    assert receipt.wait(PATIENCE_S)
    rig.until(lambda: not ingress.why_shut)
