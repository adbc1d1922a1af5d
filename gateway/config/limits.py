"""Limits of a TOML text, held before anything parses it: how deep it is nested, how many names a key has, how long one word is.

tomllib and `locate` need time and memory that grow with the square of a dotted key's names, call themselves for each bracket, and
read a number of any length. This walk is linear, whatever the text is.
Source: TOML v1.0.0, sections Keys, String, Array, Inline Table.
"""

import re
from collections.abc import Iterator

from gateway.config.locator import Position
from gateway.config.problems import Problem

DEEPEST = 64
"""How many brackets may be open at once, and how many names a dotted key may have."""
LONGEST = 1000
"""How many characters a number, a date or a name without quotes may have."""

_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"(?!""))*+(?:"{3})?'
    r"|'''(?:[^']|'(?!''))*+(?:'{3})?"
    r'|"(?:[^"\\\n]|\\.)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+"
    r"|(?P<word>[A-Za-z0-9_+-]++)"
    r"|[ \t]++"
    r"|(?P<dot>\.)"
    r"|(?P<opens>[\[{])"
    r"|(?P<closes>[\]}])"
    r"|(?P<other>[\s\S])"
)
"""A text that is never closed goes to the end of its line, or of the file: each character is looked at once."""


def beyond(text: str) -> Problem | None:
    """The first place in a text that goes beyond a limit; None where there is none, as in any that is short."""
    if len(text) <= DEEPEST:
        return None
    return next(_found(text), None)


def _found(text: str) -> Iterator[Problem]:
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "word":
            if len(token.group()) > LONGEST:
                yield _problem(text, token.start(), f"a number or name of more than {LONGEST} characters; write a shorter one")
        elif kind == "dot":
            dots += 1
            if dots >= DEEPEST:
                yield _problem(text, token.start(), f"a key of more than {DEEPEST} names; write it with fewer dots")
        elif kind is not None:
            dots = 0
            depth += (kind == "opens") - (kind == "closes")
            if depth > DEEPEST:
                yield _problem(text, token.start(), f"nested deeper than {DEEPEST} levels; write it flatter")


def _problem(text: str, offset: int, said: str) -> Problem:
    return Problem(Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)), "", said)
