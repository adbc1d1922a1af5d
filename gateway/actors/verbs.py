"""Verbs: the requests an actor declares it answers.

A verb is a method marked `@verb`. Its name is the method's; its payload is the model its first parameter is annotated
with, or none. An ordinary actor's verb takes (payload, stage); a host-bound actor's takes (payload, delivery).
"""

import enum
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, get_type_hints, overload

from gateway.actors.errors import BadDefinition
from gateway.actors.messages import Nothing, Payload

F = TypeVar("F", bound=Callable[..., Any])


class Mode(enum.Enum):
    """What a delivery to a host-bound actor may do when the process dies in the middle of it."""

    AT_LEAST_ONCE = "at least once"
    """It is made again, under the same message id: a publish, a setting."""
    AT_MOST_ONCE = "at most once"
    """The attempt is on disk before the act, and found after a crash it is never made again: a pulse on a relay."""


class Verb(NamedTuple):
    """One row of an actor's table: what it is called, what it takes, what it runs."""

    name: str
    payload: type[Payload]
    run: Callable[[Any, Any, Any], None]
    """Called with (actor, payload, stage or delivery)."""
    mode: Mode
    summary: str


@overload
def verb(method: F) -> F: ...
@overload
def verb(*, mode: Mode = ...) -> Callable[[F], F]: ...
def verb(method: F | None = None, *, mode: Mode = Mode.AT_LEAST_ONCE) -> F | Callable[[F], F]:
    """Mark a method as a verb. `mode` matters on host-bound actors only."""

    def mark(target: F) -> F:
        target.__verb_mode__ = mode  # type: ignore[attr-defined]  # the mark is an attribute of the function
        return target

    return mark if method is None else mark(method)


def verbs_of(actor_class: type) -> dict[str, Verb]:
    """Every verb of a class, own and inherited, by name. Raises BadDefinition where a signature does not fit."""
    marked = inspect.getmembers(actor_class, lambda member: hasattr(member, "__verb_mode__"))
    _check_overrides(actor_class, {name for name, _ in marked})
    return {name: _read_verb(actor_class, name, method) for name, method in marked}


def _check_overrides(actor_class: type, marked: set[str]) -> None:
    """An override that forgot its mark would take the verb off the table without a word."""
    for parent in actor_class.__mro__[1:]:
        for name in vars(parent).keys() - marked:
            if hasattr(vars(parent)[name], "__verb_mode__"):
                raise BadDefinition(f"cannot use {actor_class.__name__}.{name}: it overrides a verb of {parent.__name__}; mark it @verb")


def _read_verb(actor_class: type, name: str, method: Callable[..., Any]) -> Verb:
    parameters = list(inspect.signature(method).parameters)[1:]
    summary = (inspect.getdoc(method) or "").split("\n")[0]
    mode = method.__verb_mode__  # type: ignore[attr-defined]  # set by the decorator
    where = f"{actor_class.__name__}.{name}"
    if any(waits(method) for waits in (inspect.iscoroutinefunction, inspect.isgeneratorfunction, inspect.isasyncgenfunction)):
        raise BadDefinition(f"cannot use {where} as a verb: a turn does not wait; write it with `def`, without await or yield")
    if len(parameters) == 1:
        return Verb(name, Nothing, _without_payload(method), mode, summary)
    if len(parameters) != 2:
        raise BadDefinition(f"cannot use {where} as a verb: it takes {parameters}; write (self, payload, stage) or (self, stage)")
    model = _annotation(method, parameters[0])
    if not (isinstance(model, type) and issubclass(model, Payload)):
        raise BadDefinition(f"cannot use {where} as a verb: annotate {parameters[0]!r} with a Payload model, not {model!r}")
    return Verb(name, model, method, mode, summary)


def _annotation(method: Callable[..., Any], parameter: str) -> Any:
    """What a parameter is annotated with; the text of it where a name in it cannot be found (an import for type checkers only)."""
    try:
        return get_type_hints(method).get(parameter)
    except NameError:
        return inspect.signature(method).parameters[parameter].annotation


def _without_payload(method: Callable[..., Any]) -> Callable[[Any, Any, Any], None]:
    def run(actor: Any, payload: Any, stage: Any) -> None:
        method(actor, stage)

    return run
