"""All that one store holds, copied to another of any kind: from a file to a database, and back.

It goes by the interface alone, some rows at a time. Until the last of them is there the copy bears a mark, and no gateway opens it.
"""

from collections.abc import Iterator
from itertools import chain

from gateway.actors.errors import StoreFailed
from gateway.store.store import Changes, Store

UNFINISHED = "store.unfinished"
"""Key of the note that a copy bears until it is whole."""
_ROWS = 500
_BYTES = 4_000_000


def copy(source: Store, target: Store) -> int:
    """Copy all of a store to an empty one; how many rows there were."""
    target.commit(Changes(notes={UNFINISHED: "yes"}, sync=True))
    rows = 0
    for changes in chain(_states(source), _mail(source), _events(source), _others(source)):
        target.commit(changes)
        rows += _count(changes)
    notes = source.notes()
    target.commit(Changes(notes={**notes, UNFINISHED: ""}, sync=True))
    return rows + len(notes)


def is_empty(store: Store) -> bool:
    """Whether a store holds nothing at all."""
    return not (store.notes() or store.count_actors() or store.boxes() or store.last_event() or store.seen() or store.dead_sizes())


def refuse_unfinished(store: Store, place: str) -> None:
    """Raise StoreFailed where a store, at `place`, is a copy that was cut short."""
    if store.notes().get(UNFINISHED):
        raise StoreFailed(f"cannot open {place}: it is a copy that was cut short; delete it, and move again")


def _states(source: Store) -> Iterator[Changes]:
    after, sourced = "", source.last_event() > 0
    while ids := source.actors("", after, _ROWS):
        rows = [row for row in source.load_many(ids, _BYTES).values() if row is not None]
        folded = [(n, row.id) for row in rows if sourced and (n := source.folded(row.id))]
        yield Changes(states=rows, folded=folded)
        after = rows[-1].id


def _mail(source: Store) -> Iterator[Changes]:
    for box in source.boxes():
        after = -1
        while rows := source.mail(box.box, after, _ROWS):
            yield Changes(mail=rows)
            after = rows[-1].seq


def _events(source: Store) -> Iterator[Changes]:
    reader, after = source.event_reader(), 0
    try:
        while rows := reader.page(after=after, limit=_ROWS):
            yield Changes(events=rows)
            after = rows[-1].n
    finally:
        reader.close()


def _others(source: Store) -> Iterator[Changes]:
    seen, after = source.seen(), 0
    for first in range(0, len(seen), _ROWS):
        yield Changes(seen=seen[first : first + _ROWS])
    while rows := source.dead(after, _ROWS):
        yield Changes(dead=rows)
        after = rows[-1].n


def _count(changes: Changes) -> int:
    return len(changes.states) + len(changes.mail) + len(changes.events) + len(changes.seen) + len(changes.dead)
