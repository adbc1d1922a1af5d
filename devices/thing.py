"""Things: what is plugged into this host, and the lines of the file that make a device of each. `gateway ports` lists them."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

_OTHERS = re.compile(r"[^a-z0-9]+")


class Thing(NamedTuple):
    """One thing that a device of the gateway can be made of."""

    kind: str
    """The kind of that device: serial, gpio, sensor."""
    place: str
    """Where it is, alone by that name on this host."""
    about: str
    """What it is, in words; empty where nobody knows."""
    block: str
    """The section of the file that makes a device of it; empty where it is not for that."""
    notes: tuple[str, ...] = ()
    """What is to be known of it, a line each."""
    more: dict[str, Any] = {}
    """What else is known of it, for programs."""


def block_of(kind: str, name: str, *lines: str) -> str:
    """A section of the file."""
    return "\n".join((f"[{kind}.{name}]", *lines))


def key_of(words: str, otherwise: str) -> str:
    """A name for a device, by words that describe it: the first of them that has a letter and a digit, or all where they are short."""
    plain = [word for word in _OTHERS.split(words.lower()) if word]
    marked = next((word for word in plain if not word.isalpha() and not word.isdigit()), "")
    return marked or "_".join(plain[:2]) or otherwise


def apart(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Names of which no two are the same: one that others have too gets what it is told apart by behind it."""
    names = list(names)
    seen = Counter(names)
    return [name if seen[name] == 1 else f"{name}_{other}" for name, other in zip(names, others, strict=True)]
