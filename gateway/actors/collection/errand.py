"""An errand: what was asked of a collection, on its way to the page that has the entry."""

import enum
from typing import Any

from pydantic import JsonValue

from gateway.actors.collection.entries import Entry
from gateway.actors.messages import REPLY, Payload, Reply, read_payload
from gateway.actors.stage import Stage


class Do(enum.Enum):
    """What is to be done."""

    ADD = "add"
    PUT = "put"
    FIND = "find"
    REMOVE = "remove"
    LIST = "list"
    COUNT = "count"
    JOIN = "join"
    """The page is in the collection's table from now on: what went round by its neighbours is before this."""


class Errand(Payload):
    """One thing to do at the page whose range has `key`, and who wants to know."""

    do: Do
    key: str
    value: str = ""
    note: JsonValue = None
    of: str = ""
    """Id of the message that the collection was sent: the answer is one to that."""
    asker: str = ""
    expires_ms: int = 0
    held_until_ms: int = 0
    """While it waits in a page: the same on the gateway's clock."""
    prefix: str = ""
    after: str = ""
    limit: int = 0
    found: tuple[Entry, ...] = ()
    """What a list has found on the pages before."""
    page: str = ""
    """Key of the page that is to join."""

    def send(self, stage: Stage[Any], to: str) -> None:
        """Have the actor `to` run it."""
        stage.tell(to, "join" if self.do is Do.JOIN else "run", self, reply_to=self.asker, expires_ms=self.expires_ms)

    def answer(self, stage: Stage[Any], body: Payload) -> None:
        """Answer whoever asked the collection; nobody may have."""
        if self.asker:
            stage.tell(self.asker, REPLY, read_payload(Reply, {"of": self.of, "body": body}, where=f"{REPLY} to {self.asker}"))

    def refuse(self, stage: Stage[Any], reason: str) -> None:
        """Answer whoever asked with a no."""
        if self.asker:
            stage.tell(self.asker, REPLY, Reply(of=self.of, ok=False, reason=reason))
