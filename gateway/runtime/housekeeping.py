"""Housekeeping: what the engine does once a second, and what it minds while the store fails.

On the engine's thread.
"""

from gateway.runtime import clock as clocks
from gateway.runtime.cells import Cells
from gateway.runtime.clock import Clock
from gateway.runtime.commits import Commits
from gateway.runtime.committer import Committer
from gateway.runtime.despatch import Despatch
from gateway.runtime.ingress import Ingress
from gateway.runtime.pace import Pace
from gateway.runtime.recovery import PROVEN_S, UNCLEAN
from gateway.runtime.round import Round
from gateway.runtime.settings import EngineSettings
from gateway.runtime.timetable import Timetable
from gateway.store.store import Store

HOUSEKEEPING_S = 1.0
_NOTE_CLOCK_S = 60.0


class Housekeeping:
    """Lets the idle go, looks ahead in the timetable, notes the clock, and shuts the ingress while there is no room."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: EngineSettings,
        *,
        cells: Cells,
        timetable: Timetable,
        commits: Commits,
        committer: Committer,
        despatch: Despatch,
        ingress: Ingress,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._cells = cells
        self._timetable = timetable
        self._commits = commits
        self._committer = committer
        self._despatch = despatch
        self._ingress = ingress
        self.due_s = 0.0
        """Monotonic second at which to look next."""
        self._noted_clock_s = self._began_s = clock.mono_s()
        self.passivated = 0
        self.pace = Pace()

    def due(self, now_s: float) -> bool:
        """Whether to keep house now. A full disk at once: what comes in would take the reserve of what is to go out."""
        return now_s >= self.due_s or (self._committer.full and not self._ingress.why_shut)

    def keep(self, round: Round, *, turns: int) -> None:
        """Do all of it. `turns` is how many there were so far."""
        now_s = round.now_s
        self.due_s = now_s + HOUSEKEEPING_S
        self._timetable.extend(round.clock_ms, self._commits.unsaved_wakes())
        self.passivated += self._cells.passivate(
            idle_before_s=now_s - self._settings.idle_s, at_most=self._settings.active_actors, committed=self._commits.last
        )
        self.pace.look(now_s, turns=turns, commits=self._commits.count)
        if now_s - self._noted_clock_s >= _NOTE_CLOCK_S or self._store.wants_sync():
            self._note_clock(round)
        self.mind_bounds()

    def _note_clock(self, round: Round) -> None:
        """Have the next life know the time, and how this one goes."""
        self._noted_clock_s = round.now_s
        batch = round.batch
        batch.note(clocks.NOTE, self._clock.note())
        if round.now_s - self._began_s >= PROVEN_S:
            batch.note(UNCLEAN, "0")
        batch.urgent = True

    def mind_bounds(self) -> None:
        """Shut the ingress while a mailbox to a host-bound actor is over its bounds, and while the disk is full."""
        committer = self._committer
        if committer.full and not committer.fault and self._store.recovered():
            committer.full = False
        over = {"": "the disk is full"} if committer.full else self._despatch.over_bounds()
        if over:
            self._ingress.shut(next(iter(over.values())), spare=over.keys())
        elif self._ingress.why_shut:
            self._ingress.open()
