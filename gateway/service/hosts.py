"""The host-bound actors of one daemon, in their order: started in the order of the file, closed in reverse.

The control socket comes last, so that it is the first to be closed. Those that carry what others say are closed when the others are.
"""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.actors.hostbound import Health, HostBound
from gateway.config import HostBoundPart
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted

log = logging.getLogger(__name__)


class HostToBe(NamedTuple):
    """A host-bound actor to be made: its id, its class, and how to make it."""

    id: str
    kind: type[HostBound]
    make: Callable[[], HostBound]
    age_limits: Mapping[str, float]
    """For how many seconds a message may wait for it, by verb."""


class Hosts:
    """Every host-bound actor of the daemon. On the main thread, `give` and `all` excepted, which any thread may use."""

    def __init__(self, parts: list[HostToBe], engine: Engine) -> None:
        self._engine = engine
        self._by_id = {part.id: Hosted(part.id, part.make, part.kind, engine) for part in parts}
        self._hung: set[str] = set()
        """The actors that hung when somebody looked last."""
        for part in parts:
            engine.despatch.limit_ages(part.id, part.age_limits)

    @property
    def all(self) -> list[Hosted]:
        """The host-bound actors, in the order of their start."""
        return list(self._by_id.values())

    def give(self, id: str) -> Callable[[list[HandedOut]], None]:
        """The function that brings deliveries to an actor's host, as it is when they come."""
        return lambda deliveries: self._by_id[id].give(deliveries)  # noqa: PLW0108  # looked up anew each time

    def start(self) -> None:
        """Start each actor on its thread."""
        for hosted in self.all:
            hosted.start()

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

    def replace(self, part: HostToBe) -> bool:
        """Close one actor, and start it anew with other settings; return whether the old one closed in time (else it stays)."""
        old = self._by_id[part.id]
        old.quieten()
        if not old.close():
            log.error("%s did not close within %.0f s: its new settings are not taken over", part.id, old.kind.close_s)
            return False
        new = Hosted(part.id, part.make, part.kind, self._engine, heir_of=old)
        self._by_id[part.id] = new
        self._engine.despatch.limit_ages(part.id, part.age_limits)
        new.start()
        return True

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


def parts_of(found: tuple[HostBoundPart, ...]) -> list[HostToBe]:
    """The host-bound actors that a configuration wants."""
    return [part_of(part) for part in found]


def part_of(part: HostBoundPart) -> HostToBe:
    """How to make one section's actor; it is made anew each time, for it may have to be restarted."""
    make = lambda: part.kind(part.key, part.settings)  # type: ignore[call-arg]  # noqa: E731  # every kind takes them
    return HostToBe(part.id, part.kind, make, part.kind.age_limits(part.settings))
