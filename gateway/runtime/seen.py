"""Deduplication: the ids that the outside gave its messages, so that a repeat is acknowledged and not handled again.

Each host-bound actor's last `kept` ids are known, in memory and on disk, and at most an eighth more. Its scopes
(`serial/meters#twin/boiler`) share that number fairly: one that talks much forgets its own oldest, so a device that repeats itself after a
long silence is still known.
An id is written in the commit that consumes its message. Where the outside numbers what it says, the id is kept with a digest of what it
named: a device that begins its numbers anew says something new.
"""

from collections import OrderedDict
from itertools import islice
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
        before = family.last
        n = before + 1
        family.remember(source, id, n)
        changes.seen.append(SeenRow(source, n, id))
        stale = family.stale.get(source, 0)
        if stale > _PRUNE_EVERY and stale > len(family.sources[source]):
            changes.seen.extend(family.number_anew(source))
            changes.seen_gone.append((source, n))
        if family.last // _PRUNE_EVERY > before // _PRUNE_EVERY:
            changes.seen_gone.extend(family.gone.items())
            family.gone.clear()

    def forget(self, source: str, changes: Changes) -> None:
        """Forget all ids of a source, with this commit."""
        family = self._family(source)
        if ids := family.sources.pop(source, None):
            family.count -= len(ids)
            family.stale.pop(source, None)
            changes.seen = [row for row in changes.seen if row.source != source]
            changes.seen_gone.append((source, family.last))

    def _family(self, source: str) -> "_Family":
        actor = source.partition("#")[0]
        return self._families.get(actor) or self._families.setdefault(actor, _Family(self._kept))


class _Family:
    """The ids of one host-bound actor, by source; their numbers grow with time, over all of them.

    Many are forgotten at once, and the dict made anew: one of which the first keys went keeps their places, and goes by way of them.
    """

    __slots__ = ("_kept", "_most", "count", "gone", "last", "sources", "stale")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._most = kept + kept // 8
        self.sources: OrderedDict[str, dict[str, int]] = OrderedDict()
        """The longest silent first, and in each the oldest id first."""
        self.count = 0
        self.last = 0
        self.gone: dict[str, int] = {}
        """Up to which number each source's ids are forgotten here, and not yet on disk."""
        self.stale: dict[str, int] = {}
        """How often each source has said an id as new that is known: so many rows on disk, at most, are of no use."""

    def remember(self, source: str, id: str, n: int) -> None:
        ids = self.sources.get(source)
        if ids is None:
            ids = self.sources[source] = {}
        else:
            self.sources.move_to_end(source)
        if ids.pop(id, None) is None:
            self.count += 1
        else:  # it is said again as new, and is the youngest now
            self.stale[source] = self.stale.get(source, 0) + 1
        ids[id] = n
        self.last = n
        if self.count > self._most:
            self._forget_some(source)

    def number_anew(self, source: str) -> list[SeenRow]:
        """Give the ids of the source that spoke last new numbers, in their order, and return the rows: those before are of no use then."""
        rows = [SeenRow(source, n, id) for n, id in enumerate(self.sources[source], self.last + 1)]
        self.sources[source] = {row.id: row.n for row in rows}
        self.last += len(rows)
        del self.stale[source]
        return rows

    def _forget_some(self, source: str) -> None:
        """Forget the oldest ids of this source as far as it has more than its share, then those of others that have, then of those that
        were silent longest."""
        share = max(1, self._kept // len(self.sources))
        for one in (source, *[one for one, ids in self.sources.items() if len(ids) > share]):
            self._forget(one, len(self.sources[one]) - share)
        while self.count > self._kept:
            self._forget(next(iter(self.sources)), self.count)

    def _forget(self, source: str, most: int) -> None:
        """Forget so many of a source's oldest ids, as far as there are too many of all."""
        ids = self.sources[source]
        many = min(most, self.count - self._kept, len(ids))
        if many <= 0:
            return
        self.count -= many
        items = iter(ids.items())
        for _, self.gone[source] in islice(items, many):
            pass
        if many < len(ids):
            self.sources[source] = dict(items)
        else:
            del self.sources[source]
            self.stale.pop(source, None)
