"""The JSON schema of the whole file, for editors that complete and check TOML (taplo, VS Code's Even Better TOML).

It is made from the settings models of every installed kind; descriptions come from the docstrings under the fields.
Source: JSON Schema 2020-12.
"""

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from gateway.actors import Settings
from gateway.config.models import models_in
from gateway.config.sections import GatewaySettings, RuntimeSettings, StoreSettings
from gateway.registry import SECTIONS, Registry, installed, is_offered


def json_schema(*, registry: Registry | None = None) -> dict[str, Any]:
    """Make the schema, with every installed kind or those of `registry`. Raises BadDefinition where a kind cannot be imported."""
    kinds = registry or installed()
    devices = {name: kinds.host_bound.load(name).settings_model for name in kinds.host_bound.names}
    actors = {name: kinds.ordinary.load(name).settings_model for name in kinds.ordinary.names if is_offered(name)}
    own: dict[str, type[Settings]] = {"gateway": GatewaySettings, "store": StoreSettings, "runtime": RuntimeSettings}
    refs, definitions = _definitions([*devices.values(), *actors.values(), *own.values()])
    properties = {name: refs[model] for name, model in own.items()}
    properties |= {name: refs[model] for name, model in actors.items() if name in SECTIONS}
    by_kind = {name: refs[model] for name, model in actors.items() if name not in SECTIONS}
    properties["actors"] = _table(by_kind, "Settings of ordinary actors, by kind.")
    sole = [name for name in devices if kinds.host_bound.load(name).sole_key]
    properties |= {name: refs[model] if name in sole else _named(name, refs[model]) for name, model in devices.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of the device gateway",
        **_table(properties, "The gateway's own sections, and one [kind.name] for each device."),
        "$defs": definitions,
    }


def _table(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": False}


def _named(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The sections of one kind of device: any well-formed name, each with the kind's settings."""
    return {
        "type": "object",
        "description": f"Devices of kind {kind}: [{kind}.NAME]",
        "propertyNames": {"pattern": "^[A-Za-z0-9._~:@=,-]{1,128}$"},
        "additionalProperties": settings,
    }


def _definitions(models: list[type[Settings]]) -> tuple[dict[type[Settings], Any], dict[str, Any]]:
    """A reference for each model, and the definitions that the references point to, with descriptions."""
    unique = list(dict.fromkeys(models))
    refs, top = models_json_schema([(model, "validation") for model in unique])
    definitions = top.get("$defs", {})
    for model in unique:
        _describe(model, definitions[refs[model, "validation"]["$ref"].rsplit("/", 1)[-1]])
        for inner in _within(model):
            _describe(inner, definitions.get(inner.__name__, {}))
    return {model: refs[model, "validation"] for model in unique}, definitions


def _within(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The models that stand in tables within tables of `model`."""
    inner = [found for field in model.model_fields.values() for found in models_in(field.annotation)]
    return [*inner, *(deeper for found in inner for deeper in _within(found))]


def _describe(model: type[BaseModel], definition: dict[str, Any]) -> None:
    for name, text in field_docstrings(model).items():
        alias = model.model_fields[name].alias if name in model.model_fields else None
        field = definition.get("properties", {}).get(alias or name)
        if field is not None:
            field.setdefault("description", text)


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a model and its parents, on one line; empty where the source is not at hand.

    (pydantic's own use_attribute_docstrings parses every module at import, which the daemon would pay for.)
    """
    found: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        if issubclass(parent, BaseModel) and parent is not BaseModel:
            found |= _docstrings_in(parent)
    return found


def _docstrings_in(model: type) -> dict[str, str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    except (OSError, TypeError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    return {
        field.target.id: " ".join(after.value.value.split())
        for field, after in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str)
    }
