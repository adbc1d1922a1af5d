"""Backoff with jitter: how long to wait before the next try, so that many pins do not try in step."""

import random

FIRST_S = 0.25
MOST_S = 30.0


class Backoff:
    """Doubles from FIRST_S to MOST_S; each wait is somewhere between half of that and all of it."""

    def __init__(self) -> None:
        self._next_s = FIRST_S

    def next_s(self) -> float:
        """Seconds to wait before the next try."""
        full_s, self._next_s = self._next_s, min(MOST_S, self._next_s * 2)
        return full_s * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: begin anew."""
        self._next_s = FIRST_S
