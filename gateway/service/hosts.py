"""The host-bound actors of one daemon, in their order: started in the order of the file, closed in reverse.

The control socket comes last, so that it is the first to be closed. Those that carry what others say are closed when the others are.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from gateway.actors.hostbound import Health, HostBound
from gateway.actors.settings import Settings
from gateway.config import HostBoundPart
from gateway.registry import installed
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted

log = logging.getLogger(__name__)

ENGINE_S = 60.0
"""So long the engine may take to come to it: its disk may be slow."""


class HostToBe(NamedTuple):
    """A host-bound actor to be made: its id, its class, and how to make it."""

    id: str
    kind: type[HostBound]
    make: Callable[[], HostBound]
    age_limits: Mapping[str, float]
    """For how many seconds a message may wait for it, by verb."""
    settings: Settings | None = None
    """Its settings, where it has a section."""
    carries_to: Collection[str] = ()
    """The first segments of the ids to which it carries what is sent."""


class Hosts:
    """Every host-bound actor of the daemon. On the main thread, `give` and `all` excepted, which any thread may use."""

    def __init__(self, parts: list[HostToBe], engine: Engine) -> None:
        self._engine = engine
        self._by_id = {part.id: Hosted(part.id, part.make, part.kind, engine) for part in parts}
        self._left: dict[str, Hosted] = {}
        """The last hosts of actors that are gone: their descriptors stay open, for one of their threads may still wake them."""
        self._wanted: dict[str, HostToBe | None] = {}
        """What is to come in the place of an actor that still closes, by id; None: nothing."""
        self._order: Sequence[str] = ()
        self._hung: set[str] = set()
        """The actors that hung when somebody looked last."""
        engine.directory.installed = _installed
        for part in parts:
            engine.despatch.limit_ages(part.id, part.age_limits)
            engine.directory.carry(part.id, part.carries_to)

    @property
    def all(self) -> list[Hosted]:
        """The host-bound actors, in the order of their start."""
        return list(self._by_id.values())

    def give(self, id: str) -> Callable[[list[HandedOut]], None]:
        """The function that brings deliveries to an actor's host, as it is when they come."""

        def bring(deliveries: list[HandedOut]) -> None:
            hosted = self._by_id.get(id)  # looked up anew each time
            if hosted is not None:  # else it has left, and these were taken back
                hosted.give(deliveries)

        return bring

    def start(self) -> None:
        """Start each actor on its thread."""
        for hosted in self.all:
            hosted.start()

    def told(self, id: str) -> bool:
        """Whether an actor has said by now how it is."""
        return self._by_id[id].health is not Health.STARTING

    def dead(self) -> list[str]:
        """The actors whose thread has ended although nobody closed them."""
        return [hosted.me for hosted in self.all if not hosted.alive()]

    def hung(self) -> list[str]:
        """A line for each vital actor that hangs in its own code; who begins or ends to hang is logged."""
        hangs = {hosted.me: hosted.hang for hosted in self.all if hosted.hang}
        for id in hangs.keys() - self._hung:
            log.error("%s %s: it cannot be ended; if it stays so, restart the gateway", id, hangs[id])
        for id in self._hung - hangs.keys():
            log.warning("%s goes on: it hangs no more", id)
        self._hung = set(hangs)
        return [f"{id} {hang}" for id, hang in hangs.items() if self._by_id[id].kind.vital]

    def change(self, gone: Sequence[str], parts: Sequence[HostToBe], order: Sequence[str], step: Callable[[], object]) -> list[str]:
        """Close the actors that are `gone` and those that are to be made anew, then start the `parts`, in the order of the file.

        They close beside each other; `step` is called now and then while this waits. Returns the ids of those that did not close in
        time: `finish` sees to them once they have.
        """
        self._wanted.update({**dict.fromkeys(gone), **{part.id: part for part in parts}})
        self._order = order
        closing = [hosted for id in self._wanted if (hosted := self._by_id.get(id)) is not None]
        for hosted in closing:
            part = self._wanted[hosted.me]
            hosted.make_way(part.settings if part is not None else None)
        for hosted in closing:
            if not hosted.await_end(hosted.kind.close_s, step):
                log.error("%s did not close within %.0f s: it is replaced when it has", hosted.me, hosted.kind.close_s)
        self.finish()
        return [hosted.me for hosted in closing if hosted.me in self._wanted]

    @property
    def closing(self) -> list[str]:
        """The actors that are still to close, so that their new settings are taken over, or they are gone."""
        return list(self._wanted)

    def finish(self) -> list[str]:
        """Start those to be made anew whose old actor has closed, and let go of those that are gone; return their ids."""
        ready = {id: part for id, part in self._wanted.items() if id not in self._by_id or self._by_id[id].ended}
        if not ready:
            return []
        left = [id for id, part in ready.items() if part is None and id in self._by_id]
        if left:
            self._engine.inspect(lambda: self._engine.roster.leave(left, self._engine.round), timeout_s=ENGINE_S)
        started = []
        by_id = dict(self._by_id)
        for id in left:
            self._left[id] = by_id.pop(id)
        for part in ready.values():
            if part is not None:
                started.append(self._make(part, by_id))
        for id in ready:
            del self._wanted[id]
        by_order = {id: by_id.pop(id) for id in self._order if id in by_id}
        self._by_id = {**by_order, **by_id}  # what is of no section comes last
        for hosted in started:
            hosted.start()
        return list(ready)

    def _make(self, part: HostToBe, by_id: dict[str, Hosted]) -> Hosted:
        """Make the host of an actor that takes the place of an older one, if there is one; one that is new joins the engine."""
        engine = self._engine
        engine.despatch.limit_ages(part.id, part.age_limits)
        engine.directory.carry(part.id, part.carries_to)
        old = by_id.get(part.id)
        if old is None:
            engine.inspect(lambda: engine.roster.join(part.id, part.kind), timeout_s=ENGINE_S)
        new = by_id[part.id] = Hosted(part.id, part.make, part.kind, engine, heir_of=old or self._left.pop(part.id, None))
        return new

    def quieten(self) -> None:
        """Ask every source to take in no more."""
        for hosted in self.all:
            hosted.quieten()

    def undrained(self) -> dict[str, int]:
        """How many messages wait for each actor that can still take them; an actor that is not well is not counted."""
        outboxes = self._engine.room.outboxes
        waiting = {hosted.me: outboxes[hosted.me].waiting for hosted in self.all if hosted.health is Health.OK}
        return {id: count for id, count in waiting.items() if count}

    def close(self, *, carriers: bool) -> list[str]:
        """Close the actors that carry what others say, or the other actors; each within its own limit, the last one started first.

        Returns the names of those that overran.
        """
        overran = []
        for hosted in (one for one in reversed(self.all) if one.kind.carries is carriers):
            if not hosted.close():
                overran.append(hosted.me)
                log.error("%s did not close within its %.0f s, and is left behind", hosted.me, hosted.kind.close_s)
        return overran


def _installed(kind: str) -> type[HostBound]:
    """The class of a kind of devices. Raises UnknownTarget."""
    return installed().host_bound.load(kind)


def parts_of(found: tuple[HostBoundPart, ...]) -> list[HostToBe]:
    """The host-bound actors that a configuration wants."""
    return [part_of(part) for part in found]


def part_of(part: HostBoundPart) -> HostToBe:
    """How to make one section's actor; it is made anew each time, for it may have to be restarted."""
    make = lambda: part.kind(part.key, part.settings)  # type: ignore[call-arg]  # noqa: E731  # every kind takes them
    return HostToBe(part.id, part.kind, make, part.kind.age_limits(part.settings), part.settings, part.kind.carries_to(part.settings))
