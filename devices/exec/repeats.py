"""Repeats: what a program says more than once within a moment. A radio that sends each thing three times is heard three times."""

from collections import OrderedDict

REMEMBERED = 1000
"""How many different things are remembered at once."""


class Repeats:
    """Knows what was said within the last `within_s` seconds; 0: nothing is a repeat. On one thread."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._said: OrderedDict[tuple[str, str], float] = OrderedDict()
        """By receiver and what was said: when it was said first."""

    def is_one(self, to: str, same: str, now_s: float) -> bool:
        """Whether the same was said to the same within the time; the time runs from when it was said first."""
        if not self._within_s:
            return False
        said = self._said
        while said and (len(said) > REMEMBERED or now_s - next(iter(said.values())) >= self._within_s):
            said.popitem(last=False)
        if (to, same) in said:
            return True
        said[to, same] = now_s
        return False
