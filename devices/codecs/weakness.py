"""The weakness of a regular expression: what makes it try again and again on a text that nearly fits, found before it is used.

Python's `re` walks back and tries the next way. Where a text can be read in many ways, that takes for ever: twice as long for each letter
(`(a+)+b`), or with each repeat once more the length of the text (`.*,.*,.*x`). The first kind is refused. The second is counted: its
`power` of the length of a text bounds the time, and so says how long a text may be.

Source: CWE-1333; R. Cox, "Regular Expression Matching Can Be Simple And Fast" (2007).
"""

import re
from collections.abc import Iterator, Sequence
from re import _constants as ops  # type: ignore[attr-defined]  # the parts of a pattern have no other name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

_LETTER, _DIGIT, _SPACE, _SIGN = range(256, 260)
_BEYOND = frozenset((_LETTER, _DIGIT, _SPACE, _SIGN))
"""They stand for the characters beyond Latin-1, by what they are."""
_ANY = frozenset(range(260))
REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_MANY = 8
"""A repeat of a range shorter than this is short, whatever the text."""
_BEGINS = (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING)

Items = Sequence[tuple[Any, Any]]


class Weak(ValueError):
    """Raised where a pattern may take for ever."""


class _Repeat(NamedTuple):
    """One repeat of a pattern, in the order of their signs in its text."""

    least: int
    most: int
    body: Items


def power_of(pattern: re.Pattern[str]) -> int:
    """By which power of the length of a text the time to search it may grow: 1 is linear. Raises Weak where it may grow beyond any."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    _Judge(pattern).judge(tree)
    anchored = bool(tree) and tree[0][0] is ops.AT and tree[0][1] in _BEGINS
    open_ends = _open_ends(list(tree), (), _ignores_case(pattern))
    long = sum(repeat.most - repeat.least >= _MANY for repeat in _repeats(tree))
    return max(1, (not anchored and long > 0) + open_ends + (long > open_ends))


class _Judge:
    """Refuses what makes the time grow beyond any power, and says where it stands."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._text = pattern.pattern
        self._folds = _ignores_case(pattern)

    def judge(self, tree: Items) -> None:
        repeats = list(_repeats(tree))
        places = _places(self._text)
        if len(places) != len(repeats):
            places = []  # the parser has joined branches that begin alike
        if any(op in (ops.GROUPREF, ops.GROUPREF_EXISTS) for op, _ in _all_items(tree)):
            raise Weak("it refers back to one of its groups; write the text that is meant")
        for number, repeat in enumerate(repeats):
            why = self._why(repeat)
            if why:
                where = f"at {places[number] + 1}, behind '{self._text[: places[number] + 1][-20:]}': " if places else ""
                raise Weak(f"{where}{why}")
        for op, said in _all_items(tree):
            if op in (ops.ASSERT, ops.ASSERT_NOT) and any(repeat.most - repeat.least >= _MANY for repeat in _repeats(said[1])):
                raise Weak("it looks ahead or back over a repeat; take the repeat out of the look")

    def _why(self, repeat: _Repeat) -> str:
        """What is wrong with a repeat; empty where nothing is."""
        if repeat.most <= 1:
            return ""
        if _is_nullable(repeat.body):
            return "a repeat of what may be empty; let it have a character at least"
        if any(inner.least != inner.most for inner in _repeats(repeat.body)) and not self._is_parted(repeat.body):
            return "a repeat within a repeat, and no sign of its own between; part them by one that neither of them takes"
        for op, said in _all_items(repeat.body):
            if op is ops.BRANCH and not self._are_apart(said[1]):
                return "a repeat of alternatives that may begin with the same character; let each begin with another"
        return ""

    def _is_parted(self, body: Items) -> bool:
        """Whether the body begins or ends with a character that nothing else in it takes."""
        flat = list(_flat(body))
        for edge, others in ((flat[0], flat[1:]), (flat[-1], flat[:-1])):
            sign = _characters([edge], self._folds)
            if edge[0] in (ops.LITERAL, ops.IN, ops.NOT_LITERAL) and not sign & _characters(others, self._folds):
                return True
        return False

    def _are_apart(self, branches: Sequence[Items]) -> bool:
        seen: frozenset[int] = frozenset()
        for branch in branches:
            first = _first(branch, self._folds)
            if _is_nullable(branch) or first & seen:
                return False
            seen |= first
        return True


def _open_ends(items: Items, behind: Items, folds: bool) -> int:
    """How many repeats of a sequence may end at many places, because what comes behind them may be a part of them."""
    count = 0
    flat = [*_flat(items)]
    for at, (op, said) in enumerate(flat):
        rest = [*flat[at + 1 :], *behind]
        if op is ops.BRANCH:
            count += max(_open_ends(branch, rest, folds) for branch in said[1])
        elif op in REPEATS and op is not ops.POSSESSIVE_REPEAT:
            least, most, body = said
            if most > 1:
                count += _open_ends(body, (), folds)
            if most - least >= _MANY and rest and _characters(body, folds) & _first(rest, folds, through=True):
                count += 1
    return count


def _flat(items: Items) -> Iterator[tuple[Any, Any]]:
    """The items of a sequence, with those of its groups in their place."""
    for op, said in items:
        if op is ops.SUBPATTERN:
            yield from _flat(said[-1])
        elif op is ops.ATOMIC_GROUP:
            yield from _flat(said)
        else:
            yield op, said


def _all_items(items: Items) -> Iterator[tuple[Any, Any]]:
    for op, said in items:
        yield op, said
        for inner in _inner(op, said):
            yield from _all_items(inner)


def _repeats(items: Items) -> Iterator[_Repeat]:
    """Every repeat, an inner one before its outer: in the order of their signs."""
    for op, said in items:
        for inner in _inner(op, said):
            yield from _repeats(inner)
        if op in REPEATS:
            least, most, body = said
            yield _Repeat(int(least), int(most), list(body))


def _inner(op: Any, said: Any) -> list[Items]:
    if op in REPEATS:
        return [said[2]]
    if op is ops.SUBPATTERN:
        return [said[-1]]
    if op is ops.ATOMIC_GROUP:
        return [said]
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [said[1]]
    return list(said[1]) if op is ops.BRANCH else []


def _is_nullable(items: Items) -> bool:
    """Whether a sequence may match an empty text."""
    for op, said in items:
        if op in REPEATS:
            if said[0] > 0 and not _is_nullable(said[2]):
                return False
        elif op is ops.BRANCH:
            if not any(map(_is_nullable, said[1])):
                return False
        elif op in (ops.SUBPATTERN, ops.ATOMIC_GROUP):
            if not _is_nullable(_inner(op, said)[0]):
                return False
        elif op not in (ops.AT, ops.ASSERT, ops.ASSERT_NOT):
            return False
    return True


def _first(items: Items, folds: bool, *, through: bool = False) -> frozenset[int]:
    """The characters that a text of a sequence may begin with. With `through`, a sequence that may be empty at the end of a pattern
    counts as what it may begin with; an end of the text as none."""
    found: frozenset[int] = frozenset()
    for op, said in items:
        inner = _inner(op, said)
        if op in (ops.ASSERT, ops.ASSERT_NOT):
            continue
        if op is ops.AT:
            if through and said not in (ops.AT_END, ops.AT_END_STRING):
                return _ANY
            if through:
                return found
            continue
        found |= frozenset().union(*(_first(one, folds) for one in inner)) if inner else _own(op, said, folds)
        if not _is_nullable([(op, said)]):
            return found
    return found


def _characters(items: Items, folds: bool) -> frozenset[int]:
    """All characters that a sequence may take."""
    return frozenset().union(*(_own(op, said, folds) for op, said in _all_items(items) if not _inner(op, said) and op is not ops.AT))


def _own(op: Any, said: Any, folds: bool) -> frozenset[int]:
    """The characters of one item."""
    if op is ops.LITERAL:
        found = frozenset((_code(said),))
    elif op is ops.NOT_LITERAL:
        found = _ANY - ({said} if said < 256 else set())
    elif op is ops.RANGE:
        found = frozenset(range(said[0], min(said[1], 255) + 1)) | (_BEYOND if said[1] > 255 else frozenset())
    elif op is ops.IN:
        parts = frozenset().union(*(_own(part[0], part[1], folds) for part in said if part[0] is not ops.NEGATE))
        found = (_ANY - parts) | _BEYOND if said[0][0] is ops.NEGATE else parts
    elif op is ops.CATEGORY:
        found = _category(said)
    else:
        return _ANY
    if folds:
        found |= {ord(other) for one in found if one < 256 for other in chr(one).swapcase() if ord(other) < 256}
    return found


def _code(character: int) -> int:
    """The number of a character; of one beyond Latin-1, what it is."""
    sign = chr(character)
    if character < 256:
        return character
    return _LETTER if sign.isalpha() else _DIGIT if sign.isalnum() else _SPACE if sign.isspace() else _SIGN


def _category(said: Any) -> frozenset[int]:
    latin = [(one, chr(one)) for one in range(256)]
    digits = frozenset(one for one, sign in latin if sign.isdecimal()) | {_DIGIT}
    spaces = frozenset(one for one, sign in latin if sign.isspace()) | {_SPACE}
    words = frozenset(one for one, sign in latin if sign.isalnum() or sign == "_") | {_LETTER, _DIGIT}
    return {
        ops.CATEGORY_DIGIT: digits,
        ops.CATEGORY_NOT_DIGIT: (_ANY - digits) | {_DIGIT},
        ops.CATEGORY_SPACE: spaces,
        ops.CATEGORY_NOT_SPACE: _ANY - spaces,
        ops.CATEGORY_WORD: words,
        ops.CATEGORY_NOT_WORD: _ANY - words,
    }[said]


def characters_of(op: Any, said: Any, pattern: re.Pattern[str]) -> frozenset[int]:
    """The numbers of the characters that one item of a pattern takes; those beyond Latin-1 by what they are."""
    return _own(op, said, _ignores_case(pattern))


def _ignores_case(pattern: re.Pattern[str]) -> bool:
    return bool(pattern.flags & re.IGNORECASE) or _IGNORE_CASE.search(pattern.pattern) is not None


def _places(text: str) -> list[int]:
    """Where the signs of repeats stand in the text of a pattern, in order."""
    found, at, in_class = [], 0, False
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif in_class:
            in_class = sign != "]"
        elif sign == "[":
            in_class = True
            at += text.startswith("^", at + 1)
            at += text.startswith("]", at + 1)
        elif sign == "(" and text.startswith("?", at + 1):
            at += 1
        elif sign in "*+?" or (sign == "{" and _COUNT.match(text, at)):
            found.append(at)
            at = _COUNT.match(text, at).end() - 1 if sign == "{" else at  # type: ignore[union-attr]  # it was just found
            at += text.startswith(("?", "+"), at + 1)
        at += 1
    return found


_IGNORE_CASE = re.compile(r"\(\?[aLmsux]{0,6}i")
_COUNT = re.compile(r"\{[0-9]*(?:,[0-9]*)?\}")
