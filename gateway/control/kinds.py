"""The kinds that people write to, and what each of their verbs takes, as JSON schemas: for whoever describes the gateway to programs."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaWarningKind
from pydantic_core.core_schema import IntSchema

from gateway.actors.callers import By
from gateway.actors.frozen import LARGEST
from gateway.actors.ids import kind_of
from gateway.actors.messages import REPLY
from gateway.actors.models import Payload
from gateway.registry import CHILDREN
from gateway.runtime.directory import Directory

View = dict[str, Any]


class _PlainSchema(GenerateJsonSchema):
    """JSON schemas that every program can read: without what models have of their own accord, and without defaults that are no JSON."""

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}

    def int_schema(self, schema: IntSchema) -> View:
        """Leave out the bound that each whole number has: written out it is 4 kB, and no other program has such a number."""
        return {key: value for key, value in super().int_schema(schema).items() if not (isinstance(value, int) and abs(value) >= LARGEST)}


def described(directory: Directory) -> View:
    """Every kind that is listed, with its verbs. It imports each, and takes a second. Any thread."""
    return {"kinds": [*_ordinary(directory), *_host_bound(directory)]}


def _ordinary(directory: Directory) -> Iterator[View]:
    for name in directory.kinds.listed:
        if name not in CHILDREN:
            yield {"kind": name, **_about(type(directory.kinds[name])), "ids": None}


def _host_bound(directory: Directory) -> Iterator[View]:
    by_kind: dict[str, list[str]] = {}
    for id in directory.hosted:
        if directory.kinds.is_listed(kind_of(id)):
            by_kind.setdefault(kind_of(id), []).append(id)
    for name, ids in by_kind.items():
        yield {"kind": name, **_about(directory.hosted[ids[0]]), "ids": sorted(ids)}


def _about(kind: type[Any]) -> View:
    rows = [row for name, row in kind.verbs.items() if row.by is By.OUTSIDE and name != REPLY]
    verbs = [{"verb": row.name, "about": _first_line(getattr(kind, row.name, None)), "payload": _schema(row.payload)} for row in rows]
    return {"about": _first_line(kind), "verbs": verbs}


def _schema(model: type[Payload]) -> View:
    """The schema of what a verb takes: of a model that has none that could be written, all that is known."""
    try:
        found = model.model_json_schema(schema_generator=_PlainSchema)
        json.dumps(found, allow_nan=False, ensure_ascii=False).encode()  # every program is to read it: half a character is none
    except (PydanticInvalidForJsonSchema, ValueError):
        return {"type": "object", "title": model.__name__}
    return found


def _first_line(thing: Any) -> str:
    """The first line of a docstring; empty where it has none, as in a program that runs with -OO."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]
