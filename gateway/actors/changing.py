"""Changing: a copy of a frozen model with some of its fields replaced, of which only these are checked.

The others were checked when the model was made, and nobody can have changed them since. To check a large state whole for one new field
costs more than the rest of its turn. Only plain models are changed so (see `shapes.py`): what brings code may look at several fields.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import SchemaValidator

M = TypeVar("M", bound=BaseModel)

Check = Callable[[dict[str, Any]], tuple[dict[str, Any], Any, Any]]
"""Takes given fields, and returns them as the model holds them, first. Raises ValidationError as the model does."""

_FEWEST_LEFT = 4
"""A model of which fewer fields stay as they are is checked whole as fast: that is one call, which makes the copy too."""
_KEPT = 64

_set = object.__setattr__


def check_of(model: type[BaseModel], names: tuple[str, ...], kept: dict[tuple[str, ...], Check | None]) -> Check | None:
    """The check of just these fields of a plain model, which is kept for the next time; None where the model is to be checked whole.

    A program changes a model in a few places; whoever brings ever other fields has it checked whole.
    """
    if len(kept) >= _KEPT:
        return None
    check = kept[names] = _made(model, frozenset(names))
    return check


def _made(model: type[BaseModel], names: frozenset[str]) -> Check | None:
    model.model_rebuild()  # does nothing where it is built, as it is wherever one was made
    whole: Any = model.__pydantic_core_schema__
    schema = whole["schema"] if whole["type"] == "definitions" else whole
    if schema["type"] != "model" or schema.get("custom_init") or "post_init" in schema or schema["schema"]["type"] != "model-fields":
        return None
    fields = schema["schema"]["fields"]
    if not names <= fields.keys() or len(fields) - len(names) < _FEWEST_LEFT:
        return None
    given = {**schema["schema"], "fields": {name: fields[name] for name in names}}
    return SchemaValidator({**whole, "schema": given} if schema is not whole else given, schema.get("config")).validate_python


@lru_cache(maxsize=512)
def names_of(model: type[BaseModel]) -> set[str]:
    """The names of all fields of a model, in one set, which those of its instances share that were given all of them.

    Pydantic makes a set for each instance: of five names it takes 728 bytes, more than the rest of most payloads.
    """
    return set(model.model_fields)


def share_names(model: M) -> M:
    """Have a model that was given all its fields share the set of their names with others; return the model."""
    if len(model.__pydantic_fields_set__) == len(model.__dict__):
        _set(model, "__pydantic_fields_set__", names_of(model.__class__))
    return model


def with_given(model: M, given: dict[str, Any]) -> M:
    """A copy of a model with fields that are checked."""
    made = model.__class__.__new__(model.__class__)
    fields = {**model.__dict__, **given}
    _set(made, "__dict__", fields)
    _set(made, "__pydantic_fields_set__", names_of(model.__class__))
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made
