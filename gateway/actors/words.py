"""Words: what an error or a name says, so that any log, store and wire can take it, and saying it cannot fail."""

from pydantic import ValidationError

_AT_MOST = 1000
_DIGITS = 4000
_FIELDS = 8
_NAME = 100


def printable(text: str) -> str:
    """Escape what is no Unicode in a text (a file name, say), so that any store and any wire takes the text."""
    return text.encode(errors="backslashreplace").decode()


def in_a_line(error: BaseException) -> str:
    """What an error says, in one line: pydantic writes a paragraph, and an error of a user's own may fail to say anything."""
    try:
        text = said(error) if isinstance(error, ValidationError) else str(error)
    except Exception as inner:  # noqa: BLE001  # its __str__ is anybody's code
        text = f"(what it says cannot be shown: its __str__ raises {type(inner).__name__})"
    return printable(" ".join(text.split())[:_AT_MOST])


def described(error: BaseException) -> str:
    """An error as `ValueError: no such shelf`."""
    return f"{type(error).__name__}: {in_a_line(error)}"


def said(error: ValidationError) -> str:
    """What a pydantic error says, in one line that names the first fields and what is wrong with each, and how many more there are."""
    found = error.errors(include_url=False, include_input=False)
    words = [f"{'.'.join(map(str, one['loc']))[:_NAME] or 'payload'}: {_in_words(one['type'], one['msg'])}" for one in found[:_FIELDS]]
    return "; ".join([*words, f"and {len(found) - _FIELDS} more"] if len(found) > _FIELDS else words)


def _in_words(fault: str, text: str) -> str:
    """What pydantic says of one field; the limit of integers would be written with all its digits."""
    beyond = fault in {"greater_than_equal", "less_than_equal"} and len(text) > _DIGITS
    return f"an integer must have at most {_DIGITS:,} digits" if beyond else text
