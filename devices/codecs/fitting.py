"""A text that a regular expression fits, made from the expression: for a simulated device, whose maker gave none.

Of a choice the first is taken, of a repeat the least, of a class of characters a digit or a letter. What looks around itself, or bounds a
word, may fit nothing then: `line_for` tries its line, and makes none where it does not fit.
"""

import re
from collections.abc import Iterator, Mapping
from re import _constants as ops  # type: ignore[attr-defined]  # the parts of a pattern have no other name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from devices.codecs.weakness import REPEATS, Items, characters_of

_LIKED = [*map(ord, "1xX _-.,;:=/"), *range(33, 127)]
_LONGEST = 1024
"""A repeat that is longer is not written out."""


def line_for(pattern: re.Pattern[str], values: Mapping[str, tuple[str, ...]]) -> str:
    """A line that the pattern fits, with the first text of each group's that goes there; "" where none is found."""
    parts = list(_parts(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE), pattern, "", 0))
    chosen: dict[str, str] = {}
    for name in pattern.groupindex:
        for text in values.get(name, ()):
            if _fits(pattern, parts, {**chosen, name: text}):
                chosen[name] = text
                break
    line = _line(parts, chosen)
    return line if pattern.search(line) else ""


def _fits(pattern: re.Pattern[str], parts: list[tuple[str, str]], chosen: Mapping[str, str]) -> bool:
    match = pattern.search(_line(parts, chosen))
    return match is not None and all(match[name] == text for name, text in chosen.items())


def _line(parts: list[tuple[str, str]], chosen: Mapping[str, str]) -> str:
    """The line: each chosen text once for its group, and what stands outside of groups as it is."""
    line, last = [], ""
    for group, text in parts:
        if group not in chosen:
            line.append(text)
        elif group != last:
            line.append(chosen[group])
        last = group
    return "".join(line)


def _parts(items: Items, pattern: re.Pattern[str], group: str, depth: int) -> Iterator[tuple[str, str]]:
    """The pieces of a line that fits, each with the named group that it stands in."""
    names = {number: name for name, number in pattern.groupindex.items()}
    for op, said in items:
        if op is ops.SUBPATTERN:
            yield from _parts(said[-1], pattern, group or names.get(said[0], ""), depth)
        elif op is ops.ATOMIC_GROUP:
            yield from _parts(said, pattern, group, depth)
        elif op is ops.BRANCH:
            yield from _parts(said[1][0], pattern, group, depth)
        elif op in REPEATS:
            least, most, body = said
            inner = list(_parts(body, pattern, group, depth + 1))
            wanted = max(int(least), 1 if int(most) and _has_named(body, names) else 0)
            for _ in range(min(wanted, _LONGEST if depth == 0 else 1)):
                yield from inner
        elif op not in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            yield group, _character(op, said, pattern)


def _has_named(items: Items, names: Mapping[int, str]) -> bool:
    """Whether a named group stands right in what may be left out: then it is not."""
    return any(op is ops.SUBPATTERN and said[0] in names for op, said in items)


def _character(op: Any, said: Any, pattern: re.Pattern[str]) -> str:
    if op is ops.LITERAL:
        return chr(said)
    known = characters_of(op, said, pattern)
    return next((chr(one) for one in _LIKED if one in known), "?")
