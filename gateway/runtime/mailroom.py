"""The mailroom: brings each message to the mailbox it is for."""

import logging
from collections import deque
from collections.abc import Callable
from itertools import takewhile

from gateway.actors.builtins import BUILTINS
from gateway.actors.errors import BadId, UnknownTarget
from gateway.actors.gather import GATHER
from gateway.actors.ids import kind_of
from gateway.actors.messages import REPLY, Message, Reply
from gateway.actors.routes import failed
from gateway.runtime.batch import Batch
from gateway.runtime.cells import Cell, Cells
from gateway.runtime.dead_letters import DeadLetters
from gateway.runtime.directory import ASKS, Directory
from gateway.runtime.ids import Ids
from gateway.runtime.mail import Due, Mail
from gateway.runtime.mailbox import Mailbox
from gateway.runtime.outbox import Outbox
from gateway.runtime.trail import DONE, Trail
from gateway.store.store import BoxSize, Store

log = logging.getLogger(__name__)


class Mailroom:
    """Cells, outboxes and asks by id. On the engine's thread, `expect` and `give_up` excepted."""

    def __init__(self, directory: Directory, cells: Cells, dead_letters: DeadLetters, ids: Ids, trail: Trail) -> None:
        self.directory = directory
        self.cells = cells
        self.dead_letters = dead_letters
        self.trail = trail
        self.outboxes: dict[str, Outbox] = {}
        self.ready: deque[Cell] = deque()
        """Cells with mail to handle, in the order in which it came."""
        self.blocked: dict[str, Cell] = {}
        """Cells whose mail waits: for a retry, or for somebody to mend them."""
        self.touched: dict[str, Outbox] = {}
        """Outboxes that have something to hand out, maybe."""
        self._ids = ids
        self.new_id = ids.new
        self.last_seq = 0
        """The place of the last mail made; places rise."""
        self.spilled: dict[str, Cell] = {}
        """Cells with mail that is only on disk."""
        self._asks: dict[str, Callable[[Reply], None]] = {}
        self.full_at_messages = 0
        self.full_at_bytes = 0

    def deliver(self, message: Message, batch: Batch, *, now_ms: int, timer: Due | None = None) -> None:
        """Put a message into the mailbox it is for."""
        self.last_seq += 1
        mail = Mail(message, self.last_seq)
        mail.timer = timer
        cell = self.cells.get(message.to)
        if cell is not None:
            self._push(cell, mail, batch, now_ms)
            return
        box = self.directory.box_of(message.to)
        if box is not None:
            outbox = self.outboxes[box]
            outbox.push(mail, batch)
            self.touched[box] = outbox
            batch.urgent = True
        elif kind_of(message.to) == ASKS:
            self._answer(mail, batch, now_ms)
        elif message.verb not in BUILTINS or self.knows(message.to):
            self._push(self.cell(message.to), mail, batch, now_ms)
        else:  # the runtime's own verbs go to whom it remembers, which may be of a kind that was registered once
            log.warning("cannot bring %s from %s to %s: its kind is not registered", message.verb, message.sender, message.to)

    def knows(self, id: str) -> bool:
        """Whether the kind of an ordinary actor is registered."""
        return kind_of(id) in self.directory.kinds

    def cell(self, id: str, stored: BoxSize | None = None) -> Cell:
        """The cell of an ordinary actor, made when it is not in memory. Raises UnknownTarget."""
        cell = self.cells.get(id)
        if cell is None:
            actor = self.directory.kinds.get(kind_of(id))
            if actor is None:
                raise UnknownTarget(f"cannot activate {id}: no kind {kind_of(id)!r} is registered")
            cell = self.cells.activate(id, actor, stored)
            if cell.blocked:
                log.error("%s; its mail waits", cell.fault)
                self.blocked[id] = cell
        return cell

    def family(self, id: str) -> list[Cell]:
        """The cells of all children of an actor, and of theirs: the deepest first."""
        if kind_of(id) == GATHER:  # it has none, and one ends with each ask: looking for them took most of its time
            return []
        prefix, after = f"{id}/", ""
        ids = {child for child in self.cells.children_under(id) if child.startswith(prefix)}
        while found := self.cells.stored(prefix, after):
            ids.update(found)
            after = found[-1]
        return [self.cell(child) for child in sorted(ids, reverse=True) if kind_of(child) in self.directory.kinds]

    def _push(self, cell: Cell, mail: Mail, batch: Batch, now_ms: int) -> None:
        box = cell.box
        if box.count and mail.message.verb not in BUILTINS and (box.count >= self.full_at_messages or box.bytes >= self.full_at_bytes):
            reason = f"its mailbox is full ({box.count} messages, {box.bytes} bytes); {cell.fault or 'it handles them too slowly'}"
            self.bury(cell.id, mail, reason, batch, now_ms=now_ms)
            return
        if not box.push(mail, batch):
            self.spilled[cell.id] = cell
        elif cell.blocked:
            box.save(mail, batch)
        if not cell.queued:
            self.wake(cell)

    def read_back(self, box: Mailbox, store: Store, batch: Batch, *, committed_seq: int, now_ms: int) -> None:
        """Read a mailbox's mail back into memory; what cannot be read becomes a dead letter."""
        for row, reason in box.refill(store, self.directory, batch, committed_seq=committed_seq):
            self.dead_letters.add_raw(row.box, row.message, reason, attempt=row.attempt, at_ms=now_ms, batch=batch)

    def bring_back(self, cell: Cell, batch: Batch, now_ms: int) -> bool:
        """Read some of the mail that a cell has only on disk back into memory; whether there was any."""
        before = len(cell.box.head)
        self.read_back(cell.box, self.cells.store, batch, committed_seq=0, now_ms=now_ms)
        return len(cell.box.head) > before

    def live(self, id: str, below: int) -> list[int]:
        """The places below `below` of mail in a mailbox that is not dealt with."""
        outbox = self.outboxes.get(id)
        if outbox is not None:
            return [*(seq for seq in outbox.in_hand if seq < below), *takewhile(below.__gt__, (m.seq for m in outbox.box.head))]
        cell = self.cells.get(id)
        if cell is None:
            return []
        head = takewhile(below.__gt__, (m.seq for m in cell.box.head))
        return [*(m.seq for m in cell.deferred or () if m.seq < below), *head]

    def wake(self, cell: Cell) -> None:
        """Queue a cell for its turn, unless it is queued or blocked."""
        if not cell.queued and not cell.blocked:
            cell.queued = True
            self.ready.append(cell)

    def block(self, cell: Cell, fault: str) -> None:
        """Let its mail wait."""
        cell.blocked = True
        cell.fault = fault
        self.blocked[cell.id] = cell

    def unblock(self, cell: Cell) -> None:
        """Let its mail be handled again."""
        cell.blocked = False
        cell.fault = ""
        self.blocked.pop(cell.id, None)
        self.wake(cell)

    def expect(self, answer: Callable[[Reply], None]) -> str:
        """An address whose first reply goes to `answer`, after its commit. Any thread may call it."""
        address = f"{ASKS}/{self._ids.new()}"
        self._asks[address] = answer
        return address

    def give_up(self, address: str) -> None:
        """Nobody waits for this reply any more: a late one is dropped. Any thread may call it."""
        self._asks.pop(address, None)

    def _answer(self, mail: Mail, batch: Batch, now_ms: int) -> None:
        message = mail.message
        answer = self._asks.pop(message.to, None)
        if self.trail.on:
            self.trail.note(mail, self.last_seq, self.last_seq, batch.number, now_ms, DONE if answer else "nobody waits for it any more")
        if answer is not None and isinstance(message.payload, Reply):
            batch.replies.append((answer, message.payload))
            batch.urgent = True

    def bury(self, box: str, mail: Mail, reason: str, batch: Batch, *, now_ms: int) -> None:
        """Nobody can take it: tell the error stop of its route, or keep it as a dead letter; and answer whoever asked with a no."""
        since = self.last_seq
        failure = failed(mail.message, printable(reason), self._ids.new, self.directory.find_verb)
        if failure is not None:
            self.deliver(failure, batch, now_ms=now_ms)
            end = f"to the error stop of its route, {failure.to}"
        else:
            end = f"dead letter {self.dead_letters.add(box, mail, reason, at_ms=now_ms, batch=batch)}"
        self.refuse(mail.message, reason, batch, now_ms=now_ms)
        if self.trail.on:
            self.trail.note(mail, since, self.last_seq, batch.number, now_ms, f"{end}: {reason}")

    def refuse(self, message: Message, reason: str, batch: Batch, *, now_ms: int) -> None:
        """Answer whoever asked with a no."""
        if message.reply_to:
            self.answer(message, Reply(of=message.asked, ok=False, reason=printable(reason)), batch, now_ms=now_ms)

    def answer(self, message: Message, reply: Reply, batch: Batch, *, now_ms: int) -> None:
        """Send whoever asked the answer. It is dropped where the asker's kind is registered no more."""
        try:
            self.directory.find_verb(message.reply_to, REPLY)
        except (BadId, UnknownTarget) as error:
            log.warning("cannot answer %s of %s: %s; the answer is dropped", message.verb, message.to, error)
            return
        answer = Message(self._ids.new(), message.reply_to, REPLY, reply, message.to, "", message.trace or message.id)
        self.deliver(answer, batch, now_ms=now_ms)


def printable(reason: str) -> str:
    """A reason that any store and any wire takes: what is no Unicode in it (a file name, say) is escaped."""
    return reason.encode(errors="backslashreplace").decode()
