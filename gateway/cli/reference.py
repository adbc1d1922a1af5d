"""`gateway kinds --markdown`: the reference, made from the classes. `config/guide/reference.md` is what it prints for the kinds in the box.

It reads the classes, so no gateway has to run.
"""

import inspect
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.cli.kinds import Kind, default_of, example, limits_of, outside_verbs, place_of, unit_of, word_of
from gateway.config.models import models_in
from gateway.config.schema import field_docstrings
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import Registry, is_offered

_OWN: tuple[tuple[str, type[BaseModel]], ...] = (("gateway", GatewaySettings), ("store", StoreSettings), ("runtime", RuntimeSettings))

_HEAD = """# Reference

Every section and key of the configuration, and every verb of every kind that comes in the box. This page is made from the classes by
`gateway kinds --markdown`; `gateway kinds KIND` shows one kind on the screen, actors of your own among them, and
[gateway.toml](../gateway.toml) has each key with its default, to be copied. A verb is told over MQTT at `PREFIX/tell/KIND/NAME/VERB` with
its fields as JSON, or by the command that stands with it."""


def reference(registry: Registry) -> str:
    """The whole reference, as markdown. Raises BadDefinition where a kind cannot be imported."""
    return "\n".join(_Reference().lines(registry)).rstrip()


class _Reference:
    """One making of the page. What a table has in it stands where it comes first; those that come later name that place."""

    def __init__(self) -> None:
        self._places: dict[type[BaseModel], str] = {}

    def lines(self, registry: Registry) -> Iterator[str]:
        yield _HEAD
        yield from ("", "## The gateway itself", "")
        for name, model in _OWN:
            yield from (f"### `[{name}]`", "", *self._keys(model, f"`[{name}]`"), "")
        yield from ("## Devices", "", "Each has a section `[KIND.NAME]`, and its actor is `KIND/NAME`.", "")
        for name in filter(is_offered, registry.host_bound.names):
            yield from self._kind(registry.host_bound.load(name))
        yield from ("## Actors", "", "They exist once somebody writes to them. Their settings are for all of a kind.", "")
        for name in filter(is_offered, registry.ordinary.names):
            yield from self._kind(registry.ordinary.load(name))

    def _kind(self, kind: Kind) -> Iterator[str]:
        """One kind: what it is, its keys, its verbs."""
        yield from (f"### {kind.kind}", "", _prose(kind), "")
        if kind.settings_model.model_fields:
            place = f"`{place_of(kind)}`"
            yield from (f"Keys of {place}:", "", *self._keys(kind.settings_model, place), "")
        for row in outside_verbs(kind):
            yield from (f"**`{row.name}`** {_prose(getattr(kind, row.name))}".rstrip(), "")
            if row.payload.model_fields:
                yield from (*self._keys(row.payload, f"`{row.name}` of {kind.kind}"), "")
            yield from ("```sh", example(kind, row), "```", "")

    def _keys(self, model: type[BaseModel], place: str) -> Iterator[str]:
        """A row for each field of a model; those of a table within it by their dotted names."""
        yield from ("| key | takes | |", "| --- | --- | --- |", *self._rows(model, "", place))

    def _rows(self, model: type[BaseModel], before: str, place: str) -> Iterator[str]:
        said = field_docstrings(model)
        for name, field in model.model_fields.items():
            key = before + (field.alias or name)
            inner = models_in(field.annotation)
            known = ", ".join(f"as in {self._places[one]}" for one in inner if one in self._places)
            facts = [word_of(field.annotation), known, unit_of(name), limits_of(field), "needed" if field.is_required() else ""]
            taken = ", ".join(filter(None, facts)) + default_of(field)
            yield f"| `{key}` | {_in_a_cell(taken)} | {_in_a_cell(said.get(name, ''))} |"
            for one in inner:
                if one not in self._places:
                    self._places[one] = f"`{key}` of {place}"
                    yield from self._rows(one, f"{key}.{_each(field.annotation)}", place)


def _each(annotation: Any) -> str:
    """What stands in a dotted name for one of several."""
    kinds = {get_origin(one) for one in (annotation, *get_args(annotation))}
    return "NAME." if dict in kinds else "0." if {list, tuple} & kinds else ""


def _prose(what: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(what) or "").partition("\n\n")[0].split())


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|")
