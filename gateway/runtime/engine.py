"""The engine: one thread that takes what came in, runs turns, and hands batches to the committer.

There is no timer for commits: while one batch is being written the next one fills; when the committer is free it gets what
there is. What comes alone is committed on this thread, for meanwhile there would be nothing to run. Only the commit lets anything out.
Everything here runs on the engine's thread unless it says otherwise.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.hostbound import HostBound
from gateway.registry import Promised
from gateway.runtime import clock as clocks
from gateway.runtime import ids as life
from gateway.runtime.batch import LAZY_S, Batch, Observer
from gateway.runtime.cells import NO_WAIT, Cell
from gateway.runtime.committer import Abandoned, end_here
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.engine_floor import EngineFloor
from gateway.runtime.housekeeping import HOUSEKEEPING_S
from gateway.runtime.placement import Placement
from gateway.runtime.recovery import ENDED, UNCLEAN, beginners, reopen_mailboxes, send_beginnings
from gateway.runtime.round import Round
from gateway.runtime.settings import EngineSettings
from gateway.runtime.threads import join_runtime
from gateway.store.store import Store

log = logging.getLogger(__name__)

_AT_A_VISIT = 32
"""How many messages of one actor run before its neighbours get their turn."""
_FEW = 8
"""So many messages are as good as one that comes alone. More come from a source that has more: it fills the next batch during the
commit."""
_QUIET_S = 0.002
"""Where nothing comes for so long behind a commit that came alone, what is left of it is done: those whom it has woken had their turn."""
_RUN_OUT_S = 2.0
"""How long turns are run after everything else has closed."""


class Engine(EngineFloor):
    """Runs the turns of all ordinary actors: `start` opens the store's mail and runs, `stop` ends with a last commit."""

    def __init__(
        self,
        store: Store,
        actors: Iterable[Actor[Any] | Promised],
        hosted: Iterable[tuple[str, type[HostBound]]] = (),
        *,
        settings: EngineSettings | None = None,
        clock: clocks.GatewayClock | None = None,
        fatal: Callable[[BaseException], None] | None = None,
        placement: Placement | None = None,
    ) -> None:
        """Make an engine. `placement`: which actors it serves, where others serve some from the same store. `fatal` is called, on a
        thread of the runtime, when the engine cannot go on: the process must end, and begin again; or the engine, where others go on."""
        super().__init__(store, actors, hosted, settings=settings, clock=clock, fatal=fatal, placement=placement)
        self.rounds = 0
        """How many rounds the engine has made."""
        self.beat_s = self.clock.mono_s()
        """Monotonic second at which the engine last turned: it makes progress while this moves."""
        self._backlog: deque[Any] = deque()
        self._looks_again = False
        """Whether to make another round before sleeping."""
        self._unrested = False
        """Whether the last commit was made on this thread, and what it left for the moment behind it is to be done yet."""
        self._stopping = False
        self._stop_by_s = 0.0
        """Second of the machine's monotonic clock at which it runs no more turns, when it is to stop."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    # --- from other threads

    def start(self, give: Callable[[str], Callable[[list[HandedOut]], None]] | None = None, *, absent: Iterable[str] = ()) -> None:
        """Open the mail that waits in the store, and start the engine's threads. `give(id)` brings deliveries to a host-bound actor; the
        `absent` get none until `back`."""
        self.despatch.give = give or (lambda id: lambda deliveries: None)
        notes = self.store.notes()
        self.taken_up = reopen_mailboxes(self.store, self.room, self.despatch.make_outbox, notes)
        self.commits.last_seq = self.room.last_seq
        self.round = Round(self.commits.batch, self.clock)
        for key, text in ((ENDED, "running"), (UNCLEAN, str(self._unclean_ends)), (life.NOTE, str(self.life))):
            self.round.batch.note(key, text)
        self.round.batch.note(clocks.NOTE, self.clock.note())
        self.round.batch.note(clocks.SPANS, self.clock.note_of_spans())
        self.despatch.resume(notes, self.round, absent=absent)
        send_beginnings(beginners(self.directory.kinds, self.store), self.room, self.round)
        self.round.batch.urgent = True
        if not self.clean_start:
            log.warning("the last life did not end cleanly: the first %d turns run one by one", self.cautious.turns_left)
        self._committer.full = self.store.why_full()
        self.housekeeping.mind_bounds()  # before anything comes in: it would take the reserve of what is to go out
        self._committer.start()
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> bool:
        """Run what has come in, make the last commit, and end; return whether that was done in time. Sources and sinks are closed before.

        Mail that makes mail without end is run for a second or two only: what is left waits on disk.
        """
        self.ingress.end()
        self.post(lambda: self._begin_stop(time.monotonic() + min(_RUN_OUT_S, timeout_s / 2)))
        self._thread.join(timeout_s)
        return self._committer.stop(timeout_s) and not self._thread.is_alive()

    def abandon(self, timeout_s: float = 10.0) -> bool:
        """End the threads where they stand, without a commit, as the end of the process would; return whether they ended in time. For
        tests."""
        self.ingress.end()
        self._committer.abandon()
        self.post(end_here)
        for thread in (self._thread, self._committer.thread):
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join(timeout_s)
        return not (self._thread.is_alive() or self._committer.thread.is_alive())

    def watch(self, observer: Observer) -> None:
        """Call `observer` with the turns of each commit, on the engine's thread, until `unwatch`."""
        self.post(lambda: self._watch(observer, on=True))

    def unwatch(self, observer: Observer) -> None:
        """Stop calling `observer`."""
        self.post(lambda: self._watch(observer, on=False))

    def _watch(self, observer: Observer, *, on: bool) -> None:
        others = [other for other in self.commits.observers if other is not observer]
        self.commits.observers = [*others, observer] if on else others
        self.turns.watched = bool(self.commits.observers)

    @property
    def resting(self) -> bool:
        """Whether the engine has nothing left to run or to commit now; on the engine's thread."""
        return self._at_rest() and not self.commits.batch.urgent and self._idle_s() > 0

    @property
    def stuck_s(self) -> float:
        """For how many seconds the engine has made no progress: it did not turn, or its commit hangs. A full disk is no hang,
        and neither is a database that is away."""
        now_s = self.clock.mono_s()
        since_s = self.beat_s
        if self.store.fault:
            return 0.0
        if self.commits.under_way is not None and not self._committer.fault:
            since_s = min(since_s, self.commits.submitted_s)
        return max(0.0, now_s - since_s - HOUSEKEEPING_S)

    @property
    def store_fault(self) -> str:
        """Why commits or reads fail at the moment; empty while they succeed."""
        return self._committer.fault or self.store.fault

    @property
    def callback_at(self) -> str:
        """Whose callback runs after a commit now, in words; empty where none does. Any thread may ask."""
        return self._committer.callback_at

    # --- the loop

    def _run(self) -> None:
        join_runtime()
        try:
            while not self._has_ended():
                self._turn_once()
            self._last_commit()
        except Abandoned:
            return
        except BaseException as error:  # a fault of ours: the host must end, and begin again from the last commit
            log.critical("the engine failed", exc_info=error)
            self._fatal(error)

    def _turn_once(self) -> None:
        self._await_work()
        self._begin_round()
        self._take()
        self.admission.open_mailboxes(self.round)
        self.admission.wake_timers(self.round)
        self.turns.retry_due(self.round.now_s)
        self._run_ready()
        self.despatch.hand_out(self.commits.last, self.commits.last_seq, self.round)
        if self.housekeeping.due(self.round.now_s):
            self.housekeeping.keep(self.round, turns=self.turns.total, outside=self.admission.outside)
        if self.room.fullness.eased:
            self.room.fullness.eased = False
            self.ingress.stir()
        if self.commits.under_way is None and self.round.batch.wants_commit(self.round.now_s):
            self.housekeeping.note_along(self.round)
            self._commit()

    def _commit(self) -> None:
        """Commit the batch: on this thread where it came alone, else on the committer's, while the next one fills.

        What this one notes of it comes before its release: whoever is woken by that needs the interpreter, which this thread gives up next.
        """
        batch = self.round.batch
        if self.commits.submit(self.round, self.clock.mono_s(), here=self._is_alone()):
            self._committed(batch)
            self._looks_again = self._may_go_on()
            self._unrested = True
            self._committer.release(batch)

    def _may_go_on(self) -> bool:
        """Whether a commit may have let something go on that no other thread wakes this one for: mail that is only on disk, who waits for
        room, one of those that run one by one."""
        return bool(self.room.touched) or self._others_wait()

    def _others_wait(self) -> bool:
        room = self.room
        return bool(room.fullness.full or room.schedule.spilled or room.activation.unopened or self.cautious.careful)

    def _is_alone(self) -> bool:
        """Whether this batch came alone: nothing else waits, and nothing is likely to come that could be run during the commit."""
        ingress = self.ingress
        waits = ingress.arrivals or ingress.settled or ingress.queue.qsize() or self._has_turns or self._backlog or self._coming
        batch = self.round.batch
        return batch.turns <= _FEW and batch.arrived <= _FEW and not waits

    def _begin_round(self) -> None:
        self._looks_again = False
        self.round = Round(self.commits.batch, self.clock)
        self.clock.turned(self.round.clock_ms)
        self.beat_s = self.round.now_s
        self.rounds += 1

    def _await_work(self) -> None:
        """Block while there is nothing to do; what another thread queues meanwhile comes first."""
        if self._backlog or self.ingress.queue.qsize():
            return
        if self._unrested and not self._looks_again and not self._is_quiet():
            return
        timeout_s = self._idle_s()
        if timeout_s <= 0:
            return
        with suppress(Empty):
            self._backlog.append(self.ingress.queue.get(timeout=timeout_s))

    def _is_quiet(self) -> bool:
        """Behind a commit that came alone, leave the interpreter to those whom it has woken. Where nothing comes for a moment, do what is
        left of it, which the next message need not wait for then, and return True."""
        self._unrested = False
        with suppress(Empty):
            self._backlog.append(self.ingress.queue.get(timeout=_QUIET_S))
            return False
        self._committer.rest()
        self._settle_quietly()
        return True

    def _settle_quietly(self) -> None:
        """Note what sinks have done, outside of a round; where that lets something go on, make one. The next message may take it along to
        the disk, which a commit of its own would wear."""
        if self.ingress.settled:
            batch, waited = self.round.batch, self.round.batch.lazy_since_s
            self._settle()
            if not waited and batch.lazy_since_s:
                batch.lazy_since_s += HOUSEKEEPING_S
            goes_on = self.round.batch.urgent or self.room.fullness.eased or self._others_wait()
            self._looks_again = goes_on or not all(outbox.rests for outbox in self.room.touched.values())

    def _take(self) -> None:
        """Take in what other threads have queued."""
        while self._backlog:
            self._accept(self._backlog.popleft())
        queue = self.ingress.queue
        for _ in range(queue.qsize()):
            self._accept(queue.get_nowait())
        if self.ingress.settled:
            self._settle()
        self.admission.take(self.round)
        if self._coming:
            self._take_in()

    def _accept(self, item: Any) -> None:
        if type(item) is Batch:
            self._committed(item)
        else:
            if self.ingress.settled:  # what was settled before is so when this runs
                self._settle()
            item()

    def _committed(self, batch: Batch) -> None:
        """Note that a batch is on disk, and let actors leave memory where others need their places."""
        self.commits.done(batch)
        if self.housekeeping.is_crowded or self.admission.short:
            self.housekeeping.make_room(self.round, batch, places=self.settings.batch_turns if self.admission.short else 0)

    def _idle_s(self) -> float:
        """How long the engine may sleep: 0 when there is work."""
        if self._looks_again or (self._coming and self._room_for_coming() > 0):
            return 0.0
        if self._has_turns and (self.commits.under_way is None or not self.admission.is_full(self.commits.batch)):
            return 0.0
        if self.ingress.arrivals and self.admission.has_room(self.round):
            return 0.0
        if self.admission.may_open(self.round):
            return 0.0
        now_s = self.clock.mono_s()
        times = [self.housekeeping.due_s, *self.despatch.next_s()]
        if self.commits.under_way is None and self.commits.batch.lazy_since_s:
            times.append(self.commits.batch.lazy_since_s + LAZY_S)
        retry_s = self.turns.next_retry_s()
        if retry_s is not None:
            times.append(retry_s)
        next_ms = self.timetable.next_ms()
        if next_ms is not None and self.admission.admitted(self.round) > 0:
            times.append(now_s + (next_ms - self.clock.clock_ms()) / 1000)
        return max(0.0, min(times) - now_s)

    def _run_ready(self) -> None:
        """Run turns until nobody has mail, or the batch is full."""
        schedule = self.room.schedule
        is_full = self.admission.is_full
        while schedule.ready and not is_full(self.round.batch) and not self.cautious.waits:
            self._visit(schedule.next())
            if self.cautious.watches_turns:
                break  # a turn takes a commit now: look up in between
        self.turns.visited = ""

    def _visit(self, cell: Cell) -> None:
        """Run some of an actor's mail; queue the actor again where it has more."""
        box = cell.box
        if not box.head and box.spilled:
            self.room.read_back(box, self.store, self.round, committed_seq=self.commits.last_seq)
        for _ in range(_AT_A_VISIT):
            if not box.head or cell.wait is not NO_WAIT:
                break
            if self.cautious.watches(cell):
                self.cautious.run(cell, self.turns, self.round, self._commit_and_wait)
            else:
                self.turns.run(cell, self.round)
        if cell.used_s != self.round.now_s:
            self.cells.touch(cell, self.round.now_s)
        self.room.fresh[cell.id] = cell
        self.room.taken_from(box)
        if box.head or (box.spilled and box.readable(self.commits.last_seq)):
            self.room.schedule.wake(cell)
        elif box.spilled:
            self.room.schedule.spilled[cell.id] = cell

    # --- commits that are waited for

    def _commit_and_wait(self) -> Round:
        """Commit the batch as it stands, block until that is done, and return the next round."""
        self._await_commit()
        self.commits.submit(self.round, self.clock.mono_s())
        self._await_commit()
        self._begin_round()  # what comes now comes later: the wait may have been long
        return self.round

    def _await_commit(self) -> None:
        """Block until the commit under way is done. One that fails and is tried again is no standstill; one that hangs is."""
        while self.commits.under_way is not None:
            if self._committer.fault:
                self.beat_s = self.clock.mono_s()
                self.housekeeping.mind_bounds()
            try:
                item = self.ingress.queue.get(timeout=HOUSEKEEPING_S)
            except Empty:
                continue
            if type(item) is Batch:
                self.commits.done(item)
                self.beat_s = self.clock.mono_s()
            elif item is end_here:
                item()
            else:
                self._backlog.append(item)

    # --- the end

    def _begin_stop(self, by_s: float) -> None:
        self._stopping = True
        self._stop_by_s = by_s

    def _has_ended(self) -> bool:
        """Whether the engine must stop, and has nothing left to run, or no time for it."""
        return self._stopping and (self._at_rest() or time.monotonic() > self._stop_by_s)

    @property
    def _has_turns(self) -> bool:
        """Whether there are turns to run now."""
        return bool(self.room.schedule.ready) and not self.cautious.waits

    def _at_rest(self) -> bool:
        """Whether no turns are left to run; mail that waits for a retry or a sink stays on disk."""
        unopened = self.room.activation.unopened and not self.cautious.waits
        coming = self._backlog or self.ingress.arrivals or self.ingress.queue.qsize()
        return not (self._has_turns or unopened or coming or self.commits.under_way)

    def _last_commit(self) -> None:
        self.admission.take_the_rest(self.round)
        self.round.batch.note(ENDED, "clean")
        self.round.batch.note(clocks.NOTE, self.clock.note())
        self._commit_and_wait()
