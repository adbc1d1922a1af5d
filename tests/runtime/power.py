"""Power cuts at a chosen step: a store which ends the process that uses it, as far as an engine can tell."""

from typing import Any

from gateway.actors import StoreFailed, StoreFull
from gateway.store.store import Changes, Store


class PowerCut(BaseException):
    """The process ends here. No `except Exception` may hold it up."""


class FrailStore:
    """Any store, with faults to come: one word a commit, the first for the next.

    "before": the power goes before anything is written; "after": when all of it is; "fails": the medium refuses;
    "full": the medium is full; "": nothing.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.to_come: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def commit(self, changes: Changes) -> None:
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
