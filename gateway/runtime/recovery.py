"""Recovery: what an engine does with a store it opens, before anything runs."""

import logging
from collections.abc import Callable

from gateway.actors.errors import UnknownTarget
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.outbox import Outbox
from gateway.store.store import BoxSize, Store

log = logging.getLogger(__name__)

ENDED = "ended"
"""Key of the note that says how the last life ended: "running" while one runs, "clean" after a good end."""


def ended_cleanly(notes: dict[str, str]) -> bool:
    """Whether the last life ended well (or there was none)."""
    return notes.get(ENDED, "clean") == "clean"


def reopen_mailboxes(store: Store, room: Mailroom, make_outbox: Callable[[str, BoxSize | None], Outbox]) -> None:
    """Make every outbox, and a cell for every ordinary actor that has mail. Mail of kinds nobody knows stays where it is."""
    sizes = {size.box: size for size in store.boxes()}
    room.last_seq = max((size.last_seq for size in sizes.values()), default=0)
    for id in room.directory.hosted:
        room.outboxes[id] = make_outbox(id, sizes.pop(id, None))
        room.touched[id] = room.outboxes[id]
    for id, size in sizes.items():
        try:
            room.wake(room.cell(id, size))
        except UnknownTarget as error:
            log.error("%d messages wait for %s: %s; they are kept until it is configured again", size.count, id, error)
