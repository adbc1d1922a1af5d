"""The ingress: where threads of the outside hand messages to the engine, bounded by count and bytes.

What came in counts until it is committed. A source that can wait blocks here; one that cannot is refused, and coalesces.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Protocol

from gateway.actors.errors import BadPayload, Refused
from gateway.actors.models import Payload
from gateway.runtime.fullness import Fullness
from gateway.runtime.held_sources import HeldSources
from gateway.runtime.mail import Arrival, PlainArrival, is_telemetry
from gateway.runtime.threads import in_runtime

SETTLED_TOGETHER = 32
"""How many settled deliveries wake the engine; fewer wait until it wakes for something else, a second at most."""

_NOBODY: dict[str, str] = {}


class Sender(Protocol):
    """The host of a host-bound actor, as far as it sends."""

    me: str
    closing: bool


class Ingress:
    """A queue through which other threads bring messages to the engine, bounded by count and bytes."""

    def __init__(self, *, messages: int, size: int) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()
        """Committed batches, and callables to run on the engine's thread."""
        self.arrivals: deque[Any] = deque()
        """Arrivals in order, and callables that belong between them. The engine takes no more of them than a batch holds."""
        self.holds: dict[str, Callable[[], Callable[[], None]]] = {}
        """By the id of each host-bound actor, what keeps it from beginning a delivery; it returns what lets it go on."""
        self.settled: deque[Any] = deque()
        """Deliveries that were settled."""
        self._together = SETTLED_TOGETHER
        self._called = False
        self._messages = messages
        self._bytes = size
        self._held = 0
        self._held_bytes = 0
        self._shut = ""
        self._reserve = 0
        self._reserved = False
        """Whether commands are let in, though it is shut."""
        self.fullness: Fullness | None = None
        """Which mailboxes are full; set by the engine."""
        self.crowds: dict[str, str] = {}
        """By the ids that are written to, the host-bound actor that is slower than what comes to it from there."""
        self.held_sources = HeldSources()
        self._ended = False
        self._held_back: set[Callable[[], None]] = set()
        """What wakes those who leave what comes where it is, until something is let in."""
        self.waiting: dict[int, tuple[str, str]] = {}
        """By the number of each thread that waits for room: which source's it is, and whom it writes to."""
        self._lock = threading.Lock()
        self._change = threading.Condition(self._lock)

    @property
    def held(self) -> int:
        """How many messages have come in and are not committed yet."""
        return self._held

    def admit(self, size: int, *, wait: bool, to: str, what: str, host: Sender, payload: Payload, patient: bool = False) -> bool:
        """Count one message of `host` in, when there is room; else block, or raise Refused: also when the host or the gateway closes.

        Who is `patient` acknowledges to its own outside after the commit: it waits, with `wait`, for a sink that is slow, too.

        On a thread of the runtime it never blocks: there twice as much may be under way, and above that it raises Refused.
        Returns whether it had to block. Raises BadPayload where the message is larger than everything together may be.
        """
        if size > self._bytes:
            raise BadPayload(f"cannot take {what}: it has {size} bytes, and at most {self._bytes} may be under way; make it smaller")
        with self._lock:
            crowds = self.crowds if patient and wait else _NOBODY
            full = bool(self._in_the_way(to, host)) or to in crowds or not self._has_room(size, payload)
            if full:
                self._await_room(size, wait=wait, to=to, what=what, host=host, payload=payload, patient=patient)
            if self.fullness is not None and self.fullness.full:
                self._refuse_overfull(to, what, host)
            self._held += 1
            self._held_bytes += size
            if self._shut:
                self._reserve -= 1
            return full

    def admit_many(self, arrivals: Sequence[Arrival | PlainArrival], start: int, *, wait: bool) -> int:
        """Count in those from `start` on that find room at once, and return how many those are: they are to be brought now.

        0: the first must wait, or be refused, or it cannot be told here; `admit` decides. `wait`: as of `admit`.
        """
        with self._lock:
            fullness = self.fullness
            if self._shut or self._ended or (fullness is not None and fullness.full):
                return 0
            crowds = self.crowds if wait else _NOBODY
            most, room = max(0, self._messages - self._held), self._bytes - self._held_bytes
            many = size = 0
            for arrival in arrivals[start : start + most] if start or most < len(arrivals) else arrivals:
                if size + arrival.size > room or (crowds and arrival.callback is not None and arrival.message.to in crowds):
                    break
                size += arrival.size
                many += 1
            self._held += many
            self._held_bytes += size
            return many

    def _await_room(self, size: int, *, wait: bool, to: str, what: str, host: Sender, payload: Payload, patient: bool) -> None:
        if wait and in_runtime():
            if self._ended or not self._fits(size, times=2):
                raise Refused(f"cannot take {what}: {self._why(host)}, and a callback cannot wait; send it again later")
            return
        thread = threading.get_ident()
        try:
            while (full := self._in_the_way(to, host) or self._too_slow(to, patient=patient)) or not self._has_room(size, payload):
                if self._ended or host.closing or not wait:
                    raise Refused(f"cannot take {what}: {full or self._why(host)}; send it again later")
                self.waiting[thread] = (host.me, to)
                self.held_sources.begin(host.me, full or self._why(host))
                self._change.wait()
        finally:
            if self.waiting.pop(thread, None):
                self.held_sources.end(host.me)

    def _has_room(self, size: int, payload: Payload) -> bool:
        return self._fits(size) and not self._ended and (not self._shut or (self._reserve > 0 and not is_telemetry(payload)))

    def _too_slow(self, to: str, *, patient: bool) -> str:
        """Which sink is slower than what comes to it by way of an actor, in words; empty where none is, or the source cannot wait."""
        sink = self.crowds.get(to, "") if patient and not self._ended else ""
        return f"{sink} is slower than what is sent to it" if sink else ""

    def _fits(self, size: int, *, times: int = 1) -> bool:
        return self._held < self._messages * times and not (self._held and self._held_bytes + size > self._bytes * times)

    def _in_the_way(self, to: str, host: Sender) -> str:
        """Which full mailbox keeps `host` from sending to an actor, in words; empty where none does."""
        fullness = self.fullness
        box = fullness.keeps_back(host.me, to) if fullness is not None and fullness.full and not self._ended else ""
        return f"the mailbox of {box} is full ({fullness.how(box)})" if box and fullness is not None else ""

    def _refuse_overfull(self, to: str, what: str, host: Sender) -> None:
        """Raise Refused where a mailbox is full that `host` cannot wait for, as its actor waits for it, or as it is a callback: it would
        hold ever more."""
        fullness = self.fullness
        if fullness is None or not (box := fullness.overfull(host.me, to)):
            return
        held = f"the mailbox of {box} is full ({fullness.how(box)}), and"
        if in_runtime():
            raise Refused(f"cannot take {what}: {held} a callback cannot wait; send it again later")
        if not fullness.keeps_back(host.me, to):  # else it became full just now
            raise Refused(f"cannot take {what}: {held} {box} waits for {host.me} to take its mail; see why {host.me} does not")

    def bring(self, arrival: Any) -> None:
        """Put an arrival in line, and wake the engine."""
        self.arrivals.append(arrival)
        self._call()

    def bring_all(self, arrivals: Sequence[Arrival | PlainArrival]) -> None:
        """Put arrivals in line, in order, and wake the engine once."""
        self.arrivals.extend(arrivals)
        self._call()

    def settle(self, delivery: Any, *, pressing: bool) -> None:
        """Put a settled delivery in line. Unless it is `pressing` the engine is not woken for one: that would cost as much as a message.

        One that is refused and tried again has its actor begin nothing until the engine has taken back what must wait behind it.
        """
        if pressing and delivery.reason and delivery.retry and delivery.box in self.holds:
            delivery.go_on = self.holds[delivery.box]()
        self.settled.append(delivery)
        if pressing or len(self.settled) >= self._together:
            self._call()

    def settle_all(self, deliveries: Sequence[Any]) -> None:
        """Put deliveries in line that are done, all at once."""
        self.settled.extend(deliveries)
        if len(self.settled) >= self._together or any(delivery.pressing for delivery in deliveries):
            self._call()

    def hurry(self) -> None:
        """Wake the engine for each settled delivery from now on, because the gateway's end waits for them."""
        self._together = 1
        self._call()

    def _call(self) -> None:
        # What is in line is there before the flag is read, and the engine clears it before it looks: nothing is overlooked.
        if not self._called:
            self._called = True
            self.queue.put(self._heard)

    def _heard(self) -> None:
        self._called = False

    def free(self, messages: int, size: int) -> None:
        """Give back the room of so many messages, which are committed."""
        with self._lock:
            self._held -= messages
            self._held_bytes -= size
            if self.waiting:
                self._change.notify_all()

    def regain(self, messages: int, size: int) -> None:
        """Take up the room of so many messages again, which had given it back uncommitted. Others may have taken it: nobody waits here."""
        with self._lock:
            self._held += messages
            self._held_bytes += size

    def shut(self, reason: str, *, reserve: int = 0) -> None:
        """Let nothing in until `open`, and say why; but of what is no telemetry so many messages (`reserve`) until it is said again."""
        with self._lock:
            self._shut = reason
            self._reserve = reserve
            self._reserved = reserve > 0
            self._change.notify_all()
            self._wake_held_back()

    def holds_back(self, wake: Callable[[], None]) -> bool:
        """Whether nothing at all is let in now: then `wake` is called, on any thread, when something is again. It must not block."""
        if not self._shut or self._reserved:
            return False
        with self._lock:
            holds = bool(self._shut) and not self._reserved
            if holds:
                self._held_back.add(wake)
            return holds

    def _wake_held_back(self) -> None:
        if not self._shut or self._reserved:
            while self._held_back:
                self._held_back.pop()()

    def stir(self) -> None:
        """Wake the senders that wait for room, to look again: one of them is to close."""
        with self._lock:
            self._change.notify_all()

    def open(self) -> None:
        """Let messages in again."""
        with self._lock:
            self._shut = ""
            self._change.notify_all()
            self._wake_held_back()

    def crowd(self, crowds: dict[str, str]) -> None:
        """Have sources wait that can, and write to one of these; let the others go on."""
        with self._lock:
            self.crowds = crowds
            self._change.notify_all()

    def end(self) -> None:
        """Let no message in any more; senders that wait are refused."""
        with self._lock:
            self._ended = True
            self._change.notify_all()

    @property
    def why_shut(self) -> str:
        """Why nothing, or only commands, are let in; empty when it is open."""
        return self._shut

    @property
    def said(self) -> str:
        """The same in words; empty when it is open."""
        return self._shut and f"{'only commands are' if self._reserved else 'nothing is'} taken in: {self._shut}"

    def _why(self, host: Sender) -> str:
        if self._ended or host.closing:
            return "the gateway is closing" if self._ended else f"{host.me} is closing"
        return self._shut or f"{self._held} messages ({self._held_bytes} bytes) are under way"
