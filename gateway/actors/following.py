"""Following: a listener is told what each commit made of the actors that it follows, from a place on, and misses nothing.

    following = host.follow(["twin/*", "trip/van"], wake)      # `wake` is called whenever there may be something to take
    following.look(on_page)                                    # how all of them stand now, a page at a time
    for committed in following.take(): ...                     # and what each commit made of them since

The gateway keeps the last commits in memory, for all listeners together: who takes slowly costs nothing, and whoever has fallen behind
what is kept is told to look anew. A place is a short text: with it a listener that was away goes on where it had been. The places of
an earlier life of the gateway, or of a store that was put back from a backup, are known as such.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from gateway.actors.errors import GatewayError
from gateway.actors.ids import kind_of


class LookAnew(GatewayError, LookupError):
    """What was committed behind a place is not kept any more: look at how everything stands, and go on from there."""


class NewState:
    """The state that an actor has by a commit."""

    __slots__ = ("_json", "id", "state", "version")

    def __init__(self, id: str, version: int, state: bytes | None) -> None:
        """`state`: as JSON of `version`; None: the actor has ended, or has no state yet."""
        self.id = id
        self.version = version
        self.state = state
        self._json = b""

    @property
    def kind(self) -> str:
        """The kind of the actor."""
        return kind_of(self.id)

    @property
    def json(self) -> bytes:
        """It as a JSON object: `{"id": …, "kind": …, "version": …, "state": …}`. It is made once for all listeners. Any thread."""
        if not self._json:
            begin = f'{{"id":{json.dumps(self.id)},"kind":{json.dumps(self.kind)},"version":{self.version},"state":'
            self._json = b"%b%b}" % (begin.encode(), self.state or b"null")
        return self._json


class Committed(NamedTuple):
    """What one commit made of the actors that somebody follows."""

    number: int
    """Number of the commit in this life of the gateway."""
    place: str
    """The place behind it."""
    states: Sequence[NewState]


class StatesPage(NamedTuple):
    """Some of the actors that somebody follows, as they stood when the last commit was made."""

    states: Sequence[NewState]
    after: str
    """Where the next page begins; empty: there is none."""
    fault: str = ""
    """Why there is no page, where the store cannot be read."""


class Following(Protocol):
    """What one listener follows. Its methods are for one thread, which may be any."""

    @property
    def place(self) -> str:
        """The place up to which everything was taken; empty where the listener has not looked yet."""

    def take(self) -> Sequence[Committed]:
        """What was committed since the last time, in order; commits that concern nobody who is followed are left out.

        Raises LookAnew where some of it is not kept any more.
        """

    def look(self, on_page: Callable[[StatesPage], None], after: str = "") -> None:
        """Have `on_page` called with those of the followed actors that the store has, behind the id `after`, on a thread of the runtime: it
        must not block.

        The first page is where `take` goes on: what is committed meanwhile comes there, and may be on a later page already.
        """

    def end(self) -> None:
        """Follow no more. Any thread."""
