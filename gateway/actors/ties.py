"""Ties: what the runtime remembers of an actor beside its state: the copies it keeps, who keeps one of it, and why it is paused."""

import enum
from typing import Any

from gateway.actors.models import Model


class Order(enum.Enum):
    """When a changed copy comes, beside the business messages that the same turn sends to the same actor."""

    BEFORE = "before"
    AFTER = "after"
    WITH = "with"
    """Only just before the next business message from that actor: whoever looks at the copy only then is spared the changes between."""


class Standing(enum.Enum):
    """How far a copy can be trusted."""

    WAITING = "waiting"
    """Asked for, nothing came yet."""
    CURRENT = "current"
    """The fields as the owner had them at `at_ms`; each committed change since is on its way."""
    ENDED = "ended"
    """Its owner has ended; these are its last values, and no more will come."""


class Copied(Model):
    """A copy of another actor's fields, as it is kept."""

    of: str
    """Id of the actor whose fields these are."""
    values: dict[str, Any] = {}
    """The fields as JSON values."""
    standing: Standing = Standing.WAITING
    at_ms: int = 0
    """Wall time of the owner's turn that they are from, milliseconds since 1970."""
    then: str = ""
    """The verb that is sent when the owner ends, where it is only watched; empty for a copy."""


class Watcher(Model):
    """An actor that keeps a copy of this actor's fields."""

    actor: str
    name: str
    fields: tuple[str, ...]
    order: Order
    owed: bool = False
    """Whether a change waits: for the next business message (Order.WITH), or until the watcher's kind is registered again."""


class Ties(Model):
    """What the runtime remembers of an actor beside its state."""

    copies: dict[str, Copied] = {}
    watchers: tuple[Watcher, ...] = ()
    paused: str = ""
    """Why it handles no mail until somebody resumes it; empty when it does."""
    paused_at: str = ""
    """Id of the message that it was paused at; empty when at none."""
    unborn: bool = False
    """Whether the actor is stored for its ties only, and has no life."""


NO_TIES = super(Model, Ties).model_construct()  # unchecked, so its model is built only where somebody is tied to something
