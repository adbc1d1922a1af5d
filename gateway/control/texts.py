"""Payloads that people type: name=value words, read by the model of the verb.

The command line reads a value as JSON where it is JSON; so `text=42` comes as a number, whatever the verb wants. Here the number gives
way to the text that was typed, wherever the model takes the text and not the number: in unions, in lists and in tables too. What fits
neither way is said in words for people, with what to write instead.
"""

import copy
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import BadPayload
from gateway.actors.models import Payload
from gateway.actors.payloads import read_payload
from gateway.config.meant import number_meant
from gateway.config.models import keys_of, model_at
from gateway.config.sentences import expected, sentence, shown

Path = tuple[str | int, ...]
_LITERALS = {True: "true", False: "false", None: "null"}
_SAID_AT_MOST = 8
_TYPED_AT_MOST = 65_536
"""Characters of words that are looked at again: nobody types more, and each value takes its time."""
_YES = ("on", "yes", "y", "true", "1")
_NO = ("off", "no", "n", "false", "0")


def read_typed(model: type[Payload], payload: dict[str, Any] | None, texts: Mapping[str, str], *, where: str) -> Payload:
    """Read the payload of a verb. `texts` has the text of each name=value word, by its name (dots go deeper); JSON comes without.

    Raises BadPayload that names each field, and what to write.
    """
    try:
        return read_payload(model, payload, where=where)
    except BadPayload:
        if payload is None:
            raise
        short = sum(map(len, texts.values())) <= _TYPED_AT_MOST
        meant = _as_typed(model, payload, _Texts(texts)) if texts and short else payload
        errors = _errors(model, meant)
        if errors:
            raise BadPayload(f"cannot read the payload of {where}: {_said(model, meant, errors, texts)}") from None
        return read_payload(model, meant, where=where)


class _Texts:
    """What was typed for each value of a payload."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words: dict[Path, str] = {tuple(name.split(".")): text for name, text in words.items()}
        self._parsed: dict[Path, Any] = {}

    def at(self, path: Path) -> str | None:
        """The text that was typed for the value at a path, of a word or within the JSON of one; None where that is not known."""
        if path in self._words:
            return self._words[path]
        word = next((path[:length] for length in range(len(path)) if path[:length] in self._words), None)
        if word is None:
            return None
        if word not in self._parsed:
            self._parsed[word] = json.loads(self._words[word], parse_int=str, parse_float=str, parse_constant=str)
        found = _value(self._parsed[word], path[len(word) :])
        return found if isinstance(found, str) else _LITERALS.get(found) if isinstance(found, (bool, type(None))) else None


def _as_typed(model: type[Payload], payload: dict[str, Any], texts: _Texts) -> dict[str, Any]:
    """The payload with the typed texts in place of values that the model does not take, where it takes the text: single values first, so
    that a list of texts stays one."""
    for whole in (False, True):
        payload = _with_texts(model, payload, texts, whole=whole)
    return payload


def _with_texts(model: type[Payload], payload: dict[str, Any], texts: _Texts, *, whole: bool) -> dict[str, Any]:
    """The payload with texts in place of single values, or of `whole` lists and tables. One that does not fit either is left as it was,
    unless it should have been a text: then that is what is wrong with it."""
    typed: dict[Path, str] = {}
    wanted = set()
    for error in _errors(model, payload):
        path = _place(payload, error["loc"])
        value = _value(payload, path)
        if not isinstance(value, str) and isinstance(value, (list, dict)) is whole and error["type"] not in ("missing", "extra_forbidden"):
            text = texts.at(path)
            typed |= {} if text is None else {path: text}
            wanted |= {path} if error["type"] == "string_type" else set()
    if not typed:
        return payload
    tried = _with(payload, typed)
    refused = {_place(tried, error["loc"]) for error in _errors(model, tried)} - wanted
    return _with(payload, {path: text for path, text in typed.items() if path not in refused})


def _errors(model: type[Payload], payload: dict[str, Any]) -> list[ErrorDetails]:
    try:
        model.model_validate_json(json.dumps(payload), strict=True)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


def _place(payload: Any, loc: Sequence[str | int]) -> Path:
    """The path of an error without what pydantic adds and no payload has: names of the members of a union, `[key]`."""
    path: Path = ()
    found = payload
    for part in loc:
        inner = _value(found, (part,))
        if inner is not _NONE:
            path, found = (*path, part), inner
    return path


class _Nothing:
    """Stands where there is no value, since None is a value."""


_NONE = _Nothing()


def _value(found: Any, path: Path) -> Any:
    """The value at a path of a payload; _NONE where there is none."""
    for part in path:
        if isinstance(found, dict):
            found = found.get(part, _NONE)
        elif isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
        else:
            return _NONE
    return found


def _with(payload: dict[str, Any], texts: Mapping[Path, str]) -> dict[str, Any]:
    changed = copy.deepcopy(payload) if texts else payload
    for path, text in texts.items():
        _value(changed, path[:-1])[path[-1]] = text
    return changed


# --- what is wrong, in words


def _said(model: type[Payload], payload: dict[str, Any], errors: Sequence[ErrorDetails], texts: Mapping[str, str]) -> str:
    by_place: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        place = _place(payload, error["loc"])
        by_place.setdefault((*place, error["loc"][-1]) if error["type"] == "missing" else place, []).append(error)
    said = [_fault(model, payload, path, found, texts) for path, found in list(by_place.items())[:_SAID_AT_MOST]]
    return "; ".join([*said, f"and {len(by_place) - len(said)} more"] if len(by_place) > len(said) else said)


def _fault(model: type[Payload], payload: dict[str, Any], path: Path, errors: Sequence[ErrorDetails], texts: Mapping[str, str]) -> str:
    name = ".".join(map(str, path))
    kind = errors[0]["type"]
    if kind == "missing":
        return f"{name}: missing; add {name}=VALUE" if texts else f"{name}: missing; add it"
    if kind == "extra_forbidden":
        inner = model_at(model, path[:-1])
        return f"{name}: no such field; {did_you_mean(str(path[-1]), keys_of(inner) if inner else [])}"
    seen, wanted = _value(payload, path), expected(errors)
    if not (wanted and path):
        return f"{name or 'payload'}: {sentence(errors, seen)}"
    typed = texts.get(name)
    begins = f"{name}=" if typed is not None else ""
    advice = " or ".join(f"{begins}{example}" for example in _examples(kind, seen if typed is None else typed, name))
    return f"{name}: expected {wanted}, saw {shown(seen) if typed is None else typed}; write {advice}"


def _examples(kind: str, seen: Any, name: str) -> list[str]:
    """What to write for an error of a `kind`: what was meant, where that can be told, else how such a value looks."""
    word = str(seen).strip().strip("\"'")
    if kind == "bool_type":
        return ["true"] if word.lower() in _YES else ["false"] if word.lower() in _NO else ["true", "false"]
    if kind in ("int_type", "int_from_float", "float_type", "finite_number"):
        return [_number(word, name, whole=kind.startswith("int"))]
    if kind in ("list_type", "tuple_type", "set_type", "frozen_set_type"):
        return [f"'{json.dumps([seen], ensure_ascii=False)}'"]
    if kind in ("string_type", "path_type"):
        return [json.dumps(seen if isinstance(seen, str) else json.dumps(seen), ensure_ascii=False)]
    return ["""'{"NAME": VALUE}'"""]


def _number(word: str, name: str, *, whole: bool) -> str:
    try:
        found = float(number_meant(word, name))
        return str(round(found)) if whole else f"{found:g}" if math.isfinite(found) else "1.5"
    except (ValueError, OverflowError):
        return "1" if whole else "1.5"
