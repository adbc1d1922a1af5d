"""Dead letters: messages nobody could take, kept with the reason until someone decides.

None that nobody has looked at makes room for another: when there are too many, or too many bytes of them, one letter a mailbox counts
those that came since.
"""

import logging
from collections import OrderedDict

from gateway.actors.words import printable
from gateway.runtime.mail import Mail, encode
from gateway.runtime.round import Round
from gateway.store.store import DeadRow, Store

log = logging.getLogger(__name__)

_COUNTED_BOXES = 1000
"""How many mailboxes have a counting letter of their own; the letter of the last one counts for all others."""


class DeadLetters:
    """The dead letters of this gateway: at most `kept`, and `kept_bytes`, and one letter a mailbox that counts. On the engine's thread."""

    def __init__(self, store: Store, *, kept: int, kept_bytes: int, first_number: int = 0) -> None:
        """`first_number`: behind it they are numbered."""
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._numbers = dict(store.dead_sizes())
        """The number of each, and how many bytes its message has."""
        self.bytes = sum(self._numbers.values())
        self._seen: OrderedDict[int, None] = OrderedDict()
        """The numbers of those that somebody has looked at in this life."""
        self._counting: dict[str, tuple[DeadRow, int]] = {}
        """By mailbox, the letter that counts, and how many."""
        self._last = max(first_number, *self._numbers, 0)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, n: object) -> bool:
        """Whether there is a letter of that number. Any thread."""
        return n in self._numbers

    def add(self, box: str, mail: Mail, reason: str, round: Round) -> int:
        """Keep a message with its reason, or only count it. Returns the number of its letter, or of the letter that counts it."""
        n = self.add_raw(box, encode(mail.message), reason, attempt=mail.attempt, round=round)
        log.warning("dead letter %d: %s to %s: %s", n, mail.message.verb, mail.message.to, reason)
        return n

    def add_counted(self, box: str, mail: Mail, reason: str, round: Round) -> int:
        """Keep the first message of a mailbox, or of a kind, that had a like fate, and count the others. Its number."""
        if box in self._counting:
            return self._count(box, round)
        n = self.add(box, mail, reason, round)
        if box not in self._counting and (row := next((row for row in round.batch.changes.dead if row.n == n), None)):
            self._counting[box] = (row, 0)
        return n

    def add_raw(self, box: str, message: bytes, reason: str, *, attempt: int, round: Round) -> int:
        """As `add`, for a message in its stored form."""
        round.batch.urgent = True
        while (full := self._is_full) and self._seen:
            self.drop(next(iter(self._seen)), round)
        if full and (counting := self._counter(box)) is not None:
            return self._count(counting, round)
        self._last += 1
        row = DeadRow(self._last, round.stamp().packed(), box, printable(reason), attempt, message)
        self._numbers[row.n] = len(message)
        self.bytes += len(message)
        if full:
            self._counting[box] = (row, 0)
        round.batch.changes.dead.append(row)
        return row.n

    def _counter(self, box: str) -> str | None:
        """The mailbox whose letter counts this message; None where the message gets a letter of its own."""
        if box in self._counting:
            return box
        enough = len(self._counting) >= _COUNTED_BOXES or self.bytes >= 2 * self._kept_bytes
        return next(reversed(self._counting)) if enough and self._counting else None

    @property
    def _is_full(self) -> bool:
        return len(self._numbers) >= self._kept or self.bytes >= self._kept_bytes

    def _count(self, box: str, round: Round) -> int:
        row, count = self._counting[box]
        self._counting[box] = (row, count + 1)
        said = f"{row.reason} (and {count + 1:,} more since, too many to be kept: look at these and drop them)"
        dead = round.batch.changes.dead
        if dead and dead[-1].n == row.n:
            dead.pop()  # one of a batch is enough
        dead.append(row._replace(reason=said))
        return row.n

    def look(self, n: int) -> None:
        """Note that somebody has looked at a dead letter: it may make room for others."""
        if n in self._numbers:
            self._seen[n] = None

    def drop(self, n: int, round: Round) -> bool:
        """Delete a dead letter; return whether there was one with that number."""
        if n not in self._numbers:
            return False
        self.bytes -= self._numbers.pop(n)
        self._seen.pop(n, None)
        for box in [box for box, (row, _) in self._counting.items() if row.n == n]:
            del self._counting[box]
        round.batch.changes.dead_gone.append(n)
        round.batch.urgent = True
        return True
