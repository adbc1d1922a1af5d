"""What runs at once, past the mailboxes, comes to the same as what goes through them."""

import threading
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.actors import Actor, Inbound, Stage, State, verb
from gateway.actors.messages import Message
from gateway.runtime.at_once import AtOnce
from gateway.runtime.round import Round
from gateway.store.memory import MemoryStore
from gateway.store.store import StateRow
from gateway.testing import OUTSIDE, Rig
from gateway.testing.clock import PATIENCE_S
from tests.runtime.actors import Book
from tests.runtime.test_model import _PROGRAMS
from tests.runtime.world import NODES, World, small_mailboxes


class Counting(AtOnce):
    """A lane that counts whom it let through."""

    ran = 0

    def run(self, message: Message, round: Round) -> bool:
        ran = super().run(message, round)
        self.ran += ran
        return ran


class Shut(AtOnce):
    """A lane that nobody passes: everything goes through mailboxes."""

    def run(self, message: Message, round: Round) -> bool:
        return False


def with_lane(rig: Rig, kind: type[AtOnce]) -> AtOnce:
    """Have this life of a rig use another lane."""
    engine = rig.engine
    lane = kind(engine.room, engine.turns, engine.cautious, engine.ingress.arrivals)
    rig.look(lambda: setattr(engine.admission, "at_once", lane))
    return lane


class LanedWorld(World):
    """A world each life of which has the same kind of lane."""

    def __init__(self, kind: type[AtOnce]) -> None:
        super().__init__()
        self.kind = kind

    def begin(self) -> None:
        """Give the first life its lane."""
        with_lane(self.rig, self.kind)

    def _back(self) -> None:
        super()._back()
        self.begin()


def books(kind: type[AtOnce], program: list[tuple[Any, ...]]) -> dict[str, Any]:
    """What came of a program of bursts: what each node handled, of each sender in its order; what is dead; what the sink did."""
    world = LanedWorld(kind)
    with small_mailboxes(), world.rig:
        world.begin()
        for name, *values in program:
            getattr(world, name)(*values)
        world.heal()
        world.check()
        handled = [world.rig.state(f"node/{n}").handled for n in range(NODES)]
        dead, unknown = world._dead()
    from_outside = [[tag for tag, sender, _ in log if sender == OUTSIDE] for log in handled]
    return {"handled": Counter(tag for log in handled for tag, _, _ in log), "from outside": from_outside, "dead": (dead, unknown)}


def bursts(program: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The steps of a program that do not depend on how far the engine has come when they are made."""
    return [step for step in program if step[0] in {"burst", "settle", "advance", "jump"}]


@settings(max_examples=40, derandomize=True)
@given(_PROGRAMS)
def test_lane_and_mailbox_do_the_same(program: list[tuple[Any, ...]]) -> None:
    """Whatever fails, waits, sets timers or is sent on: the same turns, from each sender in the same order, and the same dead letters."""
    assert books(Counting, bursts(program)) == books(Shut, bursts(program))


def test_who_has_nothing_waiting_runs_at_once(rig: Rig) -> None:
    """The first message too; what a turn sent to another actor goes through that one's mailbox, and nothing overtakes it."""
    lane = with_lane(rig, Counting)
    assert isinstance(lane, Counting)
    rig.tell("book/a", "write", {"text": "one"})
    rig.tell("book/a", "write", {"text": ">b"})
    rig.settle()
    assert lane.ran == 2


def test_nothing_runs_at_once_behind_who_is_in_line(rig: Rig) -> None:
    """A turn that failed waits for its retry, and what comes for its actor meanwhile waits behind it."""
    lane = with_lane(rig, Counting)
    assert isinstance(lane, Counting)
    rig.tell("book/a", "write", {"text": "fail"})
    rig.tell("book/a", "write", {"text": "two"})
    rig.tell("book/b", "write", {"text": "three"})
    assert lane.ran == 2, "the one that failed, and the other actor's"
    assert {size.box: size.count for size in rig.store.boxes()} == {"book/a": 2}


def test_what_ran_at_once_and_failed_is_on_disk_in_its_place(rig: Rig) -> None:
    """Its attempt is counted, and the life after finds it before what came later."""
    rig.tell("book/a", "write", {"text": "fail"})
    rig.tell("book/a", "write", {"text": "two"})
    rows = rig.store.mail("book/a", 0, 10)
    assert [row.attempt for row in rows] == [1, 0]
    assert [b"fail" in row.message for row in rows] == [True, False]


def test_the_actor_in_the_lane_is_named_while_its_turn_runs() -> None:
    """Who looks for what hangs is told whose turn it is, and nobody's afterwards."""
    seen: list[str] = []

    class Mirror(Actor[State]):
        @verb
        def look(self, stage: Stage[State]) -> None:
            seen.append(rig.engine.turns.visited)

    with Rig([Mirror()]) as rig:
        rig.tell("mirror/a", "look")
        assert seen == ["mirror/a"]
        rig.until(lambda: not rig.engine.turns.visited)


class Counted(MemoryStore):
    """A store that counts how often it is asked for states."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def load(self, actor: str) -> StateRow | None:
        self.asked.append(1)
        return super().load(actor)

    def load_many(self, actors: Sequence[str], at_most_bytes: int) -> dict[str, StateRow | None]:
        found = super().load_many(actors, at_most_bytes)
        self.asked.append(len(found))
        return found


@pytest.mark.parametrize("with_ids", [False, True])
def test_the_states_of_those_who_come_together_are_read_together(with_ids: bool) -> None:
    """Each goes on from its own, also one that was stopped by the message before."""
    store = Counted()
    with Rig([Book()], store=store) as rig:
        for n in range(50):
            rig.send(f"book/{n}", "write", {"text": f"first {n}"})
        rig.settle()
        rig.restart()
        store.asked.clear()
        hold = threading.Event()
        rig.engine.post(partial(hold.wait, PATIENCE_S))
        for word in ("second", "stop", "third"):
            said = [Inbound(f"book/{n}", "write", {"text": f"{word} {n}" if word != "stop" else word}) for n in range(50)]
            rig.hosted[OUTSIDE].send_all([one._replace(id=f"{word} {one.to}") for one in said] if with_ids else said)
        hold.set()
        rig.settle()
        assert store.asked == [50]
        assert [rig.state(f"book/{n}").words for n in range(50)] == [(f"third {n}",) for n in range(50)]
