"""pydantic's errors in sentences for people: what was seen; what to do.

Source: pydantic 2, "Validation Errors" (the list of error types and their context).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from gateway.actors.did_you_mean import name_meant

_EXPECTED = {
    "bool_type": ("true or false", "write true or false without quotes"),
    "int_type": ("a whole number", "write digits without quotes"),
    "int_from_float": ("a whole number", "leave the fraction out"),
    "float_type": ("a number", "write digits without quotes"),
    "finite_number": ("a number", "write one that is finite"),
    "string_type": ("text", "put it in quotes"),
    "path_type": ("a path", "put it in quotes"),
    "list_type": ("a list", "put it in [ ]"),
    "tuple_type": ("a list", "put it in [ ]"),
    "set_type": ("a list", "put it in [ ]"),
    "frozen_set_type": ("a list", "put it in [ ]"),
    "dict_type": ("a table", "write key = value lines under a [header], or { key = value }"),
    "model_type": ("a table", "write key = value lines under a [header], or { key = value }"),
    "model_attributes_type": ("a table", "write key = value lines under a [header], or { key = value }"),
}
_NUMBERS = ("int_type", "float_type")
_BOUNDS = {
    "greater_than": ("too small", "write more than {gt}"),
    "greater_than_equal": ("too small", "write {ge} or more"),
    "less_than": ("too large", "write less than {lt}"),
    "less_than_equal": ("too large", "write {le} or less"),
    "multiple_of": ("no multiple of {multiple_of}", "write one that is"),
    "string_too_short": ("too short", "write {min_length} or more characters"),
    "string_too_long": ("too long", "write {max_length} or fewer characters"),
    "string_pattern_mismatch": ("not of the form wanted", "it must match {pattern}"),
    "too_short": ("too short", "give {min_length} or more"),
    "too_long": ("too long", "give {max_length} or fewer"),
}


def sentence(errors: Sequence[ErrorDetails], seen: Any, *, key: str = "") -> str:
    """One sentence for the errors at one key; there are several where a value may be of several types and fits none of them."""
    wanted = expected(errors)
    if wanted:
        return f"expected {wanted}, saw {shown(seen)}; {_advice(errors, seen, key)}"
    error = next(error for error in errors if error["type"] not in _EXPECTED)
    kind, context = error["type"], error.get("ctx", {})
    if kind in _BOUNDS:
        fact, advice = _BOUNDS[kind]
        return f"{shown(seen)} is {fact.format_map(_Plain(context))}; {advice.format_map(_Plain(context))}"
    if kind in ("literal_error", "enum"):
        if isinstance(seen, str) and (meant := name_meant(seen, re.findall(r"'([^']*)'", context["expected"]))):
            return f"{shown(seen)} is not one of the choices; did you mean '{meant}'?"
        quoted = "" if isinstance(seen, str) or "'" not in context["expected"] else ", with the quotes"
        return f"{shown(seen)} is not one of the choices; write {context['expected']}{quoted}"
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    if kind == "missing":
        return "missing; it has no default, so add it"
    said = error["msg"]
    return f"{said[:1].lower()}{said[1:]}, saw {shown(seen)}; mend it"


def _advice(errors: Sequence[ErrorDetails], seen: Any, key: str) -> str:
    """What to write: the number that a text means, or how such a value looks."""
    from gateway.config.meant import number_meant  # noqa: PLC0415  # only where somebody wrote no number

    kind = errors[0]["type"]
    if kind == "int_type" and isinstance(seen, float) and seen.is_integer():
        return f"write {seen:.0f}"
    number = number_meant(seen, key) if kind in _NUMBERS and isinstance(seen, str) else ""
    if number and number != seen:
        return f"write {number} without quotes"
    if kind in ("string_type", "path_type") and isinstance(seen, list | Mapping):
        return "write one text in quotes"
    if kind in _NUMBERS and isinstance(seen, list) and len(seen) == 1 and isinstance(seen[0], int | float):
        return f"write {seen[0]}, without brackets"
    return _EXPECTED[kind][1]


def expected(errors: Sequence[ErrorDetails]) -> str:
    """What a value should have been, where only its type is wrong: `a number or text`; empty where more is wrong with it."""
    types = [_EXPECTED[error["type"]][0] for error in errors if error["type"] in _EXPECTED]
    return " or ".join(dict.fromkeys(types)) if len(types) == len(errors) else ""


def shown(value: Any, *, at_most: int = 60) -> str:
    """A value as it stands in TOML, cut where it is long."""
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, Mapping):
        return "a table"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else str(value)
    return text if len(text) <= at_most else f"{text[: at_most - 3]}..."


class _Plain(dict[str, Any]):
    """A context for error texts, whose numbers print as people write them: 0, not 0.0."""

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        return f"{value:g}" if isinstance(value, float) else value
