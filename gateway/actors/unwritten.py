"""An answer of an actor that nobody ever wrote to says so.

An actor exists because somebody writes to it, so a misspelt id is no error: `twin/boilr` answers as a twin at its beginning. The answer is
given, for whoever asked may want the beginning; and its reason says that there was nobody, for most meant somebody else.
"""

from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.ids import parent_of
from gateway.actors.messages import Reply
from gateway.actors.models import State
from gateway.actors.stage import Stage
from gateway.actors.ties import Ties


def says_of_nobody(whom: str, ties: Ties) -> str:
    """The sentence that tells people that nobody has written to the actor `whom`, and who waits to hear of it."""
    waits = f"; {ties.watchers[0].actor} waits to hear of it" if ties.watchers else ""
    return f"nobody has ever written to {whom}, or nothing of that was kept{waits}"


def is_nobody(actor: Actor[Any], id: str, ties: Ties) -> bool:
    """Whether an actor that has no life is unknown to everybody. One that keeps a copy or is paused was written to, and a read model exists
    by itself."""
    return bool(actor.state_model.model_fields) and not ties.copies and not ties.paused and not actor.is_there(id)


def own_up(stage: Stage[Any], before: State) -> None:
    """Say, in the answers of a turn, that nobody has ever written to the actor: where it had no life and no children before the turn and
    after it, and the turn did nothing but answer. `before` is the state that the turn began with. A refusal keeps its own reason."""
    if not _left_nothing(stage, before) or stage.world.children(stage.me, "", 1):
        return
    reason = says_of_nobody(stage.me, stage.ties)
    for at, made in enumerate(stage.mail):
        answer = made.payload
        if isinstance(answer, Reply) and answer.ok:
            stage.mail[at] = made._replace(payload=answer.changed(reason=reason))


def _left_nothing(stage: Stage[Any], before: State) -> bool:
    """Whether a turn did nothing but answer, at an actor that nobody wrote to; asked by its parent or child, it was meant."""
    sender = stage.message.sender
    return (
        stage.state is before
        and not (stage.born or stage.timers or stage.events or stage.orders)
        and (stage.stopped or not stage.rare)
        and is_nobody(stage.actor, stage.me, stage.ties)
        and stage.message.route is None
        and sender != parent_of(stage.me)
        and not sender.startswith(f"{stage.me}/")
        and all(type(made.payload) is Reply for made in stage.mail)
    )
