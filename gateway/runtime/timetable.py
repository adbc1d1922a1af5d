"""The timetable: which actor is to be woken when. It holds the next minute in memory, the rest stays in the store.

An actor's timers are part of its state. The store keeps one wake time an actor, never later than its first timer; setting a timer
further off leaves it as it is, so that re-arming one at each message costs nothing: the actor is woken early once, and looks.
"""

import heapq
import sys
from collections.abc import Iterable

from gateway.actors.models import NOTHING, Nothing
from gateway.actors.stage import Timer
from gateway.actors.verbs import Verb
from gateway.runtime.versions import apart, read_waiting, with_version
from gateway.store.store import Store

HORIZON_MS = 60_000
_LOADED_AT_MOST = 20_000

Timers = dict[str, Timer]


class Timetable:
    """A heap of (wake_ms, actor) up to a horizon. On the engine's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._heap: list[tuple[int, str]] = []
        self._horizon_ms = -1

    def add(self, wake_ms: int, actor: str) -> None:
        """Note the wake time of an actor."""
        if wake_ms <= self._horizon_ms:
            heapq.heappush(self._heap, (wake_ms, actor))

    def extend(self, clock_ms: int, unsaved: Iterable[tuple[int, str]]) -> None:
        """Load the wake times of the next minute from the store; `unsaved` are those that the store does not show yet."""
        if clock_ms + HORIZON_MS // 2 < self._horizon_ms:
            return
        until_ms = clock_ms + HORIZON_MS
        rows = self._store.wakes(self._horizon_ms, until_ms, _LOADED_AT_MOST)
        if len(rows) == _LOADED_AT_MOST:
            until_ms = rows[-1][0]
            rows += [(until_ms, id) for id in self._all_at(until_ms) - {id for at_ms, id in rows if at_ms == until_ms}]
        for row in [*rows, *(u for u in unsaved if self._horizon_ms < u[0] <= until_ms)]:
            heapq.heappush(self._heap, row)
        self._horizon_ms = until_ms

    def _all_at(self, wake_ms: int) -> set[str]:
        """All actors to be woken in one millisecond, however many."""
        return {id for _, id in self._store.wakes(wake_ms - 1, wake_ms, sys.maxsize)}

    def due(self, clock_ms: int, at_most: int) -> list[tuple[int, str]]:
        """Take out the (wake_ms, actor) pairs whose time has come, earliest first, `at_most` so many."""
        due: list[tuple[int, str]] = []
        while self._heap and self._heap[0][0] <= clock_ms and len(due) < at_most:
            due.append(heapq.heappop(self._heap))
        return due

    def next_ms(self) -> int | None:
        """When the next actor is to be woken; None where nobody is within this minute."""
        return self._heap[0][0] if self._heap else None

    def first_ms(self, unsaved: Iterable[tuple[int, str]]) -> int | None:
        """When the first of all actors is to be woken, however far off; `unsaved` as in `extend`. None where nobody is to be."""
        if self._heap:
            return self._heap[0][0]
        later = [*self._store.wakes(self._horizon_ms, sys.maxsize, 1), *(u for u in unsaved if u[0] > self._horizon_ms)]
        return min((wake_ms for wake_ms, _ in later), default=None)


def encode_timers(timers: Timers) -> bytes | None:
    """Encode timers as bytes for the store: a line each of due (and set, where that is noted), verb, payload, name; None where there are
    none."""
    if not timers:
        return None
    lines = [
        f"{t.due_ms}{f'@{t.set_ms}' if t.set_ms else ''}\t{with_version(t.verb, t.payload)}\t{t.payload.to_json().decode()}\t{name}"
        for name, t in timers.items()
    ]
    return "\n".join(lines).encode()


def decode_timers(blob: bytes | None, verbs: dict[str, Verb]) -> Timers:
    """Read timers from the store. One whose verb is no longer there is dropped: nobody could take it."""
    timers: Timers = {}
    for line in (blob or b"").decode().split("\n"):
        if line:
            times, stored, json, name = line.split("\t", 3)
            verb, version = apart(stored)
            if verb in verbs:
                what = f"the payload of its timer {name!r}"
                payload = NOTHING if verbs[verb].payload is Nothing else read_waiting(verbs[verb], version, json, what=what)
                due_ms, set_ms = read_times(times)
                timers[name] = Timer(due_ms, verb, payload, set_ms)
    return timers


def read_times(text: str) -> tuple[int, int]:
    """Read when a stored timer is due, and when it was set, where that was noted."""
    due_ms, _, set_ms = text.partition("@")
    return int(due_ms), int(set_ms or 0)


def first_due_ms(timers: Timers) -> int | None:
    """When the first of some stored timers is due."""
    return min(t.due_ms for t in timers.values()) if timers else None
