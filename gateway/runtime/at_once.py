"""The lane past the mailboxes: a message from outside runs at once where its actor has nothing waiting.

Most actors have: a device says something now and then. To put such a message into a mailbox, the actor in line, and to take both out
again cost as much as the message's turn. What runs at once is never queued and has no `Mail`; one is made only where the turn raises,
and then it goes the way of all mail.

It is the same as by the mailbox, seen from anywhere: the actors that come in one round run in the order in which their messages came, and
nothing is overtaken. So the lane is closed

- while anybody is in line for a turn: what an earlier turn sent, or an earlier round left, came before;
- for an actor that has mail waiting, in memory or on disk, or whose mail waits for something;
- for a message that expires, and for an actor's first one where its kind is limited: that is looked at first;
- while a mailbox is full: a turn may have to be put off;
- in a cautious start: what runs is on disk before it runs.
"""

from collections.abc import Collection
from typing import Any

from gateway.actors.errors import UnknownTarget
from gateway.actors.messages import Message
from gateway.actors.turn import run_turn
from gateway.runtime.cautious import Cautious
from gateway.runtime.cells import ALIVE, NO_WAIT, Cell
from gateway.runtime.mail import Arrival, Mail, PlainArrival
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round
from gateway.runtime.turns import TurnRunner

_ARRIVALS = (Arrival, PlainArrival)
_AHEAD = 256
"""So many messages that come next are looked at for actors that are not in memory either: their states are read together."""


class AtOnce:
    """Runs messages from outside at once, where that is the same as by the mailbox. On the engine's thread."""

    def __init__(self, room: Mailroom, turns: TurnRunner, cautious: Cautious, coming: Collection[Any]) -> None:
        """`coming`: what is in line behind the message that runs."""
        self._room = room
        self._turns = turns
        self._cautious = cautious
        self._full = room.fullness.full
        self._ready = room.schedule.ready
        self._coming = coming
        self._open = False

    def look(self) -> None:
        """See whether the lane is open in this round, for those for whom it can be."""
        self._open = not self._cautious.careful

    def shut(self) -> None:
        """Close the lane: no turn runs any more."""
        self._open = False

    def run(self, message: Message, round: Round) -> bool:
        """Run the turn of a message from outside; return whether it ran: else the message belongs into a mailbox."""
        if self._ready or self._full or message.expires_ms or not self._open:
            return False
        room = self._room
        cell = room.cells.get(message.to) or self._brought_in(message.to)
        if cell is None or cell.wait is not NO_WAIT or (box := cell.box).head or box.spilled:
            return False
        alive = cell.life is ALIVE
        if not alive and cell.actor.most:
            return False
        self._run(cell, message, round, alive=alive)
        if box.head:  # what it had put aside is in line again
            room.fresh[cell.id] = cell
            room.schedule.wake(cell)
        if cell.used_s != round.now_s:
            room.cells.touch(cell, round.now_s)
        return True

    def _run(self, cell: Cell, message: Message, round: Round, *, alive: bool) -> None:
        room, turns = self._room, self._turns
        room.last_seq = seq = room.last_seq + 1
        turns.begin(cell, round)
        try:
            outcome = run_turn(cell.actor, cell.state, message, turns, round.now_ms, round.clock_ms, 0.0, alive, cell.ties)
        except BaseException as error:  # noqa: BLE001  # here faults are decided, as for all turns
            turns.raised(cell, self._as_mail(cell, message, seq, round), error, round)
            return
        turns.effects.apply(cell, message, outcome, round)
        turns.ended_well(message, outcome, round, seq, seq)

    def _brought_in(self, id: str) -> Cell | None:
        """The cell of an actor that was not in memory; None where that is for somebody else, or nobody."""
        if self._room.directory.box_of(id) is not None:
            return None
        cells = self._room.cells
        if self._coming and id not in cells.ahead:
            coming = list(self._coming)[:_AHEAD]  # a copy: other threads put more in line meanwhile
            cells.look_ahead([id, *(item.message.to for item in coming if type(item) in _ARRIVALS)])
        try:
            return self._room.activation.cell(id)
        except UnknownTarget:  # the mailroom knows what to do with it
            return None

    def _as_mail(self, cell: Cell, message: Message, seq: int, round: Round) -> Mail:
        """The message as if it had been taken out of its actor's mailbox just now."""
        mail = Mail(message, seq, attempt=1)
        self._room.put(cell, mail, round)
        cell.box.head.pop()
        return mail
