"""Shapes: what a model may hold, so that everything that was taken can be read back.

What a field can hold is known when its class is made. Plain types come back as they went in, and cost nothing in a turn. Loose
ones (Any, recursive models, types of others, whatever a validator of one's own returns) are proved when they are put on a stage:
see `prove` in `payloads.py`. What can never be read back is refused when the class is made.
"""

import dataclasses
import datetime
import decimal
import enum
import types
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import core_schema
from typing_extensions import ReadOnly, get_type_hints, is_typeddict

from gateway.actors.errors import BadDefinition
from gateway.actors.frozen import LARGEST, FrozenDict, FrozenList, FrozenSet, frozen
from gateway.actors.json_text import TakesJson

_KEYS = (str, int, float, datetime.date, datetime.time, uuid.UUID, decimal.Decimal)
_PLAIN = (*_KEYS, bool, bytes, types.NoneType)
_MUTABLE = (deque, bytearray, memoryview)
_CONTAINERS = (list, tuple, set, frozenset)


class _Shape(enum.Enum):
    PLAIN = "plain"
    LOOSE = "loose"


def is_loose(model: type[BaseModel]) -> bool:
    """Whether what a model holds must be proved by writing it and reading it back. Raises BadDefinition where it can never be read back."""
    _check_config(model)
    shapes = [_of_field(model, name, field) for name, field in model.model_fields.items()]
    return _Shape.LOOSE in shapes or _has_code(model)


def _check_config(model: type[BaseModel]) -> None:
    what = f"cannot use {model.__name__} as a model"
    if model.model_computed_fields:
        raise BadDefinition(f"{what}: {next(iter(model.model_computed_fields))} is computed, and cannot be read back; make it a method")
    if model.__private_attributes__:
        raise BadDefinition(f"{what}: {next(iter(model.__private_attributes__))} is private, and not stored; make it a field")
    version = getattr(model, "VERSION", 1)
    if type(version) is not int or not 1 <= version <= 2**31 - 1:
        raise BadDefinition(f"{what}: its VERSION is {version!r}; count its shapes from 1")


def _has_code(model: type[BaseModel]) -> bool:
    """Whether a type runs code of its own when it is validated or written."""
    own = model.__pydantic_decorators__
    return bool(own.field_validators or own.model_validators or own.field_serializers or own.model_serializers or own.validators)


def _of_field(model: type[BaseModel], name: str, field: FieldInfo) -> _Shape:
    where = f"cannot use {model.__name__} as a model: {name}"
    if field.exclude:
        raise BadDefinition(f"{where} is excluded, and not stored; make it a plain field")
    read_as = field.validation_alias or field.alias
    read = name in read_as.choices if isinstance(read_as, AliasChoices) else read_as in {None, name}
    if not read or (field.serialization_alias or name) != name:
        raise BadDefinition(f"{where} is written under another name than it is read; give it no alias, or AliasChoices with {name!r} too")
    shape = _of(field.annotation, where, (model,))
    return shape if all(_is_bound(one) for one in field.metadata) else _Shape.LOOSE


def _is_bound(metadata: Any) -> bool:
    """Whether an item of an annotation is a plain limit (a length, a range), and no code but what makes plain text."""
    if isinstance(metadata, TakesJson):
        return True
    return type(metadata).__module__ in {"annotated_types", "pydantic.fields", "pydantic.types", "pydantic._internal._fields"}


def _of(annotation: Any, where: str, within: tuple[type, ...]) -> _Shape:
    """The shape of one type: whether its values must be proved by writing and reading them back; `within` are the models it is nested
    in."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        shape = _of(inner[0], where, within)
        return shape if all(_is_bound(one) for one in inner[1:]) else _Shape.LOOSE
    if origin is Literal:
        return _Shape.PLAIN
    if origin in {Union, types.UnionType}:
        return _worst(_of(one, where, within) for one in inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _check_key(inner[0], where)
        return _of(inner[1], where, within) if origin is dict else _Shape.LOOSE
    if origin in _CONTAINERS:
        return _worst(_of(one, where, within) for one in inner if one is not Ellipsis)
    kind = origin if isinstance(origin, type) and issubclass(origin, _MUTABLE) else annotation
    return _of_class(kind, where, within) if isinstance(kind, type) else _Shape.LOOSE


def _of_class(kind: type, where: str, within: tuple[type, ...]) -> _Shape:
    if (
        issubclass(kind, _MUTABLE)
        or dataclasses.is_dataclass(kind)
        or (issubclass(kind, BaseModel) and not kind.model_config.get("frozen"))
    ):
        raise BadDefinition(
            f"{where} is a {kind.__name__}, which can be changed in place; use a tuple, bytes, or a Model of gateway.actors"
        )
    if issubclass(kind, BaseModel):
        return _Shape.LOOSE if kind in within else _of_model(kind, within)
    if is_typeddict(kind):
        return _Shape.LOOSE if kind in within else _of_typed_dict(kind, where, within)
    if issubclass(kind, enum.Enum):
        return _worst(_Shape.PLAIN if type(one.value) in {str, int} else _Shape.LOOSE for one in kind)
    return _Shape.PLAIN if kind in {*_PLAIN, datetime.datetime} else _Shape.LOOSE


def _of_model(model: type[BaseModel], within: tuple[type, ...]) -> _Shape:
    if _has_code(model):
        return _Shape.LOOSE
    inside = (*within, model)
    return _worst(
        _of(field.annotation, f"cannot use {model.__name__} as a model: {name}", inside) for name, field in model.model_fields.items()
    )


def _of_typed_dict(kind: type, where: str, within: tuple[type, ...]) -> _Shape:
    """The shape of a dict whose keys are known: the worst of what stands under them, whether they must be there or not."""
    if hasattr(kind, "__pydantic_config__"):  # which may let in other keys, or change texts
        return _Shape.LOOSE
    try:
        hints = get_type_hints(kind, include_extras=True)
    except NameError:  # of a class that is not there yet
        return _Shape.LOOSE
    return _worst(_of(_without_qualifiers(hint), where, (*within, kind)) for hint in hints.values())


def _without_qualifiers(hint: Any) -> Any:
    """The type of a key's value: whether the key must be there, or may be set, is no part of it."""
    while get_origin(hint) in {Required, NotRequired, ReadOnly}:
        hint = get_args(hint)[0]
    return hint


def _worst(shapes: Iterable[_Shape]) -> _Shape:
    return _Shape.LOOSE if _Shape.LOOSE in set(shapes) else _Shape.PLAIN


def _check_key(key: Any, where: str) -> None:
    """Raise BadDefinition where a dict's keys are not text, numbers or names of an enum: JSON cannot give others back."""
    origin, inner = get_origin(key), get_args(key)
    if origin is Annotated:
        _check_key(inner[0], where)
    elif origin in {Union, types.UnionType}:
        for one in inner:
            _check_key(one, where)
    elif origin is not Literal and not (
        isinstance(key, type) and (issubclass(key, enum.Enum) or (key in _KEYS or key is datetime.datetime))
    ):
        raise BadDefinition(f"{where} has keys of type {key!r}, which cannot be read back from JSON; use text, numbers or an enum")


# --- what pydantic is told


def tightened(schema: core_schema.CoreSchema, resolve: Any) -> core_schema.CoreSchema:
    """A model's schema with its integers bounded and its containers frozen. Models within it have seen to that themselves."""
    found: core_schema.CoreSchema = _tightened(schema, resolve, top=True)
    return found


def _tightened(schema: Any, resolve: Any, *, top: bool = False) -> Any:
    kind = schema["type"]
    if kind == "model" and not top:
        return schema
    if kind == "int":
        return _bounded(schema)
    if kind == "any" or (kind == "definition-ref" and not _is_model(schema, resolve)):
        return core_schema.no_info_after_validator_function(frozen, schema)
    still_top = top and kind != "model"  # validators of the model itself stand around it
    told = {name: _inside(part, resolve, top=still_top) for name, part in schema.items() if name not in {"default", "config", "metadata"}}
    told = {**schema, **told}
    if kind == "default":
        return _with_frozen_default(told)
    wrap = _FROZEN.get(kind)
    return told if wrap is None else core_schema.no_info_after_validator_function(wrap, told)


def _inside(part: Any, resolve: Any, *, top: bool) -> Any:
    if isinstance(part, dict):
        if isinstance(part.get("type"), str):
            return _tightened(part, resolve, top=top)
        return {name: _inside(inner, resolve, top=top) for name, inner in part.items()}
    return [_inside(inner, resolve, top=top) for inner in part] if isinstance(part, list) else part


def _is_model(ref: Any, resolve: Any) -> bool:
    try:
        found = resolve(ref)
    except LookupError:  # the model that is being made
        return True
    while found["type"] in {"function-after", "function-wrap", "function-before"}:
        found = found["schema"]
    return bool(found["type"] == "model")


def _bounded(schema: Any) -> Any:
    bounded = dict(schema)
    if "gt" not in bounded:
        bounded.setdefault("ge", -LARGEST)
    if "lt" not in bounded:
        bounded.setdefault("le", LARGEST)
    return bounded


def _with_frozen_default(schema: Any) -> Any:
    """Freeze the default of a field, for defaults are not validated; what a factory makes is validated after all."""
    if "default" in schema:
        return {**schema, "default": frozen(schema["default"])}
    return {**schema, "validate_default": True}


_FROZEN = {"list": FrozenList, "dict": FrozenDict, "set": FrozenSet, "typed-dict": FrozenDict}
