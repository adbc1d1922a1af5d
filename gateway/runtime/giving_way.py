"""Giving way: where there is no room, telemetry makes some. The oldest goes first; it is counted, and people are told.

Telemetry is what its payload says it is (`Payload.is_telemetry`): how things stand, which its sender will say again. A turn that does
more than tell how things stand (it switches a lamp, tells people, is watched by an alarm) is not put off for a full mailbox: there the
oldest telemetry gives way. On a full disk the telemetry that waits for who is away does. Nothing else ever gives way.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from gateway.actors.messages import Message
from gateway.actors.turn import Outcome
from gateway.runtime.directory import Directory
from gateway.runtime.mail import Mail, decode, is_telemetry, may_give_way
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.outbox import Outbox
from gateway.runtime.round import Round
from gateway.store.store import MailRow, Store

log = logging.getLogger(__name__)

_LOG_S = 60.0
_PAGE = 512
_PAGES = 16
"""So many pages of a mailbox's mail that is only on disk are looked through at a time, each once in a life: the engine has other work."""


class GivingWay:
    """On the engine's thread; `counts` on any."""

    def __init__(
        self,
        directory: Directory,
        outboxes: dict[str, Outbox],
        store: Store,
        way_to: Callable[[str], str | None],
        taken_from: Callable[[Mailbox], None],
    ) -> None:
        """`taken_from` is told of a mailbox that may have room again."""
        self.counts: Counter[str] = Counter()
        """How many messages gave way in this life, by mailbox."""
        self._directory = directory
        self._way_to = way_to
        self._taken_from = taken_from
        self._outboxes = outboxes
        self._store = store
        self._looked_to: dict[str, int] = {}
        """By mailbox, the place up to which what is only on disk holds no telemetry."""
        self._logged_s: dict[str, float] = {}

    def lets_go_on(self, outcome: Outcome, full: Iterable[str], round: Round) -> bool:
        """Whether a turn goes on although it writes to mailboxes that are full: it does more than tell how things stand, and there is
        telemetry that makes room for it; or it acts, and what acts needs no room.
        """
        if not (outcome.ties.watchers or outcome.stopped or any(not is_telemetry(sent.payload) for sent in outcome.mail)):
            return False
        made_room, full = True, frozenset(full)  # one that gets room by this is no longer among them
        for box in [box for sent in outcome.mail if (box := self._box_of(sent)) in full]:
            outbox = self._outboxes.get(box)
            made_room = outbox is not None and self.make_room(outbox, round) and made_room
        return made_room or any(self._acts(sent, full) for sent in outcome.mail)

    def make_room(self, outbox: Outbox, round: Round) -> bool:
        """Drop the oldest telemetry that waits in a mailbox; whether there was any. On disk some thousands are looked through, and the next
        time those behind them."""
        found = next(filter(_may_go, outbox.box.head), None)
        if found is not None:
            outbox.box.head.remove(found)
            outbox.drop(found, round)
        else:
            found = next(self._stored(outbox, round), None)
        if found is not None:
            self._count(outbox, found, round)
            self._taken_from(outbox.box)  # the turn that it went for may be put off all the same
        return found is not None

    def relieve(self, round: Round) -> None:
        """On a full disk: drop the telemetry that waits for who is away, of what is only on disk some thousands at a time."""
        for outbox in self._outboxes.values():
            if not outbox.open:
                for mail in [*self._in_memory(outbox, round), *self._stored(outbox, round)]:
                    self._count(outbox, mail, round)
                    round.batch.urgent = True
                self._taken_from(outbox.box)

    def _in_memory(self, outbox: Outbox, round: Round) -> list[Mail]:
        """Drop all telemetry that waits in memory, and return it."""
        head = outbox.box.head
        going = list(filter(_may_go, head))
        if going:
            staying = [mail for mail in head if not _may_go(mail)]
            head.clear()
            head.extend(staying)
            for mail in going:
                outbox.drop(mail, round)
        return going

    def _stored(self, outbox: Outbox, round: Round) -> Iterator[Mail]:
        """Drop telemetry that is only on disk, one by one, the oldest first."""
        box = outbox.box
        for _ in range(_PAGES if box.spilled else 0):
            rows = self._store.mail(box.id, max(box.loaded_to, self._looked_to.get(box.id, 0)), _PAGE)
            for row in rows:
                self._looked_to[box.id] = row.seq
                mail = self._read(row)
                if mail is not None and _may_go(mail) and box.drop_stored(row.seq, len(row.message), round):
                    yield mail
            if len(rows) < _PAGE:
                return

    def _read(self, row: MailRow) -> Mail | None:
        """Read a stored message; None where it cannot be read: that is found out when its turn comes."""
        try:
            return Mail(decode(row.message, self._directory.find_row), row.seq, stored=True)
        except (ValueError, LookupError):
            return None

    def _count(self, outbox: Outbox, gone: Mail, round: Round) -> None:
        self.counts[outbox.box.id] += 1
        self._tell(outbox, gone, round)

    def _box_of(self, sent: Message) -> str:
        return self._way_to(sent.to) or sent.to

    def _acts(self, sent: Message, full: Iterable[str]) -> bool:
        """Whether a message has something of the host do something, that is not full itself."""
        box = self._directory.box_of(sent.to)
        return box is not None and box not in full and not is_telemetry(sent.payload)

    def _tell(self, outbox: Outbox, mail: Mail, round: Round) -> None:
        box = outbox.box.id
        if round.now_s - self._logged_s.get(box, -_LOG_S) >= _LOG_S:
            self._logged_s[box] = round.now_s
            waits = f"it is away: {outbox.away}" if outbox.away else "it takes less than comes"
            said = "the oldest telemetry for %s gives way (%s of it in this life), from %s at the moment, for there is no room and %s"
            log.error(said, box, f"{self.counts[box]:,}", mail.message.sender, waits)


def _may_go(mail: Mail) -> bool:
    return may_give_way(mail.message)
