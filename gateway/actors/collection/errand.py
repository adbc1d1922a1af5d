"""An errand: what was asked of a collection, on its way to the page that has the entry."""

import enum
from typing import Any

from pydantic import JsonValue

from gateway.actors.collection.entries import Entry
from gateway.actors.messages import REPLY, Reply
from gateway.actors.models import Payload
from gateway.actors.payloads import read_payload
from gateway.actors.stage import Stage


class Do(enum.Enum):
    """What an errand does at the page."""

    ADD = "add"
    PUT = "put"
    FIND = "find"
    REMOVE = "remove"
    LIST = "list"
    COUNT = "count"
    JOIN = "join"
    """The page is in the collection's table from now on: what went round by its neighbours is before this."""


class Errand(Payload):
    """One request to a collection, on its way to the page that has `key`, and the actor that waits for the answer."""

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
    counted: int = 0
    """How many entries a count has found on the pages before."""
    page: str = ""
    """Key of the page that is to join."""

    def send(self, stage: Stage[Any], to: str) -> None:
        """Send this errand to the actor `to`, which runs it."""
        stage.tell(to, "join" if self.do is Do.JOIN else "run", self, reply_to=self.asker, expires_ms=self.expires_ms)

    def answer(self, stage: Stage[Any], body: Payload) -> None:
        """Send the answer to whoever asked the collection, if anybody did."""
        if self.asker:
            stage.tell(self.asker, REPLY, read_payload(Reply, {"of": self.of, "body": body}, where=f"{REPLY} to {self.asker}"))

    def refuse(self, stage: Stage[Any], reason: str) -> None:
        """Answer whoever asked the collection with a no and its reason."""
        if self.asker:
            stage.tell(self.asker, REPLY, Reply(of=self.of, ok=False, reason=reason))
