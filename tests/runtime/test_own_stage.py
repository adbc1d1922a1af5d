"""A stage is its turn's own, and a state its actor's: neither outlives, nor exceeds, what it was made for."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.actors import Actor, Stage, Standing, verb
from gateway.testing import Rig, Turns
from tests.runtime.test_whole_turn import Depot, Word, letters

kept_stages: list[Stage[Depot]] = []


class Hoarder(Actor[Depot]):
    """Keeps its stage."""

    @verb
    def work(self, word: Word, stage: Stage[Depot]) -> None:
        """Keep it."""
        kept_stages.append(stage)


def test_a_stage_is_for_its_own_turn() -> None:
    """Whatever is done with it later is an error, and not silence."""
    turns = Turns(Hoarder())
    turns.tell("work", {"text": "x"})
    stage = kept_stages.pop()
    uses: list[Callable[[], Any]] = [
        lambda: stage.tell("twin/a", "read"),
        lambda: stage.state,
        lambda: setattr(stage, "state", Depot()),
        lambda: stage.after(1, "work"),
        lambda: stage.enter(Standing.CURRENT),
        lambda: stage.mail,
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match="of a stage whose turn is over"):
            use()


class Heavier(Depot):
    """A state of another class."""

    weight: int = 0


class Swapper(Actor[Depot]):
    """Sets a state that is more than its own."""

    attempts = 1

    @verb
    def work(self, word: Word, stage: Stage[Depot]) -> None:
        """Swap."""
        stage.state = Heavier(weight=1)


def test_a_subclass_of_the_state_is_refused_by_the_engine_and_by_the_test_kit() -> None:
    """It would not be read back as what it is."""
    why = "cannot keep the state of swapper/one: Heavier is no Depot"
    with pytest.raises(ValueError, match=f"^{why}$"):
        Turns(Swapper()).tell("work", {"text": "x"})
    with Rig([Swapper()]) as rig:
        rig.tell("swapper/one", "work", Word(text="x"))
        rig.settle()
        assert letters(rig) == [("swapper/one", f"BadPayload: {why}")]
