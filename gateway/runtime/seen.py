"""Deduplication: the ids that the outside gave its messages, so that a repeat is acknowledged and not handled again.

Each source's last `kept` ids are known, in memory and on disk. An id is written in the commit that consumes its message.
"""

from collections import OrderedDict

from gateway.store.store import Changes, SeenRow, Store

_PRUNE_EVERY = 1000


class Seen:
    """The ids by source. On the engine's thread."""

    def __init__(self, store: Store, *, kept: int) -> None:
        self._kept = kept
        self._ids: dict[str, OrderedDict[str, int]] = {}
        self._last: dict[str, int] = {}
        for row in store.seen():
            self._remember(row.source, row.id, row.n)

    def has(self, source: str, id: str) -> bool:
        """Whether this source has said this id."""
        ids = self._ids.get(source)
        return ids is not None and id in ids

    def add(self, source: str, id: str, changes: Changes) -> None:
        """Keep an id, in this commit."""
        n = self._last.get(source, 0) + 1
        self._remember(source, id, n)
        changes.seen.append(SeenRow(source, n, id))
        if n % _PRUNE_EVERY == 0 and n > self._kept:
            changes.seen_gone.append((source, n - self._kept))

    def forget(self, source: str, changes: Changes) -> None:
        """Forget all ids of a source, in this commit."""
        if self._ids.pop(source, None):
            changes.seen = [row for row in changes.seen if row.source != source]
            changes.seen_gone.append((source, self._last[source]))

    def _remember(self, source: str, id: str, n: int) -> None:
        ids = self._ids.setdefault(source, OrderedDict())
        ids[id] = n
        ids.move_to_end(id)  # said again as new: it is the youngest now
        self._last[source] = n
        if len(ids) > self._kept:
            ids.popitem(last=False)
