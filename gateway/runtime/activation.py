"""Activation: brings an ordinary actor into memory when somebody needs it there, and finds its family."""

import logging
from collections.abc import Iterable
from itertools import islice

from gateway.actors.errors import UnknownTarget
from gateway.actors.gather import GATHER
from gateway.actors.ids import kind_of
from gateway.actors.sourced import EventSourced
from gateway.runtime.batch import Batch
from gateway.runtime.cells import Cell, Cells, Life, Wait
from gateway.runtime.directory import Directory
from gateway.runtime.families import Families
from gateway.runtime.placement import Placement
from gateway.runtime.round import Round
from gateway.runtime.schedule import Schedule
from gateway.store.store import BoxSize

log = logging.getLogger(__name__)


class Activation:
    """Brings ordinary actors into memory, and finds an actor's children. On the engine's thread."""

    def __init__(self, directory: Directory, cells: Cells, schedule: Schedule) -> None:
        self._directory = directory
        self._cells = cells
        self._schedule = schedule
        self.placement: Placement | None = None
        """Which actors are here, where other engines serve some."""
        self.unopened: dict[str, BoxSize] = {}
        """Mail that an earlier life left, by the id of its actor, which is not in memory yet: see `leave` and `open_some`."""
        self._families = Families()
        """The ids of those."""
        self.removed: dict[str, int] = {}
        """Stored actors that a commit to come removes, each with the number of its batch: they are not loaded any more."""

    def knows(self, id: str) -> bool:
        """Whether the kind of an ordinary actor is registered."""
        return kind_of(id) in self._directory.kinds

    def cell(self, id: str) -> Cell:
        """The cell of an ordinary actor, made when it is not in memory. Raises UnknownTarget."""
        cell = self._cells.get(id)
        if cell is None:
            actor = self._directory.kinds.get(kind_of(id))
            if actor is None:
                raise UnknownTarget(f"cannot activate {id}: no kind {kind_of(id)!r} is registered")
            if self.placement is not None and not self.placement.is_here(id):
                raise UnknownTarget(f"cannot activate {id}: another host serves it")
            cell = self._cells.activate(id, actor, self._take_up(id), removed=id in self.removed)
            if cell.wait is not Wait.NONE:
                log.error("the mail of %s waits: %s", id, cell.fault)
                self._schedule.hold(cell, cell.wait, cell.fault)
        return cell

    def leave(self, id: str, size: BoxSize) -> None:
        """Leave mail of an earlier life where it is, until its actor is brought into memory."""
        self.unopened[id] = size
        self._families.add(id)

    def _take_up(self, id: str) -> BoxSize | None:
        """The mail that an earlier life left for an actor, which is brought into memory now."""
        size = self.unopened.pop(id, None)
        if size is not None:
            self._families.remove(id)
        return size

    def open_some(self, at_most: int) -> None:
        """Bring at most so many of the actors into memory for whom an earlier life of the gateway left mail. Raises UnknownTarget."""
        for id in list(islice(self.unopened, max(0, at_most))):
            self._schedule.wake(self.cell(id))

    def family(self, id: str) -> tuple[list[Cell], list[str]]:
        """All descendants of an actor: the cells of those that must be told, the deepest first, and the ids of the others.

        Those are stored, and nothing else is to be known of them: there may be hundreds of thousands, so none is brought into memory.
        """
        if kind_of(id) == GATHER:  # it has none, and one ends with each ask: looking for them took most of its time
            return [], []
        prefix, after = f"{id}/", ""
        known = {*self._cells.children_under(id), *self._families.under(id)}
        asleep = []
        while page := self._cells.family(prefix, after):
            for child, tied in page:
                if tied or self._is_sourced(child):
                    known.add(child)
                elif child not in known and child not in self.removed:
                    asleep.append(child)
            after = page[-1][0]
        return [self.cell(child) for child in sorted(known, reverse=True) if self.knows(child)], asleep

    def _is_sourced(self, id: str) -> bool:
        return isinstance(self._directory.kinds.get(kind_of(id)), EventSourced)

    def remove(self, ids: Iterable[str], round: Round) -> None:
        """Have the store delete actors that are not in memory."""
        for id in ids:
            self.removed[id] = round.batch.number
            round.batch.removed.append(id)

    def forget_removed(self, batch: Batch) -> None:
        """Forget which actors a batch removed, when the batch is on disk."""
        for id in batch.removed:
            if self.removed.get(id) == batch.number:
                del self.removed[id]

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
        return id not in self.removed if cell is None else cell.life is Life.ALIVE


def _is_child(id: str, prefix: str) -> bool:
    return id.startswith(prefix) and id.count("/", len(prefix)) == 1
