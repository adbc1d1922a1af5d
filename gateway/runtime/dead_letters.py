"""Dead letters: messages nobody could take, kept with the reason until someone decides.

None that nobody has looked at makes room for another: when there are too many, one letter a mailbox counts those that came since.
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
    """The dead letters of this gateway: at most `kept` of them, and one letter a mailbox that only counts. On the engine's thread."""

    def __init__(self, store: Store, *, kept: int) -> None:
        self._kept = kept
        self._numbers: set[int] = set()
        self._seen: OrderedDict[int, None] = OrderedDict()
        """The numbers of those that somebody has looked at in this life."""
        self._counting: dict[str, tuple[DeadRow, int]] = {}
        """By mailbox, the letter that counts, and how many."""
        after = 0
        while rows := store.dead(after, 1000):
            self._numbers.update(row.n for row in rows)
            after = rows[-1].n
        self._last = after

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, box: str, mail: Mail, reason: str, round: Round) -> int:
        """Keep a message with its reason, or only count it. Returns the number of its letter, or of the letter that counts it."""
        n = self.add_raw(box, encode(mail.message), reason, attempt=mail.attempt, round=round)
        log.warning("dead letter %d: %s to %s: %s", n, mail.message.verb, mail.message.to, reason)
        return n

    def add_raw(self, box: str, message: bytes, reason: str, *, attempt: int, round: Round) -> int:
        """As `add`, for a message in its stored form."""
        round.batch.urgent = True
        full = len(self._numbers) >= self._kept
        if full and self._seen:
            self.drop(next(iter(self._seen)), round)
            full = False
        if full and (counting := self._counter(box)) is not None:
            return self._count(counting, round)
        self._last += 1
        row = DeadRow(self._last, round.stamp().packed(), box, printable(reason), attempt, message)
        self._numbers.add(row.n)
        if full:
            self._counting[box] = (row, 0)
        round.batch.changes.dead.append(row)
        return row.n

    def _counter(self, box: str) -> str | None:
        """The mailbox whose letter counts this message; None where the message gets a letter of its own."""
        if box in self._counting:
            return box
        return next(reversed(self._counting)) if len(self._counting) >= _COUNTED_BOXES else None

    def _count(self, box: str, round: Round) -> int:
        row, count = self._counting[box]
        self._counting[box] = (row, count + 1)
        said = f"{row.reason} (and {count + 1:,} more since, too many to be kept: look at these and drop them)"
        round.batch.changes.dead.append(row._replace(reason=said))
        return row.n

    def look(self, n: int) -> None:
        """Note that somebody has looked at a dead letter: it may make room for others."""
        if n in self._numbers:
            self._seen[n] = None

    def drop(self, n: int, round: Round) -> bool:
        """Delete a dead letter; return whether there was one with that number."""
        if n not in self._numbers:
            return False
        self._numbers.discard(n)
        self._seen.pop(n, None)
        for box in [box for box, (row, _) in self._counting.items() if row.n == n]:
            del self._counting[box]
        round.batch.changes.dead_gone.append(n)
        round.batch.urgent = True
        return True
