"""The roster: host-bound actors join a running engine, and leave it, and ordinary kinds get other settings. On the engine's thread,
between turns.

Mail of one that has left stays on disk as it is, and is stranded as it would be after a restart. Its outbox is kept aside for as long as
the engine lives: what the batches under way change of that mail is known there and not in the store yet, so one that joins again goes on
with it.
"""

import logging
from collections.abc import Iterable
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.hostbound import HostBound
from gateway.runtime.despatch import Despatch
from gateway.runtime.ingress import Ingress
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.recovery import send_beginnings
from gateway.runtime.round import Round
from gateway.store.store import BoxSize

log = logging.getLogger(__name__)


class Roster:
    """Takes host-bound actors into the engine's maps, and out of them."""

    def __init__(self, room: Mailroom, ingress: Ingress, despatch: Despatch) -> None:
        self._room = room
        self._ingress = ingress
        self._despatch = despatch

    def join(self, id: str, kind: type[HostBound]) -> None:
        """Take in a host-bound actor, with the mail that waits for it. It is handed nothing until it is `back`."""
        room = self._room
        size, _ = room.stranded.pop(id, (None, ""))
        room.directory.join(id, kind)
        outbox = room.retired.pop(id, None)
        if outbox is None:
            outbox = self._despatch.make_outbox(id, size)
        else:
            self._despatch.fit(outbox, kind)
        outbox.open = False
        room.outboxes[id] = room.touched[id] = outbox
        room.look_at(outbox.box)
        self._explain_stranded()

    def leave(self, ids: Iterable[str], round: Round) -> None:
        """Take out host-bound actors whose threads have ended. Who writes to one of them hears that there is nobody."""
        room = self._room
        for id in ids:
            self._despatch.reclaim(id, round, for_good=True)
            outbox = room.outboxes.pop(id)
            room.retired[id] = outbox
            room.touched.pop(id, None)
            self._despatch.forget(id)
            self._ingress.holds.pop(id, None)
            room.directory.leave(id)
            if outbox.box.count:
                room.stranded[id] = (BoxSize(id, outbox.box.count, outbox.box.bytes, room.last_seq), room.directory.why_absent(id))
                log.warning("%d messages wait for %s, which is gone; they are kept until it is configured again", outbox.box.count, id)
            room.fullness.clear(id)
        self._explain_stranded()
        round.batch.urgent = True

    def serve(self, actors: Iterable[Actor[Any]], round: Round) -> None:
        """Have these objects serve their kinds: an actor in memory sees their settings at its next turn. What their settings want sent at
        a start is sent now."""
        room, served = self._room, {actor.kind: actor for actor in actors}
        for actor in served.values():
            room.directory.serve(actor)
        for cell in room.cells:
            cell.actor = served.get(cell.actor.kind, cell.actor)
        send_beginnings(served.values(), room, round)
        round.batch.urgent = True

    def begin_again(self, round: Round) -> None:
        """Send those who read devices what they want sent at a start: there are others now."""
        made = self._room.directory.kinds.made()
        send_beginnings([actor for actor in made if actor.settings.readers()], self._room, round)
        round.batch.urgent = True

    def _explain_stranded(self) -> None:
        """Say anew why mail is stranded: whether there is such a kind may have changed."""
        room = self._room
        for id, (size, _) in room.stranded.items():
            room.stranded[id] = (size, room.directory.why_absent(id))
