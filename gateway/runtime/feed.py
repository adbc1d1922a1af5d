"""The feed: what the last commits made of actors, kept in memory for whoever follows them live.

It begins with the first listener and ends a while after the last one, so that a page that is only loaded anew goes on where it was;
where nobody follows, a commit pays for one look at a None. The states are those that the commit has written anyway.

There is no queue for each listener: a listener reads the one row of commits from where it stands, on its own thread, and is woken where
there is more. So a slow one costs nothing, and one that is overtaken by the end of the row is told to look anew.
"""

import logging
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator

from gateway.actors.errors import ANYTHING
from gateway.actors.following import Committed, LookAnew, NewState
from gateway.runtime.batch import Batch
from gateway.runtime.cells import Cell, Life
from gateway.runtime.commits import Commits

log = logging.getLogger(__name__)

_STATE_BYTES = 200
"""What one state takes beside its text, in bytes, about."""
_SALT_BYTES = 4

Wake = Callable[[], None]


class LiveFeed:
    """The last commits, and who is to be woken at the next. What is not said otherwise is for the engine's thread."""

    most_commits = 1000
    most_bytes = 2_000_000
    """How much of the last commits is kept: so many commits, and states of so many bytes."""
    lingers_s = 300.0
    """For how long commits are kept when nobody follows any more."""
    ids_at_once = 200
    """For one page so many ids are looked at, and"""
    states_at_once = 50
    """so many states are read, at most: turns wait meanwhile."""

    def __init__(self, life: int, commits: Commits) -> None:
        self._commits = commits
        self._life = life
        self._salt = os.urandom(_SALT_BYTES).hex()
        """A store that is put back counts its lives from there once more: this tells them apart."""
        self._lock = threading.Lock()
        """Held for what is below."""
        self._kept: deque[Committed] = deque()
        self._bytes = 0
        self._complete_after: int | None = None
        """Everything that was committed behind this number is kept; None: nothing is."""
        self._wakes: Counter[Wake] = Counter()
        self._until_s = 0.0
        """Monotonic second until which commits are kept though nobody follows."""
        self._put_off: list[Callable[[], None]] = []
        """What waits until everything is on disk that was under way when the feed began."""

    # --- any thread

    def place_of(self, number: int) -> str:
        """The place behind a commit, as the outside is told it."""
        return f"{self._life}-{number}-{self._salt}"

    def number_of(self, place: str) -> int:
        """The number of the commit that a place is behind. Raises LookAnew where it is none of this life."""
        number = place.split("-")[1] if place.count("-") == 2 else ""
        if not (number.isascii() and number.isdigit() and len(number) < 20 and self.place_of(int(number)) == place):
            raise LookAnew("cannot go on from there: the gateway has begun a new life since; look anew")
        return int(number)

    def after(self, number: int) -> list[Committed]:
        """The commits behind a number, in order. Raises LookAnew where some of them are not kept any more."""
        with self._lock:
            if self._complete_after is None or not self._complete_after <= number <= max(self._commits.last, self._newest):
                raise LookAnew("cannot go on from there: too much was committed since; look anew")
            found: list[Committed] = []
            for committed in reversed(self._kept):
                if committed.number <= number:
                    break
                found.append(committed)
        found.reverse()
        return found

    def forget(self, wake: Wake) -> None:
        """Wake a listener no more."""
        with self._lock:
            self._wakes[wake] -= 1
            if self._wakes[wake] <= 0:
                del self._wakes[wake]
            self._until_s = time.monotonic() + self.lingers_s

    def remember(self, wake: Wake) -> None:
        """Wake a listener whenever there is something new; one that is given several times is called once."""
        with self._lock:
            self._wakes[wake] += 1

    # --- the engine's thread

    def begin(self) -> None:
        """Keep commits from now on."""
        if self._commits.recorder is None:
            self._commits.recorder = self
            with self._lock:
                self._complete_after = self._commits.batch.number - 1

    def when_complete(self, action: Callable[[], None]) -> None:
        """Run `action` once what was under way when the feed began is on disk: what is read of the store then, and what is kept, are
        everything."""
        if self._complete_after is not None and self._commits.last < self._complete_after and self._commits.under_way is not None:
            self._put_off.append(action)
        else:
            action()

    def seal(self, batch: Batch) -> None:
        """Note what a batch that is sealed just now has made of actors, before the next turns change them again."""
        batch.states = list(_states_of(batch))

    def add(self, batch: Batch) -> None:
        """Keep what a batch has made, now that it is on disk, and wake who follows."""
        if batch.states:
            self._keep(Committed(batch.number, self.place_of(batch.number), batch.states))
        put_off, self._put_off = self._put_off, []
        for action in put_off:
            action()
        if not self._wakes:
            self._end_after_a_while()

    @property
    def _newest(self) -> int:
        return self._kept[-1].number if self._kept else 0

    def _keep(self, committed: Committed) -> None:
        with self._lock:
            self._kept.append(committed)
            self._bytes += _bytes_of(committed)
            while len(self._kept) > self.most_commits or self._bytes > self.most_bytes:
                gone = self._kept.popleft()
                self._bytes -= _bytes_of(gone)
                self._complete_after = gone.number
            wakes = list(self._wakes)
        for wake in wakes:
            try:
                wake()
            except ANYTHING:  # a wake is the listener's own code: its fault must not stop the engine
                log.exception("a listener could not be woken")
                self.forget(wake)

    def _end_after_a_while(self) -> None:
        with self._lock:
            if self._wakes or time.monotonic() < self._until_s:
                return
            self._commits.recorder = None
            self._kept.clear()
            self._bytes = 0
            self._complete_after = None


def _states_of(batch: Batch) -> Iterator[NewState]:
    rows = {row.id: row for written in (batch.changes.states, batch.changes.woken) for row in written}
    for id, cell in batch.dirty.items():
        assert isinstance(cell, Cell)
        row = rows.get(id)
        if cell.life is not Life.ALIVE:
            yield NewState(id, 0, None)
        elif row is not None:
            yield NewState(id, row.version, row.state)
        else:  # an event-sourced actor, of which only the events are written
            yield NewState(id, cell.state.VERSION, cell.state.to_json())
    for id in batch.removed:
        if id not in batch.dirty:
            yield NewState(id, 0, None)


def _bytes_of(committed: Committed) -> int:
    return sum(_STATE_BYTES + len(state.state or b"") for state in committed.states)
