"""The mailroom: brings each message to the mailbox it is for, and what nobody can take to the dead letters."""

import logging
from collections.abc import Sequence
from itertools import islice, takewhile
from operator import attrgetter

from gateway.actors.builtins import BUILTINS
from gateway.actors.errors import BadId, UnknownTarget
from gateway.actors.ids import kind_of
from gateway.actors.messages import REPLY, Message, Reply
from gateway.actors.routes import failed
from gateway.actors.words import printable
from gateway.runtime.activation import Activation
from gateway.runtime.asks import Asks
from gateway.runtime.cells import NO_WAIT, Cell, Cells, Wait
from gateway.runtime.clock import GatewayClock
from gateway.runtime.dead_letters import DeadLetters
from gateway.runtime.directory import ASKS, Directory
from gateway.runtime.fullness import Fullness, SentElsewhere
from gateway.runtime.giving_way import GivingWay
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Due, Mail, decode, receiver_of
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.outbox import Outbox
from gateway.runtime.placement import Placement
from gateway.runtime.round import Round
from gateway.runtime.schedule import Schedule
from gateway.runtime.trail import AWAY, DONE, Trail
from gateway.store.store import BoxSize, Store

log = logging.getLogger(__name__)


_ROOM_AT = 0.9
"""A full mailbox has room again from this part of its bounds down: so whoever waits is not woken for each message."""
_KEPT_AT_LEAST = 32

_size = attrgetter("size")


class Memory:
    """How many bytes of mail are in memory, over all mailboxes. On the engine's thread."""

    __slots__ = ("bytes", "most", "read")

    def __init__(self) -> None:
        self.bytes = 0
        self.most = 0
        self.read = 0
        """How many bytes of mail were read back from the store in this life."""

    @property
    def full(self) -> bool:
        """Whether mail that need not be in memory stays on disk."""
        return self.bytes >= self.most

    @property
    def overfull(self) -> bool:
        """Whether all of it does, the first of each mailbox too: there are many mailboxes."""
        return self.bytes >= self.most * 5 // 4


class Mailroom:
    """Brings messages to the mailboxes of cells, to outboxes and to asks. On the engine's thread."""

    def __init__(  # noqa: PLR0917  # made in one place
        self, directory: Directory, cells: Cells, dead_letters: DeadLetters, ids: Ids, trail: Trail, clock: GatewayClock
    ) -> None:
        self.directory = directory
        self.cells = cells
        self.dead_letters = dead_letters
        self.trail = trail
        self._clock = clock
        self.schedule = Schedule()
        self.activation = Activation(directory, cells, self.schedule)
        self.asks = Asks(ids)
        self.placement: Placement | None = None
        """Which actors are here, where the store is shared with other engines; mostly all are."""
        self.outboxes: dict[str, Outbox] = {}
        self.retired: dict[str, Outbox] = {}
        """The outboxes of host-bound actors that have left: see `roster.py`."""
        self.stranded: dict[str, tuple[BoxSize, str]] = {}
        """Mail for whom there is no more: kinds and devices that were taken out of the configuration; and why, in words."""
        self.touched: dict[str, Outbox] = {}
        """Outboxes that have something to hand out, maybe."""
        self.new_id = ids.new
        self.last_seq = 0
        """The place of the last mail made; places rise."""
        self.fullness = Fullness(self.schedule, self._way_to, self._part_of_bound)
        self.giving_way = GivingWay(directory, self.outboxes, cells.store, self._way_to, self.taken_from)
        self.fresh: dict[str, Cell] = {}
        """Cells whose mailboxes have changed in the batch that fills."""
        self._updated: list[Cell] = []
        """Cells of which rows change with the batch under way."""
        self.memory = Memory()
        self.sent_away = 0
        """How many messages were sent to other engines in this life."""
        self.full_at_messages = 0
        self.full_at_bytes = 0

    def deliver(self, message: Message, round: Round, timer: Due | None = None) -> None:
        """Put a message into the mailbox it is for."""
        if message.expires_ms and message.until is None:
            message = self._clock.with_deadline(message, now_ms=round.now_ms, clock_ms=round.clock_ms)
        self.last_seq = seq = self.last_seq + 1
        mail = Mail(message, seq, timer=timer)
        to = message.to
        outbox = self.outboxes.get(to)
        if outbox is not None:
            self._put_out(outbox, mail, round)
        elif (cell := self.cells.get(to)) is not None:
            self.put(cell, mail, round)
        elif (box := self.directory.box_of(to)) is not None:
            self._put_out(self.outboxes[box], mail, round)
        elif self.placement is not None and not self.placement.is_here(to):
            self._send_away(mail, self.placement, round)
        elif kind_of(message.to) == ASKS:
            self._hand_to_asker(mail, round)
        elif self.activation.knows(message.to):
            self.put(self.activation.cell(message.to), mail, round)
        elif message.verb not in BUILTINS:  # it was on its way when the device left
            self.bury(message.to, mail, f"{message.to} was taken out of the configuration while this was on its way", round)
        else:  # the runtime's own verbs go to whom it remembers, which may be of a kind that was registered once
            log.warning("cannot bring %s from %s to %s: its kind is not registered", message.verb, message.sender, message.to)

    def _send_away(self, mail: Mail, placement: Placement, round: Round) -> None:
        """Send a message to the engine that serves its receiver, with this batch."""
        round.batch.changes.post.append(placement.posted(mail.message))
        self.sent_away += 1
        round.batch.urgent = True
        self.note(mail, self.last_seq, round, AWAY)

    def take_in(self, messages: Sequence[tuple[int, bytes]], round: Round) -> None:
        """Take in messages that another engine has sent, with this batch. One that cannot be read becomes a dead letter."""
        self.cells.look_ahead(filter(None, (receiver_of(blob) for _, blob in messages)))
        for number, blob in messages:
            round.batch.changes.post_gone.append(number)
            try:
                message = decode(blob, self.directory.find_row)
            except (ValueError, LookupError) as error:
                self.dead_letters.add_raw(receiver_of(blob), blob, str(error), attempt=0, round=round)
            else:
                self.deliver(message, round)
        round.batch.urgent = True
        self.cells.ahead = {}

    def _put_out(self, outbox: Outbox, mail: Mail, round: Round) -> None:
        memory, box = self.memory, outbox.box
        if outbox.push(mail, round, keep=memory.bytes < memory.most):
            memory.bytes += mail.size
            box.head_bytes += mail.size
        self.touched[box.id] = outbox
        if self.fullness.full or box.count >= self.full_at_messages or box.bytes >= self.full_at_bytes:
            self.look_at(box)
        round.batch.urgent = True

    def put(self, cell: Cell, mail: Mail, round: Round) -> None:
        """Put mail at the end of a cell's mailbox, and the cell in line."""
        box = cell.box
        self.fresh[cell.id] = cell
        if not box.push(mail, round, keep=not self.memory.full):
            self.schedule.spilled[cell.id] = cell
        elif cell.wait is not NO_WAIT:
            box.save(mail, round)
        if not cell.queued:
            self.schedule.wake(cell)
        if box.total >= self.full_at_messages or box.bytes >= self.full_at_bytes:
            self.look_at(box)

    def look_at(self, box: Mailbox) -> None:
        """Note whether a mailbox is full now, or has room again."""
        full = self.fullness.full
        if box.total >= self.full_at_messages or box.bytes >= self.full_at_bytes:
            if box.id not in full:
                self.fullness.mark(box)
        elif box.id in full and box.total <= _ROOM_AT * self.full_at_messages and box.bytes <= _ROOM_AT * self.full_at_bytes:
            self.fullness.clear(box.id)

    def _way_to(self, to: str) -> str | None:
        """Whose mailbox takes what is sent to an id: a host-bound actor's, or that of others; None for an ordinary actor here."""
        return self.directory.box_of(to) or (None if self.placement is None else self.placement.way_to(to))

    def _part_of_bound(self, box: Mailbox | SentElsewhere) -> float:
        """How much of what it may hold a mailbox holds; 1: it is full. Any thread."""
        return max(box.total / self.full_at_messages, box.bytes / self.full_at_bytes)

    def taken_from(self, box: Mailbox) -> None:
        """Note that mail of a mailbox was dealt with, so that it may have room again."""
        if box.id in self.fullness.full:
            self.look_at(box)

    def settle_memory(self, round: Round) -> None:
        """Store the new mail of a batch that still waits, and drop from memory what need not be there. Only changed mailboxes."""
        for cell in self.fresh.values():
            box = cell.box
            if box.head:
                box.save_new(round)
                if box.bytes >= self.full_at_bytes:  # what is new has no size before it is stored
                    self.look_at(box)
                if cell.wait is not NO_WAIT or self.memory.full:
                    self._let_go(cell)
            if box.updated_to:
                self._updated.append(cell)
            self._weigh(box)
        self.fresh = {}
        for outbox in (*self.outboxes.values(), *self.retired.values()):
            box = outbox.box
            if box.head or box.head_bytes:
                self._weigh(box)

    def committed(self, number: int) -> None:
        """Note that a batch is on disk: what had to stay in memory because its row changed with it may leave."""
        cells, self._updated = self._updated, []
        for cell in cells:
            if cell.box.updated_in <= number:
                cell.box.updated_to = 0
                if cell.wait is not NO_WAIT or self.memory.full:
                    self._let_go(cell)
                    self._weigh(cell.box)

    def _let_go(self, cell: Cell) -> None:
        """Keep most of a cell's mail on disk only: nobody may ask for it for long, or too much mail is in memory."""
        cell.box.spill(0 if cell.wait in {Wait.PAUSED, Wait.UNREADABLE} or self.memory.overfull else _KEPT_AT_LEAST)
        if cell.box.spilled:
            self.schedule.spilled[cell.id] = cell

    def _weigh(self, box: Mailbox) -> None:
        now = sum(map(_size, box.head))
        self.memory.bytes += now - box.head_bytes
        box.head_bytes = now

    def read_back(self, box: Mailbox, store: Store, round: Round, *, committed_seq: int) -> None:
        """Read a mailbox's mail back into memory; what cannot be read becomes a dead letter."""
        before = len(box.head)
        bad = box.refill(store, self.directory, round, committed_seq=committed_seq)
        self.memory.read += sum(mail.size for mail in islice(box.head, before, None))
        for row, reason in bad:
            self.dead_letters.add_raw(row.box, row.message, reason, attempt=row.attempt, round=round)

    @property
    def read_bytes(self) -> int:
        """How many bytes of mail and of states were read from the store in this life."""
        return self.memory.read + self.cells.read

    def bring_back(self, cell: Cell, round: Round) -> bool:
        """Read some of a cell's mail that is only on disk back into memory; return whether there was any."""
        before = len(cell.box.head)
        self.read_back(cell.box, self.cells.store, round, committed_seq=0)
        return len(cell.box.head) > before

    def live(self, id: str, first: int, below: int) -> list[int]:
        """The places, below `below`, of the mail in a mailbox that is not dealt with; of a host-bound actor's, from `first` on."""
        outbox = self.outboxes.get(id) or self.retired.get(id)
        if outbox is not None:
            return outbox.live(first, below)
        cell = self.cells.get(id)
        if cell is None:
            return []
        head = takewhile(below.__gt__, (m.seq for m in cell.box.head))
        return [*(m.seq for m in cell.deferred or () if m.seq < below), *head]

    def _hand_to_asker(self, mail: Mail, round: Round) -> None:
        awaited = self.asks.answer(mail, round)
        self.note(mail, self.last_seq, round, DONE if awaited else "nobody waits for it any more")

    def note(self, mail: Mail, since: int, round: Round, outcome: str) -> None:
        """Add to the trail what became of a message, where a trail is kept. `since`: the last place before what it made."""
        if self.trail.on:
            self.trail.note(mail.message, mail.seq, since, self.last_seq, round.batch.number, round.clock_ms, outcome, timer=mail.timer)

    def bury(self, box: str, mail: Mail, reason: str, round: Round) -> None:
        """Give a message up: send it to the error stop of its route, or keep it as a dead letter; and answer whoever asked with a no."""
        since = self.last_seq
        failure = failed(mail.message, printable(reason), self.new_id, self.directory.find_verb)
        if failure is not None:
            self.deliver(failure, round)
            end = f"to the error stop of its route, {failure.to}"
        else:
            end = f"dead letter {self.dead_letters.add(box, mail, reason, round)}"
        self.refuse(mail.message, reason, round)
        self.note(mail, since, round, f"{end}: {reason}")

    def refuse(self, message: Message, reason: str, round: Round) -> None:
        """Answer whoever asked with a no."""
        if message.reply_to:
            self.answer(message, Reply(of=message.asked, ok=False, reason=printable(reason)), round)

    def answer(self, message: Message, reply: Reply, round: Round) -> None:
        """Send an answer to whoever asked. It is dropped where the asker's kind is registered no more."""
        try:
            self.directory.find_verb(message.reply_to, REPLY)
        except (BadId, UnknownTarget) as error:
            log.warning("cannot answer %s of %s: %s; the answer is dropped", message.verb, message.to, error)
            return
        answer = Message(self.new_id(), message.reply_to, REPLY, reply, message.to, "", message.trace or message.id)
        self.deliver(answer, round)
