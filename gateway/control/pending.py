"""A request whose answer comes later, from another thread or not at all: each has a deadline."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from gateway.actors.hostbound import Host

Answer = dict[str, Any]


class Asker(Protocol):
    """Whoever asks: a client of the socket, or a host-bound actor of this gateway."""

    asked: int
    """How many of its requests have no answer yet."""
    follows: bool
    """Whether something is streamed to it."""

    @property
    def host(self) -> Host | None:
        """The host of the actor that asks, in whose name a message is sent; None: the control actor's own."""

    @property
    def open(self) -> bool:
        """Whether it hears anything still."""

    @property
    def sluggish(self) -> bool:
        """Whether it takes its answers so slowly that no more of them may wait."""

    def say(self, answer: Answer) -> None:
        """Say an answer to it."""


class Pending:
    """One request whose answer comes later. Compared by identity."""

    __slots__ = ("abandon", "connection", "deadline_s", "late", "n", "settled")

    def __init__(self, connection: Asker, n: Any, deadline_s: float, late: Callable[[], Answer]) -> None:
        self.connection = connection
        self.n = n
        """What the client called it."""
        self.deadline_s = deadline_s
        self.late = late
        """Makes the answer at the deadline."""
        self.abandon: Callable[[], None] = _nothing
        """Called when nobody waits for it any more."""
        self.settled = False


class AskOutcome(NamedTuple):
    """What became of one pending request."""

    pending: Pending
    answer: Answer


def no(fault: str, error: str) -> Answer:
    """Make an answer that says no: a word for programs, a sentence for people."""
    return {"ok": False, "fault": fault, "error": error}


def _nothing() -> None:
    """Do nothing: there is nothing to give up."""
