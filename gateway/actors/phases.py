"""Phases: the states of one machine, as a tree, and what is left and entered between two of them.

Who is in a phase is in its parent too, and always in a leaf: entering a phase that has phases inside goes on to the first of
them. A move leaves from the inside out and enters from the outside in, and leaves no phase that both ends share.
Source: W3C SCXML (2015), section 3.13 and appendix D, for moves that are external, without parallel states.
"""

import enum
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from gateway.actors.errors import BadDefinition

P = TypeVar("P", bound=enum.Enum)


class History(NamedTuple, Generic[P]):
    """A target for a move: back to the innermost phase of `phase` that was left last; where none was, `phase` itself."""

    phase: P


class Crossing(NamedTuple, Generic[P]):
    """One move: the phases left, inner first; those entered, outer first; and the leaf where it ends."""

    left: tuple[P, ...]
    entered: tuple[P, ...]
    leaf: P


class Phases(Generic[P]):
    """The phases of one machine: the members of the enum `kind`, nested by `parents` {inner: outer}.

    `first` {outer: inner} says where entering an outer phase goes on; where it is silent, to the first inner one as the enum
    has them. Raises BadDefinition where that is no tree.
    """

    def __init__(self, kind: type[P], *, parents: Mapping[P, P] | None = None, first: Mapping[P, P] | None = None) -> None:
        self.kind = kind
        self._parents = dict(parents or {})
        self._check_parents()
        self._paths = {phase: self._climb(phase) for phase in kind}
        self._first = {outer: inner for inner, outer in reversed([(p, self._parents[p]) for p in kind if p in self._parents])}
        self._check_first(first or {})
        self._first.update(first or {})
        self._inside = {outer: tuple(p for p in kind if p not in self._first and outer in self._paths[p]) for outer in kind}

    @property
    def leaves(self) -> tuple[P, ...]:
        """The phases that have none inside: an actor is always in one of these."""
        return tuple(phase for phase in self.kind if phase not in self._first)

    def parent(self, phase: P) -> P | None:
        """The phase that `phase` is inside of."""
        return self._parents.get(phase)

    def children(self, phase: P | None) -> tuple[P, ...]:
        """The phases directly inside `phase`; for None, the outermost phases."""
        return tuple(inner for inner in self.kind if self._parents.get(inner) is phase)

    def path(self, phase: P) -> tuple[P, ...]:
        """The phases that `phase` is in, the outermost first and itself last."""
        return self._paths[phase]

    def inside(self, phase: P) -> tuple[P, ...]:
        """The innermost phases inside `phase`: `phase` itself, where it has none inside."""
        return self._inside[phase]

    def first(self, phase: P) -> P | None:
        """The inner phase that entering `phase` goes on to; None where there is none inside."""
        return self._first.get(phase)

    def leaf(self, phase: P) -> P:
        """The innermost phase in which entering `phase` ends."""
        while (inner := self._first.get(phase)) is not None:
            phase = inner
        return phase

    def crossing(self, leaf: P, target: P) -> Crossing[P]:
        """The phases left and entered by the move from the innermost phase `leaf` to `target`. To the phase one is in already, it leaves
        that phase and enters it again."""
        end = self.leaf(target)
        before, outside, after = self._paths[leaf], self._paths[target][:-1], self._paths[end]
        shared = 0
        while shared < min(len(before) - 1, len(outside)) and before[shared] is outside[shared]:
            shared += 1
        return Crossing(before[shared:][::-1], after[shared:], end)

    def _climb(self, phase: P) -> tuple[P, ...]:
        path = [phase]
        while (outer := self._parents.get(path[0])) is not None:
            if outer in path:
                raise BadDefinition(f"cannot nest {name_of(phase)}: it is inside of itself; look at parents")
            path.insert(0, outer)
        return tuple(path)

    def _check_parents(self) -> None:
        for inner, outer in self._parents.items():
            self.check(inner, "parents")
            self.check(outer, "parents")

    def _check_first(self, first: Mapping[P, P]) -> None:
        for outer, inner in first.items():
            self.check(outer, "first")
            self.check(inner, "first")
            if self._parents.get(inner) is not outer:
                raise BadDefinition(
                    f"cannot begin {name_of(outer)} with {name_of(inner)}: that is not inside of it; look at first and parents"
                )

    def check(self, phase: object, where: str) -> None:
        """Raise BadDefinition unless `phase`, named by `where`, is one of these."""
        if not isinstance(phase, self.kind):
            raise BadDefinition(f"cannot use {phase!r} as a phase: {self.kind.__name__} has no such member; look at {where}")


def name_of(phase: enum.Enum) -> str:
    """`Phase.MOVING`, for errors."""
    return f"{type(phase).__name__}.{phase.name}"


def word_of(phase: enum.Enum) -> str:
    """`moving`, for people: the phase's value where that is text, else its name in small letters."""
    return phase.value if isinstance(phase.value, str) else phase.name.lower().replace("_", " ")
