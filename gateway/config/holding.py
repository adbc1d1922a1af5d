"""What still holds of a section with mistakes: its other settings, and what is wrong among those.

pydantic checks a model as a whole only when each of its fields is right by itself. So a mistyped number would hide that two other
settings contradict each other, or that another device has the same port. Here each broken value is replaced by one that every
check passes which does not look at it; a check that does look at it is none of what still holds, and finds nothing.
Source: pydantic-core, "core_schema" (function schemas, model-field, list, dict).
"""

from collections.abc import Callable, Collection
from typing import Any, NoReturn

from pydantic import BaseModel, ValidationError
from pydantic_core import SchemaValidator

MARK = "\0 broken"
"""Stands for a broken value in the JSON that is read."""
_LOOKED = "a broken value was looked at"


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


def holding(model: type[BaseModel], known: Collection[str]) -> SchemaValidator:
    """A validator that makes a `model` of a table in which MARK stands for each broken value. What the model's own validators say that is
    `known`, they do not say again. It is not strict: what has the wrong type is known already."""
    return SchemaValidator(_open(model.__pydantic_core_schema__, known))


def is_about_broken(error: Any) -> bool:
    """Whether an error of such a validator is about a broken value, and so says nothing."""
    return _LOOKED in error["msg"]


def _open(schema: Any, known: Collection[str]) -> Any:
    """A copy of a schema that lets broken values pass."""
    if isinstance(schema, list | tuple):
        return [_open(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: value if key in _LEFT else _open(value, known) for key, value in schema.items() if key != "serialization"}
    if "fields" in copy:
        copy["fields"] = {name: _open(field, known) for name, field in schema["fields"].items()}
    kind = schema.get("type")
    key = {"model-field": "schema", "list": "items_schema", "tuple": "items_schema", "dict": "values_schema"}.get(str(kind))
    if key is not None and key in copy:
        inner = copy[key]
        copy[key] = list(map(_passing, inner)) if isinstance(inner, list) else _passing(inner)
    if kind == "model":  # pydantic-core takes a complete class as it is, and would not look into its schema
        copy["cls"] = type(schema["cls"])(schema["cls"].__name__, (schema["cls"],), {"__module__": __name__}, defer_build=True)
    if kind in ("function-after", "function-before", "function-plain"):
        function = schema["function"]
        copy["function"] = {**function, "function": _guarded(function["function"], known)}
    return copy


def _passing(schema: Any) -> Any:
    if schema["type"] == "default":  # it has to stay the outermost: by it a field is known to need no value
        return {**schema, "schema": _passing(schema["schema"])}
    return {"type": "function-wrap", "function": {"type": "no-info", "function": _unless_broken}, "schema": schema}


def _unless_broken(value: Any, check: Callable[[Any], Any]) -> Any:
    return _Broken() if isinstance(value, str) and value == MARK else check(value)


def _guarded(function: Callable[..., Any], known: Collection[str]) -> Callable[..., Any]:
    """A validator's function that says nothing of broken values, nor what is known already."""

    def guarded(value: Any, *more: Any) -> Any:
        try:
            return function(value, *more)
        except ValidationError:
            raise
        except (ValueError, AssertionError) as error:
            if _LOOKED in str(error) or str(error) in known:
                return value
            raise
        except Exception:  # noqa: BLE001  # it may be a user's code; what it stumbles over is a broken value
            return value

    return guarded
