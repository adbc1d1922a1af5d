"""What a clock holds: deliveries in the order of their time.

A time of day is on the wall clock. Seconds that something lasts are counted on the gateway's own clock: they pass whatever the wall
clock is set to, and need nobody to vouch for that.
"""

import heapq
from collections.abc import Callable
from datetime import tzinfo
from itertools import count
from typing import NamedTuple

from devices.clock.zones import read_local, shown
from gateway.actors import Delivery
from gateway.actors.templates import filled_tree
from gateway.actors.vocabulary import Hold


class Held(NamedTuple):
    """One message that is held. Of two that go on in the same millisecond, the one that came first goes first."""

    due_ms: int
    number: int
    hold: Hold
    delivery: Delivery
    begun_ms: int = 0
    """From when its seconds count, on the gateway's clock, while that may be moved on; else 0."""


class Holds:
    """The messages that a clock holds, in two heaps. On the clock's thread. Nothing in it needs saving: an open delivery is given again in
    the next life."""

    def __init__(self) -> None:
        self._by_wall: list[Held] = []
        self._by_clock: list[Held] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._by_wall) + len(self._by_clock)

    def next_ms(self, now_ms: int, clock_ms: int) -> int | None:
        """The wall time at which the first message goes on."""
        times = [heap[0].due_ms + ahead_ms for heap, ahead_ms in ((self._by_wall, 0), (self._by_clock, now_ms - clock_ms)) if heap]
        return min(times, default=None)

    def next_clock_ms(self) -> int | None:
        """The time on the gateway's clock at which the first message goes on of those that need no wall clock."""
        return self._by_clock[0].due_ms if self._by_clock else None

    def keep(self, due_ms: int, hold: Hold, delivery: Delivery) -> None:
        """Hold a message until a time of day."""
        heapq.heappush(self._by_wall, Held(due_ms, next(self._numbers), hold, delivery))

    def keep_for(self, due_ms: int, hold: Hold, delivery: Delivery, *, begun_ms: int) -> None:
        """Hold a message until a time of the gateway's clock, reckoned from `begun_ms`; 0 where that time cannot be moved any more."""
        heapq.heappush(self._by_clock, Held(due_ms, next(self._numbers), hold, delivery, begun_ms))

    def move(self, moved: Callable[[int, int], int]) -> None:
        """Move the messages held by the gateway's clock, because that clock was moved: `moved` says to where, of what was reckoned when."""
        self._by_clock = [held._replace(due_ms=moved(held.due_ms, held.begun_ms), begun_ms=0) for held in self._by_clock]
        heapq.heapify(self._by_clock)

    def let_go(self, now_ms: int, clock_ms: int, *, trusted: bool) -> list[float]:
        """Let the messages go on that are due; return how many seconds late each was. Those for a time of day only where the wall clock is
        `trusted`."""
        late_s = [_let_go(held, clock_ms, now_ms - clock_ms) for held in _due(self._by_clock, clock_ms)]
        return late_s + [_let_go(held, now_ms, 0) for held in (_due(self._by_wall, now_ms) if trusted else ())]


def _due(heap: list[Held], at_ms: int) -> list[Held]:
    found = []
    while heap and heap[0].due_ms <= at_ms:
        found.append(heapq.heappop(heap))
    return found


def _let_go(held: Held, at_ms: int, ahead_ms: int) -> float:
    """Let one message go on; `ahead_ms` is the wall time minus the clock that it was held by."""
    late_s = (at_ms - held.due_ms) / 1000
    held.delivery.done(filled_tree(held.hold.body, {"due_ms": held.due_ms + ahead_ms, "late_s": late_s}))
    return late_s


def begun_of(hold: Hold, delivery: Delivery, *, came_ms: int) -> int | None:
    """From when the seconds of a held message count, on the gateway's clock; None where it is held until a time of day.

    From when the stop before was left, or else from `came_ms`, when it came.
    """
    if hold.for_s is None or hold.from_ms is not None:
        return None
    route = delivery.message.route
    if route is None or not route.history:
        return came_ms
    return route.history[-1].clock_ms or None  # 0 where an older program left it


def check_expiry(hold_ms: int, due_ms: int, delivery: Delivery, *, left_ms: int | None, zone: tzinfo) -> None:
    """Raise ValueError where a message expires before it goes on: in `hold_ms`, at the wall time `due_ms`; it expires in `left_ms`."""
    if left_ms is not None and left_ms < hold_ms:
        expires = shown(delivery.message.expires_ms, zone)
        raise ValueError(f"cannot hold it until {shown(due_ms, zone)}: it expires before, at {expires}")


def due_of(hold: Hold, delivery: Delivery, *, seen_ms: int, zone: tzinfo) -> int:
    """When a message goes on that is held until a time of day, milliseconds since 1970; `seen_ms` is when it came. Raises ValueError."""
    if hold.until_ms is not None:
        return hold.until_ms
    if hold.at is not None:
        return read_local(hold.at, zone)
    return _begun_ms(hold, delivery, seen_ms) + round((hold.for_s or 0.0) * 1000)


def _begun_ms(hold: Hold, delivery: Delivery, seen_ms: int) -> int:
    """From when the `for_s` of a message counts: from the time it names, else when the stop before was left, else when it came."""
    if hold.from_ms is not None:
        return hold.from_ms
    route = delivery.message.route
    return route.history[-1].at_ms if route is not None and route.history else seen_ms
