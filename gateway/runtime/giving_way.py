"""Giving way: where there is no room, telemetry makes some. The oldest goes first; it is counted, and people are told.

Telemetry is what its payload says it is (`Payload.is_telemetry`): how things stand, which its sender will say again. A turn that does
more than tell how things stand (it switches a lamp, tells people, is watched by an alarm) is not put off for a full mailbox: there the
oldest telemetry gives way. On a full disk the telemetry that waits for who is away does. Nothing else ever gives way.
"""

import logging
from collections import Counter
from collections.abc import Iterable

from gateway.actors.messages import Message
from gateway.actors.turn import Outcome
from gateway.runtime.directory import Directory
from gateway.runtime.mail import Mail
from gateway.runtime.outbox import Outbox
from gateway.runtime.round import Round

log = logging.getLogger(__name__)

_LOG_S = 60.0
_LOOKED_THROUGH = 256
"""So many of the oldest messages of a mailbox are looked through for telemetry."""


class GivingWay:
    """On the engine's thread; `counts` on any."""

    def __init__(self, directory: Directory, outboxes: dict[str, Outbox]) -> None:
        self.counts: Counter[str] = Counter()
        """How many messages gave way in this life, by mailbox."""
        self._directory = directory
        self._outboxes = outboxes
        self._logged_s: dict[str, float] = {}

    def lets_go_on(self, outcome: Outcome, full: Iterable[str], round: Round) -> bool:
        """Whether a turn goes on although it writes to mailboxes that are full: it does more than tell how things stand, and there is
        telemetry that makes room for it; or it acts, and what acts needs no room.
        """
        if not (outcome.ties.watchers or outcome.stopped or any(not sent.payload.is_telemetry for sent in outcome.mail)):
            return False
        made_room = True
        for box in [box for sent in outcome.mail if (box := self._box_of(sent)) in full]:
            outbox = self._outboxes.get(box)
            made_room = outbox is not None and self.make_room(outbox, round) and made_room
        return made_room or any(self._acts(sent, full) for sent in outcome.mail)

    def make_room(self, outbox: Outbox, round: Round) -> bool:
        """Drop the oldest telemetry that waits in a mailbox; whether there was any."""
        found = next((mail for mail, _ in zip(outbox.box.head, range(_LOOKED_THROUGH), strict=False) if _may_go(mail)), None)
        if found is None:
            return False
        outbox.box.head.remove(found)
        outbox.drop(found, round)
        self.counts[outbox.box.id] += 1
        self._tell(outbox, found, round)
        return True

    def relieve(self, round: Round) -> None:
        """On a full disk: drop the telemetry in memory that waits for who is away; what is behind it comes next."""
        for outbox in self._outboxes.values():
            if not outbox.open:
                while self.make_room(outbox, round):
                    round.batch.urgent = True

    def _box_of(self, sent: Message) -> str:
        return self._directory.box_of(sent.to) or sent.to

    def _acts(self, sent: Message, full: Iterable[str]) -> bool:
        """Whether a message has something of the host do something, that is not full itself."""
        box = self._directory.box_of(sent.to)
        return box is not None and box not in full and not sent.payload.is_telemetry

    def _tell(self, outbox: Outbox, mail: Mail, round: Round) -> None:
        box = outbox.box.id
        if round.now_s - self._logged_s.get(box, -_LOG_S) >= _LOG_S:
            self._logged_s[box] = round.now_s
            waits = f"it is away: {outbox.away}" if outbox.away else "it takes less than comes"
            said = "the oldest telemetry for %s gives way (%s of it in this life), from %s at the moment, for there is no room and %s"
            log.error(said, box, f"{self.counts[box]:,}", mail.message.sender, waits)


def _may_go(mail: Mail) -> bool:
    """Whether it is telemetry that nobody waits for the end of."""
    message = mail.message
    return message.payload.is_telemetry and not message.reply_to and message.route is None
