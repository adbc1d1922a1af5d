"""The committer: makes batches durable one after the other, and releases each after its commit.

It has a thread: while that writes one batch, the engine fills the next, which is how groups form. Where a message came alone there is
nothing to fill, and the engine commits on its own thread (`commit_here`): two changes of threads fewer, which are a good part of what
one message costs that comes alone.

A commit that fails is tried again on the committer's thread, with backoff, until it succeeds: nothing of it was released, so nobody
outside saw anything. The batches behind it wait, and so do the sources.
"""

import logging
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull, StoreTaken
from gateway.runtime.batch import Batch
from gateway.runtime.threads import join_runtime
from gateway.store.store import Store

log = logging.getLogger(__name__)

_FIRST_RETRY_S = 0.1
_LAST_RETRY_S = 5.0
_IDLE_S = 0.2
"""Without a batch for so long, the store may tidy up."""

NOT_NOW = "nothing can be committed"
"""Why nothing comes in while commits fail, and it is not for want of room."""

_Work = tuple[Batch | None, StoreFailed | None]
"""A batch, and how the first try at it failed, where there was one. No batch: look whether the store wants to tidy up."""
_LOOK: _Work = (None, None)


class Committer:
    """Commits batches, one after the other, on its thread or on the engine's."""

    def __init__(
        self, store: Store, *, committed: Callable[[Batch], None], failed: Callable[[str], None], fatal: Callable[[BaseException], None]
    ) -> None:
        """`committed` is called after each release that its thread makes, `failed` at each commit that fails, with why nothing is to come
        in, `fatal` when the thread dies of a fault of ours; all on its thread."""
        self._store = store
        self._committed = committed
        self._failed = failed
        self._fatal = fatal
        self._batches: SimpleQueue[_Work | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._abandoned = False
        self._writing = threading.Lock()
        """Held by the thread that writes to the store."""
        self.thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._releasing: Batch | None = None
        self.fault = ""
        """Why the commit under way does not succeed; empty while all is well."""
        self.full = ""
        """Why the store had no room, and goes on upon its reserve: the engine shuts the ingress until there is room again. Else empty."""

    def start(self) -> None:
        self.thread.start()

    def submit(self, batch: Batch, fault: StoreFailed | None = None) -> None:
        """Commit a batch on the committer's thread. The one before must have been committed. `fault`: how the first try failed."""
        self._batches.put((batch, fault))

    def commit_here(self, batch: Batch) -> bool:
        """Commit a batch on this thread, where the store is free and takes it at once: release it then. False: it was submitted instead.

        The one before must have been committed. Answers, and receipts whose callback is not known to be prompt, are given on the
        committer's thread: whoever takes one may ask the engine's, or block.
        """
        if not batch.is_prompt or not self._writing.acquire(blocking=False):
            self.submit(batch)
            return False
        try:
            fault = self._try(batch)
        finally:
            self._writing.release()
        if self._abandoned:
            raise Abandoned
        if fault is not None:
            self.submit(batch, fault)
            return False
        if self._store.wants_tidying():
            self._batches.put(_LOOK)
        return True

    def stop(self, timeout_s: float) -> bool:
        """End the thread after the batch that was submitted; return whether it ended in time."""
        self._batches.put(None)
        self._stopping.set()
        self.thread.join(timeout_s)
        return not self.thread.is_alive()

    def abandon(self) -> None:
        """End the thread where it stands, without releasing anything more. For tests."""
        self._abandoned = True
        self._stopping.set()
        self._batches.put(None)

    def _run(self) -> None:
        join_runtime()
        try:
            while (work := self._next()) is not None:
                batch, fault = work
                if batch is None:
                    continue
                if self._abandoned or not self._commit(batch, fault) or self._abandoned:
                    return
                self.release(batch)
                self._committed(batch)
                self.rest()
                del work, batch, fault  # until the next one there is no other name for all that came with it
        except BaseException as error:  # noqa: BLE001  # a fault of ours: the host must end, and begin again from the last commit
            self._fatal(error)

    def release(self, batch: Batch) -> None:
        """Release a batch after its commit, on the thread that made it; whoever asks meanwhile is told whose callback runs."""
        self._releasing = batch
        batch.release()
        self._releasing = None

    def rest(self) -> None:
        """Have the store do what its last commit left for the moment behind it; whoever writes now does it anyway. On the thread that made
        it."""
        if self._writing.acquire(blocking=False):
            try:
                self._store.rest()
            finally:
                self._writing.release()

    @property
    def callback_at(self) -> str:
        """Whose callback is running now, in words; empty where none is. Any thread."""
        batch = self._releasing
        return batch.callback_at if batch is not None else ""

    def _next(self) -> _Work | None:
        """Block until there is work, and return it. Where none comes for a moment, the store does meanwhile what it has put off."""
        if self._store.wants_tidying():
            try:
                return self._batches.get(timeout=_IDLE_S)
            except Empty:
                with self._writing:
                    self._store.tidy()
        return self._batches.get()

    def _commit(self, batch: Batch, fault: StoreFailed | None) -> bool:
        """Commit a batch, again and again until it succeeds; False when the host stops first. `fault`: how it failed already."""
        delay_s = _FIRST_RETRY_S
        while True:
            if fault is None:
                with self._writing:
                    fault = self._try(batch)
            if fault is None:
                if self.fault:
                    log.warning("the store works again; it had failed with: %s", self.fault)
                    self.fault = ""
                return True
            if self._note(fault):
                if self._stopping.wait(delay_s):
                    return False
                delay_s = min(_LAST_RETRY_S, delay_s * 2)
            fault = None

    def _try(self, batch: Batch) -> StoreFailed | None:
        """Try once to commit a batch; return why it failed, where another try may help."""
        try:
            self._store.commit(batch.changes)
        except (StoreCorrupt, StoreTaken):
            raise  # trying again cannot help; the next start moves a corrupt one aside
        except StoreFailed as error:
            return error
        return None

    def _note(self, error: StoreFailed) -> bool:
        """Log a new fault of the store; return whether to wait before the next try."""
        if str(error) != self.fault:
            log.error("%s; trying again, and sources wait", error)
        self.fault = str(error)
        if isinstance(error, StoreFull):
            self.full = error.why
        self._failed(self.full or NOT_NOW)  # at once: what came in meanwhile would wait in memory, and a kill cost it
        if isinstance(error, StoreFull) and self._store.relieve():
            log.error("the store is full: what it kept in reserve is free now, so that what waits can be committed")
            return False
        return True


class Abandoned(BaseException):
    """Raised on the engine's thread, to end it where it stands."""


def end_here() -> None:
    """Raise Abandoned: posted to the engine, this ends its thread without a commit."""
    raise Abandoned
