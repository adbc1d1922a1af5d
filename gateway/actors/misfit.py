"""Misfits: what of a stored model does not fit today's any more, in plain words, and the upcast that takes it there.

    its state of version 1 does not fit Shelf: 'crates' is gone; 'pallets' is new and has no default; raise VERSION and write upcast

Source: pydantic 2, "Validation Errors" (the list of error types and their context).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.actors.errors import DoesNotFit
from gateway.actors.models import Versioned
from gateway.actors.words import described, in_a_line

Path = tuple[str | int, ...]

_NUMBER, _WHOLE, _TRUTH, _TEXT, _LIST, _TABLE, _NOTHING = (
    "a number",
    "a whole number",
    "true or false",
    "text",
    "a list",
    "a table",
    "nothing",
)
_WANTED = {
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), _WHOLE),
    **dict.fromkeys(("float_type", "float_parsing"), _NUMBER),
    **dict.fromkeys(("bool_type", "bool_parsing"), _TRUTH),
    **dict.fromkeys(("string_type", "bytes_type"), _TEXT),
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), _LIST),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _TABLE),
    "none_required": _NOTHING,
}
_KINDS = {type(None): _NOTHING, bool: _TRUTH, int: _WHOLE, float: _NUMBER, str: _TEXT, list: _LIST, dict: _TABLE}
_MADE_BY = {_WHOLE: "int", _NUMBER: "float", _TRUTH: "bool", _TEXT: "str"}
_FIRST = {int: "0", float: "0.0", bool: "False", str: '""', list: "[]", tuple: "[]", set: "[]", frozenset: "[]", dict: "{}"}
_SOMETHING = "..."
_FACTS_AT_MOST = 8


class _Change(NamedTuple):
    """One field that differs between what was stored and today's model."""

    path: Path
    """Where it stands among the stored fields; empty for all of them."""
    errors: list[ErrorDetails]
    """What pydantic says of it: more than one where it may be of several types."""

    @property
    def kind(self) -> str:
        return self.errors[0]["type"]


def misfit(model: type[Versioned], version: int, found: bytes | str, error: ValidationError, *, what: str) -> DoesNotFit:
    """The error that says which fields of `found` do not fit `model`, and what to do.

    `what` is what was stored, as in "its state"; `version` is the one that it was stored as.
    """
    try:
        fields = json.loads(found)
    except (ValueError, RecursionError) as fault:
        return no_json(what, fault)
    changes = _changes(fields, error)
    facts = [_fact(change) for change in changes[:_FACTS_AT_MOST]]
    more = [f"{len(changes) - _FACTS_AT_MOST} more do not fit"] if len(changes) > _FACTS_AT_MOST else []
    said = f"{what} of version {version} does not fit {model.__name__}: {'; '.join([*facts, *more])}; {_advice(model, version)}"
    return DoesNotFit(said, _example(model, version, list(_mended(model, fields, changes))))


def not_taken_up(model: type[Versioned], version: int, number: int, error: BaseException, *, what: str) -> DoesNotFit:
    """The error that says that the upcast from version `number` raised `error`: it is the user's own code."""
    fact = f"the upcast of {model.__name__} from version {number} failed: {described(error)}"
    return DoesNotFit(f"{what} of version {version} cannot be taken up: {fact}; mend upcast")


def not_read(model: type[Versioned], version: int, error: BaseException, *, what: str) -> DoesNotFit:
    """The error that says that the model's own code raised `error`."""
    return DoesNotFit(f"{what} of version {version} cannot be read: {model.__name__} raised {described(error)}; mend it")


def no_json(what: str, error: BaseException) -> DoesNotFit:
    """The error that says that what was stored cannot be read by any program."""
    return DoesNotFit(f"{what} is no JSON ({in_a_line(error)}): the store was damaged; take it from a backup")


def _changes(fields: Any, error: ValidationError) -> list[_Change]:
    """The differences between what was stored and the model, each with its errors, in the order of the errors."""
    changes: dict[Path, _Change] = {}
    for one in error.errors(include_url=False):
        path = _path(one, fields)
        changes.setdefault(path, _Change(path, [])).errors.append(one)
    return list(changes.values())


def _path(error: ErrorDetails, fields: Any) -> Path:
    """Where among the stored fields an error is, without the labels that pydantic adds for the types of a union."""
    path: list[str | int] = []
    at = fields
    part: Any
    for part in error["loc"]:
        if (isinstance(at, dict) and part in at) or (isinstance(at, list) and isinstance(part, int) and part < len(at)):
            path.append(part)
            at = at[part]
    if error["type"] == "missing":
        path.append(error["loc"][-1])
    return tuple(path)


def _fact(change: _Change) -> str:
    name = repr(".".join(map(str, change.path))) if change.path else "it"
    if change.kind == "extra_forbidden":
        return f"{name} is gone"
    if change.kind == "missing":
        return f"{name} is new and has no default"
    wanted = [_WANTED.get(error["type"], "") for error in change.errors]
    if all(wanted):
        return f"{name} was {_kind(change.errors[0]['input'])} and is {' or '.join(dict.fromkeys(wanted))} now"
    return f"{name} does not fit any more: {_plain(change.errors[0])}"


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "of another type")


def _plain(error: ErrorDetails) -> str:
    """What pydantic says of an error, as the end of a sentence."""
    said = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said.replace("Input should", "it should", 1) if said.startswith("Input should") else f"{said[:1].lower()}{said[1:]}"


def _advice(model: type[Versioned], version: int) -> str:
    if version == model.VERSION:
        return "raise VERSION and write upcast"
    if not _has_upcast(model):
        return f"VERSION is {model.VERSION}, so write upcast too"
    return f"mend upcast, which took it from version {version} to {model.VERSION}"


def _has_upcast(model: type[Versioned]) -> bool:
    return model.upcast.__func__ is not Versioned.upcast.__func__  # type: ignore[attr-defined]  # they are class methods


# --- an upcast to begin with


def _mended(model: type[Versioned], fields: Any, changes: Sequence[_Change]) -> Iterator[str]:
    """The lines of Python by which an upcast mends each field.

    They leave a state alone that fits: others may have been stored under the same version since the model was changed.
    """
    gone = [change.path for change in changes if change.kind == "extra_forbidden"]
    new = [change.path for change in changes if change.kind == "missing"]
    renamed = len(gone) == len(new) == 1 and _could_be(model, new[0], _at(fields, gone[0]))
    if renamed:
        yield _set(new[0], f"{_item(gone[0][:-1])}.pop({_quoted(gone[0][-1])}, {_first(model, new[0])})")
    for change in changes:
        if change.kind == "extra_forbidden":
            if not renamed:
                yield f"{_item(change.path[:-1])}.pop({_quoted(change.path[-1])}, None)"
        elif change.kind == "missing":
            if not renamed:
                yield _set(change.path, _first(model, change.path))
        elif change.path:
            yield f"{_item(change.path)} = {_made(change)}"


def _at(fields: Any, path: Path) -> Any:
    for part in path:
        fields = fields[part]
    return fields


def _type(model: type[Versioned], path: Path) -> Any:
    """The plain type of a field at the top level; None where the field is nested, or its type is not a plain one."""
    field = model.model_fields.get(str(path[0])) if len(path) == 1 else None
    return (get_origin(field.annotation) or field.annotation) if field is not None else None


def _could_be(model: type[Versioned], path: Path, value: Any) -> bool:
    """Whether a stored value could belong to a new field, so that the field only has another name now."""
    wanted = _type(model, path)
    return wanted in _FIRST and (type(value) is wanted or (wanted is float and type(value) is int))


def _set(path: Path, value: str) -> str:
    return f"{_item(path[:-1])}.setdefault({_quoted(path[-1])}, {value})"


def _first(model: type[Versioned], path: Path) -> str:
    """A Python expression for the first value of a new field."""
    return _FIRST.get(_type(model, path), _SOMETHING)


def _item(path: Path) -> str:
    return "fields" + "".join(f"[{_quoted(part)}]" for part in path)


def _quoted(part: str | int) -> str:
    return json.dumps(part, ensure_ascii=False)


def _made(change: _Change) -> str:
    """A Python expression that makes a value of the wanted type out of the stored one."""
    item, wanted, had = _item(change.path), _WANTED.get(change.kind, ""), change.errors[0]["input"]
    if wanted in _MADE_BY and isinstance(had, (str, int, float)):
        return f"{_MADE_BY[wanted]}({item})"
    return _SOMETHING


def _example(model: type[Versioned], version: int, lines: Iterable[str]) -> str:
    """An upcast that mends these fields, as Python text to paste into the model and correct."""
    lines = list(lines) or [_SOMETHING]
    first = version == model.VERSION
    if not first or _has_upcast(model):  # it takes others up too
        lines = [f"if version == {model.VERSION - (not first)}:", *(f"    {line}" for line in lines)]
    head = f"# in {model.__name__}, to begin with:\nVERSION = {model.VERSION + first}\n@classmethod\ndef upcast(cls, version, fields):"
    return "\n".join([head, *(f"    {line}" for line in [*lines, "return fields"])])
