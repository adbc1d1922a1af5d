"""Copies (foreign data): fields of another actor's state that an actor keeps beside its own.

    class Cart(Actor[CartState]):
        copies = {"customer": Copy("customer", "name", "tier")}

        @verb
        def open(self, opened: Opened, stage: Stage[CartState]) -> None:
            stage.keep_copy("customer", f"customer/{opened.customer}")

        @verb
        def total(self, stage: Stage[CartState]) -> None:
            customer = stage.copy("customer")
            discount = 0.1 if customer and customer.values.get("tier") == "gold" else 0.0

A copy comes at first and after each turn that changed one of its fields; it arrives as mail, so it changes only between turns,
and `copied` is called in a turn of its own when it did. It is cancelled when either of the two ends.

An actor that only wants to know when another ends watches it: `stage.watch("session/7", then="left")`, and the verb `left` is sent an
Ended, once, whatever happens in between; at once where there is no such actor now.

Source: Sodacan's "foreign data"; Erlang's monitors.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.actors.callers import By
from gateway.actors.messages import Message
from gateway.actors.models import Payload, State
from gateway.actors.staging import Staging
from gateway.actors.ties import Copied, Order, Standing, Ties, Watcher
from gateway.actors.verbs import Mode, Verb

WATCH = "Builtin.Watch"
UNWATCH = "Builtin.Unwatch"
COPIED = "Builtin.Copied"


class Copy:
    """A declaration in an actor class: of which other kind it keeps a copy, of which state fields, and when the copy comes."""

    def __init__(self, kind: str, *fields: str, order: Order = Order.BEFORE) -> None:
        self.kind = kind
        self.fields = fields
        self.order = order


class Watch(Payload):
    """Sent to the owner of the fields: send me these fields, now and whenever they change."""

    name: str
    fields: tuple[str, ...]
    order: Order


class Unwatch(Payload):
    """Sent to the owner of the fields: send me no more."""

    name: str


class CopyCame(Payload):
    """Sent to the actor that keeps the copy: the values of the fields."""

    name: str
    values: dict[str, Any]
    at_ms: int
    ended: bool = False


class Ended(Payload):
    """Sent to an actor that watches another: the other has ended, or had no life."""

    SENT_BY = By.ACTORS
    actor: str


WATCHED = "watch "
"""Names of ties that only watch begin so: no copy can be called so."""


class Parcel(NamedTuple):
    """A message of the runtime's own that goes with a turn's mail."""

    at: int
    """Before which of the turn's messages; their count: after all."""
    to: str
    verb: str
    payload: Payload


def fields_of(state: State, fields: tuple[str, ...]) -> dict[str, Any]:
    """The values of some fields of a state, as JSON values; a field that the state does not have is left out."""
    return state.model_dump(mode="json", include=set(fields))


def changes(
    ties: Ties, old: State, new: State, *, mail: list[Message], now_ms: int, knows: Callable[[str], bool]
) -> tuple[Ties, list[Parcel]]:
    """The messages that a turn sends to the watchers of its actor, and the actor's ties after the turn.

    A watcher whose kind is not registered now (`knows` says no) gets its message when the kind is registered again.
    """
    watchers, parcels = [], []
    for watcher in ties.watchers:
        changed = any(getattr(old, name, None) != getattr(new, name, None) for name in watcher.fields)
        due = _place(watcher, mail) if (changed or watcher.owed) and knows(watcher.actor) else None
        if due is not None:
            parcels.append(Parcel(due, watcher.actor, COPIED, _came(watcher, new, now_ms)))
        owed = (changed or watcher.owed) and due is None
        watchers.append(watcher if owed is watcher.owed else watcher.changed(owed=owed))
    kept = tuple(watchers)
    return (ties if kept == ties.watchers else ties.changed(watchers=kept)), sorted(parcels, key=lambda parcel: parcel.at)


def _place(watcher: Watcher, mail: list[Message]) -> int | None:
    """Where in the turn's mail the copy goes; None where no copy is sent in this turn."""
    if watcher.order is Order.WITH:
        business = (at for at, message in enumerate(mail) if message.to == watcher.actor and message.verb not in ROWS)
        return next(business, None)
    return 0 if watcher.order is Order.BEFORE else len(mail)


def endings(ties: Ties, state: State, now_ms: int) -> list[Parcel]:
    """The messages that an actor that ends sends to its watchers and to the owners of its copies."""
    last = [Parcel(0, one.actor, COPIED, _came(one, state, now_ms).changed(ended=True)) for one in ties.watchers]
    return last + [Parcel(0, copy.of, UNWATCH, Unwatch(name=name)) for name, copy in ties.copies.items()]


def _came(watcher: Watcher, state: State, now_ms: int) -> CopyCame:
    return CopyCame(name=watcher.name, values=fields_of(state, watcher.fields), at_ms=now_ms)


def _watch(actor: Any, watch: Watch, stage: Staging) -> None:
    """Remember a watcher, and send it the fields as they are."""
    del actor
    sender = stage.message.sender
    if not watch.fields and not stage.born:
        stage.send_builtin(sender, COPIED, CopyCame(name=watch.name, values={}, at_ms=stage.now_ms, ended=True))
        return
    watcher = Watcher(actor=sender, name=watch.name, fields=watch.fields, order=watch.order)
    others = tuple(one for one in stage.ties.watchers if (one.actor, one.name) != (sender, watch.name))
    stage.tie(stage.ties.changed(watchers=(*others, watcher)))
    stage.send_builtin(sender, COPIED, _came(watcher, stage.state, stage.now_ms))


def _unwatch(actor: Any, unwatch: Unwatch, stage: Staging) -> None:
    """Forget a watcher: send it the fields no more."""
    del actor
    left = tuple(one for one in stage.ties.watchers if (one.actor, one.name) != (stage.message.sender, unwatch.name))
    if left != stage.ties.watchers:
        stage.tie(stage.ties.changed(watchers=left))


def with_copy(ties: Ties, came: CopyCame, owner: str) -> Ties:
    """The ties of an actor after a copy came; unchanged where the actor does not want that copy (any more)."""
    kept = ties.copies.get(came.name)
    if kept is None or kept.of != owner:
        return ties
    if kept.then:
        left = {name: copy for name, copy in ties.copies.items() if name != came.name}
        return ties.changed(copies=left) if came.ended else ties
    standing = Standing.ENDED if came.ended else Standing.CURRENT
    copied = Copied(of=owner, values=came.values, standing=standing, at_ms=came.at_ms)
    return ties.changed(copies={**ties.copies, came.name: copied})


def _copied(actor: Any, came: CopyCame, stage: Staging) -> None:
    """Keep a copy that came; an actor that does not want it (any more) tells the owner so."""
    owner = stage.message.sender
    kept = stage.ties.copies.get(came.name)
    wanted = kept is not None and kept.of == owner
    stage.tie(with_copy(stage.ties, came, owner))
    if not wanted and not came.ended:
        stage.send_builtin(owner, UNWATCH, Unwatch(name=came.name))
    elif kept is not None and wanted and not kept.then:
        actor.copied(came.name, stage)
    elif kept is not None and wanted and came.ended:
        stage.tell(stage.me, kept.then, Ended(actor=owner))


ROWS = {
    WATCH: Verb(WATCH, Watch, _watch, Mode.AT_LEAST_ONCE),
    UNWATCH: Verb(UNWATCH, Unwatch, _unwatch, Mode.AT_LEAST_ONCE),
    COPIED: Verb(COPIED, CopyCame, _copied, Mode.AT_LEAST_ONCE),
}
"""The runtime's own verbs, which every ordinary actor answers; nobody outside can send them."""
