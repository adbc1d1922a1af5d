"""Machines: what is answered where, what a move brings with it, and what is wrong said when the class is made."""

import enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.actors import Actor, BadDefinition, Payload, Stage, State, verb
from gateway.actors.machine import After, Machine
from gateway.actors.phases import History
from gateway.actors.verbs import Else
from gateway.testing import Rig, Turns
from tests.actors.rides import Phase, Ride, RideSettings, RideState, Step, documented

# --- moves


def test_exits_see_the_old_phase_and_entries_the_new_one() -> None:
    """First the exit, then the field, then the entry."""
    turns = Turns(Ride())
    turns.tell("move")
    assert turns.state == RideState(phase=Phase.MOVING, log=["tidy while waiting", "off while moving"])


def test_a_delayed_move_comes_in_its_time() -> None:
    """The seconds may come from the settings; each phase sets its own, and leaving drops it."""
    turns = Turns(Ride(RideSettings(lost_after_s=5)))
    turns.tell("move")
    assert {name: timer.verb for name, timer in turns.timers.items()} == {"phase:moving": "lose"}
    turns.advance(5)
    assert (turns.state.phase, list(turns.timers)) == (Phase.LOST, ["phase:lost"])
    turns.tell("move")
    assert list(turns.timers) == ["phase:moving"]
    turns.advance(5 + 600)
    assert (turns.state.phase, turns.timers) == (Phase.ENDED, {})


def test_entering_the_same_phase_leaves_it_and_begins_its_time_anew() -> None:
    """A move to oneself is a move: exit, entry, and the whole delay again."""
    turns = Turns(Ride())
    for _ in range(4):
        turns.tell("move")
        turns.advance(29)
    assert (turns.state.phase, turns.state.log.count("off while moving")) == (Phase.MOVING, 4)


def test_a_delayed_move_that_was_overtaken_is_ignored() -> None:
    """It was on its way when its phase was left; unless it says otherwise it is neither refused nor deferred."""
    assert Ride.machine is not None
    assert Ride.machine.otherwise(Ride.verbs["lose"]) is Else.IGNORE
    assert Ride.machine.otherwise(Ride.verbs["where"]) is Else.REFUSE
    assert Machine(initial=Phase.LOST, unless=Else.DEFER).otherwise(Ride.verbs["read"]) is Else.DEFER
    turns = Turns(Ride())
    turns.tell("lose")
    assert turns.state == RideState()


def test_what_has_no_row_is_refused_or_ignored_as_it_says() -> None:
    """The verb's word counts before the machine's; a verb without `when` is answered everywhere."""
    turns = Turns(Ride())
    assert turns.ask("where").reason == "cannot where ride/one: it is waiting"
    assert turns.ask("read").ok
    turns.tell("give_up")
    assert turns.state.phase is Phase.WAITING


class Loose(Actor[RideState]):
    """Goes wherever it is told."""

    machine = Machine(initial=Phase.WAITING, entry={Phase.LOST: "loop"}, final={Phase.LOST, Phase.ENDED})

    @verb(when={Phase.WAITING, Phase.MOVING}, to={Phase.MOVING, Phase.LOST})
    def step(self, step: Step, stage: Stage[RideState]) -> None:
        """Enter what the message says."""
        stage.enter(step.to)

    def loop(self, stage: Stage[RideState]) -> None:
        stage.enter(Phase.ENDED)


class Bare(Actor[State]):
    """Has no machine."""

    @verb
    def step(self, stage: Stage[State]) -> None:
        """Enter a phase all the same."""
        stage.enter(Phase.MOVING)


@pytest.mark.parametrize(
    ("actor", "step", "said"),
    [
        (Loose, Phase.ENDED, "cannot enter Phase.ENDED in step of loose/one: its row leads to Phase.LOST, Phase.MOVING; add it to `to`"),
        (
            Loose,
            Phase.LOST,
            "cannot enter Phase.ENDED in an entry or exit of loose/one: a move is under way; decide in the verb",
        ),
        (Bare, None, "cannot enter Phase.MOVING in a turn of bare/one: its class has no machine; set `machine`"),
    ],
)
def test_a_move_that_must_not_be(actor: type[Actor[Any]], step: Phase | None, said: str) -> None:
    """The turn raises and leaves no trace."""
    turns = Turns(actor())
    with pytest.raises(BadDefinition) as caught:
        turns.tell("step", {"to": step.value} if step else None)
    assert str(caught.value) == said
    assert turns.state == actor.state_model()


# --- the beginning of a life


class Begun(Actor[RideState]):
    """Has something to do before its first verb."""

    machine = Machine(
        initial=Phase.WAITING,
        entry={Phase.WAITING: "hello"},
        after={Phase.WAITING: After(60, "end")},
        final={Phase.ENDED, Phase.MOVING, Phase.LOST},
    )

    @verb
    def touch(self, stage: Stage[RideState]) -> None:
        """Do nothing."""

    @verb(when={Phase.WAITING}, to={Phase.ENDED})
    def end(self, stage: Stage[RideState]) -> None:
        """End."""
        stage.enter(Phase.ENDED)

    def hello(self, stage: Stage[RideState]) -> None:
        stage.state = stage.state.changed(log=[*stage.state.log, "hello"])


def test_the_first_turn_of_a_life_enters_the_initial_phase() -> None:
    """Once: its entry runs, and its delayed move is set."""
    turns = Turns(Begun())
    turns.tell("touch")
    turns.tell("touch")
    assert (turns.state.log, list(turns.timers)) == (["hello"], ["phase:waiting"])
    turns.advance(60)
    assert turns.state.phase is Phase.ENDED


# --- nesting


def test_the_example_of_the_documentation_runs() -> None:
    """What stands in the module's docstring does what it says there."""
    names = documented()
    turns = Turns(names["Order"]())
    phase = names["Phase"]
    turns.tell("place")
    turns.tell("pay")
    turns.tell("hold")
    assert (turns.state.phase, turns.state.left, len(turns.mail_to("mqtt/main"))) == (phase.ON_HOLD, phase.PACKING, 1)
    turns.tell("resume")
    assert turns.state.phase is phase.PACKING
    turns.tell("send")
    assert (turns.state.phase, turns.timers) == (phase.SENT, {})
    late = Turns(names["Order"](), me="order/late")
    late.tell("place")
    late.advance(1800)
    assert late.state.phase is phase.LAPSED


def model_move(tree: dict[int, int | None], first: dict[int, int], history: dict[int, int], now: set[int], target: int) -> list[str]:
    """One external move, as SCXML's appendix D has it; `now` and `history` are changed. What is exited and entered, in order."""

    def ancestors(state: int) -> list[int]:
        found = []
        outer = tree[state]
        while outer is not None:
            found.append(outer)
            outer = tree[outer]
        return found

    (source,) = (state for state in now if state not in first)
    domain = next((outer for outer in ancestors(source) if outer in ancestors(target)), None)
    exited = sorted((s for s in now if domain is None or domain in ancestors(s)), key=lambda s: -len(ancestors(s)))
    for state in exited:
        if state in first:
            history[state] = source
    now.difference_update(exited)
    entered = {target} | {outer for outer in ancestors(target) if outer not in now}
    while target in first:
        target = first[target]
        entered.add(target)
    now |= entered
    return [f"-{s}" for s in exited] + [f"+{s}" for s in sorted(entered, key=lambda s: len(ancestors(s)))]


@st.composite
def trees(draw: st.DrawFn) -> dict[int, int | None]:
    """A forest of states: each inside an earlier one, or none."""
    size = draw(st.integers(2, 9))
    return {n: draw(st.none() | st.integers(0, n - 1)) if n else None for n in range(size)}


class Go(Payload):
    to: int
    back: bool = False


def nested(tree: dict[int, int | None], kind: Any) -> type[Actor[Any]]:
    """An actor class with that tree, which notes each exit and entry, and remembers each outer phase."""
    outer_ones = {outer for outer in tree.values() if outer is not None}

    def noting(sign: str, phase: Any) -> Any:
        return lambda _, stage: setattr(stage, "state", stage.state.changed(log=[*stage.state.log, f"{sign}{phase.value}"]))

    chart = Machine(
        initial=kind(0),
        parents={kind(inner): kind(outer) for inner, outer in tree.items() if outer is not None},
        entry={phase: noting("+", phase) for phase in kind},
        exit={phase: noting("-", phase) for phase in kind},
        history={kind(outer): f"was{outer}" for outer in outer_ones},
    )
    fields: dict[str, Any] = {"phase": kind, "log": list[str], **{f"was{outer}": kind | None for outer in outer_ones}}
    defaults = {"phase": chart.initial, "log": [], **{f"was{outer}": None for outer in outer_ones}}
    model = type("Nest", (State,), {"__annotations__": fields, **defaults, "__module__": __name__})

    class Nested(Actor[model]):  # type: ignore[valid-type]
        machine = chart

        @verb(to={*kind, *(History(phase) for phase in chart.history)})
        def go(self, go: Go, stage: Stage[Any]) -> None:
            """Go there."""
            stage.enter(History(kind(go.to)) if go.back else kind(go.to))

    return Nested


@settings(max_examples=60)
@given(trees(), st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=12))
def test_any_nested_machine_moves_as_scxml_says(tree: dict[int, int | None], moves: list[tuple[int, bool]]) -> None:
    """Exits from the inside out, entries from the outside in, first phases, and history: as a model made of sets has them."""
    kind = enum.Enum("Kind", {f"S{n}": n for n in tree})  # type: ignore[misc]
    first = {outer: min(inner for inner, o in tree.items() if o == outer) for outer in tree.values() if outer is not None}
    turns = Turns(nested(tree, kind)())
    now, history = {0}, {}
    leaf = 0
    while leaf in first:
        leaf = first[leaf]
        now.add(leaf)
    expected = [f"+{s}" for s in sorted(now)]
    for wish, wants_back in moves:
        to = wish % len(tree)
        back = wants_back and to in first
        turns.tell("go", Go(to=to, back=back))
        expected += model_move(tree, first, history, now, history.get(to, to) if back else to)
        assert turns.state.log == expected
        assert {phase.value for phase in turns.actor.machine.phases.path(turns.state.phase)} == now


# --- in the engine


class Door(Actor[RideState]):
    """Opens when it is told to, and lets in who has waited."""

    machine = Machine(
        initial=Phase.WAITING,
        unless=Else.DEFER,
        after={Phase.WAITING: After(60, "open"), Phase.MOVING: After(5, "shut")},
        final={Phase.LOST, Phase.ENDED},
    )

    @verb(when={Phase.WAITING}, to={Phase.MOVING})
    def open(self, stage: Stage[RideState]) -> None:
        """Open."""
        stage.enter(Phase.MOVING)

    @verb(when={Phase.MOVING}, to={Phase.WAITING})
    def shut(self, stage: Stage[RideState]) -> None:
        """Shut."""
        stage.enter(Phase.WAITING)

    @verb(when={Phase.MOVING})
    def pass_through(self, step: Step, stage: Stage[RideState]) -> None:
        """Go through."""
        stage.state = stage.state.changed(log=[*stage.state.log, step.to.value])


def test_deferred_mail_and_delayed_moves_live_through_a_crash() -> None:
    """Who came too early waits on disk, in order, and goes when the phase has changed; the phase's timer is as durable."""
    with Rig([Door()]) as rig:
        rig.tell("door/front", "open")
        rig.advance(5)
        for phase in (Phase.LOST, Phase.ENDED):
            rig.tell("door/front", "pass_through", {"to": phase.value})
        assert rig.state("door/front") == RideState(phase=Phase.WAITING)
        rig.crash()
        rig.start()
        rig.advance(60)
        assert rig.state("door/front") == RideState(phase=Phase.MOVING, log=["lost", "ended"])
        rig.crash()
        rig.start()
        rig.advance(5)
        assert rig.state("door/front").phase is Phase.WAITING
