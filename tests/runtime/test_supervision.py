"""Supervision: an actor, its parent, its parent's parent or at last the host decides what becomes of it when a message failed for good."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.cells import Wait
from gateway.runtime.settings import EngineSettings
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from gateway.testing import FrailStore, PowerCut, Rig
from tests.runtime.houses import House, Room, dead

HOUSE = "house/h"
HALL = "house/h/room/hall"
ATTIC = "house/h/room/attic"
FLOOR = "house/h/house/floor"
NOOK = "house/h/house/floor/room/nook"


@pytest.fixture(params=["memory", "sqlite"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A house whose rooms leave memory as soon as they may."""
    inner = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "gateway.db")
    with Rig([House(), Room()], store=FrailStore(inner), settings=EngineSettings(idle_s=1, active_actors=1)) as made:
        for id in (HOUSE, HALL, ATTIC, FLOOR, NOOK, "room/alone"):
            made.tell(id, "work", {"text": "before"})
        made.advance(3)
        yield made
    inner.close()


def fail(rig: Rig, word: str, at: str = HALL) -> None:
    """Have a message fail for good, with another behind it."""
    rig.send(at, "work", {"text": f"fail {word}"})
    rig.send(at, "work", {"text": "behind"})
    rig.advance(1)


def did(rig: Rig, id: str = HALL) -> tuple[str, ...]:
    """What an actor did in this life."""
    found: tuple[str, ...] = rig.state(id).did
    return found


def paused(rig: Rig, id: str = HALL) -> str:
    """Why it is paused; empty when it is not."""
    return rig.look(lambda: rig.engine.room.activation.cell(id)).ties.paused


def resume(rig: Rig, id: str = HALL, *, skip: bool = False) -> bool:
    """Somebody has it go on."""
    engine, said = rig.engine, list[bool]()

    def once() -> None:
        if not said:  # a look may be asked twice
            said.append(engine.turns.supervision.resume(id, engine.round, skip=skip))

    rig.look(once)
    rig.settle()
    return said[0]


@pytest.mark.parametrize(
    ("word", "left"),
    [("skip", ("before", "behind")), ("reset", ("behind",)), ("stop", ("behind",)), ("nonsense", ("before", "behind"))],
)
@pytest.mark.parametrize("above", ["", "escalate>", "escalate>escalate>"])
def test_what_is_decided_becomes_so(rig: Rig, word: str, left: tuple[str, ...], above: str) -> None:
    """By itself, its parent, or that one's: the message is a dead letter with its own reason, and the mail behind it goes on."""
    at = NOOK if above.count(">") == 2 else HALL
    fail(rig, above + word, at)
    letters = dead(rig)
    assert letters[0] == (at, f"RuntimeError: {above}{word}")
    meant = FLOOR if above.count(">") == 2 else at  # whose parent decides
    if word == "stop" and meant != at:  # its parent has ended, and what waited for it revives it no more
        assert (did(rig, at), letters[1:]) == ((), [(at, f"{meant} has ended, and {at} with it")])
        return
    assert letters[1:] == []
    if meant == at:
        assert did(rig, at) == left
    else:
        assert did(rig, at) == ("before", "behind")
        assert did(rig, meant) == (("before",) if left[0] == "before" else ())
    assert did(rig, ATTIC) == ("before",)
    rig.restart()
    rig.advance(1)
    assert len(dead(rig)) == 1


@pytest.mark.parametrize("word", ["pause", "escalate>pause"])
def test_a_pause_lasts_until_somebody_resumes_it(rig: Rig, word: str) -> None:
    """Through restarts, clean or not; with the message, or without; its neighbours go on."""
    fail(rig, word)
    rig.restart()
    rig.crash()
    rig.start()
    rig.advance(60)
    assert paused(rig) == ("it paused itself: " if word == "pause" else "its parent paused it: ") + f"RuntimeError: {word}"
    assert did(rig) == ("before",)
    rig.tell(ATTIC, "work", {"text": "on"})
    assert did(rig, ATTIC) == ("before", "on")
    _room(rig).mended.add(f"fail {word}")
    assert resume(rig)
    assert did(rig) == ("before", f"fail {word}", "behind")
    assert not resume(rig)
    assert dead(rig) == []


def test_what_is_resumed_has_all_its_attempts_again_and_can_be_skipped(rig: Rig) -> None:
    """A kill right after does not take them."""
    fail(rig, "pause")
    resume(rig)
    rig.crash()
    rig.start()
    rig.advance(60)
    assert paused(rig) == "it paused itself: RuntimeError: pause"
    assert resume(rig, skip=True)
    assert dead(rig) == [(HALL, "somebody decided to skip it; it paused itself: RuntimeError: pause")]
    assert did(rig) == ("before", "behind")


def _room(rig: Rig) -> Room:
    (room,) = (actor for actor in rig.actors if type(actor) is Room)
    return room


def test_to_resume_tries_it_again_with_backoff(rig: Rig) -> None:
    """Its parent, or it itself, has patience; it costs no hot loop."""
    for word in ("resume", "escalate>resume"):
        _room(rig).mended.clear()
        fail(rig, word)
        rig.advance(3)
        assert 4 < rig.engine.turns.failed < 100
        _room(rig).mended.add(f"fail {word}")
        rig.advance(3)
        assert did(rig)[-2:] == (f"fail {word}", "behind")
    assert dead(rig) == []


def test_the_policy_of_a_parent_remembers(rig: Rig) -> None:
    """It decides in a turn of its own; its state is kept, through restarts too."""
    for _ in range(2):
        fail(rig, "escalate>third")
    rig.restart()
    fail(rig, "escalate>third")
    assert len(dead(rig)) == 2
    assert paused(rig) == "its parent paused it: RuntimeError: escalate>third"
    assert rig.state(HOUSE).faults == (f"{HALL} {HALL}",) * 3


@pytest.mark.parametrize(("word", "left"), [("reset", ()), ("stop", ())])
def test_a_decision_for_all_children(rig: Rig, word: str, left: tuple[str, ...]) -> None:
    """Those out of memory too; only the one message is skipped; grandchildren go with a stop only."""
    fail(rig, f"escalate>{word} all")
    assert did(rig, ATTIC) == did(rig, FLOOR) == left
    assert did(rig) == ("behind",)
    assert did(rig, NOOK) == (() if word == "stop" else ("before",))
    assert did(rig, HOUSE) == ("before",)
    assert len(dead(rig)) == 1


def test_all_children_can_be_paused_and_each_resumed(rig: Rig) -> None:
    """Those that did not fail have nothing to skip."""
    fail(rig, "escalate>pause all")
    rig.restart()
    assert paused(rig, ATTIC) == paused(rig, HALL) == "its parent paused it: RuntimeError: escalate>pause all"
    rig.tell(ATTIC, "work", {"text": "waits"})
    rig.settle()
    assert did(rig, ATTIC) == ("before",)
    assert resume(rig, ATTIC, skip=True)
    assert did(rig, ATTIC) == ("before", "waits")
    assert dead(rig) == []


def test_above_the_topmost_is_the_host(rig: Rig) -> None:
    """It pauses the actor and says so."""
    fail(rig, "escalate>escalate")
    assert paused(rig) == "its fault went up to the host: RuntimeError: escalate>escalate"
    fail(rig, "escalate", "room/alone")
    assert paused(rig, "room/alone") == "its fault went up to the host: RuntimeError: escalate"


def test_a_policy_that_raises_hangs_nothing(rig: Rig) -> None:
    """Its message is skipped; its own state is as before."""
    fail(rig, "nonsense")
    fail(rig, "escalate>nonsense")
    assert dead(rig) == [(HALL, "RuntimeError: nonsense"), (HALL, "RuntimeError: escalate>nonsense")]
    assert did(rig) == ("before", "behind", "behind")
    assert rig.state(HOUSE).faults == ()


@pytest.mark.parametrize("word", ["skip", "reset", "stop", "pause"])
@pytest.mark.parametrize("fault", ["before", "after"])
@pytest.mark.parametrize("at", range(4))
def test_a_power_cut_at_any_commit_of_a_fault_changes_nothing(rig: Rig, word: str, fault: str, at: int) -> None:
    """Between the failure, the parent's turn and what it decides: in the end it is so, once.

    Or the power went in the middle of the last attempt: then the message may be what ended the process, and nobody is asked.
    """
    assert isinstance(rig.store, FrailStore)
    rig.crash()
    rig.settings = EngineSettings(batch_turns=1)
    rig.start()
    rig.tell(HALL, "work", {"text": f"fail escalate>{word}"})
    rig.store.to_come = [""] * at + [fault]
    for _ in range(6):
        try:
            rig.advance(1)
        except PowerCut:
            rig.crash()
            rig.start()
    decided = (() if word in {"reset", "stop"} else ("before",), [] if word == "pause" else [(HALL, f"RuntimeError: escalate>{word}")])
    suspect = (("before",), [(HALL, f"the process ended 2 times while {HALL} handled it")])
    assert (did(rig), dead(rig)) in (decided, suspect)
    assert bool(paused(rig)) is (dead(rig) == [])


def test_a_kind_between_them_that_is_not_registered_is_passed_over() -> None:
    """Who is below it is meant."""
    with Rig([House(), Room()]) as rig:
        nook = "house/h/floor/1/room/nook"
        rig.tell(nook, "work", {"text": "fail escalate>reset"})
        rig.advance(1)
        assert rig.state(HOUSE).faults == (f"{nook} {nook}",)
        assert dead(rig) == [(nook, "RuntimeError: escalate>reset")]


def test_a_decision_about_a_kind_that_is_gone_stops_nobody(rig: Rig) -> None:
    """The parent's turn came late; the house goes on."""
    rig.look(lambda: rig.engine.room.schedule.hold(rig.engine.room.activation.cell(HOUSE), Wait.PAUSED, "held by the test"))
    fail(rig, "escalate>reset")
    assert rig.stop()
    rig.actors = [House()]
    rig.start()
    rig.tell(HOUSE, "work", {"text": "on"})
    assert did(rig, HOUSE) == ("before", "on")


def test_one_that_fails_for_ever_does_not_slow_the_others(rig: Rig) -> None:
    """Its neighbours' mail is handled in the same breath."""
    for n in range(50):
        rig.send(HALL, "work", {"text": f"fail escalate>resume {n}"})
    for n in range(50):
        rig.send(ATTIC, "work", {"text": str(n)})
    rig.settle()
    assert len(did(rig, ATTIC)) == 51
    assert rig.engine.turns.failed < 5
