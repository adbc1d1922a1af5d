"""Texts from outside, so that a terminal and a log can show them: what would move the cursor, colour a line or turn its direction around is
said by its number (`\\u001b`). JSON may have it so, too.

Source: ECMA-48 for the control characters, Unicode Standard Annex 9 for those of direction.
"""

_CONTROL = (*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_TABLE = {code: f"\\u{code:04x}" for code in _CONTROL if chr(code) not in "\n\t"}
_IN_A_LINE = {**_TABLE, ord("\n"): "\\n", ord("\t"): "\\t"}


def harmless(text: str) -> str:
    """A text of one or several lines."""
    return text.translate(_TABLE)


def harmless_line(text: str) -> str:
    """A text that is to stay on its line."""
    return text.translate(_IN_A_LINE)
