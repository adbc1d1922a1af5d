"""Words: what an error or a name says, so that any log, store and wire can take it, and saying it cannot fail."""

from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import ANYTHING

_AT_MOST = 1000
_DIGITS = 4000
_FIELDS = 8
_NAME = 100


_PHRASES = {
    "missing": "missing",
    "bool_type": "expected true or false",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "string_type": "expected text",
    "string_unicode": "expected text, and this holds half a character (a lone surrogate)",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "set_type": "expected a list",
    "frozen_set_type": "expected a list",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected {ge} or more",
    "less_than": "expected less than {lt}",
    "less_than_equal": "expected {le} or less",
    "string_too_short": "expected {min_length} or more characters",
    "string_too_long": "expected {max_length} or fewer characters",
    "string_pattern_mismatch": "expected what matches {pattern}",
    "too_short": "expected {min_length} or more",
    "too_long": "expected {max_length} or fewer",
}
"""pydantic's types of errors in words for people; the values in braces are those of its context."""
_JSON = {
    "expected ident": "text stands in double quotes; true, false and null are lower case",
    "expected value": "there is no value; text stands in double quotes",
    "EOF while parsing a value": "it ends before its value",
    "EOF while parsing an object": "it ends before its }",
    "EOF while parsing a list": "it ends before its ]",
    "EOF while parsing a string": "it ends within a text",
    "trailing characters": "something follows behind it",
    "trailing comma": "nothing follows the last comma",
    "key must be a string": "a name stands in double quotes",
}
"""What the JSON parser says most, in words for people."""


def printable(text: str) -> str:
    """Escape what is no Unicode in a text (a file name, say), so that any store and any wire takes the text."""
    return text.encode(errors="backslashreplace").decode()


def several(count: int, one: str, many: str = "") -> str:
    """So many of a thing: `1 dead letter`, `3 dead letters`; with its verb where `many` is given: `1 actor is`, `3 actors are`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def in_a_line(error: BaseException) -> str:
    """What an error says, in one line: pydantic writes a paragraph, and an error of a user's own may fail to say anything."""
    try:
        text = said(error) if isinstance(error, ValidationError) else str(error)
    except ANYTHING as inner:  # its __str__ is anybody's code
        text = f"(what it says cannot be shown: its __str__ raises {type(inner).__name__})"
    return printable(" ".join(text.split())[:_AT_MOST])


def described(error: BaseException) -> str:
    """An error as `ValueError: no such shelf`."""
    return f"{type(error).__name__}: {in_a_line(error)}"


def said(error: ValidationError, fields: Iterable[str] = ()) -> str:
    """What a pydantic error says, in one line that names the first fields and what is wrong with each, and how many more there are.

    `fields` are those that there are, which the first one is told that there is not.
    """
    found = error.errors(include_url=False, include_input=False)
    unknown = next((one for one in found if one["type"] == "extra_forbidden" and len(one["loc"]) == 1), None)
    words = [
        f"{'.'.join(map(str, one['loc']))[:_NAME] or 'payload'}: {_in_words(one, fields if one is unknown else ())}"
        for one in found[:_FIELDS]
    ]
    return "; ".join([*words, f"and {len(found) - _FIELDS} more"] if len(found) > _FIELDS else words)


def _in_words(fault: ErrorDetails, fields: Iterable[str]) -> str:
    """What is wrong with one field, as people say it; in pydantic's words where it says something rare."""
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        known = list(fields)
        return f"no such field; {did_you_mean(str(fault['loc'][-1]), known)}" if known else "no such field"
    if kind in ("value_error", "assertion_error"):
        return str(context["error"])
    if kind == "json_invalid":
        return _no_json(str(context["error"]))
    if kind in ("greater_than_equal", "less_than_equal") and len(fault["msg"]) > _DIGITS:  # it would be written with all its digits
        return f"expected an integer of at most {_DIGITS:,} digits"
    phrase = _PHRASES.get(kind)
    if phrase is None:
        return fault["msg"]
    return phrase.format_map({name: f"{value:g}" if isinstance(value, float) else value for name, value in context.items()})


def _no_json(said: str) -> str:
    """What a JSON parser says, with its place, and what was meant."""
    fact, at, place = said.rpartition(" at line ")
    where = f" at line {place.replace(' column', ', column')}" if at else ""
    return f"no JSON{where}: {_JSON.get(fact, fact or said)}"
