"""Dead letters: messages nobody could take, kept with the reason until someone decides."""

import logging
from collections import OrderedDict

from gateway.runtime.mail import Mail, encode
from gateway.runtime.round import Round
from gateway.store.store import DeadRow, Store

log = logging.getLogger(__name__)


class DeadLetters:
    """The last `kept` of them. On the engine's thread."""

    def __init__(self, store: Store, *, kept: int) -> None:
        self._kept = kept
        self._numbers: OrderedDict[int, None] = OrderedDict()
        after = 0
        while rows := store.dead(after, 1000):
            self._numbers.update((row.n, None) for row in rows)
            after = rows[-1].n
        self._last = after

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, box: str, mail: Mail, reason: str, round: Round) -> int:
        """Keep a message with its reason; the oldest goes when there are too many. Its number."""
        self.add_raw(box, encode(mail.message), reason, attempt=mail.attempt, round=round)
        log.warning("dead letter %d: %s to %s: %s", self._last, mail.message.verb, mail.message.to, reason)
        return self._last

    def add_raw(self, box: str, message: bytes, reason: str, *, attempt: int, round: Round) -> None:
        """Keep a message in its stored form."""
        self._last += 1
        self._numbers[self._last] = None
        said = reason.encode(errors="backslashreplace").decode()  # a file name in it may be no Unicode
        round.batch.changes.dead.append(DeadRow(self._last, round.now_ms, box, said, attempt, message))
        round.batch.urgent = True
        if len(self._numbers) > self._kept:
            oldest, _ = self._numbers.popitem(last=False)
            round.batch.changes.dead_gone.append(oldest)

    def drop(self, n: int, round: Round) -> bool:
        """Forget one; whether there was such a one."""
        if n not in self._numbers:
            return False
        del self._numbers[n]
        round.batch.changes.dead_gone.append(n)
        round.batch.urgent = True
        return True
