"""What is shown of the daemon: as a whole, of one host-bound actor, of one ordinary actor, of many by the beginning of their ids.

Functions that take an Engine run on its thread; `from_outside` runs anywhere, so that a daemon that stands still can be seen.
"""

import json
import time
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.ids import HOST, kind_of, parent_of
from gateway.control.house import House
from gateway.control.wellness import in_a_line, problems
from gateway.runtime.cells import Cell, Wait
from gateway.runtime.clock import UNTRUSTED
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.runtime.kinds import Kinds
from gateway.runtime.statistics import of_kinds, waiting_for
from gateway.runtime.timetable import Timers, read_times
from gateway.runtime.versions import apart
from gateway.service.life_ending import LifeEnding
from gateway.service.memory import resident_bytes, written_bytes
from gateway.store.store import StateRow

View = dict[str, Any]
_BLOCKED_SHOWN = 20
_FAULTS_SHOWN = 10
_PAGES = 20
"""How often one look asks the store for ids, where it leaves some out."""


def from_outside(house: House) -> View:
    """A view of the daemon as a whole, as far as it is seen without the engine's help. Any thread."""
    engine = house.engine
    store = engine.store
    return {
        "name": house.name,
        "simulated": house.simulated,
        "simulated_devices": house.simulated_devices,
        "pid": house.pid,
        "config": str(house.config),
        "config_fault": house.config_fault,
        "uptime_s": round(house.uptime_s, 1),
        "life": engine.life,
        "clean_start": engine.clean_start,
        "healthy": not problems(house),
        "problems": problems(house),
        "host_bound": [of_hosted(hosted, engine) for hosted in house.hosts.all],
        "totals": _totals(engine),
        "ingress": {"held": engine.ingress.held, "shut": engine.ingress.why_shut},
        "store": {"fault": engine.store_fault, "path": str(getattr(store, "path", "")), "url": getattr(store, "url", "")},
        "clock": {"trusted": engine.clock.synced, "because": engine.clock.voucher if engine.clock.synced else UNTRUSTED},
        "memory_bytes": resident_bytes(),
        "written_bytes": written_bytes(),
        "budget": _budget(engine),
        "last_exit": _of_ending(house.ending),
        "taken_up": engine.taken_up._asdict(),
        "shared": _of_shared(house),
        "elsewhere": sorted(engine.directory.carriers.keys() - {HOST}),
        "last_fault": house.last_words.heard(),
        "last_faults": [fault._asdict() for fault in [*house.earlier_faults, *house.faults.newest()][-_FAULTS_SHOWN:]],
    }


def _of_ending(ending: LifeEnding) -> View:
    """How the life before this one ended."""
    return {"how": ending.how.value, "well": ending.is_well, "said": ending.said, "stacks": list(ending.stacks)}


def _of_shared(house: House) -> View | None:
    """How many groups of shared actors are served here, and why none are, and what became of their mail; None where this host serves no
    shared actors."""
    sharing = house.sharing
    if sharing is None:
        return None
    engine = sharing.engine
    dead_letters = len(engine.dead_letters) if engine is not None else 0
    return {"groups": len(sharing.groups), "fault": sharing.fault, "turns": sharing.turns, "dead_letters": dead_letters}


def whole(house: House) -> View:
    """A view of the daemon as a whole. On the engine's thread."""
    engine, view = house.engine, from_outside(house)
    view["store"]["bytes"] = engine.store.size_bytes()
    view["totals"]["stored_actors"] = engine.store.count_actors()
    blocked = [cell for one in house.engines for cell in list(one.room.schedule.held.values())]
    blocked.sort(key=lambda cell: cell.wait is not Wait.PAUSED)
    view["stranded"] = [{"id": id, "waiting": size.count, "why": why} for id, (size, why) in engine.room.stranded.items()][:_BLOCKED_SHOWN]
    view["blocked"] = [_of_blocked(cell) for cell in blocked[:_BLOCKED_SHOWN]]
    view["totals"]["blocked_actors"] = len(blocked)
    view["totals"]["paused_actors"] = sum(1 for cell in blocked if cell.wait is Wait.PAUSED)
    view["kinds"] = [{**kind._asdict(), "listed": engine.directory.kinds.is_listed(kind.kind)} for kind in of_kinds(engine.cells)]
    view["totals"] |= _mail(engine)
    seen = engine.directory.kinds.points.shown
    view["devices"] = seen.as_json() if seen is not None else []
    return view


def _budget(engine: Engine) -> View:
    """How much may be written in a day, and what that has cost: how many readings were left out, and how far apart they come now."""
    thinning = engine.thinning
    counts = dict(thinning.counts)  # at once: the engine counts meanwhile
    return {
        "bytes_a_day": thinning.budget.bytes_a_day,
        "apart_s": thinning.budget.apart_s,
        "thinned": sum(counts.values()),
        "most_of": max(counts, key=counts.__getitem__, default=""),
    }


def of_hosted(hosted: Hosted, engine: Engine) -> View:
    """A view of one host-bound actor. Any thread."""
    outbox = engine.room.outboxes.get(hosted.me)
    return {
        "id": hosted.me,
        "listed": engine.directory.kinds.is_listed(kind_of(hosted.me)),
        "health": hosted.health.value,
        "detail": hosted.detail,
        **_phase(hosted),
        **({"values": dict(hosted.values)} if hosted.values else {}),
        "counters": dict(hosted.counters),
        "counted": {hosted.kind.counters_said.get(name, name.replace("_", " ")): count for name, count in hosted.counters.items()},
        "waiting": outbox.waiting if outbox else 0,
        "in_hand": len(outbox.in_hand) if outbox else 0,
        "restarts": hosted.restarts,
        "last_fault": hosted.last_fault,
    }


def _phase(hosted: Hosted) -> View:
    """The phase of a host-bound actor by its own word, why, and since when in wall time; nothing where it has no phases."""
    phase = hosted.phase
    if phase is None:
        return {}
    since_ms = round((time.time() - (time.monotonic() - phase.since_s)) * 1000)
    return {"phase": {"name": phase.name, "because": phase.cause, "since_ms": since_ms}}


def of_actor(id: str, engine: Engine) -> View | None:
    """A view of one ordinary actor: its state, timers and mail; None where there is no such kind. On the engine's thread."""
    cell = engine.cells.get(id)
    if cell is not None and cell.wait is not Wait.UNREADABLE:
        return _of_cell(cell, engine)
    row = engine.store.load(id)
    actor = engine.directory.kinds.get(kind_of(id))
    if row is None:
        return None if actor is None else {**_of_row(_first_row(id, actor), engine), "stored": False}
    loaded = cell or (engine.cells.peek(id, actor, row) if actor is not None else None)
    if loaded is None or loaded.wait is Wait.UNREADABLE:  # as it is on disk: in memory there is only a fresh state
        size, why = engine.room.stranded.get(id, (None, ""))
        seen = {"waiting": size.count, "fault": why} if size else {"waiting": waiting_for(loaded), "fault": loaded.fault} if loaded else {}
        return {**_of_row(row, engine), "active": cell is not None, **seen}
    return {**_of_cell(loaded, engine), "active": False}


def _first_row(id: str, actor: Actor[Any]) -> StateRow:
    """The first state of an actor, as a row, for an actor that exists without one: a parent that only its children write to, a new read
    model."""
    first = actor.state_model()
    return StateRow(id, first.VERSION, first.to_json(), None, None)


def ids(prefix: str, after: str, limit: int, engine: Engine, *, every: bool) -> View:
    """The ids of stored actors that begin so, a page at a time: `after` is where the next page begins. On the engine's thread.

    Those of kinds that others keep for themselves are left out, unless `every` is wanted, or such a kind is named; whoever keeps them
    stands for them, for it may have nothing else in the store.
    """
    kinds = engine.directory.kinds
    every = every or ("/" in prefix and not kinds.is_listed(kind_of(f"{prefix}-")))
    found: list[str] = []
    last = after
    for _ in range(_PAGES):
        page = engine.store.actors(prefix, after, limit + 1 - len(found))
        for id in page:
            shown = id if every else _keeper(id, kinds)
            if shown > last and shown.startswith(prefix):
                found.append(shown)
                last = shown
        if len(found) > limit or not page:
            break
        after = page[-1]
    return {"ids": found[:limit], "more": bool(page), "after": found[limit - 1] if len(found) > limit else after}


def _keeper(id: str, kinds: Kinds) -> str:
    """An actor, or the nearest actor above it whose kind is shown; empty where there is none."""
    while id and not kinds.is_listed(kind_of(id)):
        id = parent_of(id)
    return id


def _of_blocked(cell: Cell) -> View:
    return {"id": cell.id, "fault": in_a_line(cell), "waiting": waiting_for(cell), "paused": cell.wait is Wait.PAUSED}


def _mail(engine: Engine) -> View:
    """How much mail waits in all mailboxes, and in the largest."""
    boxes = [(outbox.waiting, id) for id, outbox in engine.room.outboxes.items()]
    boxes += [(waiting_for(cell), cell.id) for cell in engine.cells]
    most, largest = max(boxes, default=(0, ""))
    return {"waiting": sum(count for count, _ in boxes), "largest_mailbox": {"id": largest if most else "", "waiting": most}}


def _totals(engine: Engine) -> View:
    rates = engine.housekeeping.pace.rates()
    return {
        "turns": engine.turns.total,
        "failed": engine.turns.failed,
        "expired": engine.turns.expired + engine.despatch.expired,
        "commits": engine.commits.count,
        "duplicates": engine.admission.duplicates,
        "passivated": engine.housekeeping.passivated,
        "active_actors": len(engine.cells),
        "turns_a_second": rates.turns,
        "commits_a_second": rates.commits,
        "dead_letters": len(engine.dead_letters),
    }


def _of_cell(cell: Cell, engine: Engine) -> View:
    return {
        "id": cell.id,
        "active": True,
        "version": cell.state.VERSION,
        "state": json.loads(cell.state.to_json()),
        "inner": list(cell.state.INNER),
        "timers": _of_timers(cell.timers, engine),
        "waiting": waiting_for(cell),
        "fault": cell.fault,
    }


def _of_row(row: StateRow, engine: Engine) -> View:
    return {
        "id": row.id,
        "active": False,
        "version": row.version,
        "state": _of_stored_state(row.state),
        "timers": _of_stored_timers(row, engine),
        "waiting": 0,
        "fault": "",
    }


def _of_stored_state(state: bytes) -> Any:
    """The fields of a stored state; its text where it is no JSON any more."""
    try:
        return json.loads(state)
    except (ValueError, RecursionError):
        return state.decode("utf-8", "replace")


def _of_timers(timers: Timers, engine: Engine) -> list[View]:
    now_ms = engine.clock.clock_ms()
    return [{"name": name, "verb": timer.verb, "in_s": round((timer.due_ms - now_ms) / 1000, 1)} for name, timer in timers.items()]


def _of_stored_timers(row: StateRow, engine: Engine) -> list[View]:
    """Stored timers, read without the actor's class, which may have changed since: due, verb, payload and name are apart by tabs."""
    now_ms = engine.clock.clock_ms()
    lines = [line.split("\t", 3) for line in (row.timers or b"").decode("utf-8", "replace").split("\n") if line]
    return [
        {"name": name, "verb": apart(verb)[0], "in_s": round((read_times(times)[0] - now_ms) / 1000, 1)} for times, verb, _, name in lines
    ]
