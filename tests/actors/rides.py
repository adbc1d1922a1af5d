"""A ride, as tests of machines have it: it waits, moves, is lost when it says nothing, and ends."""

import enum
import textwrap
from typing import Any

from gateway.actors import Actor, Payload, Settings, Stage, State, verb
from gateway.actors import machine as machine_module
from gateway.actors.machine import After, Machine
from gateway.actors.phases import History
from gateway.actors.verbs import Else
from gateway.actors.vocabulary import Publish

RIDE = """stateDiagram-v2
    [*] --> WAITING
    state "waiting" as WAITING
    state "moving" as MOVING
    state "lost" as LOST
    state "ended" as ENDED
    MOVING : answers where
    LOST : answers where
    LOST --> ENDED : give_up (after 600 s)
    MOVING --> LOST : lose (after a while)
    WAITING --> MOVING : move
    MOVING --> MOVING : move
    LOST --> MOVING : move
    ENDED --> [*]
    classDef now fill:#ffd54f,stroke:#e65100,color:#000
    class LOST now"""


class Phase(enum.Enum):
    WAITING = "waiting"
    MOVING = "moving"
    LOST = "lost"
    ENDED = "ended"


class RideState(State):
    phase: Phase = Phase.WAITING
    log: list[str] = []


class RideSettings(Settings):
    lost_after_s: float = 30.0


class Ride(Actor[RideState]):
    """Moves, and is lost when it says nothing."""

    settings_model = RideSettings
    machine = Machine(
        initial=Phase.WAITING,
        unless=Else.IGNORE,
        entry={Phase.MOVING: "set_off", Phase.LOST: lambda actor, stage: actor.note(stage, f"lost while {stage.state.phase.value}")},
        exit={Phase.WAITING: "tidy"},
        after={Phase.MOVING: After(lambda settings: settings.lost_after_s, "lose"), Phase.LOST: After(600, "give_up")},
        final={Phase.ENDED},
    )

    @verb(when={Phase.WAITING, Phase.MOVING, Phase.LOST}, to={Phase.MOVING})
    def move(self, stage: Stage[RideState]) -> None:
        """Move, or go on moving."""
        stage.enter(Phase.MOVING)

    @verb(when={Phase.MOVING}, to={Phase.LOST})
    def lose(self, stage: Stage[RideState]) -> None:
        """Nothing was heard."""
        stage.enter(Phase.LOST)

    @verb(when={Phase.LOST}, to={Phase.ENDED})
    def give_up(self, stage: Stage[RideState]) -> None:
        """Look no more."""
        stage.enter(Phase.ENDED)

    @verb(when={Phase.MOVING, Phase.LOST}, unless=Else.REFUSE)
    def where(self, stage: Stage[RideState]) -> None:
        """Say where it is."""
        stage.reply(stage.state)

    @verb
    def read(self, stage: Stage[RideState]) -> None:
        """Say all."""
        stage.reply(stage.state)

    def set_off(self, stage: Stage[RideState]) -> None:
        self.note(stage, f"off while {stage.state.phase.value}")

    def tidy(self, stage: Stage[RideState]) -> None:
        self.note(stage, f"tidy while {stage.state.phase.value}")

    def note(self, stage: Stage[RideState], text: str) -> None:
        stage.state = stage.state.changed(log=[*stage.state.log, text])


class Step(Payload):
    to: Phase


def documented() -> dict[str, Any]:
    """What the example in the module's docstring defines."""
    _, _, rest = (machine_module.__doc__ or "").partition("\n\n")
    example, _, _ = rest.partition("\nThe rules of a move")
    names: dict[str, Any] = {"enum": enum, "After": After, "Else": Else, "History": History, "Machine": Machine}
    names |= {"Actor": Actor, "Publish": Publish, "State": State, "verb": verb}
    exec(textwrap.dedent(example), names)
    return names
