"""The latest word: what a source that cannot wait has yet to tell one actor: one message under way, and what comes meanwhile merged into
one more. So a pin that changes faster than the store can commit costs one waiting message, and the last word always arrives.
"""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from devices.backoff import Backoff
from gateway.actors import Host, Payload, Receipt, Refused
from gateway.actors.receipts import prompt
from gateway.actors.vocabulary import KnobTurned, Pressed, Publish, Report

P = TypeVar("P", bound=Payload)

COUNTERS_SAID = {"held_back": "times the gateway had no room, and was told later"}
"""What its counter is called where people read it."""


class Latest(Generic[P]):
    """Sends what one source has to tell to the actor `to`, as `verb`; an empty `to` sends nothing. Used on the source's own thread."""

    def __init__(self, host: Host, to: str, verb: str, *, merge: Callable[[P, P], P], clock: Callable[[], float]) -> None:
        self._host = host
        self._to = to
        self._verb = verb
        self._merge = merge
        self._clock = clock
        self._backoff = Backoff()
        self._waiting: P | None = None
        self._under_way: Receipt | None = None
        self._retry_at_s = -math.inf

    def offer(self, payload: P) -> None:
        """Take a payload, to be sent as soon as it can be."""
        if self._to:
            self._waiting = payload if self._waiting is None else self._merge(self._waiting, payload)

    def pump(self) -> None:
        """Send what waits, unless something is under way or it was refused a moment ago."""
        self._look_at_receipt()
        if self._waiting is None or self._under_way is not None or self._clock() < self._retry_at_s:
            return
        try:
            receipt = self._host.send(self._to, self._verb, self._waiting, wait=False, on_commit=self._on_commit)
        except Refused:
            self._host.count("held_back")
            self._retry_at_s = self._clock() + self._backoff.next_s()
            return
        self._waiting, self._under_way = None, receipt
        self._look_at_receipt()

    def flush(self) -> None:
        """Send the payload that waits, whether one is under way or not: the source closes, and nobody calls `pump` after this."""
        if self._waiting is not None:
            with suppress(Refused):  # no room: at the next start the source says where it stands
                self._host.send(self._to, self._verb, self._waiting, wait=False)
            self._waiting = None

    @property
    def waits(self) -> bool:
        """Whether a payload waits to be sent."""
        return self._waiting is not None

    @property
    def due_s(self) -> float:
        """When to call `pump` again; infinite when nothing waits or the commit wakes the source."""
        return math.inf if self._waiting is None or self._under_way is not None else self._retry_at_s

    @prompt
    def _on_commit(self, receipt: Receipt) -> None:
        self._host.wake()

    def _look_at_receipt(self) -> None:
        if self._under_way is not None and self._under_way.resolved:
            self._under_way = None
            self._backoff.reset()


def reports(host: Host, to: str, clock: Callable[[], float]) -> Latest[Report]:
    """Make the sender of reports: a newer report takes the place of the older."""
    return Latest(host, to, "report", merge=lambda _older, newer: newer, clock=clock)


def presses(host: Host, to: str, clock: Callable[[], float]) -> Latest[Pressed]:
    """Make the sender of presses: they add up, none is lost."""
    return Latest(host, to, "pressed", merge=lambda older, newer: Pressed(count=older.count + newer.count), clock=clock)


def turns(host: Host, to: str, clock: Callable[[], float]) -> Latest[KnobTurned]:
    """Make the sender of the turns of a knob: their steps add up, none is lost."""
    return Latest(host, to, "turned", merge=lambda older, newer: KnobTurned(steps=older.steps + newer.steps), clock=clock)


def states(host: Host, to: str, clock: Callable[[], float]) -> Latest[Publish]:
    """Make the sender of states that are retained under one topic: a newer state takes the place of the older."""
    return Latest(host, to, "publish", merge=lambda _older, newer: newer, clock=clock)


def press_events(host: Host, to: str, clock: Callable[[], float]) -> Latest[Publish]:
    """Make the sender of presses that are published: see `press_event`. They add up, none is lost."""
    return Latest(host, to, "publish", merge=_both, clock=clock)


def press_event(topic: str, type: str, count: int, **more: int) -> Publish:
    """A press as it is published: an event, which nobody keeps."""
    return Publish(topic=topic, body={"event_type": type, "count": count, **more})


def _both(older: Publish, newer: Publish) -> Publish:
    """One event for two of the same type."""
    first, second = json.loads(str(older.body)), json.loads(str(newer.body))
    return Publish(topic=newer.topic, body={**second, "count": first["count"] + second["count"]})
