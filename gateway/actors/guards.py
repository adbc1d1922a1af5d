"""Guards: what keeps a verb from running in a phase, or before a life, that it has no row for.

    class Trip(Actor[TripState]):
        machine = Machine(initial=Phase.WAITING)

        @verb(begins=True)
        def new(self, ...): ...                  # the others are refused while there is no trip of this key

        @verb(when={Phase.MOVING}, unless=Else.DEFER)
        def pause(self, ...): ...                # waits until the trip moves

A guard is put around the verb's function when the class is made: a verb without one pays nothing.
"""

from collections.abc import Callable
from typing import Any

from gateway.actors.errors import GatewayError
from gateway.actors.ids import key_of, kind_of
from gateway.actors.staging import Staging
from gateway.actors.verbs import Else, Verb

Run = Callable[[Any, Any, Any], None]


class Unwanted(GatewayError, RuntimeError):
    """Raised for a message that its actor does not take in its present phase, and that nobody waits for: to try it again is no use."""


class Deferred(GatewayError, RuntimeError):
    """Raised for a message that its actor takes later, when its state has changed."""


def guarded(rows: dict[str, Verb], machine: Any) -> dict[str, Verb]:
    """The table with a guard around each verb that needs one. `machine` is the class's, or None."""
    begins = any(row.begins for row in rows.values())
    return {name: row._replace(run=_guard(row, machine, begins=begins)) for name, row in rows.items()}


def _guard(row: Verb, machine: Any, *, begins: bool) -> Run:
    run = row.run
    if machine is not None and machine.has_beginning:
        run = _beginning(run, machine)
    if row.when and machine is not None:
        run = _in_phase(row, run, machine)
    if row.begins:
        return _begun(run)
    return _in_life(run) if begins else run


def _in_life(run: Run) -> Run:
    def guard(actor: Any, payload: Any, stage: Staging) -> None:
        if stage.born:
            run(actor, payload, stage)
        else:
            refuse(stage, f"there is no {kind_of(stage.me)} {key_of(stage.me)}")

    return guard


def _begun(run: Run) -> Run:
    def guard(actor: Any, payload: Any, stage: Staging) -> None:
        run(actor, payload, stage)
        stage.begin()

    return guard


def _beginning(run: Run, machine: Any) -> Run:
    def guard(actor: Any, payload: Any, stage: Staging) -> None:
        if not stage.born:
            machine.begin(stage)
        run(actor, payload, stage)

    return guard


def _in_phase(row: Verb, run: Run, machine: Any) -> Run:
    answered, unless, phase_of = machine.within(row.when), machine.otherwise(row), machine.phase_of

    def guard(actor: Any, payload: Any, stage: Staging) -> None:
        phase = phase_of(stage.state)
        if phase in answered:
            run(actor, payload, stage)
        elif unless is Else.REFUSE:
            refuse(stage, f"cannot {row.name} {stage.me}: it is {phase.value}")
        elif unless is Else.DEFER:
            raise Deferred(f"{row.name} waits: {stage.me} is {phase.value}")

    return guard


def refuse(stage: Staging, reason: str) -> None:
    """Answer whoever asked with a no; where nobody asked, raise Unwanted, so that the message goes to its route's error stop or becomes a
    dead letter."""
    if not stage.message.reply_to or stage.message.route is not None:
        raise Unwanted(reason)
    stage.refuse(reason)
