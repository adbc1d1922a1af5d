"""Pictures: the machine of a kind or of one actor, as a Mermaid state diagram. On the engine's thread."""

import enum
from typing import Any

from gateway.actors.hostbound import HostBound
from gateway.actors.ids import check_id, kind_of
from gateway.control.absent import which_kind
from gateway.control.house import House
from gateway.control.pending import Answer, no
from gateway.runtime.cells import Wait
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted


def picture(of: str, house: House) -> Answer:
    """The machine of `of`, a kind or an id, as a diagram; for an id, its phase is marked. Raises BadId, and what reading a state raises."""
    engine, hosts = house.engine, house.hosts.all
    if "/" not in of:
        kinds: dict[str, Any] = {hosted.kind.kind: hosted.kind for hosted in hosts}
        kinds |= {name: type(engine.directory.kinds[name]) for name in engine.directory.kinds}
        return _drawn(of, kinds[of], None) if of in kinds else _no_such_kind(of, of, engine)
    for hosted in hosts:
        if hosted.me == of:
            return _drawn(of, hosted.kind, _phase_of_hosted(hosted))
    actor = engine.directory.kinds.get(kind_of(check_id(of)))
    if actor is None:
        return _no_such_kind(of, kind_of(of), engine)
    return _drawn(of, type(actor), _phase_of(of, actor, engine))


def _drawn(of: str, kind: Any, now: enum.Enum | None) -> Answer:
    if kind.machine is None:
        return no("not_found", f"cannot draw {of}: {kind.kind} has no machine")
    drawn = kind.machine.mermaid(now=now) if issubclass(kind, HostBound) else kind.machine.mermaid(kind, now=now)
    return {"machine": drawn, "now": now.name if now is not None else ""}


def _phase_of_hosted(hosted: Hosted) -> enum.Enum | None:
    said = hosted.phase
    if said is None or hosted.kind.machine is None:
        return None
    return next((phase for phase in hosted.kind.machine.phases.kind if phase.value == said.name), None)


def _phase_of(id: str, actor: Any, engine: Engine) -> enum.Enum | None:
    """The phase of an ordinary actor, in memory or in the store; None where it has none that can be read."""
    if actor.machine is None:
        return None
    cell = engine.cells.get(id)
    if cell is None:
        row = engine.store.load(id)
        if row is None:
            return None
        cell = engine.cells.peek(id, actor, row)
    return None if cell.wait is Wait.UNREADABLE else actor.machine.phase_of(cell.state)


def _no_such_kind(of: str, kind: str, engine: Engine) -> Answer:
    return no("not_found", f"cannot draw {of}: there is no such kind; {which_kind(kind, engine.directory)}")
