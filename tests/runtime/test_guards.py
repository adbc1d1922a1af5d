"""Guards: what comes before a life, or in a phase that has no row for it, is refused, deferred or ignored; deferred mail is kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import Rig
from tests.runtime.houses import Door, Gateway, dead

DOOR = "door/front"
GATE = "gateway/back"


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Doors that leave memory as soon as they may, on each store."""
    store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([Door(), Gateway()], store=store, settings=EngineSettings(idle_s=1, active_actors=1, cautious_turns=4)) as made:
        yield made
    store.close()


def go(rig: Rig, *who: str, at: str = GATE) -> None:
    """Send some through."""
    for text in who:
        rig.send(at, "go", {"text": text})
    rig.settle()


def move(rig: Rig, phase: str, at: str = GATE) -> None:
    """Move the door."""
    rig.tell(at, "move", {"text": phase})
    rig.settle()


def through(rig: Rig, at: str = GATE) -> tuple[str, ...]:
    """Who went through."""
    found: tuple[str, ...] = rig.state(at).through
    return found


def test_what_has_not_begun_is_refused(rig: Rig) -> None:
    """Whoever asked is told; where nobody did it is a dead letter; nothing of the actor is stored."""
    answer = rig.ask(DOOR, "push", {"text": "x"})
    assert (answer.ok, answer.reason) == (False, "there is no door front")
    rig.tell(DOOR, "push", {"text": "x"})
    rig.settle()
    assert dead(rig) == [(DOOR, "there is no door front")]
    assert rig.store.load(DOOR) is None
    assert rig.store.boxes() == []


def test_it_begins_once_told_so_and_ends_with_its_stop(rig: Rig) -> None:
    """Even where the verb that begins it changes nothing; through a restart too."""
    rig.tell(DOOR, "hang")
    rig.restart()
    move(rig, "open", DOOR)
    go(rig, "ann", at=DOOR)
    assert through(rig, DOOR) == ("ann",)
    rig.tell(DOOR, "unhang")
    rig.settle()
    assert rig.store.load(DOOR) is None
    assert rig.ask(DOOR, "push", {"text": "x"}).reason == "there is no door front"
    rig.tell(DOOR, "hang")
    assert through(rig, DOOR) == ()
    assert rig.ask(DOOR, "push", {"text": "x"}).reason == "cannot push door/front: it is shut"


def test_a_phase_refuses_ignores_and_defers(rig: Rig) -> None:
    """Each as its row says."""
    assert rig.ask(GATE, "push", {"text": "x"}).reason == "cannot push gateway/back: it is shut"
    rig.tell(GATE, "push", {"text": "x"})
    rig.tell(GATE, "knock", {"text": "x"})
    go(rig, "ann")
    assert dead(rig) == [(GATE, "cannot push gateway/back: it is shut")]
    assert [(box.box, box.count) for box in rig.store.boxes()] == [(GATE, 1)]
    assert rig.ask(GATE, "push", {"text": "x"}).ok is False


def test_deferred_mail_comes_first_and_in_its_order(rig: Rig) -> None:
    """Before what came later; a move that does not help defers it again, in its place."""
    go(rig, "ann", "bob")
    move(rig, "ajar")
    go(rig, "cid")
    assert through(rig) == ()
    rig.send(GATE, "move", {"text": "open"})
    go(rig, "dan")
    assert through(rig) == ("ann", "bob", "cid", "dan")
    assert rig.store.boxes() == []


def test_one_that_shuts_it_behind_lets_the_rest_wait(rig: Rig) -> None:
    """Recalled one by one, each under the guard."""
    go(rig, "ann", "shutting", "cid", "dan")
    move(rig, "open")
    assert through(rig) == ("ann", "shutting")
    rig.crash()
    rig.start()
    go(rig, "eve")
    move(rig, "open")
    assert through(rig) == ("ann", "shutting", "cid", "dan", "eve")


def test_deferred_mail_survives_kills_restarts_and_want_of_memory(rig: Rig) -> None:
    """However often: waiting is no attempt at it, so it is not given up as what ends the process."""
    go(rig, "ann", "bob")
    for _ in range(6):
        rig.crash()
        rig.start()
        rig.advance(5)
    rig.restart()
    rig.advance(60)
    assert [row.attempt for row in rig.store.mail(GATE, 0, 9)] == [0, 0]
    go(rig, "cid")
    move(rig, "open")
    assert through(rig) == ("ann", "bob", "cid")
    assert dead(rig) == []


def test_a_stop_recalls_it(rig: Rig) -> None:
    """Into the new life, where it is deferred or refused as that says."""
    rig.tell(DOOR, "hang")
    go(rig, "ann", at=DOOR)
    rig.tell(DOOR, "unhang")
    rig.settle()
    assert dead(rig) == [(DOOR, "there is no door front")]
    go(rig, "bob")
    rig.tell(GATE, "unhang")
    move(rig, "open")
    assert through(rig) == ("bob",)


def test_no_more_than_a_thousand_wait(rig: Rig) -> None:
    """The next is a dead letter that says so; the thousand are kept, in order."""
    for n in range(1001):
        rig.send(GATE, "go", {"text": str(n)})
    rig.settle()
    assert dead(rig) == [(GATE, "go waits: gateway/back is shut, and 1000 messages wait with it")]
    rig.restart()
    move(rig, "open")
    assert through(rig) == tuple(str(n) for n in range(1000))


def test_deferred_mail_that_has_expired_is_not_run(rig: Rig) -> None:
    """It is looked at when the state changes."""
    rig.tell(GATE, "go", {"text": "late"}, expires_ms=rig.clock.now_ms() + 1000)
    rig.advance(5)
    move(rig, "open")
    assert through(rig) == ()
    assert rig.store.boxes() == []
