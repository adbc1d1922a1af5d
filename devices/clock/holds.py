"""What a clock holds: deliveries in the order of their time."""

import heapq
from datetime import tzinfo
from itertools import count

from devices.clock.placeholders import filled
from devices.clock.zones import read_local, shown
from gateway.actors import Delivery
from gateway.actors.vocabulary import Hold


class Holds:
    """A heap. On the clock's thread. Nothing in it needs saving: an open delivery is given again in the next life."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Hold, Delivery]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._heap)

    @property
    def next_ms(self) -> int | None:
        """When the first goes on."""
        return self._heap[0][0] if self._heap else None

    def keep(self, due_ms: int, hold: Hold, delivery: Delivery) -> None:
        """Hold one. Of two that go on in the same millisecond, the one that came first goes first."""
        heapq.heappush(self._heap, (due_ms, next(self._numbers), hold, delivery))

    def let_go(self, now_ms: int) -> list[float]:
        """Let go on what is due; how many seconds late each was."""
        late_s = []
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, _, hold, delivery = heapq.heappop(self._heap)
            late_s.append((now_ms - due_ms) / 1000)
            delivery.done(filled(hold.body, {"due_ms": due_ms, "late_s": late_s[-1]}))
        return late_s


def due_of(hold: Hold, delivery: Delivery, *, seen_ms: int, zone: tzinfo) -> int:
    """When a message goes on, milliseconds since 1970; `seen_ms` is when it came. Raises ValueError."""
    due_ms = _due_of(hold, delivery, seen_ms, zone)
    expires_ms = delivery.message.expires_ms
    if expires_ms and expires_ms < due_ms:
        raise ValueError(f"cannot hold it until {shown(due_ms, zone)}: it expires before, at {shown(expires_ms, zone)}")
    return due_ms


def _due_of(hold: Hold, delivery: Delivery, seen_ms: int, zone: tzinfo) -> int:
    if hold.until_ms is not None:
        return hold.until_ms
    if hold.at is not None:
        return read_local(hold.at, zone)
    return _begun_ms(hold, delivery, seen_ms) + round((hold.for_s or 0.0) * 1000)


def _begun_ms(hold: Hold, delivery: Delivery, seen_ms: int) -> int:
    """From when `for_s` counts: what it says, else when the stop before was left, else when it came."""
    if hold.from_ms is not None:
        return hold.from_ms
    route = delivery.message.route
    return route.history[-1].at_ms if route is not None and route.history else seen_ms
