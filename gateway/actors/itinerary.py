"""The itinerary of a message: the stops it has ahead of it, and those behind it. What is done with one is in `routes.py`."""

from gateway.actors.models import Model


class Stop(Model):
    """One stop: an actor and the verb it is sent."""

    to: str
    verb: str


class Visit(Model):
    """A stop that has been made."""

    actor: str
    verb: str
    at_ms: int
    """Wall time at which it was left, milliseconds since 1970."""
    clock_ms: int = 0
    """The same on the gateway's clock; 0 where an older program left it."""


class Route(Model):
    """The stops a message still has ahead of it, and those behind it. It may stand in a state."""

    ahead: tuple[Stop, ...]
    error: Stop | None = None
    """Who is sent RouteFailed when a stop fails for good."""
    history: tuple[Visit, ...] = ()
    of: str = ""
    """Id of the message that set out on it: a reply on the way says that it answers this one."""
