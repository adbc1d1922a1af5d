"""A turn: one message handled by one actor, start to end. What it leaves is its outcome; a turn that raises leaves nothing.

The engine and the test kit run the same turn, so what passes in a test passes on the Pi.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gateway.actors.actor import Actor
from gateway.actors.builtins import BUILTINS
from gateway.actors.copies import WATCHED, CopyCame, with_copy
from gateway.actors.errors import BadPayload, StageSpent
from gateway.actors.messages import Message
from gateway.actors.models import Event, State
from gateway.actors.payloads import prove
from gateway.actors.stage import Stage, Timer
from gateway.actors.staging import World
from gateway.actors.supervision import ChildOrder, Fault, Verdict
from gateway.actors.ties import NO_TIES, Ties
from gateway.actors.unwritten import own_up

_new = tuple.__new__
"""Makes a named tuple of all its fields in their order: twice as fast as calling its class, for what is made once a turn."""


class Outcome(NamedTuple):
    """Everything one turn leaves. All of it can be encoded, so to apply it and to store it cannot fail."""

    state: State
    mail: list[Message]
    """The messages it sent, in the order in which it sent them."""
    timers: Mapping[str, Timer | None]
    """The timers it set, and (None) those it cancelled, by name."""
    ties: Ties
    born: bool
    """Whether the actor has a life after it, even where it left nothing else."""
    rare: bool = False
    """Whether it did more than change the state, set timers and send mail: something of the following, or other ties, or a birth."""
    orders: Sequence[ChildOrder] = ()
    """What is to become of children; each says behind which message of the mail it comes."""
    events: Sequence[Event] = ()
    """What an event-sourced actor recorded, in that order; it is folded into the state."""
    verdict: tuple[Fault, Verdict] | None = None
    """What a parent has decided about a child's fault."""
    stopped: bool = False
    """Whether the actor ends with it."""


# Positional, for it is called once a turn.
def run_turn(  # noqa: PLR0917
    actor: Actor[Any],
    state: State,
    message: Message,
    world: World,
    now_ms: int,
    clock_ms: int,
    late_s: float = 0.0,
    born: bool = True,
    ties: Ties = NO_TIES,
) -> Outcome:
    """Run the verb of `message` at the actor that it is to, and give what the turn left. Raises whatever the actor raises.

    `state`, `born` (whether it has a life) and `ties` are as the turn before left them. Pure: what it needs of the world it asks
    `world` for. Raises BadPayload where what it left could not be stored.
    """
    _, me, verb, payload, _, reply_to, _, _, route, _ = message  # at once: each by its name takes half as long as all of them
    stage: Stage[Any] = actor.stage_model(world, me, state, message, now_ms, clock_ms, late_s, actor, born, ties)
    try:
        row = actor.verbs.get(verb) or BUILTINS[verb]
        row.run(actor, payload, stage)
        if route is not None and not stage.routed:
            stage.forward()
        if reply_to and not born:
            own_up(stage, state)
        after = stage.state
        if after is not state and (type(after) is not actor.state_model or after.LOOSE):
            _check(after, actor.state_model, me)
        if not stage.rare:
            return _new(Outcome, (after, stage.mail, stage.timers, ties, born, False, (), (), None, False))
        return Outcome(
            after, stage.mail, stage.timers, stage.ties, stage.born, True, stage.orders, stage.events, stage.verdict, stage.stopped
        )
    finally:
        stage.__class__ = _Spent  # whoever has kept it is told that its turn is over


def kept_anyway(ties: Ties, message: Message) -> Ties:
    """The ties that an actor keeps although its turn raised: a copy that has come is kept, whatever `copied` did with it."""
    came = message.payload
    if not isinstance(came, CopyCame) or came.name.startswith(WATCHED):
        return ties
    return with_copy(ties, came, message.sender)


def _check(state: Any, model: type[State], me: str) -> None:
    """Raise BadDefinition where the state is not of exactly the actor's state model: it could not be read back."""
    if type(state) is not model:
        raise BadPayload(f"cannot keep the state of {me}: {type(state).__name__} is no {model.__name__}")
    if model.LOOSE:
        prove(state, where=f"the state of {me}")


class _Spent(Stage[Any]):
    """What a stage becomes when its turn is over. A stage that was kept would otherwise take effects that nobody sees."""

    def __getattribute__(self, name: str) -> Any:
        raise StageSpent(f"cannot use {name!r} of a stage whose turn is over; a stage is for its own turn only, keep nothing of it")

    def __setattr__(self, name: str, value: Any) -> None:
        raise StageSpent(f"cannot set {name!r} of a stage whose turn is over; a stage is for its own turn only, keep nothing of it")
