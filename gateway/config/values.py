"""Values that TOML has and settings do not: dates and times; and texts that hold what nobody sees.

A date passes through JSON as a text, and so would be a host's name to whoever wants one. Here it stays what it is, but for a setting that
is a date itself.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway.config.document import Document
from gateway.config.locator import KeyPath
from gateway.config.problems import dotted

_DATES = (datetime.date, datetime.time)  # a datetime is a date
_FREE = ("payload",)
"""Tables whose texts are for whoever gets them."""
_SENT = (*_FREE, "ack", "body", "codec", "facts", "framing", "simulate")
"""Keys of texts that are sent as they stand, or looked for in what is heard."""


def as_json(model: type[BaseModel], table: Any) -> str:
    """A table as JSON for its model. A date or a time is a text where the model wants one of these, else something that fits nowhere."""
    dates = [path for path, value in _values(table) if isinstance(value, _DATES)]
    if not dates:
        return json.dumps(table)
    odd = json.dumps(table, default=_as_odd)
    try:
        model.model_validate_json(odd, strict=True)
    except ValidationError as error:
        wanted = {_begin(found["loc"], dates) for found in error.errors(include_url=False) if found["type"].startswith(("date", "time"))}
    else:
        return odd
    return json.dumps(_with_texts(table, wanted), default=_as_odd)


def _as_odd(found: Any) -> Any:
    return [[str(found)]]


def _begin(loc: tuple[str | int, ...], dates: list[KeyPath]) -> KeyPath:
    """The date that an error is about."""
    return next((path for path in dates if loc[: len(path)] == path), ())


def _with_texts(table: Any, wanted: set[KeyPath], path: KeyPath = ()) -> Any:
    if isinstance(table, dict):
        return {name: _with_texts(value, wanted, (*path, name)) for name, value in table.items()}
    if isinstance(table, list):
        return [_with_texts(value, wanted, (*path, number)) for number, value in enumerate(table)]
    return str(table) if path in wanted else table


def add_free_dates(document: Document) -> None:
    """Note each date in a table that takes anything: nobody whom it is sent to has dates. One that is a problem already is left out."""
    noted = {key_path for _, key_path, _ in document.problems}
    for path, value in _values(document.table):
        if isinstance(value, _DATES) and dotted(path) not in noted and any(part in _FREE for part in path):
            document.add(path, f"{value} is a date or a time, which no message can carry; put it in quotes")


def refuse_nul(document: Document, known: Callable[[KeyPath], bool]) -> None:
    """Note each text with a NUL in it, in the sections of which it is `known` what their texts are: the system ends a name there, and takes
    no such path. Only what is sent as it stands may have one. The reading goes on without it."""
    for path, value in list(_values(document.table)):
        if isinstance(value, str) and "\0" in value and known(path) and not any(part in _SENT for part in path):
            plain = value.replace("\0", "")
            document.add(path, f"a NUL (\\u0000) stands in this text, and no path or name can have one; write {json.dumps(plain)}")
            document.replace(path, plain)


def clean_texts(document: Document) -> None:
    """Note each character that nobody sees, or a curly quote around a text, in names and in values that are names; go on without it."""
    for path, value in list(_values(document.table)):
        if isinstance(value, str) and not value.isascii() and not any(part in _FREE for part in path):
            _clean_text(document, path, value)


def _clean_text(document: Document, path: KeyPath, value: str) -> None:
    from gateway.config.syntax import QUOTES, invisible, visible  # noqa: PLC0415  # most files need none of it

    plain = visible(value.strip(QUOTES))
    if plain == value or not plain.isascii() or " " in plain:
        return  # nothing is wrong, or it is a text for people
    wrong = next(character for character in value if not character.isascii())
    what = f"a quote ({wrong})" if wrong in QUOTES else invisible(wrong)
    document.add(path, f"{what} stands in this text; write {json.dumps(plain)}")
    document.replace(path, plain)


def _values(found: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Each value that is no table or list, with its path."""
    if isinstance(found, dict):
        for name, value in found.items():
            yield from _values(value, (*path, name))
    elif isinstance(found, list):
        for number, value in enumerate(found):
            yield from _values(value, (*path, number))
    else:
        yield path, found
