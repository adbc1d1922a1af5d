"""What still holds of a section with mistakes: its other settings, and what is wrong among those.

pydantic checks a model as a whole only when each of its fields is right by itself. So a mistyped number would hide that two other
settings contradict each other, or that another device has the same port. Here each broken value is replaced by one that every
check passes which does not look at it; a check that does look at it is none of what still holds, and finds nothing.
Source: pydantic-core, "core_schema" (function schemas, model-field, list, dict).
"""

from collections.abc import Callable, Collection
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

from gateway.actors.errors import ANYTHING

MARK = "\0 broken"
"""Stands for a broken value in the JSON that is read."""
_LOOKED = "a broken value was looked at"

T = TypeVar("T", bound=BaseModel)


class LookedAtBroken(ValueError):
    """Raised by a broken value when somebody wants to know what it is."""

    def __init__(self) -> None:
        super().__init__(_LOOKED)


class _Broken:
    """A broken value. It is there (`is not None`), is not the same as another, and says nothing else."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)  # Python itself asks for these: "no" is an answer
        raise LookedAtBroken

    def __deepcopy__(self, memo: object) -> "_Broken":
        return self


def _look(*_: object) -> NoReturn:
    raise LookedAtBroken


# fmt: off
_ASKED = (
    "str", "format", "bool", "eq", "ne", "lt", "le", "gt", "ge", "len", "iter", "contains", "getitem", "call", "int", "float",
    "index", "fspath", "repr", "add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv", "mod",
    "rmod", "neg", "pos", "abs", "round", "or", "ror", "and", "rand",
)
# fmt: on
for _name in _ASKED:
    setattr(_Broken, f"__{_name}__", _look)

_LEFT = ("default", "expected", "fields", "metadata")
"""Parts of a schema that are no schemas, or no more than names of them."""
_known: ContextVar[Collection[str]] = ContextVar("known", default=())
"""What the validators of the section at hand said already."""


def holding(model: type[T], text: str, known: Collection[str]) -> T:
    """A `model` of a table in JSON in which MARK stands for each broken value. What the model's own validators say that is `known`, they do
    not say again. It is not strict: what has the wrong type is known already. Raises ValidationError."""
    before = _known.set(known)
    try:
        return _validator(model).validate_json(text)  # type: ignore[no-any-return]
    finally:
        _known.reset(before)


@lru_cache(maxsize=1)  # it takes milliseconds to build, and the devices of one kind are read one after the other
def _validator(model: type[BaseModel]) -> SchemaValidator:
    return SchemaValidator(_open(model.__pydantic_core_schema__))


def is_about_broken(error: Any) -> bool:
    """Whether an error of such a validator is about a broken value, and so says nothing."""
    return _LOOKED in error["msg"]


def _open(schema: Any) -> Any:
    """A copy of a schema that lets broken values pass."""
    if isinstance(schema, list | tuple):
        return [_open(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: value if key in _LEFT else _open(value) for key, value in schema.items() if key != "serialization"}
    if "fields" in copy:
        copy["fields"] = {name: _open(field) for name, field in schema["fields"].items()}
    kind = schema.get("type")
    key = {"model-field": "schema", "list": "items_schema", "tuple": "items_schema", "dict": "values_schema"}.get(str(kind))
    if key is not None and key in copy:
        inner = copy[key]
        copy[key] = list(map(_passing, inner)) if isinstance(inner, list) else _passing(inner)
    if kind == "model":  # pydantic-core takes a complete class as it is, and would not look into its schema
        copy["cls"] = type(schema["cls"])(schema["cls"].__name__, (schema["cls"],), {"__module__": __name__}, defer_build=True)
    if kind in ("function-after", "function-before", "function-plain"):
        function = schema["function"]
        copy["function"] = {**function, "function": _guarded(function["function"])}
    return copy


def _passing(schema: Any) -> Any:
    if schema["type"] == "default":  # it has to stay the outermost: by it a field is known to need no value
        return {**schema, "schema": _passing(schema["schema"])}
    return {"type": "function-wrap", "function": {"type": "no-info", "function": _unless_broken}, "schema": schema}


def _unless_broken(value: Any, check: Callable[[Any], Any]) -> Any:
    return _Broken() if isinstance(value, str) and value == MARK else check(value)


def _guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A validator's function that says nothing of broken values, nor what is known already."""

    def guarded(value: Any, *more: Any) -> Any:
        try:
            return function(value, *more)
        except ValidationError:
            raise
        except (ValueError, AssertionError) as error:
            if _LOOKED in str(error) or str(error) in _known.get():
                return value
            raise
        except ANYTHING:  # it may be a user's code; what it stumbles over is a broken value
            return value

    return guarded
