"""Numbers in texts, as devices write them: with a sign apart, a decimal comma, a unit behind."""

import re
from typing import Any

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_POINT = re.compile(r"[-+]?(?:[0-9]{1,32}(?:\.[0-9]{0,32})?|\.[0-9]{1,32})(?:[eE][-+]?[0-9]{1,3})?", re.ASCII)
_SIGNED = ("nan", "inf", "infinity", "ovf")
_NONE = frozenset(("", "null", "none", "undefined", "n/a", "--", "---", *(sign + word for sign in ("", "+", "-") for word in _SIGNED)))
"""What devices write for a value that they cannot tell."""
_INFINITIES = (float("inf"), float("-inf"))


def number_of(text: str, *, decimal_comma: bool = False) -> int | float | None:
    """The number that a text is; None where it is none, or one too large for a double."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if decimal_comma:
        if "." in text:
            return None
        text = text.replace(",", ".", 1)
    if not _POINT.fullmatch(text):
        return None
    number = float(text)
    return None if number in _INFINITIES else number


def says_none(text: str) -> bool:
    """Whether a text, without white space around it, is one of those that devices write for a value which they cannot tell."""
    return text.lower() in _NONE


def scalar_of(text: str, *, decimal_comma: bool = False) -> Any:
    """The number that a text is; None where it says that there is no value; else the text, without white space around it."""
    text = text.strip()
    if says_none(text):
        return None
    number = number_of(text, decimal_comma=decimal_comma)
    return text if number is None else number


def written(value: Any, *, decimal_comma: bool = False) -> str:
    """A value as a device would write it: nothing for None, true and false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.replace(".", ",") if decimal_comma and isinstance(value, float) else text
