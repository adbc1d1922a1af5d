"""Verbs: the requests an actor declares it answers.

A verb is a method marked `@verb`. Its name is the method's; its payload is the model its first parameter is annotated
with, or none. An ordinary actor's verb takes (payload, stage); a host-bound actor's takes (payload, delivery).

A row of the table may say more: in which phases of the actor's machine the verb is answered (`when`), what becomes of it in the
others (`unless`), where it leads (`to`), and that it begins the actor's life (`begins`). `guards.py` holds the actor to it.

Who may send it is said with `by`: its own timers, its kin, actors only; see `callers.py`. Anybody may where nothing is said.

A host-bound actor's verb may say how old its messages may become (`act_within_s`): a relay that is told to switch, and cannot for an
hour, must not switch then. Such a message is answered "expired" while it waits. What may well come late, a publish, says nothing.
"""

import enum
import inspect
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar, get_type_hints, overload

from gateway.actors.callers import By
from gateway.actors.errors import BadDefinition
from gateway.actors.models import Nothing, Payload

F = TypeVar("F", bound=Callable[..., Any])


class Mode(enum.Enum):
    """What a delivery to a host-bound actor may do when the process dies in the middle of it."""

    AT_LEAST_ONCE = "at least once"
    """The delivery is made again, under the same message id: a publish, a setting."""
    AT_MOST_ONCE = "at most once"
    """The attempt is on disk before the act, and found after a crash it is never made again: a pulse on a relay."""


class Else(enum.Enum):
    """What becomes of a message whose verb has no row for the phase that its actor is in."""

    REFUSE = "refuse"
    """Whoever asked is told so; where nobody asked it is a dead letter, or goes to its route's error stop."""
    DEFER = "defer"
    """The message waits, on disk, until the actor's state has changed, and then comes before newer mail."""
    IGNORE = "ignore"
    """The message is consumed, and nothing happens."""


class Verb(NamedTuple):
    """One row of an actor's table: what it is called, what it takes, what it runs."""

    name: str
    payload: type[Payload]
    run: Callable[[Any, Any, Any], None]
    """Called with (actor, payload, stage or delivery)."""
    mode: Mode
    when: frozenset[enum.Enum] = frozenset()
    """The phases in which it is answered; empty: in all."""
    unless: Else | None = None
    """What becomes of it in the others; None: what the machine says."""
    to: frozenset[enum.Enum] = frozenset()
    """The phases it may lead to; empty: it does not say."""
    begins: bool = False
    """Whether it begins the life of an actor."""
    act_within_s: float = 0.0
    """How many seconds a message of it may wait for its host-bound actor; 0: however long."""
    idle: bool = False
    """Whether a message of it only lies with its host-bound actor, for however long: nothing is done for it before it is settled."""
    by: By = By.OUTSIDE
    """Who may send it."""


class Mark(NamedTuple):
    """What the decorator `@verb` was told."""

    mode: Mode
    when: frozenset[enum.Enum]
    unless: Else | None
    to: frozenset[enum.Enum]
    begins: bool
    act_within_s: float
    idle: bool
    by: By | None


@overload
def verb(method: F) -> F: ...
@overload
def verb(
    *,
    mode: Mode = ...,
    when: Iterable[enum.Enum] = ...,
    unless: Else | None = ...,
    to: Iterable[enum.Enum] = ...,
    begins: bool = ...,
    act_within_s: float = ...,
    idle: bool = ...,
    by: By | None = ...,
) -> Callable[[F], F]: ...
def verb(
    method: F | None = None,
    *,
    mode: Mode = Mode.AT_LEAST_ONCE,
    when: Iterable[enum.Enum] = (),
    unless: Else | None = None,
    to: Iterable[enum.Enum] = (),
    begins: bool = False,
    act_within_s: float = 0.0,
    idle: bool = False,
    by: By | None = None,
) -> F | Callable[[F], F]:
    """Mark a method as a verb. `mode`, `act_within_s` and `idle` matter on host-bound actors only, `by` on all, the rest on ordinary ones.

    Without `by` the payload's model says who may send it; most say that anybody may.
    """
    said = Mark(mode, frozenset(when), unless, frozenset(to), begins, act_within_s, idle, by)

    def mark(target: F) -> F:
        target.__verb_mark__ = said  # type: ignore[attr-defined]  # the mark is an attribute of the function
        return target

    return mark if method is None else mark(method)


def verbs_of(actor_class: type) -> dict[str, Verb]:
    """Every verb of a class, own and inherited, by name. Raises BadDefinition where a signature does not fit."""
    marked = inspect.getmembers(actor_class, lambda member: hasattr(member, "__verb_mark__"))
    _check_overrides(actor_class, {name for name, _ in marked})
    return {name: _read_verb(actor_class, name, method) for name, method in marked}


def _check_overrides(actor_class: type, marked: set[str]) -> None:
    """Raise BadDefinition where a method overrides a verb and is not marked as one, or a verb overrides what is no verb."""
    for parent in actor_class.__mro__[1:]:
        for name in vars(parent).keys() & marked:
            if not hasattr(vars(parent)[name], "__verb_mark__"):
                raise BadDefinition(
                    f"cannot use {actor_class.__name__}.{name} as a verb: {parent.__name__}.{name} is something else; give it another name"
                )
        for name in vars(parent).keys() - marked:
            if hasattr(vars(parent)[name], "__verb_mark__"):
                raise BadDefinition(f"cannot use {actor_class.__name__}.{name}: it overrides a verb of {parent.__name__}; mark it @verb")


def _read_verb(actor_class: type, name: str, method: Callable[..., Any]) -> Verb:
    parameters = list(inspect.signature(method).parameters)[1:]
    mark: Mark = method.__verb_mark__  # type: ignore[attr-defined]  # set by the decorator
    where = f"{actor_class.__name__}.{name}"
    if any(waits(method) for waits in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
        raise BadDefinition(f"cannot use {where} as a verb: a turn does not wait; write it with `def`, without await or yield")
    if not (math.isfinite(mark.act_within_s) and mark.act_within_s >= 0):
        raise BadDefinition(f"cannot use {where} as a verb: act_within_s is {mark.act_within_s!r}; give it seconds, or 0 for no limit")
    if len(parameters) == 1:
        return _row(name, Nothing, _without_payload(method), mark)
    if len(parameters) != 2:
        raise BadDefinition(f"cannot use {where} as a verb: it takes {parameters}; write (self, payload, stage) or (self, stage)")
    model = _annotation(method, parameters[0])
    if not (isinstance(model, type) and issubclass(model, Payload)):
        raise BadDefinition(f"cannot use {where} as a verb: annotate {parameters[0]!r} with a Payload model, not {model!r}")
    return _row(name, model, method, mark)


def _row(name: str, model: type[Payload], run: Callable[[Any, Any, Any], None], mark: Mark) -> Verb:
    rest = (mark.when, mark.unless, mark.to, mark.begins, mark.act_within_s, mark.idle, mark.by or model.SENT_BY)
    return Verb(name, model, run, mark.mode, *rest)


def _annotation(method: Callable[..., Any], parameter: str) -> Any:
    """What a parameter is annotated with; its text where a name in it cannot be found (imported for type checkers only)."""
    try:
        return get_type_hints(method).get(parameter)
    except NameError:
        return inspect.signature(method).parameters[parameter].annotation


def _without_payload(method: Callable[..., Any]) -> Callable[[Any, Any, Any], None]:
    def run(actor: Any, payload: Any, stage: Any) -> None:
        method(actor, stage)

    return run
