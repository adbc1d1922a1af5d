"""Admission: what a round takes in from outside, from timers and from the store, and how much of each.

More than a batch can run, or memory may hold, stays where it is: in line, in the timetable, on disk.
"""

import logging

from gateway.actors.errors import UnknownTarget
from gateway.runtime.at_once import AtOnce
from gateway.runtime.batch import Batch
from gateway.runtime.commits import Commits
from gateway.runtime.ingress import Ingress
from gateway.runtime.mail import Arrival, PlainArrival
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round
from gateway.runtime.seen import Seen
from gateway.runtime.settings import EngineSettings
from gateway.runtime.thinning import Thinning
from gateway.runtime.timetable import Timetable
from gateway.runtime.turns import TurnRunner

log = logging.getLogger(__name__)

_AT_LEAST = 32
"""How many actors are brought into memory although it is full, where no commit can make room: all that are there wait for something."""


_BYTES_AT_ONCE = 1024 * 1024
"""About how many bytes a batch takes in. What is new in it has no size before it is stored: a mailbox sees too late that it is full."""


class Admission:
    """Takes messages, timers and stored mail into a round, within its bounds. On the engine's thread."""

    # Positional, as the engine has made them.
    def __init__(  # noqa: PLR0917
        self,
        room: Mailroom,
        ingress: Ingress,
        seen: Seen,
        timetable: Timetable,
        turns: TurnRunner,
        commits: Commits,
        settings: EngineSettings,
        at_once: AtOnce,
        thinning: Thinning,
    ) -> None:
        self._room = room
        self._ingress = ingress
        self._seen = seen
        self._timetable = timetable
        self._turns = turns
        self._commits = commits
        self._settings = settings
        self.at_once = at_once
        self._thinning = thinning
        self.duplicates = 0
        """How many messages from outside were repeats."""
        self.short = False
        """Whether more actors are wanted in memory than there are places: the longest idle are to leave."""
        self.outside = 0
        """How much came from outside of the actors: messages, settled deliveries, due timers."""

    def take(self, round: Round) -> None:
        """Take in the messages that wait, as far as the batch has room, and a round's share of them."""
        self.at_once.look()
        if self._thinning.held:
            for arrival in self._thinning.due(round.now_s):
                self._arrive(arrival, round)
        arrive = self._sift if self._thinning.applies else self._arrive
        arrivals, batch = self._ingress.arrivals, round.batch
        # Half of what may be under way: it is committed while the other half comes in. With all in one batch nothing could come meanwhile.
        left = max(1, self._settings.ingress_messages // 2)
        while arrivals and left and self.has_room(round):
            read = self._room.cells.read
            for _ in range(min(left, self._settings.batch_turns - max(batch.arrived, batch.turns))):
                item = arrivals.popleft()
                left -= 1
                if type(item) is PlainArrival or type(item) is Arrival:
                    arrive(item, round)
                else:
                    item()
                if not arrivals or batch.arrived_bytes >= _BYTES_AT_ONCE or self._room.cells.read != read:
                    break
        self._turns.visited = ""
        self._room.cells.ahead = {}

    def take_the_rest(self, round: Round) -> None:
        """Put all that was let in and has not been taken into mailboxes, full ones too; no turn runs: the last commit is to store it."""
        self.at_once.shut()
        for arrival in self._thinning.due(round.now_s, all=True):
            self._arrive(arrival, round)
        arrivals = self._ingress.arrivals
        while arrivals:
            item = arrivals.popleft()
            if type(item) is PlainArrival or type(item) is Arrival:
                self._arrive(item, round)
            else:
                item()

    def _sift(self, arrival: Arrival | PlainArrival, round: Round) -> None:
        """Take one message in where more is written than may be: readings wait for their time."""
        for one in self._thinning.sift(arrival, round.now_s):
            self._arrive(one, round)

    def has_room(self, round: Round) -> bool:
        """Whether this batch takes more messages from the outside: those it could not run it would have to store."""
        batch = round.batch
        arrived = batch.arrived >= self._settings.batch_turns or batch.arrived_bytes >= _BYTES_AT_ONCE
        return not arrived and not self.is_full(batch)

    def is_full(self, batch: Batch) -> bool:
        """Whether a batch takes no more turns: it has run as many as it may, or brought as many bytes into memory from the store."""
        if batch.turns >= self._settings.batch_turns:
            return True
        if self._room.read_bytes - batch.read_before < self._settings.read_bytes_a_batch:
            return False
        batch.urgent = True  # the next one goes on
        return True

    def _arrive(self, arrival: Arrival | PlainArrival, round: Round) -> None:
        """Take one message in, into a full mailbox too: it was let in before that was known to be full."""
        batch = round.batch
        self.outside += 1
        batch.arrived += 1
        batch.arrived_bytes += arrival.size
        batch.urgent = True
        if type(arrival) is Arrival:
            batch.arrivals.append(arrival)
            if arrival.outside_id:
                if arrival.again and self._seen.has(arrival.source, arrival.outside_id):
                    arrival.duplicate = True
                    self.duplicates += 1
                    return
                self._seen.add(arrival.source, arrival.outside_id, batch.changes)
        message = arrival.message
        if not self.at_once.run(message, round):
            self._room.deliver(message, round)

    def wake_timers(self, round: Round) -> None:
        next_ms = self._timetable.next_ms()
        if next_ms is None or next_ms > round.clock_ms:  # as in most rounds
            self.short = False
            return
        admitted = self.admitted(round)
        due = self._timetable.due(round.clock_ms, admitted)
        next_ms = self._timetable.next_ms()
        self.short = next_ms is not None and next_ms <= round.clock_ms and admitted < self._settings.batch_turns
        for wake_ms, id in due:
            try:
                cell = self._room.activation.cell(id)
            except UnknownTarget as error:
                log.error("cannot fire the timers of %s: %s", id, error)
                continue
            if cell.wake_ms == wake_ms:
                self.outside += 1
                self._turns.fire(cell, round)

    def open_mailboxes(self, round: Round) -> None:
        """Bring into memory some of the actors for which an earlier life of the gateway left mail."""
        if self._room.activation.unopened:
            self._room.activation.open_some(self.admitted(round) - len(self._room.schedule.ready))
            self.short = self.short or bool(self._room.activation.unopened)

    def may_open(self, round: Round) -> bool:
        """Whether `open_mailboxes` would bring an actor into memory now: those that are there and may run come first."""
        return bool(self._room.activation.unopened) and self.admitted(round) > len(self._room.schedule.ready)

    def admitted(self, round: Round) -> int:
        """How many more actors this round may bring into memory: what the batch can run, and memory may hold."""
        if self.is_full(round.batch):
            return 0
        turns = self._settings.batch_turns - round.batch.turns
        heavy = self._room.cells.bytes >= self._settings.states_in_memory_bytes
        places = 0 if heavy else self._settings.active_actors - len(self._room.cells)
        if places <= 0 and self._commits.under_way is None and not round.batch.turns:
            places = _AT_LEAST
        return max(0, min(turns, places))
