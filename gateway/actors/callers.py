"""Callers: who may send a verb. A verb says so, or the payload it takes does; where neither does, anybody may, from outside too.

    @verb(by=By.ITSELF)
    def signal_lost(self, stage): ...          # the actor's own timer

What others choose to say comes from outside: over MQTT, a serial line, the command line. Whoever could send an actor the verb that it
keeps for its own child, or its own timer, could have it believe what has never happened.
"""

import enum

from gateway.actors.errors import UnknownTarget
from gateway.actors.ids import root_of


class By(enum.Enum):
    """Who may send a verb."""

    OUTSIDE = "anybody"
    ACTORS = "actors"
    """Ordinary actors, and host-bound actors by their own word: nothing that somebody outside has chosen to say."""
    KIN = "its own family"
    """The actors whose ids begin with the same kind and key: its parents, its children, itself."""
    ITSELF = "the actor itself"
    """Its timers, its machine, the routes that it makes, and its own turns."""


OUTSIDE = By.OUTSIDE
"""For what is asked once a message: to find a member by its enum takes Python 3.11 as long as a small call, and by a name nothing."""


def check_caller(by: By, me: str, to: str, verb: str) -> None:
    """Raise UnknownTarget where the actor `me` may not send a verb to `to`: it is not on the table that it sees."""
    if (by is By.ITSELF and me != to) or (by is By.KIN and root_of(me) != root_of(to)):
        raise UnknownTarget(f"cannot send {verb!r} to {to}: {me} may not; only {by.value} sends it")
