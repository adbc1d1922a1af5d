"""Placement: which actors an engine serves that shares its store with others, and how a message gets to the others.

An engine on a store of its own has none: all actors are there.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gateway.actors.ids import HOST, group_of, kind_of
from gateway.actors.messages import Message
from gateway.runtime.directory import ASKS
from gateway.runtime.ids import life_of
from gateway.runtime.mail import encode, may_give_way
from gateway.store.store import PostRow

_NUMBERS = 2**32
"""So many numbers of dead letters and of events belong to each life: no two lives give one twice."""


class Placement:
    """The groups of actors that one life of an engine serves, as long as it lives. Any thread may ask."""

    def __init__(self, member: int, groups: frozenset[int], unclean_ends: int = 0) -> None:
        """`member`: the number of this life, higher than those of all lives before it. `unclean_ends`: how many lives in a row did not give
        one of the groups back."""
        self.unclean_ends = unclean_ends
        self.member = member
        self.groups = groups
        self.first_number = member * _NUMBERS
        """Behind this one it numbers dead letters and events."""

    def is_here(self, id: str) -> bool:
        """Whether this engine serves an actor, or has made the address of an ask."""
        if id.startswith(f"{HOST}/"):
            return False
        return life_of(id) == self.member if kind_of(id) == ASKS else group_of(id) in self.groups

    def posted(self, message: Message) -> PostRow:
        """The row by which a message gets to whoever serves its receiver."""
        if message.to.startswith(f"{HOST}/"):  # it goes on by the clock, and the ids, of that host
            _, host, to = message.to.split("/", 2)
            return PostRow(None, None, host, encode(message._replace(to=to, until=None)), may_give_way(message))
        blob = encode(message)
        if kind_of(message.to) == ASKS:
            return PostRow(None, life_of(message.to), None, blob)
        return PostRow(group_of(message.to), None, None, blob, may_give_way(message))

    def way_to(self, to: str) -> str | None:
        """By which way a message goes that others take; None for what is here, and for an answer to who asked, which is waited for."""
        if to.startswith(f"{HOST}/"):
            return "/".join(to.split("/", 2)[:2])
        return None if kind_of(to) == ASKS or self.is_here(to) else f"group {group_of(to)}"


class Incoming(NamedTuple):
    """Messages that other engines have sent."""

    messages: Sequence[tuple[int, bytes]]
    """In order: the number of each, and its form on disk."""
    taken: Callable[[list[int]], None]
    """Is told the numbers of those that are mail on disk, or were handled, on a thread of the runtime."""
