"""`gateway kinds`: which kinds of devices and actors there are; and of one kind its verbs, what each takes, and how it is told.

It reads the classes, so no gateway has to run.
"""

import enum
import inspect
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.actors import Actor, BadDefinition, By, HostBound
from gateway.actors.messages import REPLY
from gateway.actors.verbs import Verb
from gateway.config.models import models_in
from gateway.config.reading import kinds_of
from gateway.config.schema import field_docstrings
from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import say, say_json
from gateway.registry import SECTIONS, Registry, is_offered, kind_meant

Kind = type[Actor[Any]] | type[HostBound]

_PLAIN = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path", type(None): ""}
_SAMPLES = {bool: "true", int: "1", float: "1.5", str: "TEXT"}
_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "min": "minutes",
    "deg": "degrees",
    "m": "metres",
    "km": "kilometres",
    "mps": "metres per second",
    "c": "°C",
    "v": "volts",
    "bytes": "bytes",
    "kb": "kilobytes",
    "mb": "megabytes",
    "seconds": "seconds",
}
"""What the ends of names say of their values."""


def kinds(name: str, *, config: Path, as_json: bool) -> int:
    """Print the kinds there are, or what is to be known of one. Raises Failed where there is no such kind, or it cannot be loaded."""
    registry = kinds_of(config)
    if name:
        kind = _load(registry, name)
        say_json(_told(kind)) if as_json else say("\n".join(_pages(kind)))
        return FINE
    devices, actors = ([name for name in kinds.names if is_offered(name)] for kinds in (registry.host_bound, registry.ordinary))
    if as_json:
        say_json({"devices": devices, "actors": actors})
        return FINE
    say("\n".join(_list("devices, each with a section [KIND.NAME] or [KIND]", devices, registry)))
    say("\n".join(["", *_list("actors, which exist once somebody writes to them", actors, registry), "", "gateway kinds KIND: its verbs"]))
    return FINE


def _load(registry: Registry, name: str) -> Kind:
    known = registry.host_bound if name in registry.host_bound.names else registry.ordinary
    if name not in known.names:
        raise Failed(f"there is no kind {name!r}; {kind_meant(name, registry.names)}", NO)
    try:
        return known.load(name)
    except BadDefinition as error:
        raise Failed(str(error), NO) from None


def _list(title: str, names: list[str], registry: Registry) -> Iterator[str]:
    width = max(len(name) for name in registry.names if is_offered(name))
    yield title
    for name in names:
        try:
            text = _first(_load(registry, name))
        except Failed as error:
            text = str(error)
        yield f"  {name:<{width}}  {text}"


def _first(found: Any) -> str:
    """The first sentence of a docstring, on one line."""
    paragraph = " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].rstrip(".") + "." if paragraph else ""


def place_of(kind: Kind) -> str:
    """The section of a kind's settings."""
    if issubclass(kind, HostBound):
        return f"[{kind.kind}]" if kind.sole_key else f"[{kind.kind}.NAME]"
    return f"[{kind.kind}]" if kind.kind in SECTIONS else f"[actors.{kind.kind}]"


def outside_verbs(kind: Kind) -> list[Verb]:
    """The verbs of a kind that people and programs outside may send, sorted by name."""
    return [row for name, row in sorted(kind.verbs.items()) if row.by is By.OUTSIDE and name != REPLY]


# --- for people


def _pages(kind: Kind) -> Iterator[str]:
    yield f"{kind.kind}: {_first(kind)}"
    for row in outside_verbs(kind):
        yield ""
        yield f"{row.name}   {_first(getattr(kind, row.name))}".rstrip()
        yield from _fields(row.payload, "    ")
        yield f"    {example(kind, row)}"
    settings = kind.settings_model.model_fields
    if settings:
        yield ""
        yield f"settings, in {place_of(kind)}; config/gateway.toml explains each"
        yield from (f"    {field.alias or name:<22} {word_of(field.annotation)}{default_of(field)}" for name, field in settings.items())


def _fields(model: type[BaseModel], indent: str) -> Iterator[str]:
    said = field_docstrings(model)
    for name, field in model.model_fields.items():
        more = [unit_of(name), limits_of(field), "" if not field.is_required() else "needed", default_of(field).removeprefix(", ")]
        facts = ", ".join([word_of(field.annotation), *filter(None, more)])
        yield f"{indent}{name:<16} {facts}{'. ' + said[name] if said.get(name) else ''}"
        for inner in models_in(field.annotation):
            yield from _fields(inner, f"{indent}    ")


def example(kind: Kind, row: Verb) -> str:
    """A line that tells, or asks, an actor of the kind."""
    needed = [(name, field) for name, field in row.payload.model_fields.items() if field.is_required()]
    shown = needed or list(row.payload.model_fields.items())[:1]
    words = [_quoted(f"{name}={(field.examples or [_sample(field.annotation)])[0]}") for name, field in shown]
    asked = not row.payload.model_fields or "answer with" in (inspect.getdoc(getattr(kind, row.name)) or "").lower()
    key = (kind.sole_key if issubclass(kind, HostBound) else "") or "NAME"
    return " ".join(["gateway", "ask" if asked else "tell", f"{kind.kind}/{key}", row.name, *words])


def _quoted(word: str) -> str:
    return f"'{word}'" if any(mark in word for mark in ' "{[') else word


def word_of(annotation: Any) -> str:
    """What a field takes, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Literal:
        return " or ".join(json.dumps(one) for one in inner)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(word for one in inner if (word := word_of(one))))
    if origin is typing.Annotated:
        return word_of(inner[0])
    if origin in (list, tuple, set, frozenset):
        return f"a list ({word_of(inner[0])} each)" if inner else "a list"
    if origin is dict:
        return f"a table ({word_of(inner[1])} each)"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " or ".join(f'"{one.value}"' for one in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table"
    return "any JSON value"


def _sample(annotation: Any) -> str:
    origin, inner = get_origin(annotation), [one for one in get_args(annotation) if one is not type(None)]
    if annotation in _SAMPLES:
        return _SAMPLES[annotation]
    if origin is Literal:
        return str(inner[0])
    if origin in (typing.Union, types.UnionType, typing.Annotated):
        return _sample(float if float in inner else inner[0])
    if origin in (list, tuple, set, frozenset):
        return f"[{_in_json(inner[0])}]" if inner else "[]"
    if origin is dict:
        return f'{{"NAME": {_in_json(inner[1])}}}'
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return str(next(iter(annotation)).value)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        needed = {name: field for name, field in annotation.model_fields.items() if field.is_required()}
        return "{" + ", ".join(f'"{name}": {_in_json(field.annotation)}' for name, field in needed.items()) + "}"
    return "TEXT"


def _in_json(annotation: Any) -> str:
    sample = _sample(annotation)
    return sample if sample[:1] in "{[" or sample in ("true", "1", "1.5") else f'"{sample}"'


def unit_of(name: str) -> str:
    """The unit that the end of a field's name says, in words; empty where it says none."""
    return _UNITS.get(name.rpartition("_")[2], "") if "_" in name or name == "seconds" else ""


def limits_of(field: FieldInfo) -> str:
    """What a field's value must keep to, in words."""
    words = {"ge": "{} or more", "gt": "more than {}", "le": "{} or less", "lt": "less than {}", "max_length": "at most {} long"}
    found = [(word, getattr(part, name, None)) for part in field.metadata for name, word in words.items()]
    return ", ".join(word.format(f"{value:g}" if isinstance(value, float) else value) for word, value in found if value is not None)


def default_of(field: FieldInfo) -> str:
    """What a field is where nothing is said, in words that go on after others; empty where that says nothing."""
    if field.is_required() or field.default_factory is not None or field.default in (None, "") or isinstance(field.default, BaseModel):
        return ""
    value = field.default.value if isinstance(field.default, enum.Enum) else field.default
    if isinstance(value, (dict, list, tuple, set, frozenset)) and not value:
        return ""
    return f", {json.dumps(value, default=str)} unless said"


# --- for programs


def _told(kind: Kind) -> dict[str, Any]:
    verbs = {
        row.name: {
            "text": _first(getattr(kind, row.name)),
            "fields": {
                name: {"takes": word_of(field.annotation), "unit": unit_of(name), "needed": field.is_required()}
                for name, field in row.payload.model_fields.items()
            },
            "example": example(kind, row),
        }
        for row in outside_verbs(kind)
    }
    return {"kind": kind.kind, "device": issubclass(kind, HostBound), "text": _first(kind), "verbs": verbs}
