"""Housekeeping: what the engine does once a second, and what it minds while the store fails.

On the engine's thread.
"""

from math import inf

from gateway.runtime import clock as clocks
from gateway.runtime.batch import Batch
from gateway.runtime.cells import Wait
from gateway.runtime.clock import GatewayClock
from gateway.runtime.commits import Commits
from gateway.runtime.committer import NOT_NOW, Committer
from gateway.runtime.ingress import Ingress
from gateway.runtime.loops import Loops
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.pace import Rate
from gateway.runtime.recovery import PROVEN_S, UNCLEAN
from gateway.runtime.round import Round
from gateway.runtime.settings import EngineSettings
from gateway.runtime.thinning import Thinning
from gateway.runtime.timetable import Timetable
from gateway.store.store import Store

HOUSEKEEPING_S = 1.0
_NOTE_CLOCK_S = 60.0
_NOTE_ALONG_S = 10.0
"""The clock is noted so often with commits that come anyway: `clock.UNNOTED_MS` is longer than that and a round."""
_A_SECOND = 16
"""So many commands are let in a second while the disk is full."""
_IN_VAIN = 64
"""So many actors that cannot leave memory are looked at after a commit, and one more for each message that it took in or handled."""


class Housekeeping:
    """Does what the engine owes once a second: lets idle actors go, loads timers, notes the clock, shuts the ingress while the disk is
    full."""

    def __init__(
        self,
        store: Store,
        clock: GatewayClock,
        settings: EngineSettings,
        *,
        room: Mailroom,
        timetable: Timetable,
        commits: Commits,
        committer: Committer,
        ingress: Ingress,
        loops: Loops,
        thinning: Thinning,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._room = room
        self._cells = room.cells
        self._timetable = timetable
        self._commits = commits
        self._committer = committer
        self._ingress = ingress
        self._fault = self._full = ""
        """What the committer said of the store at the last look."""
        self.due_s = 0.0
        """Monotonic second at which to look next."""
        self._noted_clock_s = self._began_s = clock.mono_s()
        self.passivated = 0
        self.pace = Rate()
        self.loops = loops
        self._thinning = thinning

    def due(self, now_s: float) -> bool:
        """Whether to do the housekeeping now. What begins or ceases to keep others out needs it at once."""
        return now_s >= self.due_s or self._committer.fault != self._fault or self._committer.full != self._full

    def keep(self, round: Round, *, turns: int, outside: int) -> None:
        """Do all of the housekeeping. `turns` is how many there were so far, `outside` how many messages came from outside of the
        actors."""
        now_s = round.now_s
        self.due_s = now_s + HOUSEKEEPING_S
        self._watch_clock(round)
        self._timetable.extend(self._clock.clock_ms(), self._commits.unsaved_wakes())
        self.passivate(round, idle_before_s=now_s - self._settings.idle_s)
        self.loops.look(now_s, turns=turns, outside=outside)
        self.pace.look(now_s, turns=turns, commits=self._commits.count)
        self._thinning.budget.look(now_s)
        self._thinning.forget(now_s)
        self.mind_bounds()
        if self._ingress.why_shut:
            self._clock.deaf()
        if self._committer.full:
            self._room.giving_way.relieve(round)

    def _watch_clock(self, round: Round) -> None:
        """See whether the wall clock was set, and note the clock: at once where it was set, else now and then."""
        watched = self._clock.watch()
        if watched.synced:
            self._trust_clock(round)
        unnoted_s = round.now_s - self._noted_clock_s
        if watched.synced or watched.stepped or unnoted_s >= _NOTE_CLOCK_S or self._store.wants_sync():
            self._note_clock(round)

    def note_along(self, round: Round) -> None:
        """Add a note of the clock to the commit that is about to be made, where the last note is old."""
        if round.now_s - self._noted_clock_s >= _NOTE_ALONG_S:
            self._note_clock(round)

    def _trust_clock(self, round: Round) -> None:
        """Mend the times in memory, and let go on what waited, now that the wall clock can be trusted."""
        round.batch.note(clocks.SPANS, self._clock.note_of_spans())
        for cell in self._cells:
            cell.mend(self._clock)
        room = self._room
        for cell in [cell for cell in room.schedule.held.values() if cell.wait is Wait.TIME]:
            room.schedule.release(cell)
        room.touched.update(room.outboxes)

    @property
    def is_crowded(self) -> bool:
        """Whether there are more actors in memory than may be, or more bytes of their states."""
        return len(self._cells) > self._settings.active_actors or self._cells.bytes > self._settings.states_in_memory_bytes

    def make_room(self, round: Round, batch: Batch, *, places: int) -> None:
        """Let go of the longest idle above the cap, so that there are `places` below it, now that a batch is on disk.

        Among many who cannot leave it looks little further than the batch was long: the next goes on; once a second nobody is spared.
        """
        self.passivate(round, places=places, in_vain=_IN_VAIN + batch.turns + batch.arrived)

    def passivate(self, round: Round, *, idle_before_s: float = 0.0, places: int = 0, in_vain: float = inf) -> None:
        """Let go of the actors that are idle since before, and of the longest idle above the cap: see `Cells.passivate`."""
        self.passivated += self._cells.passivate(
            now_s=round.now_s,
            idle_before_s=idle_before_s,
            at_most=max(0, self._settings.active_actors - places),
            bytes_at_most=self._settings.states_in_memory_bytes,
            committed=self._commits.last,
            in_vain=in_vain,
        )

    def _note_clock(self, round: Round) -> None:
        """Store the time, and how this life goes, for the next life."""
        self._noted_clock_s = round.now_s
        batch = round.batch
        batch.note(clocks.NOTE, self._clock.note())
        if round.now_s - self._began_s >= PROVEN_S:
            batch.note(UNCLEAN, "0")
        batch.urgent = True

    def mind_bounds(self) -> None:
        """Shut the ingress while nothing can be committed, or the store is full; then but for commands while something of the reserve is
        left. Who fills a mailbox that is full waits by itself.
        """
        committer = self._committer
        self._fault = committer.fault  # before all else: what changes meanwhile is looked at again
        if committer.full and not self._fault and self._store.recovered():
            committer.full = ""
        self._full = committer.full
        if why := self._full or (self._fault and NOT_NOW):
            reserve = 0 if self._fault or not self._store.spare() else _A_SECOND
            self._ingress.shut(why, reserve=reserve)
        elif self._ingress.why_shut:
            self._ingress.open()
