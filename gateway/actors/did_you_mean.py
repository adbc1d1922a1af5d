"""The nearest of the names that exist, for a name that does not."""

from bisect import bisect
from collections.abc import Iterable

_LONGEST = 128
"""A longer name is nobody's slip: comparing it takes time for each of its letters with each of all names."""
_COMPARED_AT_MOST = 100
"""Of more names than these, those are compared that stand beside `seen` in their order: most slips leave the begin of a name as it is."""


def did_you_mean(seen: str, known: Iterable[str]) -> str:
    """What to do about the unknown name `seen`: "did you mean 'baud'?", or what there is to choose from."""
    names = sorted(set(known))
    meant = _meant(seen, names)
    if meant:
        return f"did you mean '{meant}'?"
    return f"there is {_listed(names)}" if names else "there is none"


def name_meant(seen: str, known: Iterable[str]) -> str:
    """The name that was probably meant by the unknown `seen`; empty where none is near."""
    return _meant(seen, sorted(set(known)))


def _meant(seen: str, names: list[str]) -> str:
    seen = seen[:_LONGEST].lower()
    nearest = min(_beside(seen, names), key=lambda name: _edits(seen, name.lower()), default="")
    if nearest and _edits(seen, nearest.lower()) <= _slips(seen, nearest):
        return nearest
    longer = [name for name in names if seen and name.lower().startswith(f"{seen}_")]
    return longer[0] if len(longer) == 1 else ""  # the unit or the rest of its name was left out


def _beside(seen: str, names: list[str]) -> list[str]:
    """The names that are worth a comparison, of sorted ones."""
    if len(names) > _COMPARED_AT_MOST:
        begin = max(0, bisect(names, seen) - _COMPARED_AT_MOST // 2)
        names = names[begin : begin + _COMPARED_AT_MOST]
    return [name for name in names if abs(len(name) - len(seen)) <= _slips(seen, name)]


def _slips(one: str, other: str) -> int:
    """How many edits may lie between two names, so that one is a slip of the other."""
    return max(1, max(len(one), len(other)) // 3)


def _listed(names: list[str], limit: int = 30) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _edits(one: str, other: str) -> int:
    """How many letters to insert, drop, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        now = [row]
        for column, opposite in enumerate(other, start=1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (letter != opposite))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
