"""A store that fails when told to: a medium that refuses, one that is full, and power cuts at a chosen step of a commit.

store = FrailStore()
with Rig([Depot()], store=store) as rig:
    store.to_come = ["fails"]                      # what the next commit meets
    ...
"""

import time
from typing import Any

from gateway.actors import StoreFailed, StoreFull
from gateway.store.memory import MemoryStore
from gateway.store.store import Changes, Store

_LOOK_S = 0.001


class PowerCut(BaseException):
    """Raised where the process ends by a power cut. No `except Exception` may hold it up."""


class FrailStore:
    """A store that fails when told to: any store (one in memory unless given), with faults to come: one word a commit, the first for the
    next.

    "before": the power goes before anything is written; "after": when all of it is; "fails": the medium refuses;
    "full": the medium is full; "waits": it takes until this is taken out of the list; "": nothing. After a power cut
    `Rig.crash` and `Rig.start` begin the next life.
    """

    def __init__(self, store: Store | None = None) -> None:
        self.store: Store = MemoryStore() if store is None else store
        self.to_come: list[str] = []
        self.full = False
        """Whether the medium stays full, and goes on upon what it kept in reserve."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def recovered(self) -> bool:
        """Whether there is room again."""
        return not self.full and self.store.recovered()

    def commit(self, changes: Changes) -> None:
        """Commit, or meet the fault that comes next."""
        while self.to_come[:1] == ["waits"]:
            time.sleep(_LOOK_S)
        fault = self.to_come.pop(0) if self.to_come else ""
        if fault == "before":
            raise PowerCut
        if fault == "fails":
            raise StoreFailed("cannot commit: the medium refuses; try another")
        if fault == "full":
            raise StoreFull("cannot commit: the medium is full; make room")
        self.store.commit(changes)
        if fault == "after":
            raise PowerCut
