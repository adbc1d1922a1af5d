"""Soundness: what is wrong with a machine is said when its class is made, not when an actor is stuck at night."""

from typing import Any, get_args

from gateway.actors.errors import BadDefinition
from gateway.actors.machine import Machine
from gateway.actors.models import Nothing
from gateway.actors.phases import History, name_of
from gateway.actors.verbs import Verb


def check_machine(actor_class: Any) -> None:
    """Raise BadDefinition where a class's machine, its state and its verbs do not fit each other."""
    machine: Machine | None = actor_class.machine
    verbs: dict[str, Verb] = actor_class.verbs
    try:
        if machine is None:
            _check_no_rows(verbs)
            return
        _check_field(machine, actor_class.state_model)
        _check_history(machine, actor_class.state_model)
        for row in verbs.values():
            _check_row(machine, row)
        _check_hooks(machine, actor_class)
        _check_delays(machine, verbs)
        _check_ways_out(machine, verbs)
    except BadDefinition as error:
        raise BadDefinition(f"cannot use {actor_class.__name__} as an actor: {error}") from None


def _check_no_rows(verbs: dict[str, Verb]) -> None:
    for row in verbs.values():
        if row.when or row.to:
            raise BadDefinition(f"{row.name} says {'when' if row.when else 'to'}, and there is no machine; set `machine`")


def _check_field(machine: Machine, state_model: Any) -> None:
    kind, model = machine.phases.kind, state_model.__name__
    field = state_model.model_fields.get(machine.field)
    if field is None:
        raise BadDefinition(
            f"its machine keeps the phase in {machine.field!r}, and {model} has no such field; add it, or say Machine(field=…)"
        )
    if field.annotation is not kind:
        raise BadDefinition(f"{model}.{machine.field} is no {kind.__name__}, which its machine's phases are; annotate it so")
    if field.default is not machine.initial:
        begins = name_of(machine.initial)
        raise BadDefinition(f"{model}.{machine.field} begins as {field.default!r}, and the machine as {begins}; make the default {begins}")


def _check_history(machine: Machine, state_model: Any) -> None:
    kind, model = machine.phases.kind, state_model.__name__
    for phase, name in machine.history.items():
        if machine.phases.first(phase) is None:
            raise BadDefinition(f"it remembers where in {name_of(phase)} it was, and no phase is inside of that; look at history")
        field = state_model.model_fields.get(name)
        if field is None or set(get_args(field.annotation)) != {kind, type(None)} or field.default is not None:
            raise BadDefinition(f"history of {name_of(phase)} needs a field `{name}: {kind.__name__} | None = None` in {model}; add it")


def _check_row(machine: Machine, row: Verb) -> None:
    for phase in row.when:
        machine.phases.check(phase, f"when of {row.name}")
    for target in row.to:
        machine.phases.check(target.phase if isinstance(target, History) else target, f"to of {row.name}")
        if isinstance(target, History) and target.phase not in machine.history:
            raise BadDefinition(
                f"{row.name} leads back into {name_of(target.phase)}, and nothing remembers where it was; add history={{…}}"
            )


def _check_hooks(machine: Machine, actor_class: Any) -> None:
    for where, hooks in (("entry", machine.entry), ("exit", machine.exit)):
        for phase, hook in hooks.items():
            if isinstance(hook, str) and not callable(getattr(actor_class, hook, None)):
                raise BadDefinition(f"{where} of {name_of(phase)} names {hook!r}, and there is no such method; write it")


def _check_delays(machine: Machine, verbs: dict[str, Verb]) -> None:
    for phase, after in machine.after.items():
        row = verbs.get(after.verb)
        if row is None:
            from difflib import get_close_matches  # noqa: PLC0415  # only where there is a mistake

            close = get_close_matches(after.verb, verbs, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "mark a method of that name @verb"
            raise BadDefinition(f"the delayed move of {name_of(phase)} names {after.verb!r}, and there is no such verb; {hint}")
        if row.payload is not Nothing and any(field.is_required() for field in row.payload.model_fields.values()):
            raise BadDefinition(f"the delayed move of {name_of(phase)} cannot fill in the payload of {row.name}; give its fields defaults")
        if not callable(after.seconds) and after.seconds <= 0:
            raise BadDefinition(f"the delayed move of {name_of(phase)} comes after {after.seconds:g} s; give it more than 0")
        unanswered = [leaf for leaf in machine.phases.inside(phase) if row.when and leaf not in machine.within(row.when)]
        if unanswered:
            raise BadDefinition(
                f"the delayed move of {name_of(phase)} comes where {row.name} is not answered; add {name_of(unanswered[0])} to its when"
            )


def _check_ways_out(machine: Machine, verbs: dict[str, Verb]) -> None:
    for leaf in machine.phases.leaves:
        if leaf not in machine.final and not any(_leads_out(machine, leaf, row) for row in verbs.values()):
            raise BadDefinition(
                f"nothing leads out of {name_of(leaf)}; answer a verb there (when=, to=) that enters another phase, or list it in final"
            )


def _leads_out(machine: Machine, leaf: Any, row: Verb) -> bool:
    """Whether a verb may leave a phase; a verb that names neither its phases nor its target is no way out."""
    if row.when and leaf not in machine.within(row.when):
        return False
    if not row.to:
        return bool(row.when)
    return any(isinstance(target, History) or machine.phases.leaf(target) is not leaf for target in row.to)
