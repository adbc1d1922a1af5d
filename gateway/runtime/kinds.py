"""The ordinary kinds of one gateway: an object for each that is in use. One that is only promised is made when it is first asked for.

Any thread may ask: two that ask at once for a promised kind get the same object.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.points.points import Points
from gateway.actors.sourced import EventSourced
from gateway.registry import UNLISTED, Promised


class Kinds:
    """The kinds of ordinary actors, by name. The engine's thread alone changes them."""

    def __init__(self, check: Callable[[Actor[Any]], None]) -> None:
        """Make an empty set of kinds. `check` raises where a promised kind, when it is made, does not fit the others."""
        self._check = check
        self._made: dict[str, Actor[Any]] = {}
        self._promised: dict[str, Promised] = {}
        self._lock = threading.RLock()
        self.points = Points()
        """What the configuration says of the values of actors; every kind has it."""

    def add(self, actor: Actor[Any] | Promised) -> None:
        """Add one kind."""
        if isinstance(actor, Promised):
            self._promised[actor.kind] = actor
        else:
            self._made[actor.kind] = actor
            actor.points = self.points

    def replace(self, actor: Actor[Any]) -> None:
        """Have another object serve a kind from now on, with other settings."""
        with self._lock:
            actor.points = self.points
            self._made[actor.kind] = actor
            self.bring_readers(actor)

    def made(self) -> list[Actor[Any]]:
        """The kinds that are in use."""
        return list(self._made.values())

    def get(self, kind: str) -> Actor[Any] | None:
        """The object of a kind; None where there is no such kind. Raises BadDefinition where a promised one cannot be made."""
        found = self._made.get(kind)
        return found if found is not None or kind not in self._promised else self._make(kind)

    def __getitem__(self, kind: str) -> Actor[Any]:
        found = self.get(kind)
        if found is None:
            raise KeyError(kind)
        return found

    def __contains__(self, kind: object) -> bool:
        return kind in self._made or kind in self._promised

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._made, *self._promised}))

    def is_listed(self, kind: str) -> bool:
        """Whether a kind, ordinary or host-bound, is shown to people; inner kinds, which others keep for themselves, are not."""
        made = self._made.get(kind)
        return kind not in UNLISTED and not (made is not None and made.inner)

    @property
    def listed(self) -> list[str]:
        """The names of the kinds that are shown to people."""
        return [kind for kind in self if self.is_listed(kind)]

    def _make(self, kind: str) -> Actor[Any]:
        with self._lock:
            if kind not in self._made:
                actor = self._promised[kind].make()
                actor.points = self.points
                self._made[kind] = actor  # before the check, which may look for kinds that this one keeps copies of, and they of it
                self._check(actor)
                self.bring_readers(actor)
            return self._made[kind]

    def bring_readers(self, actor: Actor[Any]) -> None:
        """Make the promised read models that come with an event-sourced kind."""
        for name in actor.readers if isinstance(actor, EventSourced) else ():
            self.get(name)
