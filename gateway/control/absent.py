"""An id that is nobody's, and what to say of it. On the engine's thread."""

from gateway.actors.did_you_mean import did_you_mean
from gateway.actors.errors import BadId, GatewayError
from gateway.actors.ids import check_id, kind_of
from gateway.actors.ties import NO_TIES, Ties
from gateway.actors.unwritten import is_nobody, says_of_nobody
from gateway.control.pending import Answer, no
from gateway.registry import kind_meant
from gateway.runtime.cells import Life, Wait
from gateway.runtime.directory import Directory
from gateway.runtime.engine import Engine
from gateway.runtime.statistics import waiting_for


class Unwritten(GatewayError, LookupError):
    """Raised where nobody has ever written to an actor: look whether another was meant."""


def unwritten(id: str, engine: Engine) -> str:
    """The sentence that nobody has ever written to an actor; empty where somebody has, or there is no such kind."""
    actor = engine.directory.kinds.get(kind_of(id))
    if actor is None:
        return ""
    alive, ties = _life(id, engine)
    nobody = not alive and is_nobody(actor, id, ties) and not engine.room.activation.children(id, "", 1)
    return says_of_nobody("it", ties) if nobody else ""


def _life(id: str, engine: Engine) -> tuple[bool, Ties]:
    """Whether an actor has a life, or mail that waits and will begin one; and the actor's ties."""
    cell = engine.cells.get(id)
    if cell is not None:
        return cell.life is Life.ALIVE or cell.wait is not Wait.NONE or waiting_for(cell) > 0, cell.ties
    row = engine.store.load(id)
    ties = NO_TIES if row is None or row.ties is None else Ties.model_validate_json(row.ties)
    return row is not None and not ties.unborn, ties


def why_absent(id: str, engine: Engine) -> Answer:
    """Why an id cannot be shown: there can be no such actor."""
    directory, kind = engine.directory, kind_of(id)
    devices = [hosted for hosted in directory.hosted if kind_of(hosted) == kind]
    if devices:
        return no("not_found", f"cannot show {id}: there is no such device; {did_you_mean(id, devices)}")
    return no("not_found", f"cannot show {id}: there is no kind {kind!r}; {which_kind(kind, directory)}")


def why_none(prefix: str, directory: Directory) -> Answer | None:
    """Why no id begins so, where there is no such kind; None where there could be one."""
    kind = prefix.removesuffix("/")
    try:
        kind = kind_of(check_id(f"{kind}/x"))
    except BadId:
        return None
    if not prefix.endswith("/") or kind in directory.kinds or kind in map(kind_of, directory.hosted):
        return None
    return no("not_found", f"cannot show {kind}: there is no kind {kind!r}; {which_kind(kind, directory)}")


def which_kind(kind: str, directory: Directory) -> str:
    """Which kind was probably meant by a name that is no kind; or which kinds there are, without the inner ones."""
    hosted = {kind_of(id) for id in directory.hosted}
    return kind_meant(kind, [*directory.kinds, *hosted], offered=directory.kinds.is_listed)
