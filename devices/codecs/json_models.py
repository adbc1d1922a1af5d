"""JSON into models: one line → the model of what takes it, in one step, where that finds every fault that `read_fields` would find.

It does so for a flat object and a plain model, which most lines and most models are. Whatever is not taken here is no fault yet:
`read_fields` reads it again, and says what is wrong with it, if anything is.

Source: pydantic-core's validate_json, which reads JSON by the same parser as `from_json`.
"""

from collections.abc import Callable
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from devices.codecs.json_lines import INT_MAX, INT_MIN
from gateway.actors import Payload
from gateway.actors.changing import names_of

P = TypeVar("P", bound=Payload)

_set = object.__setattr__
_SCALARS = frozenset((str, int, float, bool, NoneType))
_EXACT = float(2**53)
"""From here on a double does not hold each whole number: `read_fields` says the one that stands in the line."""
_MAKING = ("__new__", "__init__", "model_post_init")
_CHANGES_TEXT = ("str_strip_whitespace", "str_to_lower", "str_to_upper", "coerce_numbers_to_str")


@lru_cache(maxsize=256)  # a gateway has a few dozen models, and each message may ask
def is_plain(model: type[Payload]) -> bool:
    """Whether a model's fields are scalars that are just what the JSON says: none has code or another name, or changes what it is given."""
    config = model.model_config
    return (
        not model.LOOSE
        and all(getattr(model, name) is getattr(BaseModel, name) for name in _MAKING)
        and config.get("extra") == "forbid"
        and not any(config.get(name) for name in (*_CHANGES_TEXT, "alias_generator"))
        and all(
            (field.alias, field.validation_alias, field.default_factory) == (None, None, None)
            and _is_scalar(field.annotation)
            and _only_limits(field.metadata)
            for field in model.model_fields.values()
        )
    )


@lru_cache(maxsize=256)
def _reader_of(model: type[P]) -> tuple[Callable[..., P], set[str]]:
    """What reads a model from JSON, and the names of its fields, at one look: to ask the class takes longer."""
    model.model_rebuild()  # does nothing where it is built; before, what stands in its place would be kept
    return model.__pydantic_validator__.validate_json, names_of(model)


def _is_scalar(annotation: Any) -> bool:
    if get_origin(annotation) in {Union, UnionType}:
        return all(map(_is_scalar, get_args(annotation)))
    return annotation in _SCALARS or get_origin(annotation) is Literal


def _only_limits(metadata: list[Any]) -> bool:
    """Whether what is said of a field are ranges and lengths."""
    return all(type(one).__module__ == "annotated_types" for one in metadata)


def read_model(line: bytes, model: type[P]) -> tuple[P, dict[str, Any]] | None:
    """A plain model of the object in `line`, and the fields that the line has; None where `read_fields` must look. Never raises.

    Each field takes a key, and each key a colon: as many colons as fields that were set mean that no key came twice. None of the fields
    takes an object or a list, so that the line is flat where the model takes it.
    """
    validate, names = _reader_of(model)
    try:
        read = validate(line, strict=True)
    except ValidationError:
        return None
    fields: dict[str, Any] = read.__dict__
    named = read.__pydantic_fields_set__
    if line.count(b":") != len(named):
        return None
    for value in fields.values():
        kind = type(value)
        if kind is float:
            if not -_EXACT < value < _EXACT:
                return None
        elif kind is int and not INT_MIN < value < INT_MAX:
            return None
    if len(named) < len(fields):
        return read, {name: fields[name] for name in named}
    _set(read, "__pydantic_fields_set__", names)  # as `share_names` does: the other set goes before the line has
    return read, fields
