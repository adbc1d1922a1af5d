"""What is wrong with a machine is said when the class is made, or when it moves; and its picture."""

import enum
from typing import Any

import pytest

from gateway.actors import Actor, BadDefinition, Stage, State, verb
from gateway.actors.machine import After, Machine
from gateway.actors.phases import History, Phases
from gateway.testing import Turns
from tests.actors.rides import RIDE, Phase, Ride, RideState, Step, documented


class Text(State):
    phase: str = "waiting"


class Late(State):
    phase: Phase = Phase.LOST


class Remembering(State):
    phase: Phase = Phase.WAITING
    was: Phase = Phase.WAITING


def define(state: type[State] = RideState, *, when: Any = (Phase.WAITING,), to: Any = (), **machine: Any) -> type[Actor[Any]]:
    """A class with one verb `go` and a machine; all but WAITING are final unless said otherwise."""
    final = machine.pop("final", set(Phase) - {Phase.WAITING})
    chart = Machine(initial=Phase.WAITING, final=final, **machine)

    class Wrong(Actor[state]):  # type: ignore[valid-type]
        machine = chart

        @verb(when=when, to=to)
        def go(self, stage: Stage[Any]) -> None:
            """Go."""

        @verb
        def load(self, step: Step, stage: Stage[Any]) -> None:
            """Take a payload."""

    return Wrong


class Other(enum.Enum):
    ELSEWHERE = 1


NO_WAY = "nothing leads out of Phase.WAITING; answer a verb there (when=, to=) that enters another phase, or list it in final"
INNER = {"parents": {Phase.MOVING: Phase.LOST}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"state": State}, "its machine keeps the phase in 'phase', and State has no such field; add it, or say Machine(field=…)"),
        ({"state": Text}, "Text.phase is no Phase, which its machine's phases are; annotate it so"),
        ({"state": Late}, "Late.phase begins as <Phase.LOST: 'lost'>, and the machine as Phase.WAITING; make the default Phase.WAITING"),
        ({"when": {Other.ELSEWHERE}}, "cannot use <Other.ELSEWHERE: 1> as a phase: Phase has no such member; look at when of go"),
        ({"to": {"moving"}}, "cannot use 'moving' as a phase: Phase has no such member; look at to of go"),
        ({"to": {History(Phase.LOST)}}, "go leads back into Phase.LOST, and nothing remembers where it was; add history={…}"),
        ({"entry": {Phase.LOST: "cry"}}, "entry of Phase.LOST names 'cry', and there is no such method; write it"),
        ({"exit": {Phase.LOST: "cry"}}, "exit of Phase.LOST names 'cry', and there is no such method; write it"),
        (
            {"after": {Phase.WAITING: After(5, "got")}},
            "the delayed move of Phase.WAITING names 'got', and there is no such verb; did you mean 'go'?",
        ),
        (
            {"after": {Phase.WAITING: After(5, "leave")}},
            "the delayed move of Phase.WAITING names 'leave', and there is no such verb; mark a method of that name @verb",
        ),
        (
            {"after": {Phase.WAITING: After(5, "load")}},
            "the delayed move of Phase.WAITING cannot fill in the payload of load; give its fields defaults",
        ),
        ({"after": {Phase.WAITING: After(0, "go")}}, "the delayed move of Phase.WAITING comes after 0 s; give it more than 0"),
        (
            {"after": {Phase.LOST: After(5, "go")}},
            "the delayed move of Phase.LOST comes where go is not answered; add Phase.LOST to its when",
        ),
        ({"when": (), "to": ()}, NO_WAY),
        ({"to": {Phase.WAITING}}, NO_WAY),
        ({"final": {Phase.LOST, Phase.ENDED}}, NO_WAY.replace("WAITING", "MOVING")),
        ({"history": {Phase.LOST: "was"}}, "it remembers where in Phase.LOST it was, and no phase is inside of that; look at history"),
        (
            {"history": {Phase.LOST: "was"}, "state": Remembering, **INNER},
            "history of Phase.LOST needs a field `was: Phase | None = None` in Remembering; add it",
        ),
    ],
)
def test_a_class_that_does_not_fit_its_machine(wrong: dict[str, Any], said: str) -> None:
    """Said at the definition, with what to write."""
    with pytest.raises(BadDefinition) as caught:
        define(**wrong)
    assert str(caught.value) == f"cannot use Wrong as an actor: {said}"


def test_rows_without_a_machine() -> None:
    """A verb that speaks of phases needs a machine."""
    with pytest.raises(BadDefinition) as caught:

        class Lost(Actor[State]):
            @verb(when={Phase.LOST})
            def go(self, stage: Stage[State]) -> None:
                """Go."""

    assert str(caught.value) == "cannot use Lost as an actor: go says when, and there is no machine; set `machine`"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"parents": {Phase.MOVING: Other.ELSEWHERE}},
            "cannot use <Other.ELSEWHERE: 1> as a phase: Phase has no such member; look at parents",
        ),
        (
            {"parents": {Phase.MOVING: Phase.LOST, Phase.LOST: Phase.MOVING}},
            "cannot nest Phase.MOVING: it is inside of itself; look at parents",
        ),
        (
            {"first": {Phase.MOVING: Phase.LOST}},
            "cannot begin Phase.MOVING with Phase.LOST: that is not inside of it; look at first and parents",
        ),
    ],
)
def test_phases_that_are_no_tree(wrong: dict[str, Any], said: str) -> None:
    """Said where they are made."""
    with pytest.raises(BadDefinition) as caught:
        Phases(Phase, **wrong)
    assert str(caught.value) == said


def test_a_machine_that_names_a_phase_of_another_enum() -> None:
    """Said where it is made, with the argument to look at."""
    with pytest.raises(BadDefinition) as caught:
        Machine(initial=Phase.WAITING, entry={Other.ELSEWHERE: "x"})
    assert str(caught.value) == "cannot use <Other.ELSEWHERE: 1> as a phase: Phase has no such member; look at entry"


def test_going_back_where_nothing_remembers() -> None:
    """A verb that does not say where it leads learns it in its turn."""
    turns = Turns(Lapsing())
    with pytest.raises(BadDefinition) as caught:
        turns.tell("back")
    assert str(caught.value) == "cannot go back into Phase.LOST: nothing remembers where it was; add history={…} to Machine"


class Lapsing(Actor[RideState]):
    """Goes back where it never was."""

    machine = Machine(initial=Phase.WAITING, final=set(Phase))

    @verb
    def back(self, stage: Stage[RideState]) -> None:
        """Go back."""
        stage.enter(History(Phase.LOST))


# --- the picture


def test_the_picture() -> None:
    """Arrows where verbs say where they lead, notes where they only say when, the end, and where one is now."""
    assert Ride.machine is not None
    assert Ride.machine.mermaid(Ride, now=Phase.LOST) == RIDE


def test_the_picture_of_a_nested_machine() -> None:
    """A verb of every phase inside is one arrow from the outer one; delays and ways back say so."""
    names = documented()
    drawn = names["Order"].machine.mermaid(names["Order"])
    assert 'state "open" as OPEN {\n        [*] --> UNPAID\n        state "unpaid" as UNPAID\n' in drawn
    assert "    OPEN --> ON_HOLD : hold\n" in drawn
    assert "    ON_HOLD --> OPEN : resume, back\n" in drawn
    assert "    UNPAID --> LAPSED : lapse (after 1800 s)\n" in drawn
