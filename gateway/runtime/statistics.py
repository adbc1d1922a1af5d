"""Statistics: what the runtime counts of ordinary actors, by their kind. On the engine's thread."""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.runtime.cells import Cell, Cells


class OfKind(NamedTuple):
    """The figures of one kind: since the start of this life, and now."""

    kind: str
    turns: int
    failed: int
    """How many of its turns raised."""
    passivated: int
    """How often one of its actors left memory."""
    active: int
    """How many of its actors are in memory."""
    waiting: int
    """How many messages wait for its actors."""
    largest: str
    """Id of the actor for which most of them wait; empty where none do."""
    largest_waiting: int


def of_kinds(cells: Cells) -> list[OfKind]:
    """The figures of every kind that was written to, the busiest first."""
    active: dict[str, list[Cell]] = {}
    for cell in cells:
        active.setdefault(cell.actor.kind, []).append(cell)
    found = [_of_kind(kind, active.get(kind, ()), cells) for kind in cells.tallies]
    return sorted(found, key=lambda one: (-one.turns, one.kind))


def _of_kind(kind: str, active: Iterable[Cell], cells: Cells) -> OfKind:
    tally = cells.tallies[kind]
    count = waiting = most = 0
    largest = ""
    for cell in active:
        here = waiting_for(cell)
        count += 1
        waiting += here
        if here > most:
            most, largest = here, cell.id
    return OfKind(kind, tally.turns, tally.failed, tally.passivated, count, waiting, largest, most)


def waiting_for(cell: Cell) -> int:
    """How many messages wait for one actor, in memory and on disk."""
    return max(cell.box.count, len(cell.box.head) + len(cell.deferred or ()))
