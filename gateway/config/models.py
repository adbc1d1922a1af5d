"""What the models of settings have: their keys, and the models of the tables within them."""

from typing import Any, get_args, get_origin

from pydantic import BaseModel

from gateway.actors import Settings
from gateway.config.locator import KeyPath


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a settings model, as the file writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def lists_of(model: type[BaseModel]) -> list[str]:
    """The keys of a model that have a list of tables each."""
    fields = model.model_fields.items()
    return [field.alias or name for name, field in fields if get_origin(field.annotation) in (list, tuple) and models_in(field.annotation)]


def model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The model of the table at `path` within a table of `model`; None where several or none may stand there."""
    named = 0
    for part in path:
        if isinstance(part, int) or named:
            named = max(named - 1, 0)  # the name of one of many tables
            continue
        field = next((f for name, f in model.model_fields.items() if (f.alias or name) == part), None)
        if field is None and issubclass(model, Settings) and model.tables is not None:
            model = model.tables
            continue
        inner = models_in(field.annotation) if field else []
        if len(inner) != 1:
            return None
        model = inner[0]
        named = _names_in(field.annotation) if field else 0
    return model


def _names_in(annotation: Any) -> int:
    """How many names of the user's own lead to a table: one for a table of tables, two where these are of tables themselves."""
    count = 0
    while get_origin(annotation) is dict:
        count, annotation = count + 1, get_args(annotation)[1]
    return count


def tables_of(model: type[BaseModel]) -> str:
    """The key of a model's tables that have names of the user's own, as the rules of alarms have; empty where it has none, or several."""
    found = [field.alias or name for name, field in model.model_fields.items() if get_origin(field.annotation) is dict]
    named = [key for key in found if model_at(model, (key, "x")) is not None]
    return named[0] if len(named) == 1 else ""


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, within unions, lists and tables too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]
