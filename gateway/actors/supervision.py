"""Supervision: who decides about a fault, and what may be decided.

A turn that raises is tried again with backoff. When its attempts are used up its actor decides, by `failed`, or leaves it to its
parent, by ESCALATE, which decides in `child_failed`: a turn of the parent, so its policy may remember things in its state.

    class House(Actor[HouseState]):
        def child_failed(self, fault: Fault, stage: Stage[HouseState]) -> Decision | Verdict:
            stage.state = stage.state.changed(faults=stage.state.faults + 1)
            return Decision.PAUSE if stage.state.faults > 3 else Decision.RESET

A policy that raises decides nothing: the message is skipped. No budget is shared: what one actor does wears on no other.

Source: nact's supervision (stop, resume, reset, escalate, each for the actor, a child or all children); OTP's `one_for_one` and
`one_for_all`.
"""

import enum
from typing import Any, NamedTuple

from gateway.actors.models import Payload
from gateway.actors.staging import Staging
from gateway.actors.verbs import Mode, Verb

CHILD_FAILED = "Builtin.ChildFailed"


class Decision(enum.Enum):
    """What becomes of an actor whose message failed for good."""

    SKIP = "skip"
    """The message becomes a dead letter (or goes to its route's error stop); the actor goes on as it is."""
    RESET = "reset"
    """The same, and the actor begins anew: its state and timers go, its children and its mail stay."""
    PAUSE = "pause"
    """The actor handles nothing, across restarts too, until somebody resumes it; then the message is tried again."""
    STOP = "stop"
    """The message becomes a dead letter, and the actor ends, its children before it."""
    RESUME = "resume"
    """A paused actor goes on. As the decision about a fault: the message is tried again, with all its attempts."""
    ESCALATE = "escalate"
    """The parent decides; above the topmost is the host, which pauses the actor and says that it is not well."""


class ChildOrder(NamedTuple):
    """What a parent has ordered for a child."""

    at: int
    """How many of the turn's messages come before it."""
    child: str
    decision: Decision


class Fault(Payload):
    """A message that failed for good."""

    actor: str
    """Whose turn it was."""
    verb: str
    reason: str
    attempts: int
    message: str
    """Id of the message."""
    child: str = ""
    """The child of the parent that decides: the actor itself, or the ancestor of it that has escalated."""


class Verdict(NamedTuple):
    """A decision and whom it is for."""

    decision: Decision
    all_children: bool = False
    """For all children of the parent that decides, and not only for the one that failed. Only that one's message is skipped."""


def _child_failed(actor: Any, fault: Fault, stage: Staging) -> None:
    """Have the parent decide about a child's fault."""
    said = actor.child_failed(fault, stage)
    verdict = said if isinstance(said, Verdict) else Verdict(Decision(said))
    stage.verdict = (fault, verdict)
    stage.rare = True


ROWS = {CHILD_FAILED: Verb(CHILD_FAILED, Fault, _child_failed, Mode.AT_LEAST_ONCE)}
"""The runtime's own verb, which every ordinary actor answers; nobody outside can send it."""
