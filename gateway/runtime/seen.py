"""Deduplication: the ids that the outside gave its messages, so that a repeat is acknowledged and not handled again.

Each host-bound actor's last `kept` ids are known, in memory and on disk. Its scopes (`serial/meters#twin/boiler`) share that number
fairly: one that talks much forgets its own oldest, so a device that repeats itself after a long silence is still known.
An id is written in the commit that consumes its message. Where the outside numbers what it says, the id is kept with a digest of what it
named: a device that begins its numbers anew says something new.
"""

from collections import OrderedDict
from operator import attrgetter
from zlib import crc32

from gateway.store.store import Changes, SeenRow, Store

_PRUNE_EVERY = 1000
_APART = "\x1f"
"""Stands between an id and the digest of what it named: no id has it."""


def id_with(id: str, content: bytes) -> str:
    """An id together with what it named."""
    return f"{id}{_APART}{crc32(content):08x}"


class Seen:
    """The ids of messages that came from outside, by source: a host-bound actor's id, with a scope behind `#` where it has one. On the
    engine's thread."""

    def __init__(self, store: Store, *, kept: int) -> None:
        self._kept = kept
        self._families: dict[str, _Family] = {}
        for row in sorted(store.seen(), key=attrgetter("n")):
            self._family(row.source).remember(row.source, row.id, row.n)

    def __len__(self) -> int:
        """How many ids are known, of all sources."""
        return sum(family.count for family in self._families.values())

    def has(self, source: str, id: str) -> bool:
        """Whether a source has used this id before; of what an older program kept, only the id itself is known."""
        ids = self._family(source).sources.get(source)
        return ids is not None and (id in ids or (_APART in id and id.partition(_APART)[0] in ids))

    def add(self, source: str, id: str, changes: Changes) -> None:
        """Remember an id, with this commit."""
        family = self._family(source)
        n = family.last + 1
        family.remember(source, id, n)
        changes.seen.append(SeenRow(source, n, id))
        if n % _PRUNE_EVERY == 0:
            changes.seen_gone.extend(family.gone.items())
            family.gone.clear()

    def forget(self, source: str, changes: Changes) -> None:
        """Forget all ids of a source, with this commit."""
        family = self._family(source)
        if ids := family.sources.pop(source, None):
            family.count -= len(ids)
            changes.seen = [row for row in changes.seen if row.source != source]
            changes.seen_gone.append((source, family.last))

    def _family(self, source: str) -> "_Family":
        actor = source.partition("#")[0]
        return self._families.get(actor) or self._families.setdefault(actor, _Family(self._kept))


class _Family:
    """The ids of one host-bound actor, by source; their numbers grow with time, over all of them."""

    __slots__ = ("_kept", "count", "gone", "last", "sources")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self.sources: OrderedDict[str, OrderedDict[str, int]] = OrderedDict()
        """The longest silent first, and in each the oldest id first."""
        self.count = 0
        self.last = 0
        self.gone: dict[str, int] = {}
        """Up to which number each source's ids are forgotten here, and not yet on disk."""

    def remember(self, source: str, id: str, n: int) -> None:
        ids = self.sources.setdefault(source, OrderedDict())
        self.sources.move_to_end(source)
        before = len(ids)
        ids[id] = n
        ids.move_to_end(id)  # said again as new: it is the youngest now
        self.count += len(ids) - before
        self.last = n
        if self.count > self._kept:
            self._forget_one(source, ids)

    def _forget_one(self, source: str, ids: OrderedDict[str, int]) -> None:
        """Forget the oldest id of this source where it has more than its share, else of the source that was silent longest."""
        if len(ids) <= max(1, self._kept // len(self.sources)):
            source, ids = next(iter(self.sources.items()))
        _, self.gone[source] = ids.popitem(last=False)
        self.count -= 1
        if not ids:
            del self.sources[source]
