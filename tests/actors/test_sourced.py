"""Event-sourced actors without a gateway: what a test of one's own sees."""

from itertools import count

import pytest

from gateway.actors import Event, EventSourced, Stage, State, verb
from gateway.testing import Turns


class Stepped(Event):
    """One step more."""

    by: int = 1


class Steps(State):
    """How many."""

    n: int = 0


class Walk(EventSourced[Steps]):
    """Goes step by step."""

    events = (Stepped,)

    def fold(self, state: Steps, event: Event) -> Steps:
        return state.changed(n=state.n + event.by) if isinstance(event, Stepped) else state

    @verb
    def step(self, stage: Stage[Steps]) -> None:
        stage.record(Stepped())
        stage.record(Stepped(by=stage.state.n))

    @verb
    def end(self, stage: Stage[Steps]) -> None:
        stage.record(Stepped())
        stage.stop()


class Lottery(Walk):
    """Its fold is not pure."""

    kind = "lottery"
    numbers = count(1)

    def fold(self, state: Steps, event: Event) -> Steps:
        return state.changed(n=next(self.numbers))


def test_turns_shows_the_events_and_the_state_they_make() -> None:
    """Within a turn too: the second event of one sees what the first has done. The end of a life takes them along."""
    turns = Turns(Walk(), me="walk/a")
    turns.tell("step")
    turns.tell("step")
    assert (turns.state, turns.born) == (Steps(n=6), True)
    assert turns.events == [Stepped(), Stepped(by=1), Stepped(), Stepped(by=3)]
    turns.tell("end")
    assert (turns.state, turns.events, turns.born) == (Steps(), [], False)


def test_a_fold_that_is_not_pure_is_found_out() -> None:
    """It would give another state after a restart."""
    turns = Turns(Lottery(), me="lottery/a")
    with pytest.raises(AssertionError) as caught:
        turns.tell("step")
    assert str(caught.value) == "cannot fold lottery/a again: it gives Steps(n=4) for Steps(n=2); fold must be pure"
