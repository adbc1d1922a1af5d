"""Resuming: a paused actor goes on, with the message it was paused at or without. On the engine's thread."""

from gateway.actors.errors import GatewayError
from gateway.actors.ids import check_id, kind_of
from gateway.control.absent import Unwritten, unwritten, which_kind
from gateway.runtime.engine import Engine


class NotPaused(GatewayError, LookupError):
    """Raised where an actor is not paused, so that nothing can be resumed."""


def resume(engine: Engine, id: str, *, skip: bool) -> None:
    """Let a paused actor go on. Raises NotPaused, Unwritten, or BadId."""
    why = _why_not(engine, id)
    if not why and not engine.turns.supervision.resume(id, engine.round, skip=skip):
        other = engine.room.activation.cell(id).why
        why = f"it is not paused; its mail waits for another reason: {other}" if other else "it is not paused"
    if why:
        raise NotPaused(f"cannot resume {id}: {why}")


def _why_not(engine: Engine, id: str) -> str:
    """Why there can be no paused actor of an id; empty where there can be one: no actor is brought into memory in vain."""
    if id in engine.directory.hosted:
        return "it is host-bound: the gateway restarts it by itself"
    if kind_of(check_id(id)) not in engine.directory.kinds:
        return f"there is no such kind; {which_kind(kind_of(id), engine.directory)}"
    known = engine.cells.get(id) is not None or engine.store.load(id) is not None
    if not known and (nobody := unwritten(id, engine)):
        raise Unwritten(f"cannot resume {id}: {nobody}")
    return ""
