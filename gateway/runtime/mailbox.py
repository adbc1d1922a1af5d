"""A mailbox: a durable FIFO whose head is in memory and whose tail, when it is long, is only on disk.

So a broker that is away for a day costs disk, not memory. Order is by `seq`, in memory and on disk alike.
"""

from collections import deque
from collections.abc import Collection, Sequence
from operator import attrgetter

from gateway.runtime.directory import Directory
from gateway.runtime.mail import PLAIN_HEAD, Mail, act_by_of, decode, due_of, encode
from gateway.runtime.round import Round
from gateway.store.store import MailRow, SeqSpan, Store

HEAD_AT_MOST = 768
"""How many messages of one mailbox are held in memory."""
READ_BACK = 256
"""How many messages are read back at a time, at most;"""
READ_BACK_BYTES = 1024 * 1024
"""and about how many bytes of them."""


_size = attrgetter("size")
_new = tuple.__new__
"""Makes a row of all its fields in their order: twice as fast as calling its class, for what is made once a message."""


class Mailbox:
    """The mail of one actor. On the engine's thread."""

    __slots__ = (
        "_called_back",
        "_loaded_to",
        "_looked",
        "_spilled_to",
        "_timers",
        "below",
        "bytes",
        "count",
        "head",
        "head_bytes",
        "id",
        "updated_in",
        "updated_to",
    )

    def __init__(self, id: str, *, spilled_to: int = 0, count: int = 0, size: int = 0) -> None:
        self.id = id
        self.head: deque[Mail] = deque()
        self.count = count
        """How many messages of it the store has, or will have after the commit under way."""
        self.bytes = size
        self.below = count
        """How many of them are only on disk."""
        self.head_bytes = 0
        """How many bytes of it were in memory when a batch was last sealed."""
        self._loaded_to = 0
        self._spilled_to = spilled_to
        self._timers: dict[int, tuple[str, int]] = {}
        """By the place of each message that is only on disk and is from a timer, the name of that, and its size."""
        self._looked = not count
        """Whether all of these are known: what an earlier life left was looked through."""
        self.updated_to = 0
        """Up to this place rows of its mail change, or go out of the midst, with a batch that is not committed: what is read from the store
        now is as it was. What is in memory up to there stays there."""
        self.updated_in = 0
        """Number of the last such batch."""
        self._called_back: set[int] = set()
        """Places of those that a commit to come deletes: the store may still have them."""

    @property
    def spilled(self) -> bool:
        """Whether the mailbox has mail that is only on disk."""
        return self._spilled_to > self._loaded_to

    @property
    def loaded_to(self) -> int:
        """Up to which place the mail is, or was, in memory: what is behind it is only on disk."""
        return self._loaded_to

    @property
    def last_seq(self) -> int:
        """The last place of this mailbox that the store may have."""
        return max(self._spilled_to, self._loaded_to)

    def readable(self, committed_seq: int) -> bool:
        """Whether the mailbox has mail that is only on disk and was committed, so that it can be read back."""
        return self._spilled_to > self._loaded_to < committed_seq

    @property
    def total(self) -> int:
        """How many messages the mailbox has, in memory and on disk, with those that are put aside or in an actor's hands."""
        return max(self.count, self.below + len(self.head))

    def push(self, mail: Mail, round: Round, *, keep: bool = True) -> bool:
        """Put mail at the end; return whether it went into memory. What does not is stored with this batch.

        Unless `keep` is set only what is first in it goes into memory: there is too much of other mail.
        """
        head = self.head
        if self._spilled_to <= self._loaded_to and (len(head) < HEAD_AT_MOST if keep else not head):
            head.append(mail)
            self._loaded_to = mail.seq
            return True
        if not mail.stored:
            self.save(mail, round)
        self._spilled_to = mail.seq
        self.below += 1
        self._note_timer(mail)
        return False

    def take_in(self, mail: Mail, round: Round, *, keep: bool) -> bool:
        """Store new mail with this batch, and put it at the end, as `save` and `push` do; return whether it went into memory."""
        blob = encode(mail.message, mail.timer, mail.act_by)
        round.batch.changes.mail.append(_new(MailRow, (self.id, mail.seq, mail.attempt, blob)))
        mail.stored = True
        mail.size = size = len(blob)
        self.count += 1
        self.bytes += size
        return self.push(mail, round, keep=keep)

    def spill(self, keep: int) -> None:
        """Drop the mail behind the first `keep` from memory: the store has it, or will have it after the commit under way.

        What had a row before, and is changed by that commit, stays; and all does while there is mail that is in no batch yet.
        """
        head = self.head
        gone = []
        while len(head) > keep and head[-1].stored and head[-1].seq > self.updated_to:
            gone.append(head.pop())
        if not gone:
            return
        for mail in gone:
            self._note_timer(mail)
        self.below += len(gone)
        self._spilled_to = max(self._spilled_to, gone[0].seq)
        self._loaded_to = max(head[-1].seq if head else gone[-1].seq - 1, self.updated_to)

    def _note_timer(self, mail: Mail) -> None:
        if mail.timer is not None:
            self._timers[mail.seq] = (mail.timer.name, mail.size)

    def call_back(self, names: Collection[str], store: Store, round: Round) -> None:
        """Delete what is only on disk and is from timers of these names: they are set anew, or cancelled."""
        if not self._looked:
            self._look_for_timers(store)
        for seq, (name, size) in list(self._timers.items()):
            if name in names:
                del self._timers[seq]
                self.drop_stored(seq, size, round)

    def drop_stored(self, seq: int, size: int, round: Round) -> bool:
        """Delete a message that is only on disk, of `size` bytes; return whether it was not deleted before."""
        if seq in self._called_back:
            return False
        self._called_back.add(seq)
        round.batch.changes.mail_gone.append(SeqSpan(self.id, seq, seq))  # alone: what lies beside it is on disk only, too
        self.below -= 1
        self.count -= 1
        self.bytes -= size
        return True

    def _look_for_timers(self, store: Store) -> None:
        """Find those that an earlier life left; once, and only where a timer is set or cancelled."""
        self._looked, after = True, self._loaded_to
        while rows := store.mail(self.id, after, READ_BACK):
            for row in rows:
                due = due_of(row.message)
                if due is not None:
                    self._timers[row.seq] = (due.name, len(row.message))
            after = rows[-1].seq

    def save(self, mail: Mail, round: Round) -> None:
        """Store mail, or its new attempt count, with this batch."""
        blob = encode(mail.message, mail.timer, mail.act_by)
        round.batch.changes.mail.append(MailRow(self.id, mail.seq, mail.attempt, blob))
        if mail.stored:
            self.stay(mail.seq, round.batch.number)
        else:
            mail.stored = True
            mail.size = len(blob)
            self.count += 1
            self.bytes += mail.size

    def save_new(self, round: Round) -> None:
        """Store the mail that came into memory since the last commit and is still here."""
        fresh = []
        for mail in reversed(self.head):
            if mail.stored:
                break
            fresh.append(mail)
        for mail in reversed(fresh):
            self.save(mail, round)

    def drop(self, mail: Mail, round: Round) -> None:
        """Delete mail that is dealt with, in this round, where the store has it."""
        if mail.stored:
            self._delete(mail.seq, round)
            self.count -= 1
            self.bytes -= mail.size

    def _delete(self, seq: int, round: Round) -> None:
        """Delete a row with this batch. What is before it must be in memory until then: else it would be read back together with this one,
        or be taken for nothing between two that are deleted."""
        if self.head and self.head[0].seq < seq:
            self.stay(seq, round.batch.number)
        round.batch.drop(self.id, seq)

    def stay(self, seq: int, batch: int) -> None:
        """Have what is in memory up to a place stay there until that batch is committed."""
        self.updated_to, self.updated_in = max(self.updated_to, seq), max(self.updated_in, batch)

    def drop_all(self, mail: Sequence[Mail], places: Sequence[int], round: Round) -> None:
        """Delete mail that is dealt with, all of it stored, in this round; `places` are its places."""
        if places:
            round.batch.drop_all(self.id, places)
            self.count -= len(mail)
            self.bytes -= sum(map(_size, mail))

    def refill(self, store: Store, directory: Directory, round: Round, *, committed_seq: int) -> list[tuple[MailRow, str]]:
        """Read mail back, behind the head. Returns the rows that could not be read, each with the reason."""
        bad = []
        limit = max(1, min(READ_BACK, READ_BACK_BYTES * self.count // max(1, self.bytes)))
        rows = store.mail(self.id, self._loaded_to, limit)
        for row in rows:
            self._loaded_to = row.seq
            if row.seq in self._called_back:
                self._called_back.discard(row.seq)
                continue
            self.below -= 1
            self._timers.pop(row.seq, None)
            try:
                message = decode(row.message, directory.find_row)
            except (ValueError, LookupError) as error:
                bad.append((row, str(error)))
                self._delete(row.seq, round)
                self.count -= 1
                self.bytes = max(0, self.bytes - len(row.message))
            else:
                mail = Mail(message, row.seq, attempt=row.attempt, stored=True)
                mail.size = len(row.message)
                if not row.message.startswith(PLAIN_HEAD):
                    mail.timer = due_of(row.message)
                    mail.act_by = act_by_of(row.message)
                self.head.append(mail)
        if len(rows) < limit:  # what is still only on disk comes there with a later commit: nothing to read before
            self._loaded_to = max(self._loaded_to, committed_seq)
        if self._called_back and not self.spilled:
            self._called_back.clear()
        return bad


def spans(box: str, gone: Collection[int], live: Collection[int]) -> list[SeqSpan]:
    """The fewest spans of places that cover all in `gone` and none in `live`; places between them belong to other mailboxes."""
    if not live:
        return [SeqSpan(box, min(gone), max(gone))]
    found: list[SeqSpan] = []
    barriers = sorted(live)
    at = 0
    for seq in sorted(gone):
        passed = at
        while passed < len(barriers) and barriers[passed] < seq:
            passed += 1
        if found and passed == at:
            found[-1] = SeqSpan(box, found[-1].first, seq)
        else:
            found.append(SeqSpan(box, seq, seq))
        at = passed
    return found
