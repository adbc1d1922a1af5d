"""Recovery: what an engine does with a store it opens, before anything runs."""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from gateway.actors.actor import Actor
from gateway.actors.messages import Message
from gateway.actors.payloads import read_payload
from gateway.registry import CLEARS_UP
from gateway.runtime.kinds import Kinds
from gateway.runtime.lent import last_noted
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.outbox import Outbox
from gateway.runtime.round import Round
from gateway.store.store import BoxSize, Store

log = logging.getLogger(__name__)

ENDED = "ended"
"""Key of the note that says how the last life ended: "running" while one runs, "clean" after a good end."""


UNCLEAN = "unclean"
"""Key of the note that counts the lives in a row which did not end well."""

PROVEN_S = 600.0
"""After a life of so many seconds the count begins anew: mail that ends the process would have come by then."""
_DOUBLED_AT_MOST = 6
_PAGE = 1000


def unclean_ends(notes: dict[str, str]) -> int:
    """How many lives in a row did not end well, the last one included."""
    return 0 if ended_cleanly(notes) else int(notes.get(UNCLEAN, "0")) + 1


def cautious_turns(ends: int, least: int) -> int:
    """How many turns run one by one: twice as many after each further unclean end, up to 64 times.

    Mail that ends the process may come late in each life, behind whatever else is talking: in the end it comes while we look.
    """
    return least << min(ends - 1, _DOUBLED_AT_MOST) if ends else 0


def ended_cleanly(notes: dict[str, str]) -> bool:
    """Whether the last life ended well (or there was none)."""
    return notes.get(ENDED, "clean") == "clean"


def beginners(kinds: Kinds, store: Store) -> list[Actor[Any]]:
    """The kinds in use, and those that the file names no more and that have something to take back: one of their actors is still there."""
    made = kinds.made()
    left = [kind for kind in CLEARS_UP if kind in kinds and kind not in [actor.kind for actor in made]]
    return [*made, *(kinds[kind] for kind in left if store.actors(f"{kind}/", "", 1))]


def send_beginnings(actors: Iterable[Actor[Any]], room: Mailroom, round: Round) -> None:
    """Send the verbs that the settings of ordinary kinds want sent at each start, and when they have changed. Raises UnknownTarget
    where a kind has no such verb."""
    for actor in actors:
        for to, verb in _each(actor.settings.at_start(), room):
            if room.placement is not None and not room.placement.is_here(to):
                continue  # whoever serves it sends this
            payload = read_payload(room.directory.find_verb(to, verb).payload, None, where=f"{verb} to {to}")
            room.deliver(Message(room.new_id(), to, verb, payload), round)
            round.batch.urgent = True


def _each(rows: Iterable[tuple[str, str]], room: Mailroom) -> Iterator[tuple[str, str]]:
    """The rows, with each actor of a kind that has a life in the place of `kind/*`."""
    for to, verb in rows:
        if not to.endswith("/*"):
            yield to, verb
            continue
        kind, after = to[:-1], ""
        while page := room.cells.store.actors(kind, after, _PAGE):
            yield from ((id, verb) for id in page if id.count("/") == 1)
            after = page[-1]


class TakenUp(NamedTuple):
    """What a life found in the store when it began, and goes on with."""

    messages: int = 0
    mailboxes: int = 0

    @property
    def said(self) -> str:
        """What was taken up, in words."""
        return f"messages that waited: {self.messages:,}, for actors: {self.mailboxes:,}" if self.messages else "no message waited"


def reopen_mailboxes(store: Store, room: Mailroom, make_outbox: Callable[[str, BoxSize | None], Outbox], notes: dict[str, str]) -> TakenUp:
    """Make every outbox, and note which ordinary actors have mail in the store. Mail of kinds nobody knows stays where it is."""
    sizes = {size.box: size for size in store.boxes()}
    found = [size.count for size in sizes.values() if size.count]
    room.last_seq = max([last_noted(notes), *(size.last_seq for size in sizes.values())])
    for id in room.directory.hosted:
        room.outboxes[id] = make_outbox(id, sizes.pop(id, None))
        room.touched[id] = room.outboxes[id]
    for id, size in sizes.items():
        if room.activation.knows(id):
            room.activation.leave(id, size)
        else:
            why = room.directory.why_absent(id)
            room.stranded[id] = (size, why)
            log.error("%d messages wait for %s: %s; they are kept until it is configured again", size.count, id, why)
    return TakenUp(sum(found), len(found))
