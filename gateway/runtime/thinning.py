"""Thinning: where more is written than the budget allows, fewer of the readings that come from outside become messages.

Of two readings that tell of the same, the newer takes the place of the older, and comes in once enough time has passed since the last one
that came in: the newest always comes in. What waits for its time comes in together with all else that does, for one commit.

Only what nobody misses is thinned. It is telemetry by its payload's own word; the kind that it is for has said how far apart such may
come (`Actor.apart_s`); nobody is told of its commit, so none of it was acknowledged; no alarm or rule watches that actor; and it differs
from the one before in numbers alone: what is switched, opened or said in words comes in at once. Order is kept: whatever else comes from
the same source to the same actor brings what waited in before it.

What waits is in memory only: a kill or a power cut costs the readings of one such time, a good end of the gateway none.
"""

from collections import Counter
from collections.abc import Iterator
from math import inf

from gateway.actors.errors import ANYTHING
from gateway.actors.ids import key_of
from gateway.actors.models import Tells
from gateway.runtime.budget import STEPS_S, WriteBudget
from gateway.runtime.cells import Cells
from gateway.runtime.ingress import Ingress
from gateway.runtime.mail import Arrival, PlainArrival

_MOST = 4096
"""So much is known of that is told of; a device that makes up names would let it grow without end."""
_HELD_BYTES = 1024 * 1024
_FORGET_S = 600.0

Taken = Arrival | PlainArrival


class _ThinnedReading:
    """What is known of one thing that a source tells an actor of."""

    __slots__ = ("due_s", "held", "held_tells", "passed_s", "tells")

    def __init__(self, tells: Tells, now_s: float) -> None:
        self.tells = tells
        """The last that came in."""
        self.passed_s = now_s
        """When that was, by the monotonic clock."""
        self.held: PlainArrival | None = None
        """The newest, while it waits for its time,"""
        self.held_tells = tells
        """what that tells of,"""
        self.due_s = 0.0
        """and when its time has come."""


class Thinning:
    """Holds readings back, and lets them in when their time has come. On the engine's thread; `counts` on any."""

    def __init__(self, budget: WriteBudget, cells: Cells, ingress: Ingress) -> None:
        self.budget = budget
        self.held = 0
        """How many wait for their time."""
        self.counts: Counter[str] = Counter()
        """How many newer ones have taken the place of in this life, by their source."""
        self._cells = cells
        self._ingress = ingress
        self._pairs: dict[tuple[str, str], dict[tuple[str, object], _ThinnedReading]] = {}
        """By source and actor, what the one tells the other of."""
        self._waiting: dict[tuple[str, str], dict[tuple[str, object], _ThinnedReading]] = {}
        """Those of them that hold something, in the order in which it came: far fewer, maybe, than are known."""
        self._due_s = inf
        """No earlier has the time of any of them come."""
        self._known = 0
        self._held_bytes = 0
        self._forgot_s = 0.0

    @property
    def applies(self) -> bool:
        """Whether arrivals are to go by `sift`."""
        return self.budget.apart_s > 0

    def sift(self, arrival: Taken, now_s: float) -> list[Taken]:
        """Take an arrival at second `now_s`; return what is to come in now, in order: nothing where it waits for its time."""
        message = arrival.message
        place = message.sender, message.to
        pair = self._pairs.get(place, {})
        found = self._thinned(arrival)
        if found is None:
            return [*self._let_in(place, now_s), arrival]
        apart_s, tells = found
        of = (message.verb, tells.of)
        reading = pair.get(of)
        if reading is None:
            self._learn(place, of, _ThinnedReading(tells, now_s))
            return [*self._let_in(place, now_s), arrival]
        if reading.held is not None:
            self._replace(place, of, reading)
        crowded = self._held_bytes + arrival.size > _HELD_BYTES
        if crowded or not isinstance(arrival, PlainArrival) or _has_to_come(reading, tells, now_s, apart_s):
            reading.tells, reading.passed_s = tells, now_s
            return [*self._let_in(place, now_s), arrival]
        reading.held, reading.held_tells, reading.due_s = arrival, tells, (now_s // apart_s + 1) * apart_s
        self._waiting.setdefault(place, {})[of] = reading  # behind those that wait for longer
        self._due_s = min(self._due_s, reading.due_s)
        self._count_held(arrival)
        return []

    def due(self, now_s: float, *, all: bool = False) -> list[Taken]:
        """What has waited long enough; all of it where nothing is to be thinned any more, or `all` is wanted."""
        all = all or not self.applies
        found: list[Taken] = []
        if all or self._due_s <= now_s:
            for place, waiting in list(self._waiting.items()):
                if all or any(reading.due_s <= now_s for reading in waiting.values()):
                    found += self._let_in(place, now_s)
            self._due_s = min((reading.due_s for waiting in self._waiting.values() for reading in waiting.values()), default=inf)
        return found

    def forget(self, now_s: float) -> None:
        """Forget, now and then, what was not told of for long."""
        if self._known and now_s - self._forgot_s >= _FORGET_S:
            self._forgot_s = now_s
            for place, pair in list(self._pairs.items()):
                kept = {of: one for of, one in pair.items() if one.held is not None or now_s - one.passed_s < _FORGET_S}
                self._known -= len(pair) - len(kept)
                self._pairs[place] = kept
                if not kept:
                    del self._pairs[place]

    def _thinned(self, arrival: Taken) -> tuple[float, Tells] | None:
        """How far apart messages such as this one are to come now, and what it tells of; None where it has to come in at once."""
        message = arrival.message
        if not isinstance(arrival, PlainArrival) or message.reply_to or message.expires_ms or message.route is not None:
            return None
        cell = self._cells.get(message.to)
        if cell is None or any(one.fields for one in cell.ties.watchers):
            return None
        try:
            apart_s = min(self.budget.apart_s, cell.actor.apart_s(message.verb, key_of(message.to)))
            if apart_s < STEPS_S[0] or not message.payload.is_telemetry:
                return None
            tells = message.payload.tells
            hash(tells.of)
        except ANYTHING:  # a kind's and a payload's own code may raise anything: then it comes in
            return None
        return max(step_s for step_s in STEPS_S if step_s <= apart_s), tells

    def _learn(self, place: tuple[str, str], of: tuple[str, object], reading: _ThinnedReading) -> None:
        if self._known < _MOST:
            self._known += 1
            self._pairs.setdefault(place, {})[of] = reading

    def _replace(self, place: tuple[str, str], of: tuple[str, object], reading: _ThinnedReading) -> None:
        """Leave out what waits, for a newer one."""
        self.counts[place[0]] += 1
        self._release(reading)
        waiting = self._waiting[place]
        del waiting[of]
        if not waiting:
            del self._waiting[place]

    def _count_held(self, arrival: PlainArrival) -> None:
        self.held += 1
        self._held_bytes += arrival.size
        self._ingress.free(1, arrival.size)  # it may wait for long, and others need the room

    def _let_in(self, place: tuple[str, str], now_s: float) -> Iterator[PlainArrival]:
        """Let in what of one source to one actor waits."""
        for reading in self._waiting.pop(place, {}).values():
            arrival = reading.held
            if arrival is not None:
                self._release(reading)
                self._ingress.regain(1, arrival.size)
                reading.tells, reading.passed_s = reading.held_tells, now_s
                yield arrival

    def _release(self, reading: _ThinnedReading) -> None:
        self.held -= 1
        self._held_bytes -= reading.held.size if reading.held is not None else 0
        reading.held = None


def _has_to_come(reading: _ThinnedReading, tells: Tells, now_s: float, apart_s: float) -> bool:
    """Whether a newer one comes in at once: something switched, or enough time has passed, by the device's own clock where it has one."""
    if tells.fixed != reading.tells.fixed:
        return True
    if tells.at_ms and reading.tells.at_ms and not 0 <= tells.at_ms - reading.tells.at_ms < apart_s * 1000:
        return True
    return now_s - reading.passed_s >= apart_s
