"""The trail: what became of messages, and which of them made which, within its bytes."""

from gateway.actors import START, Message, Payload, Start
from gateway.runtime.batch import Turned
from gateway.runtime.pace import Rate, Rates
from gateway.runtime.settings import EngineSettings
from gateway.runtime.statistics import OfKind, of_kinds
from gateway.runtime.trail import Step, Trail
from gateway.testing import Rig
from tests.runtime.actors import Book, touchy


def steps(rig: Rig) -> list[Step]:
    """What is kept, when all is at rest, less the starts of host-bound actors."""
    rig.settle()
    return [step for step in rig.look(rig.engine.trail.steps) if step.verb != START]


def outcomes(rig: Rig) -> list[tuple[str, str, str]]:
    """(to, verb, outcome) of every step."""
    return [(step.to, step.verb, step.outcome) for step in steps(rig)]


def test_a_turn_and_what_it_made_are_linked(rig: Rig) -> None:
    """The maker's places hold the place of what it made; both know the message from outside that began it."""
    rig.tell("book/a", "write", {"text": ">b"}, id="m1")
    first, second = steps(rig)
    assert (first.message, first.to, first.verb, first.sender, first.trace, first.outcome) == (
        "m1",
        "book/a",
        "write",
        "outside/test",
        "",
        "",
    )
    assert first.since < second.seq <= first.upto
    assert (second.to, second.sender, second.trace) == ("book/b", "book/a", "m1")
    assert second.since == second.upto


def test_a_delivery_is_a_step_when_it_is_settled(rig: Rig) -> None:
    """Failed, then done: one step each."""
    rig.tell("book/a", "write", {"text": "!t"})
    rig.settle()
    (delivery,) = rig.hosted["shelf/a"].take()
    delivery.failed("the shelf is full")
    rig.settle()
    rig.advance(1)
    (delivery,) = rig.hosted["shelf/a"].take()
    delivery.done()
    rig.until(lambda: len(steps(rig)) == 3)
    assert outcomes(rig)[1:] == [("shelf/a", "put", "failed, attempt 1: the shelf is full"), ("shelf/a", "put", "done")]


def test_the_start_of_a_host_bound_actor_is_a_message_as_any_other() -> None:
    """Its first; each attempt, and why one failed, in the trail and for whoever watches."""
    turned: list[Turned] = []
    with Rig([Book()], {"touchy/a": touchy("started")}) as rig:
        rig.engine.watch(turned.extend)
        rig.until(lambda: [step for step in rig.look(rig.engine.trail.steps) if (step.to, step.outcome) == ("touchy/a", "done")])
        starts = [step.outcome for step in rig.look(rig.engine.trail.steps) if (step.to, step.verb) == ("touchy/a", START)]
        assert starts == ["failed, attempt 1: RuntimeError: started fails as it was told", "done"]
        rig.until(lambda: [turn.message.payload for turn in turned if turn.message.to == "touchy/a"])
        last = [turn.message for turn in turned if turn.message.to == "touchy/a"][-1]
        assert (last.verb, last.payload) == (START, Start(attempt=2))


def test_each_attempt_and_its_end_are_steps(rig: Rig) -> None:
    """What a failed turn staged was never made; the dead letter has its number, and the answer to who asked is its doing."""
    rig.tell("book/a", "write", {"text": "fail"}, reply_to="book/b")
    rig.advance(5)
    reason = "RuntimeError: the word said so"
    failed = [("book/a", "write", f"failed, attempt {n}: {reason}") for n in (1, 2, 3)]
    assert outcomes(rig) == [*failed, ("book/a", "write", f"dead letter 1: {reason}"), ("book/b", "reply", "")]
    found = steps(rig)
    assert [step.upto - step.since for step in found] == [0, 0, 0, 1, 0]
    assert found[3].since < found[4].seq <= found[3].upto


def test_what_came_too_late_is_a_step(rig: Rig) -> None:
    """It was not handled, and the step says so."""
    rig.tell("book/a", "write", {"text": "x"}, expires_ms=rig.clock.now_ms() - 3000)
    assert outcomes(rig) == [("book/a", "write", "expired 3 s ago")]


def test_an_answer_to_an_ask_from_outside_is_a_step(rig: Rig) -> None:
    """So it is seen that the answer got out."""
    assert rig.ask("book/a", "read").ok
    answered, asked = steps(rig)
    assert (answered.verb, answered.sender, answered.outcome) == ("reply", "book/a", "done")
    assert asked.since < answered.seq <= asked.upto


def test_it_keeps_to_its_bytes(rig: Rig) -> None:
    """The oldest go first; what is left takes about what it may."""
    trail = Trail(64 * 1024)
    for n in range(2000):
        trail.note(Message(f"00000a-abcdef-{10**12 + n}", f"twin/{n}", "report", Payload()), n, n, n, n, 1_700_000_000_000 + n)
    kept = trail.steps()
    assert kept[-1].message == f"00000a-abcdef-{10**12 + 1999}"
    assert [step.seq for step in kept] == list(range(trail.dropped, 2000))
    assert len(kept) == 64 * 1024 // 300


def test_nothing_is_kept_where_it_is_switched_off() -> None:
    """0 bytes."""
    with Rig([Book()], settings=EngineSettings(trail_bytes=0)) as rig:
        rig.tell("book/a", "write", {"text": ">b"})
        rig.advance(1)
        assert (rig.engine.trail.on, steps(rig)) == (False, [])


def test_the_pace_is_told_from_two_looks() -> None:
    """The first and the last of those that are kept."""
    pace = Rate()
    assert pace.rates() == Rates(0.0, 0.0)
    for second in range(30):
        pace.look(100.0 + second, turns=10 * second, commits=second)
    assert pace.rates() == Rates(10.0, 1.0)


def test_statistics_are_by_kind(rig: Rig) -> None:
    """Turns, faults, who is in memory, and the largest mailbox."""
    rig.tell("book/a", "write", {"text": ">b"})
    rig.send("book/c", "write", {"text": "fail"})
    rig.tell("book/c", "write", {"text": "behind it"})
    rig.settle()
    expected = OfKind("book", turns=3, failed=1, passivated=0, active=3, waiting=2, largest="book/c", largest_waiting=2)
    assert rig.look(lambda: of_kinds(rig.engine.cells)) == [expected]
    rig.advance(10)
    rig.advance(400)
    found = rig.look(lambda: of_kinds(rig.engine.cells))[0]
    assert (found.turns, found.failed, found.passivated, found.active, found.waiting, found.largest) == (6, 3, 3, 0, 0, "")
