"""Activation: brings an ordinary actor into memory when somebody needs it there, and finds its family."""

import logging

from gateway.actors.errors import UnknownTarget
from gateway.actors.gather import GATHER
from gateway.actors.ids import kind_of
from gateway.runtime.cells import Cell, Cells, Life, Wait
from gateway.runtime.directory import Directory
from gateway.runtime.schedule import Schedule
from gateway.store.store import BoxSize

log = logging.getLogger(__name__)


class Activation:
    """On the engine's thread."""

    def __init__(self, directory: Directory, cells: Cells, schedule: Schedule) -> None:
        self._directory = directory
        self._cells = cells
        self._schedule = schedule

    def knows(self, id: str) -> bool:
        """Whether the kind of an ordinary actor is registered."""
        return kind_of(id) in self._directory.kinds

    def cell(self, id: str, stored: BoxSize | None = None) -> Cell:
        """The cell of an ordinary actor, made when it is not in memory. Raises UnknownTarget."""
        cell = self._cells.get(id)
        if cell is None:
            actor = self._directory.kinds.get(kind_of(id))
            if actor is None:
                raise UnknownTarget(f"cannot activate {id}: no kind {kind_of(id)!r} is registered")
            cell = self._cells.activate(id, actor, stored)
            if cell.wait is not Wait.NONE:
                log.error("%s; its mail waits", cell.fault)
                self._schedule.hold(cell, cell.wait, cell.fault)
        return cell

    def family(self, id: str) -> list[Cell]:
        """The cells of all children of an actor, and of theirs: the deepest first."""
        if kind_of(id) == GATHER:  # it has none, and one ends with each ask: looking for them took most of its time
            return []
        prefix, after = f"{id}/", ""
        ids = {child for child in self._cells.children_under(id) if child.startswith(prefix)}
        while found := self._cells.stored(prefix, after):
            ids.update(found)
            after = found[-1]
        return [self.cell(child) for child in sorted(ids, reverse=True) if self.knows(child)]

    def children(self, id: str, after: str, limit: int) -> list[str]:
        """The ids of an actor's children that have a life, in memory or stored, in order: the next `limit` behind `after`."""
        prefix = f"{id}/"
        inside = {child for child in self._cells.children_under(id) if child > after and _is_child(child, prefix) and self._lives(child)}
        found: set[str] = set()
        while len(found) < limit and (page := self._cells.stored(prefix, after)):
            found.update(child for child in page if _is_child(child, prefix) and self._lives(child))
            after = page[-1]
        return sorted(found | inside)[:limit]

    def _lives(self, id: str) -> bool:
        """Whether an actor that is in memory, or stored, has a life: a stored one may just have been stopped."""
        cell = self._cells.get(id)
        return cell is None or cell.life is Life.ALIVE


def _is_child(id: str, prefix: str) -> bool:
    return id.startswith(prefix) and id.count("/", len(prefix)) == 1
