"""One section of the file → its settings model, and each thing that is wrong with it → a problem.

Reading is strict: "9600" is no number and 1 is no boolean. It goes through JSON, because pydantic's strict mode takes
text for a path or an enum, and a list for a tuple, from JSON only.
"""

import copy
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.actors import Settings
from gateway.actors.errors import ANYTHING
from gateway.actors.payloads import LONGEST_S
from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.models import keys_of, model_at
from gateway.config.problems import SHOWN_AT_MOST
from gateway.config.values import as_json

T = TypeVar("T", bound=Settings)

_SAID = ("value_error", "assertion_error")
"""Types of errors that a validator says in words of its own."""
_CARRIED = ("payload", "fields", "body")
"""Keys of tables that go into messages as they are."""
_ROUNDS = 20
"""How often a section is read once more without what was found to be broken."""


class ReadSettings(NamedTuple, Generic[T]):
    """The settings of one section, and whether they are whole; where not, they hold broken values in the place of the file's mistakes."""

    settings: T | None
    """None where the section is no table, or nothing can be made of it."""
    whole: bool


def read_settings(document: Document, key_path: KeyPath, model: type[T], *, more: Mapping[str, Any] | None = None) -> ReadSettings[T]:
    """Read the settings at `key_path` (defaults where the file has no such table), and `more` that are set from elsewhere.

    Each mistake becomes a problem of the document.
    """
    table = document.value(key_path)
    if table is None:
        table = {}
    if more and isinstance(table, dict):
        table = {**table, **more}
    try:
        settings = model.model_validate_json(as_json(model, table), strict=True)
        return ReadSettings(settings, whole=not _adds_centuries(document, key_path, table))
    except ValidationError as error:
        errors = error.errors(include_url=False)
    _add_problems(document, key_path, model, errors)
    return ReadSettings(_what_holds(document, key_path, model, table, errors) if isinstance(table, dict) else None, whole=False)


def _adds_centuries(document: Document, key_path: KeyPath, table: Mapping[str, Any]) -> bool:
    """Note each number of seconds in a table, and in the tables and lists within it, that is more than a century: nothing can be put off
    for so long. Return whether there are any. What a message carries may be any number."""
    found = False
    for key, value in table.items():
        if isinstance(value, dict) and key not in _CARRIED:
            found |= _adds_centuries(document, (*key_path, key), value)
        elif isinstance(value, list):
            for at, inner in enumerate(value):
                found |= isinstance(inner, dict) and _adds_centuries(document, (*key_path, key, at), inner)
        elif key.endswith("_s") and isinstance(value, int | float) and value > LONGEST_S:
            document.add((*key_path, key), f"{value:g} seconds are more than a century; write {LONGEST_S:.0f} or less")
            found = True
    return found


def check_fields(document: Document, key_path: KeyPath, model: type[BaseModel], fields: Mapping[str, Any]) -> None:
    """Note what is wrong with the fields of the table at `key_path`, by a model that others read them with. What a field says of itself
    stands at the field."""
    try:
        model.model_validate_json(json.dumps(fields, default=str), strict=True)
    except ValidationError as error:
        _add_problems(document, key_path, model, error.errors(include_url=False))


def _what_holds(document: Document, section: KeyPath, model: type[T], table: dict[str, Any], errors: list[ErrorDetails]) -> T | None:
    """The settings without what is broken, and a problem for each mistake that comes to light then."""
    from gateway.config.holding import MARK, holding, is_about_broken  # noqa: PLC0415  # only for a file with mistakes

    known: set[str] = set()
    table = copy.deepcopy(table)
    for _ in range(_ROUNDS):
        for error in errors:
            known |= {str(error["ctx"]["error"])} if error["type"] in _SAID else set()
            for path, _ in _places(section, document, model, error):
                _break(table, path[len(section) :], MARK, error["type"])
        for path in _misspelt(document, section, model, errors):
            _break(table, path[len(section) :], MARK, "missing")
        try:
            return holding(model, json.dumps(table, default=str), known)
        except ValidationError as error:
            before = {(one["loc"], one["msg"]) for one in errors}
            found = error.errors(include_url=False)
            errors = [one for one in found if not is_about_broken(one) and (one["loc"], one["msg"]) not in before]
        except ANYTHING:  # validators may be a user's code: then there is no more to be said of this section
            return None
        if not errors:
            return None
        _add_problems(document, section, model, errors)
    return None


def _break(table: Any, path: KeyPath, mark: str, error_type: str) -> None:
    """Put the mark in the place of a broken value, or take out an unknown key. A table or a list stays where it is only wrong as a whole:
    that is no fault of each thing in it."""
    *above, last = path or [""]
    for part in above:
        table = _child(table, part)
    there = _child(table, last)
    if error_type in _SAID and isinstance(there, dict | list):
        return
    if isinstance(table, dict) and path:
        table.pop(last, None) if error_type == "extra_forbidden" else table.update({last: mark})
    elif there is not None:
        table[last] = mark


def _child(table: Any, part: str | int) -> Any:
    """What stands at a key of a table or at a place of a list; None where nothing does."""
    if isinstance(table, dict):
        return table.get(part)
    return table[part] if isinstance(table, list) and isinstance(part, int) and part < len(table) else None


def _add_problems(document: Document, section: KeyPath, model: type[BaseModel], errors: list[ErrorDetails]) -> None:
    from gateway.config import slips  # noqa: PLC0415  # only for a file with mistakes

    by_path: dict[KeyPath, list[tuple[ErrorDetails, str]]] = {}
    for error in errors:
        for path, text in _places(section, document, model, error):
            by_path.setdefault(path, []).append((error, text))
    above = {path[:length] for path in by_path for length in range(len(path))}
    misspelt = _misspelt(document, section, model, errors) if any(error["type"] == "missing" for error in errors) else ()
    for path, found in by_path.items():
        if path in above and found[0][0]["type"] not in _SAID:
            continue  # true or a table: it is a table, and what is wrong stands within it
        if path in misspelt:
            continue  # it is there, with a slip in its name
        if found[0][0]["type"] == "extra_forbidden":
            document.add(path, partial(slips.unknown_key, path, len(section), model, document.value(path)))
        elif found[0][0]["type"] in _SAID:
            for text in dict.fromkeys(text for _, text in found if text):
                document.add(path, text)
        else:
            text = slips.brackets(path, found[0][0]["type"], model_at(model, path[len(section) :]), document.value(path))
            text = text or slips.from_above(path, len(section), model, misplaced=slips.is_named(model, path[len(section) :]))
            document.add(path, text or slips.without_secret(path, [error for error, _ in found], document.value(path)))


def _places(section: KeyPath, document: Document, model: type[BaseModel], error: ErrorDetails) -> list[tuple[KeyPath, str]]:
    """Where an error stands in the file, with its text where a validator said it: each line of that is an error of its own, and stands at
    the key, or the dotted path, that it begins with."""
    path = section + _in_file(document, section, error)
    if error["type"] not in _SAID:
        return [(path, "")]
    lines = str(error["ctx"]["error"]).split("\n")
    found = [_begins_with_key(line, model_at(model, path[len(section) :])) for line in lines]
    return [((*path, *inner), text) for inner, text in found]


def _begins_with_key(line: str, model: type[BaseModel] | None) -> tuple[KeyPath, str]:
    """The path that a validator's sentence begins with, and the sentence behind it: `at: cannot read ...`, `jobs.1.name: ...`."""
    begin, colon, text = line.partition(": ")
    parts = tuple(int(part) if part.isdigit() else part for part in begin.split("."))
    if colon and model is not None and parts[0] in keys_of(model):
        return parts, text
    return (), line


def _in_file(document: Document, section: KeyPath, error: ErrorDetails) -> KeyPath:
    """The path of an error without what pydantic adds and no file has: names of the members of a union, `[key]`."""
    path: KeyPath = ()
    for part in error["loc"]:
        if document.value((*section, *path, part)) is not None:
            path = (*path, part)
    return (*path, error["loc"][-1]) if error["type"] == "missing" else path


def _misspelt(document: Document, section: KeyPath, model: type[BaseModel], errors: list[ErrorDetails]) -> set[KeyPath]:
    """The keys that the file does not have, and that unknown ones in it were meant to be. Among problems without number none is looked for:
    that takes time."""
    from gateway.config.slips import key_meant  # noqa: PLC0415  # as above

    if max(len(errors), len(document.problems)) > SHOWN_AT_MOST:
        return set()
    unknown = [section + _in_file(document, section, error) for error in errors if error["type"] == "extra_forbidden"]
    found = {(*path[:-1], key_meant(path, model_at(model, path[len(section) : -1]))) for path in unknown}
    return {path for path in found if path[-1] and document.value(path) is None}
