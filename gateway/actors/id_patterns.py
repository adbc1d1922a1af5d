"""Patterns of actors: which of them, and which of their verbs, a list in the configuration is about.

    toggle/*            every toggle, with every verb
    gpio/lamp@switch    one actor with one verb
    site/*/contacts/*   the contacts of every site

`*` stands for any text, slashes too, and `?` for one character. What follows the last @ of the last level is the verb, so a key that has
an @ in it is written with @* behind.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

_PATTERN = re.compile(r"[A-Za-z0-9._~:@=,/*?-]{1,256}")


class IdPattern(NamedTuple):
    """One pattern, in its two parts."""

    id: str
    verb: str
    """`*` where the pattern names no verb."""


def id_pattern(text: str) -> IdPattern:
    """Read a pattern. Raises ValueError where it can fit no actor."""
    last = text.rpartition("/")[2]
    id, _, verb = text.rpartition("@") if "@" in last else (text, "", "*")
    levels = id.split("/")
    if not _PATTERN.fullmatch(text) or not verb or not all(levels) or (len(levels) % 2 and "*" not in id):
        rule = "write kind/key, with * for any text and ? for one character, and @verb behind it for one verb"
        raise ValueError(f"cannot use {text[:256]!r} as a pattern of actors: {rule}")
    return IdPattern(id, verb)


def literal_of(pattern: IdPattern) -> str:
    """What every id begins with that a pattern fits."""
    return re.split(r"[*?]", pattern.id, maxsplit=1)[0]


class IdPatterns:
    """Several patterns, each of which may fit."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Read the patterns. Raises ValueError."""
        self._patterns = [id_pattern(text) for text in texts]

    def fit(self, id: str, verb: str) -> bool:
        """Whether an actor with a verb is among them."""
        return any(fnmatchcase(id, one.id) and fnmatchcase(verb, one.verb) for one in self._patterns)
