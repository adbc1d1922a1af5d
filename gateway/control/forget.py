"""Forgetting, and what is stored: an actor's state as it is on disk, to keep or to drop. On the engine's thread.

What is forgotten is the state, and what belongs to it: timers, events, children. The actor's mail stays, and begins a new life; that of
a kind or a device that is no more goes too, for there is nobody to begin one.
"""

from collections.abc import Iterator
from typing import Any

from gateway.actors.errors import GatewayError
from gateway.actors.gather import GATHER
from gateway.actors.ids import check_id, kind_of, parent_of, root_of
from gateway.actors.ties import NO_TIES
from gateway.actors.unwritten import says_of_nobody
from gateway.control.absent import Unwritten, unwritten, which_kind
from gateway.runtime.cells import Life
from gateway.runtime.engine import Engine
from gateway.runtime.sourced import NOTE
from gateway.runtime.statistics import waiting_for
from gateway.runtime.supervision import FORGOTTEN
from gateway.store.store import SeqSpan, StateRow

CHILDREN_SHOWN = 10
EVENTS_COUNTED = 1000
_PAGE = 1000


class NothingStored(GatewayError, LookupError):
    """Raised where there is nothing to forget, or to export."""


def export(engine: Engine, id: str) -> dict[str, Any]:
    """What is stored of an actor as it is on disk, whether this program can load it or not. Raises NothingStored, Unwritten, or BadId."""
    row = _row(engine, id)
    if row is None:
        raise _nothing(engine, id, "export")
    return {"id": id, "version": row.version, "state": row.state.decode("utf-8", "replace"), "events": _events(engine, id)}


def belongings(engine: Engine, id: str) -> dict[str, Any]:
    """What is deleted when an actor is forgotten, and how much mail stays. Raises NothingStored, or BadId."""
    row, cell, children = _row(engine, id), engine.cells.get(id), list(_children(engine, id))
    why = _why_kept(engine, id)
    stranded = engine.room.stranded.get(id)
    if why:
        raise NothingStored(f"cannot forget {id}: {why}")
    if not (row or children or stranded or (cell is not None and cell.life is not Life.ABSENT)):
        raise _nothing(engine, id, "forget")
    version = row.version if row else None
    timers = len(cell.timers) if cell is not None and cell.timers else _count_timers(row)
    ends = [child for one in children if kind_of(one) != GATHER and (child := engine.cells.get(one))]
    return {
        "id": id,
        "version": version,
        "bytes": len(row.state) if row else 0,
        "timers": timers,
        "events": _events(engine, id),
        "children": children[:CHILDREN_SHOWN],
        "children_total": len(children),
        "mail": waiting_for(cell) if cell is not None else 0,
        "mail_dropped": stranded[0].count if stranded else 0,
        "mail_of_children": sum(map(waiting_for, ends)),
    }


def forget(engine: Engine, id: str) -> dict[str, Any]:
    """Forget an actor; return what was deleted. Raises NothingStored, or BadId."""
    found = belongings(engine, id)
    supervision, activation = engine.turns.supervision, engine.room.activation
    strangers = [one for one in (*_children(engine, id), id) if not activation.knows(one)]
    if activation.knows(id):
        supervision.forget(activation.cell(id), engine.round)
    else:
        supervision.end_children(id, FORGOTTEN, engine.round)
    _drop_rows(engine, strangers)
    if found["mail_dropped"]:  # there is nobody who could begin a new life with it
        size, _ = engine.room.stranded.pop(id)
        engine.room.retired.pop(id, None)
        engine.round.batch.changes.mail_gone.append(SeqSpan(id, 0, size.last_seq))
    return found


def _drop_rows(engine: Engine, ids: list[str]) -> None:
    """Delete the rows of actors whose kinds are not registered any more: there is no actor to end."""
    batch = engine.round.batch
    batch.changes.gone += ids
    batch.changes.events_gone += ids
    batch.changes.notes[NOTE] = str(engine.ledger.last)
    batch.urgent = True


def _row(engine: Engine, id: str) -> StateRow | None:
    return engine.store.load(check_id(id))


def _why_kept(engine: Engine, id: str) -> str:
    """Why an actor cannot be forgotten; empty where it may be."""
    if engine.directory.box_of(check_id(id)):
        return "it is host-bound: it keeps no state; what waits for it is in gateway show"
    kinds = engine.directory.kinds
    if parent_of(id) and kind_of(id) in kinds and kinds[kind_of(id)].inner:
        return f"it is inside of another actor, which counts on it; forget {root_of(id)}"
    return ""


def _nothing(engine: Engine, id: str, verb: str) -> NothingStored | Unwritten:
    """The error that says why nothing is stored of an actor."""
    cell = engine.cells.get(id)
    if engine.directory.box_of(id):
        why = "it is host-bound: it keeps no state"
    elif kind_of(id) not in engine.directory.kinds:
        why = f"there is no such kind; {which_kind(kind_of(id), engine.directory)}"
    elif cell is not None and waiting_for(cell):
        why = "it has no state yet"
    else:
        return Unwritten(f"cannot {verb} {id}: {unwritten(id, engine) or says_of_nobody('it', NO_TIES)}")
    return NothingStored(f"cannot {verb} {id}: {why}")


def _children(engine: Engine, id: str) -> Iterator[str]:
    """The ids of all descendants of an actor, stored or in memory."""
    prefix, after = f"{id}/", ""
    active = set(engine.cells.children_under(id))
    yield from sorted(active)
    while found := engine.store.actors(prefix, after, _PAGE):
        yield from (one for one in found if one not in active)
        after = found[-1]


def _events(engine: Engine, id: str) -> int:
    """How many events an actor has; at most so many are counted."""
    return len(engine.store.events(id, 0, EVENTS_COUNTED))


def _count_timers(row: StateRow | None) -> int:
    return sum(1 for line in (row.timers or b"").split(b"\n") if line) if row else 0
