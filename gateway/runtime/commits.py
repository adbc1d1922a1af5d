"""Commits: the batch that fills, the batch under way, and how far the store is.

On the engine's thread.
"""

from typing import Protocol

from gateway.runtime.batch import Batch, Observer
from gateway.runtime.cells import NO_WAIT
from gateway.runtime.committer import Committer
from gateway.runtime.ingress import Ingress
from gateway.runtime.mailbox import spans
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.round import Round


class CommitKeeper(Protocol):
    """Who keeps what each commit makes of actors, for others to see."""

    def seal(self, batch: Batch) -> None:
        """Note what a batch that is sealed just now has made of actors."""

    def add(self, batch: Batch) -> None:
        """Take a batch that is on disk now."""


class Commits:
    """Seals batches and hands them to the committer, one at a time."""

    def __init__(self, room: Mailroom, ingress: Ingress, committer: Committer) -> None:
        self.batch = Batch(1)
        """The batch that fills now."""
        self.under_way: Batch | None = None
        """The batch that the committer has; None while it is free."""
        self.submitted_s = 0.0
        """Monotonic second at which it got it."""
        self.last = 0
        """Number of the last batch that is on disk."""
        self.last_seq = 0
        """Every message up to this place, if it still waits, is on disk."""
        self.count = 0
        self.observers: list[Observer] = []
        self.recorder: CommitKeeper | None = None
        """Mostly there is none."""
        self._room = room
        self._ingress = ingress
        self._committer = committer

    def submit(self, round: Round, now_s: float, *, here: bool = False) -> bool:
        """Give the batch to the committer, and begin a new one. It must be free. `now_s`: by now the turns may have taken a while.

        `here`: have it committed on this thread, where that can be, for nothing else waits. Returns whether it is committed already; then
        call `done`, and release it.
        """
        batch = round.batch
        self._seal(round)
        self.batch = round.batch = Batch(batch.number + 1, self._room.read_bytes)
        self.under_way = batch
        self.submitted_s = now_s
        if here:
            return self._committer.commit_here(batch)
        self._committer.submit(batch)
        return False

    def done(self, batch: Batch) -> None:
        """Note that the batch under way is on disk. It is released, or is as soon as this is noted."""
        self.under_way = None
        self.last = batch.number
        self.last_seq = batch.last_seq
        self.count += 1
        if batch.arrived:
            self._ingress.free(batch.arrived, batch.arrived_bytes)
        self._room.committed(batch.number)
        self._wake_spilled()
        self._room.cells.drop_ended(batch.ended, committed=batch.number)
        self._room.activation.forget_removed(batch)
        if batch.turned:
            for observe in self.observers:
                observe(batch.turned)
        if self.recorder is not None:
            self.recorder.add(batch)

    def _wake_spilled(self) -> None:
        """Queue the actors whose mail was only on its way to the disk, and can be read back now. Who waits for something else goes on when
        that has come."""
        spilled = self._room.schedule.spilled
        for cell in list(spilled.values()):
            if cell.box.spilled and cell.wait is NO_WAIT:
                self._room.schedule.wake(cell)
            else:  # it may have left memory: it must not be queued
                del spilled[cell.id]

    def unsaved_wakes(self) -> list[tuple[int, str]]:
        """The (wake_ms, actor) pairs that the store does not show yet."""
        batches = [batch for batch in (self.batch, self.under_way) if batch is not None]
        return [(cell.wake_ms, cell.id) for batch in batches for cell in batch.dirty.values() if cell.wake_ms is not None]

    def _seal(self, round: Round) -> None:
        """Put into the batch what is written last: states, and mail that still waits."""
        batch = round.batch
        batch.last_seq = self._room.last_seq
        self._room.settle_memory(round)
        for outbox in (*self._room.outboxes.values(), *self._room.retired.values()):
            if outbox.lent.stale:
                outbox.note_lent(round)
        for box, gone in batch.gone.items():
            live = self._room.live(box, min(gone), max(gone)) if len(gone) > 1 else ()
            batch.changes.mail_gone += spans(box, gone, live)
        for changed in batch.dirty.values():
            changed.seal(batch.changes)
        batch.changes.gone += [id for id in batch.removed if id not in batch.dirty]
        if self.recorder is not None:
            self.recorder.seal(batch)
