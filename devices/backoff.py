"""Backoff: how long to wait before the next attempt. Doubled each time, and jittered, so that a hundred gateways do not
all come back in the same second after a power cut.
"""

import random
from collections.abc import Callable

from gateway.actors import Settings

Chance = Callable[[], float]
"""Gives a number from 0 to 1."""


def pause_s(times: int, first_s: float, most_s: float, *, chance: Chance = random.random) -> float:
    """The seconds to wait after so many failures in a row (1 or more): between half of the step and all of it."""
    return min(most_s, first_s * 2.0 ** min(times - 1, 60)) * (0.5 + chance() / 2)


def check_order(settings: Settings, first: str, most: str) -> None:
    """Raise ValueError where a section's longest wait is below its first one; one that it does not say has its default."""
    if getattr(settings, most) >= getattr(settings, first):
        return
    unsaid = next((key for key in (first, most) if key not in settings.model_fields_set), "")
    mend = f"'{unsaid}' is {getattr(settings, unsaid):g} unless it is said: say it, too" if unsaid else "swap them"
    raise ValueError(f"'{most}' is below '{first}'; {mend}")


class Backoff:
    """Delays from `first_s` up to `most_s` seconds, each between half of its step and all of it."""

    def __init__(self, first_s: float = 0.25, most_s: float = 30.0, *, chance: Chance = random.random) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance
        self._step_s = first_s

    def next_s(self) -> float:
        """The delay before the next attempt, seconds."""
        step_s = self._step_s
        self._step_s = min(self._most_s, 2 * step_s)
        return pause_s(1, step_s, self._most_s, chance=self._chance)

    def at_least(self, step_s: float) -> None:
        """Raise the step to `step_s` seconds, where it is shorter."""
        self._step_s = min(self._most_s, max(self._step_s, step_s))

    def reset(self) -> None:
        """Begin again with the shortest delay."""
        self._step_s = self._first_s
