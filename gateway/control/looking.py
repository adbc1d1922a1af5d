"""Looks from afar: what another host asks the control actor, in the words of its socket, by a message."""

import json

from gateway.actors.callers import By
from gateway.actors.hostbound import Delivery, Host
from gateway.actors.models import Payload
from gateway.control.pending import Answer


class LookThere(Payload):
    """A request that another host makes."""

    SENT_BY = By.ACTORS
    request: str
    """It, as JSON: what is in an answer may be nested deeper than a message may be."""


class FarClient:
    """Another host that has asked, in the place of a client of the socket. It is told one answer."""

    host: Host | None = None
    """What it has sent is sent in the control actor's name."""
    open = True
    sluggish = False

    def __init__(self, delivery: Delivery) -> None:
        self.asked = 0
        self.follows = False
        self._delivery = delivery

    def say(self, answer: Answer) -> None:
        """Send the answer to whoever has asked."""
        self._delivery.done({"answer": json.dumps({name: value for name, value in answer.items() if name != "n"})})
