"""Strangers: who writes from outside may begin actors of a kind up to a bound. Whoever makes up ids would fill the disk for everybody.

Actors among themselves may begin as many as they like: they do what somebody has configured.
"""

from gateway.actors.messages import Message
from gateway.actors.turn import Outcome
from gateway.runtime.cells import Cell
from gateway.runtime.mailroom import Mailroom


class Strangers:
    """Counts the lives of the kinds that have a bound. On the engine's thread."""

    def __init__(self, room: Mailroom) -> None:
        self._room = room
        self._lives: dict[str, int] = {}
        """How many there are by kind; once more than the bound are there, nobody counts how many more."""
        self._ended: dict[str, int] = {}
        """How many had ended when they were counted."""

    def why_not(self, cell: Cell, message: Message, outcome: Outcome) -> str:
        """Why an actor that has no life may not get one by this turn; empty where it may, or gets none."""
        if not (outcome.born or outcome.state is not cell.state or outcome.timers) or outcome.stopped:
            return ""
        actor = cell.actor
        kind, most = actor.kind, actor.most
        if kind not in self._lives or (self._lives[kind] >= most and cell.tally.ended != self._ended[kind]):
            self._lives[kind] = len(self._room.cells.store.actors(f"{kind}/", "", most + 1))
            self._ended[kind] = cell.tally.ended
        if self._lives[kind] >= most and self._room.directory.box_of(message.sender) is not None:
            key = f"actors.{kind}.most"
            return f"cannot begin {cell.id}: there are {most:,} of its kind, as {key} says; forget some, or raise it"
        self._lives[kind] += 1
        return ""
