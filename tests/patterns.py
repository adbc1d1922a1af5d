"""Attacks on a regular expression: texts that make it try again, made from its own parts; and whether it takes longer than it should.

The time is what this thread had of the processor, the least of several: how busy the machine is does not count.
"""

import itertools
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from re import _constants as ops  # type: ignore[attr-defined]  # the parts of a pattern have no other name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

AT_ONCE_S = 0.002
"""A linear pattern takes a twentieth of it for the longest attack."""
_SOME = (16, 22, 28, 36, 48, 64, 96, 256)
"""How often something is repeated before it is often: one that takes twice as long for each would never end at the next step but one."""
_LETTERS = 9
_PREFIXES = 6


def slow_for(pattern: re.Pattern[Any], method: str) -> str:
    """The first attack that takes a pattern longer than it should, by the method of `re` it is used with; empty where none does."""
    for before, pump, after in _attacks(pattern):
        for times in (*_SOME, 4096 // len(pump)):
            text = _as(pattern.pattern, before + pump * times + after)
            if least_s(partial(_use, pattern, method, text), rounds=3) > AT_ONCE_S and (
                times < 4096 // len(pump) or _grows(pattern, method, before, pump, after)
            ):
                return f"{method} of {pattern.pattern!r}: {before!r} + {times} * {pump!r} + {after!r}"
    return ""


def _grows(pattern: re.Pattern[Any], method: str, before: str, pump: str, after: str) -> bool:
    return grows(lambda size: _use(pattern, method, _as(pattern.pattern, before + pump * (size // len(pump)) + after)), 2048)


def grows(act: Callable[[int], object], size: int) -> bool:
    """Whether what is called with four times a size takes more than eight times as long: sixteen is the square.

    It does so each time it is looked at; a machine that is busy elsewhere for a moment, or slow, does not.
    """
    return all(least_s(lambda: act(4 * size)) > 8 * least_s(lambda: act(size)) for _ in range(3))


def least_s(act: Callable[[], object], *, rounds: int = 5) -> float:
    """The least seconds of this thread of several rounds; of one where that was short enough."""
    least = float("inf")
    for _ in range(rounds):
        began_s = time.thread_time()
        act()
        least = min(least, time.thread_time() - began_s)
        if least <= AT_ONCE_S / 4:
            break
    return least


def _as(like: str | bytes, text: str) -> str | bytes:
    return text if isinstance(like, str) else text.encode("latin-1")


def _use(pattern: re.Pattern[Any], method: str, found: Any) -> None:
    if method in ("sub", "subn"):
        pattern.sub(found[:0], found)
    elif method == "finditer":
        for _ in pattern.finditer(found):
            pass
    else:
        getattr(pattern, method)(found)


def _attacks(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """What stands before, what is repeated, what makes the whole fail."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    tree = parser.parse(text, pattern.flags & re.VERBOSE)
    letters = list(dict.fromkeys([*_letters(tree), '"', "\\", "a", "0", " "]))[:_LETTERS]
    befores = list(dict.fromkeys(["", *_befores(tree, "")]))[:_PREFIXES]
    words = ["".join(word) for size in (1, 2) for word in itertools.product(letters, repeat=size)]
    pumps = list(dict.fromkeys([*words, *filter(None, befores), *filter(None, [_sample(tree)])]))
    yield from itertools.product(befores, pumps, ("", "\x01"))


def _befores(items: Any, before: str) -> Iterator[str]:
    """What may stand before each repeat of a pattern."""
    for op, said in items:
        if op in _REPEATS:
            yield before
            yield from _befores(said[2], before)
        elif op is ops.SUBPATTERN:
            yield from _befores(said[-1], before)
        elif op is ops.BRANCH:
            for branch in said[1]:
                yield from _befores(branch, before)
        before += _sample([(op, said)])


def _sample(items: Any) -> str:
    """A short text that a pattern, or a part of one, matches; near enough where it looks around."""
    return "".join(_sample_of(op, said) for op, said in items)


def _sample_of(op: Any, said: Any) -> str:
    if op in _REPEATS:
        return _sample(said[2]) * said[0]
    if op is ops.SUBPATTERN:
        return _sample(said[-1])
    if op is ops.ATOMIC_GROUP:
        return _sample(said)
    if op is ops.BRANCH:
        return _sample(said[1][0])
    return next(iter(_letters([(op, said)])), "") if op not in _WITHOUT_WIDTH else ""


def _letters(items: Any) -> Iterator[str]:
    """A character for each literal and each class of a pattern."""
    for op, said in items:
        if op is ops.LITERAL:
            yield chr(said)
        elif op is ops.RANGE:
            yield from (chr(said[0]), chr(said[1]))
        elif op is ops.IN:
            yield from ("~", "z") if said[0][0] is ops.NEGATE else _letters(said)
        elif op in (ops.ANY, ops.NOT_LITERAL):
            yield "~"
        elif op is ops.CATEGORY:
            yield {ops.CATEGORY_DIGIT: "0", ops.CATEGORY_SPACE: " "}.get(said, "a")
        elif op in _REPEATS:
            yield from _letters(said[2])
        elif op is ops.SUBPATTERN:
            yield from _letters(said[-1])
        elif op is ops.ATOMIC_GROUP:
            yield from _letters(said)
        elif op in (ops.ASSERT, ops.ASSERT_NOT):
            yield from _letters(said[1])
        elif op is ops.BRANCH:
            for branch in said[1]:
                yield from _letters(branch)


_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_WITHOUT_WIDTH = (ops.AT, ops.ASSERT, ops.ASSERT_NOT, ops.NEGATE)
