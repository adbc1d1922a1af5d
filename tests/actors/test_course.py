"""Courses: a table of causes and phases for one that has no stage."""

import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.actors import BadDefinition
from gateway.actors.course import Course, Delay, Table


class Phase(enum.Enum):
    IDLE = "idle"
    BUSY = "busy"
    ASKING = "asking"
    READING = "reading"
    DONE = "done"


class Cause(enum.Enum):
    ASKED = "asked"
    ANSWERED = "answered"
    READ = "read"
    NO_ANSWER = "no answer"
    TOO_LONG = "too long"
    CLOSED = "closed"


MOVES = {
    Phase.IDLE: {Cause.ASKED: Phase.BUSY, Cause.CLOSED: Phase.DONE},
    Phase.BUSY: {Cause.TOO_LONG: Phase.IDLE, Cause.CLOSED: Phase.DONE},
    Phase.ASKING: {Cause.ANSWERED: Phase.READING, Cause.NO_ANSWER: Phase.ASKING},
    Phase.READING: {Cause.READ: Phase.IDLE, Cause.CLOSED: Phase.IDLE},
}
PARENTS = {Phase.ASKING: Phase.BUSY, Phase.READING: Phase.BUSY}


def table(**rest: Any) -> Table[Phase, Cause]:
    """A device that is asked, and answers, both within limits."""
    delays = {Phase.BUSY: Delay(10.0, Cause.TOO_LONG), Phase.ASKING: Delay(lambda owner: owner["ask_s"], Cause.NO_ANSWER)}
    return Table(**{"initial": Phase.IDLE, "moves": MOVES, "parents": PARENTS, "delays": delays, "final": {Phase.DONE}, **rest})


def course() -> Course[Phase, Cause]:
    return Course(table(), now_s=0.0, owner={"ask_s": 3.0})


def test_a_cause_leads_where_the_table_says() -> None:
    """It ends in a phase with none inside, and one knows why and since when."""
    one = course()
    assert (one.phase, one.cause, one.since_s(Phase.IDLE)) == (Phase.IDLE, None, 0.0)
    one.take(Cause.ASKED, now_s=1.0)
    one.take(Cause.ANSWERED, now_s=2.0)
    assert (one.phase, one.cause) == (Phase.READING, Cause.ANSWERED)
    assert (one.since_s(Phase.READING), one.since_s(Phase.BUSY), one.since_s(Phase.ASKING)) == (2.0, 1.0, None)
    assert (one.within(Phase.BUSY), one.within(Phase.IDLE)) == (True, False)


def test_the_inner_row_counts_before_the_outer_one() -> None:
    """What the inner phase has no row for the outer one takes."""
    assert table().target(Phase.READING, Cause.CLOSED) is Phase.IDLE
    assert table().target(Phase.ASKING, Cause.CLOSED) is Phase.DONE
    assert table().ways_out(Phase.ASKING) == {Cause.ANSWERED: Phase.READING, Cause.TOO_LONG: Phase.IDLE, Cause.CLOSED: Phase.DONE}


def test_delays_are_due_in_their_order_and_go_with_their_phase() -> None:
    """Each phase has its own, from its own entry; a move to oneself begins it anew, and not that of the phase around."""
    one = course()
    assert (one.due(1e9), one.due_s()) == (None, None)
    one.take(Cause.ASKED, now_s=0.0)
    assert (one.due(2.9), one.due_s(), one.due(3.0)) == (None, 3.0, Cause.NO_ANSWER)
    one.take(Cause.NO_ANSWER, now_s=3.0)
    assert (one.phase, one.due_s()) == (Phase.ASKING, 6.0)
    one.take(Cause.NO_ANSWER, now_s=6.0)
    one.take(Cause.NO_ANSWER, now_s=9.0)
    assert one.due(11.0) is Cause.TOO_LONG
    one.take(Cause.TOO_LONG, now_s=11.0)
    assert (one.phase, one.due_s()) == (Phase.IDLE, None)


def test_a_cause_nobody_thought_of() -> None:
    """It raises, and the course stays where it was."""
    one = course()
    with pytest.raises(BadDefinition) as caught:
        one.take(Cause.READ, now_s=1.0)
    assert str(caught.value) == "cannot take Cause.READ in Phase.IDLE: the table has no row for it; add one"
    assert one.phase is Phase.IDLE


@given(st.lists(st.sampled_from(Cause)))
def test_any_causes(causes: list[Cause]) -> None:
    """It is always in one leaf, and in all the phases around that and no other; only these have delays."""
    one = course()
    for now_s, cause in enumerate(causes):
        before, target = one.phase, one.table.target(one.phase, cause)
        if target is None:
            continue
        one.take(cause, now_s=float(now_s))
        assert one.phase is one.table.phases.leaf(target)
        assert {phase for phase in Phase if one.within(phase)} == set(one.table.phases.path(one.phase))
        assert one.since_s(one.phase) == now_s
        assert (one.due_s() is None) is (one.phase in {Phase.IDLE, Phase.DONE}), before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"final": ()}, "cannot use a table: nothing leads out of Phase.DONE; add a row to moves, or list it in final"),
        (
            {"moves": {**MOVES, Phase.ASKING: {}}},
            "cannot use a table: nothing leads to Phase.READING; add a row to moves, or drop the phase",
        ),
        (
            {"delays": {Phase.IDLE: Delay(1.0, Cause.TOO_LONG)}},
            "cannot use a table: Phase.IDLE waits for Cause.TOO_LONG, and has no row for it; add one",
        ),
        (
            {"moves": {**MOVES, Phase.IDLE: {Cause.ASKED: "busy"}}},
            "cannot use 'busy' as a phase: Phase has no such member; look at moves of Phase.IDLE",
        ),
    ],
)
def test_a_table_that_is_not_whole(wrong: dict[str, Any], said: str) -> None:
    """Said when it is made."""
    with pytest.raises(BadDefinition) as caught:
        table(**wrong)
    assert str(caught.value) == said


def test_the_picture() -> None:
    """Phases in phases, each cause an arrow, with its delay."""
    assert (
        table().mermaid(now=Phase.READING)
        == """stateDiagram-v2
    [*] --> IDLE
    state "idle" as IDLE
    state "busy" as BUSY {
        [*] --> ASKING
        state "asking" as ASKING
        state "reading" as READING
    }
    state "done" as DONE
    IDLE --> BUSY : asked
    IDLE --> DONE : closed
    BUSY --> IDLE : too long (after 10 s)
    BUSY --> DONE : closed
    ASKING --> READING : answered
    ASKING --> ASKING : no answer (after a while)
    READING --> IDLE : read
    READING --> IDLE : closed
    DONE --> [*]
    classDef now fill:#ffd54f,stroke:#e65100,color:#000
    class READING now"""
    )
