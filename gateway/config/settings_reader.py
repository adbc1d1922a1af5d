"""One section of the file → its settings model, and each thing that is wrong with it → a problem.

Reading is strict: "9600" is no number and 1 is no boolean. It goes through JSON, because pydantic's strict mode takes
text for a path or an enum, and a list for a tuple, from JSON only.
"""

import json
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.actors import Settings
from gateway.actors.did_you_mean import did_you_mean
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.sentences import sentence

T = TypeVar("T", bound=Settings)

_SECRETS = ("password", "passwd", "passphrase", "secret", "token", "api_key")


def read_settings(document: Document, key_path: KeyPath, model: type[T], *, more: Mapping[str, Any] | None = None) -> T | None:
    """Read the settings at `key_path` (defaults where the file has no such table), and `more` that are set from elsewhere.

    None when the document got problems instead.
    """
    table = document.value(key_path)
    if table is None:
        table = {}
    if more and isinstance(table, dict):
        table = {**table, **more}
    try:
        return model.model_validate_json(json.dumps(table, default=str), strict=True)
    except ValidationError as error:
        _add_problems(document, key_path, model, error.errors(include_url=False))
        return None


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a settings model, as the file writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _add_problems(document: Document, section: KeyPath, model: type[BaseModel], errors: list[ErrorDetails]) -> None:
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(section + _in_file(document, section, error), []).append(error)
    for path, found in by_path.items():
        if any(len(other) > len(path) and other[: len(path)] == path for other in by_path):
            continue  # true or a table: it is a table, and what is wrong stands within it
        if found[0]["type"] == "extra_forbidden":
            document.add(path, _unknown(str(path[-1]), model_at(model, path[len(section) : -1])))
        else:
            document.add(path, _without_secret(path, found, document.value(path)))


def _in_file(document: Document, section: KeyPath, error: ErrorDetails) -> KeyPath:
    """The path of an error without what pydantic adds and no file has: names of the members of a union, `[key]`."""
    path: KeyPath = ()
    for part in error["loc"]:
        if document.value((*section, *path, part)) is not None:
            path = (*path, part)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else path


def _unknown(name: str, model: type[BaseModel] | None) -> str:
    known = keys_of(model) if model else []
    if name.lower().endswith(_SECRETS):
        file_key = f"{name}_file" if f"{name}_file" in known else next((key for key in known if key.endswith("_file")), "")
        return f"a secret does not belong in this file; use {file_key or 'a file that only the gateway may read'}"
    return f"no such key; {did_you_mean(name, known)}"


def _without_secret(path: KeyPath, errors: list[ErrorDetails], seen: Any) -> str:
    """The sentence of an error, without the value where the key is a secret's name: the value may be the secret."""
    secret = any(word in str(path[-1]).lower() for word in _SECRETS) if path else False
    return sentence(errors, "***" if secret else seen)


def model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """The model of the table at `path` within a table of `model`; None where several or none may stand there."""
    named = False
    for part in path:
        if isinstance(part, int) or named:
            named = False  # the name of one of many tables
            continue
        field = next((f for name, f in model.model_fields.items() if (f.alias or name) == part), None)
        inner = models_in(field.annotation) if field else []
        if len(inner) != 1:
            return None
        model = inner[0]
        named = field is not None and get_origin(field.annotation) is dict
    return model


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, within unions, lists and tables too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]
