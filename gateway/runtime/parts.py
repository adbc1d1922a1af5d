"""The parts of an engine: each is made once, of those before it, and they live as long as the engine does."""

import random
from collections.abc import Callable, Iterable
from typing import Any

from gateway.actors.actor import Actor
from gateway.actors.hostbound import HostBound
from gateway.registry import Promised
from gateway.runtime import clock as clocks
from gateway.runtime import ids as life
from gateway.runtime.admission import Admission
from gateway.runtime.at_once import AtOnce
from gateway.runtime.budget import WriteBudget
from gateway.runtime.cautious import ALONE, Cautious
from gateway.runtime.cells import Cells
from gateway.runtime.commits import Commits
from gateway.runtime.committer import Committer
from gateway.runtime.dead_letters import DeadLetters
from gateway.runtime.despatch import Despatch
from gateway.runtime.directory import Directory
from gateway.runtime.feed import LiveFeed
from gateway.runtime.housekeeping import Housekeeping
from gateway.runtime.ingress import Ingress
from gateway.runtime.loops import Loops
from gateway.runtime.mailroom import Mailroom
from gateway.runtime.placement import Placement
from gateway.runtime.recovery import TakenUp, unclean_ends
from gateway.runtime.roster import Roster
from gateway.runtime.seen import Seen
from gateway.runtime.settings import EngineSettings
from gateway.runtime.sourced import Ledger
from gateway.runtime.thinning import Thinning
from gateway.runtime.timetable import Timetable
from gateway.runtime.trail import Trail
from gateway.runtime.turns import TurnRunner
from gateway.store.store import Store


class EngineParts:
    """What an engine runs with, put together over one store. No thread runs yet."""

    def __init__(
        self,
        store: Store,
        actors: Iterable[Actor[Any] | Promised],
        hosted: Iterable[tuple[str, type[HostBound]]],
        *,
        settings: EngineSettings | None,
        clock: clocks.GatewayClock | None,
        fatal: Callable[[BaseException], None] | None,
        placement: Placement | None,
    ) -> None:
        first_number = 0 if placement is None else placement.first_number
        self.store = store
        self.settings = settings or EngineSettings()
        self.clock = clock or clocks.SystemClock(trusted=self.settings.trust_clock)
        notes = store.notes()
        self._unclean_ends = unclean_ends(notes) if placement is None else placement.unclean_ends
        self.clean_start = not self._unclean_ends
        self.clock.resume(notes.get(clocks.NOTE, ""), notes.get(clocks.SPANS, ""))
        self.taken_up = TakenUp()
        self.life = int(notes.get(life.NOTE, "0")) + 1 if placement is None else placement.member
        self.ids = life.Ids(self.life)
        self.directory = Directory(actors, hosted)
        self.ingress = Ingress(messages=self.settings.ingress_messages, size=self.settings.ingress_bytes)
        kept, kept_bytes = self.settings.dead_letters_kept, self.settings.dead_letters_bytes
        self.dead_letters = DeadLetters(store, kept=kept, kept_bytes=kept_bytes, first_number=first_number)
        self.ledger = Ledger(store, notes, self.directory.kinds.made, first_number)
        self.cells = Cells(store, self.ledger.new_cell, self.clock)
        self.trail = Trail(self.settings.trail_bytes)
        self.room = Mailroom(self.directory, self.cells, self.dead_letters, self.ids, self.trail, self.clock)
        self.directory.reaches_hosts = placement is not None
        self.room.placement = self.room.activation.placement = placement
        self.room.memory.most = self.settings.mail_in_memory_bytes
        self.ingress.fullness, self.room.fullness.sources = self.room.fullness, self.ingress.waiting
        self.room.full_at_messages = self.settings.mailbox_messages
        self.room.full_at_bytes = self.settings.mailbox_bytes
        self.expect, self.give_up = self.room.asks.expect, self.room.asks.give_up
        self.timetable = Timetable(store)
        self.seen = Seen(store, kept=self.settings.ids_kept)
        self.turns = TurnRunner(self.room, self.timetable, self.ids, random.SystemRandom(), ledger=self.ledger, time=self.clock)
        self.cautious = Cautious(self._unclean_ends, notes.get(ALONE, ""), least=self.settings.cautious_turns, boxes=store.boxes)
        self.despatch = Despatch(self.room, self.ingress, store, self.clock, cautious=self.cautious)
        self.roster = Roster(self.room, self.ingress, self.despatch)
        self._fatal = fatal or (lambda error: None)
        self._committer = Committer(store, committed=self.ingress.queue.put, failed=self._commit_failed, fatal=self._fatal)
        self.commits = Commits(self.room, self.ingress, self._committer)
        self.feed = LiveFeed(self.life, self.commits)
        budget = WriteBudget(self.settings.budget_bytes_a_day, self.settings.written_bytes)
        self.thinning = Thinning(budget, self.cells, self.ingress)
        self.at_once = AtOnce(self.room, self.turns, self.cautious, self.ingress.arrivals)
        self.admission = Admission(
            self.room, self.ingress, self.seen, self.timetable, self.turns, self.commits, self.settings, self.at_once, self.thinning
        )
        self.housekeeping = Housekeeping(
            store,
            self.clock,
            self.settings,
            room=self.room,
            timetable=self.timetable,
            commits=self.commits,
            committer=self._committer,
            ingress=self.ingress,
            loops=Loops(self.trail),
            thinning=self.thinning,
        )

    def _commit_failed(self, why: str) -> None:
        """Let nothing in from now on. On the committer's thread."""
        self.ingress.shut(why)
        self.ingress.queue.put(self.housekeeping.mind_bounds)  # it may just have let something in, by how it was before
