"""Hosting: what stands between the engine and one host-bound actor, and the thread the actor lives on.

An actor that raises is closed and made anew, with backoff; above its intensity it rests for a minute first. What it had in
hands goes back to its mailbox, and before that is done it begins nothing. One whose thread hangs in its own code cannot be ended: it
is named, for as long as it lasts.
"""

import contextlib
import itertools
import logging
import math
import os
import random
import select
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any

from gateway.actors.errors import BadPayload
from gateway.actors.following import Following
from gateway.actors.hostbound import Delivery, Health, HostBound
from gateway.actors.messages import Start
from gateway.actors.settings import Settings
from gateway.actors.wire import Tap
from gateway.actors.words import described, printable
from gateway.runtime.clock import GatewayClock
from gateway.runtime.deliveries import HandedOut, to_settle
from gateway.runtime.floor import Floor
from gateway.runtime.said_phase import SaidPhase
from gateway.runtime.way_in import WayIn

log = logging.getLogger(__name__)

_FIRST_RESTART_S = 0.5
_LAST_RESTART_S = 30.0
_INTENSITY = 10
"""How many restarts there may be in `_PERIOD_S`; above it the actor rests for `_PERIOD_S`."""
_PERIOD_S = 60.0
_WAITS_S = 86_400.0
"""An actor that waits for longer wakes in between: poll takes 24.8 days at most."""
_BEGINS_S = 10.0
"""So long an actor may take to say how it is before that is told as a fault."""
_STEP_S = 1.0


class Hosted(WayIn):
    """One host-bound actor: its Host, its thread, and its restarts."""

    def __init__(
        self, id: str, make: Callable[[], HostBound], kind: type[HostBound], floor: Floor, *, heir_of: "Hosted | None" = None
    ) -> None:
        """Make an actor's host. `heir_of` is the closed one whose place it takes, and whose descriptor: a late wake of that one wakes this
        one."""
        self.me = id
        self.kind = kind
        self.quiet = False
        self.closing = False
        self.taps: tuple[Tap, ...] = () if heir_of is None else heir_of.taps
        self._said = (Health.STARTING, "", time.monotonic())
        """The actor's health and detail, as the actor said them last, and since when it has been so: a monotonic second."""
        self.phase: SaidPhase | None = None
        """The phase it said it is in last."""
        self.values: Mapping[str, Any] = {}
        """The values it said last that it has."""
        self.counters: Counter[str] = Counter()
        self.restarts = 0
        self.last_fault = ""
        self._heir: Settings | None = None
        """The settings of the actor that takes its place, when it makes way for one."""
        self._left: Any = None
        """What it leaves to that one."""
        self._inherited = heir_of._left if heir_of is not None else None  # its own class
        self._make = make
        self._floor = floor
        self._mono_s = floor.clock.mono_s
        self._inbox: deque[HandedOut] = deque()
        self._signalled = False
        self._signalled_s = 0.0
        """Monotonic second of the wake that it has not heard yet."""
        self._doing = ""
        """What its thread does: a verb, or a hook; empty while it waits for something to do."""
        self._since_s = math.inf
        """Monotonic second from which on; infinite while nobody expects anything of it."""
        self._gate = threading.Lock()
        self._away = False
        """Whether it said so last."""
        self._taking_back = 0
        """How often the engine is still to take back what it has in hands; until then it begins nothing."""
        self._event: int = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) if heir_of is None else heir_of._event  # its own class
        self._unheard: deque[None] = deque() if heir_of is None else heir_of._unheard  # its own class
        """One item for each wake that was, or is just being, written to the descriptor and not read: several threads wake it at once."""
        self._rest = threading.Event()
        self._thread = threading.Thread(target=self._live, name=id, daemon=True)
        self._restarted_s: deque[float] = deque(maxlen=_INTENSITY)
        floor.ingress.holds[id] = self._hold

    # --- what the actor asks (any thread)

    @property
    def held_back(self) -> bool:
        return self._floor.ingress.holds_back(self.wake)

    @property
    def time(self) -> GatewayClock:
        return self._floor.clock

    @property
    def remembered(self) -> str:
        return self._floor.remembered(self.me)

    def remember(self, text: str, *, then: Callable[[], None]) -> None:
        if not isinstance(text, str) or printable(text) != text:
            raise BadPayload(f"cannot keep {text!r:.64} for {self.me}: it is no Unicode text")
        self._floor.remember(self.me, text, then)

    def deliveries(self) -> Generator[HandedOut, None, None]:
        # In this order no wake is lost: what comes before the flag is cleared is in the inbox, what comes after signals again. Most ticks
        # are no answer to a wake: to read all the same would give up the interpreter, and wait until another thread gives it back.
        if self._unheard:
            self._hear()
        self._signalled = False
        inbox = self._inbox
        try:
            for _ in range(len(inbox)):
                if self._away or self._taking_back or not inbox:
                    return
                delivery = inbox.popleft()
                ends = delivery.message.expires_ms or delivery.act_by
                if delivery.begin() and (not ends or self._in_time(delivery)):
                    yield delivery
        finally:
            if inbox and not self._begins_nothing:  # whoever took them stopped before the last
                self.wake()

    def _hear(self) -> None:
        """Read the wakes that were written to the descriptor; one that is only about to be written is read the next time."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(os.eventfd_read(self._event)):
                self._unheard.popleft()

    def take(self, limit: int = 1000) -> list[HandedOut]:
        deliveries = self.deliveries()
        taken = list(itertools.islice(deliveries, limit))
        deliveries.close()
        return taken

    def all_done(self, deliveries: Sequence[Delivery]) -> None:
        self._floor.ingress.settle_all(to_settle(deliveries))

    def _in_time(self, delivery: HandedOut) -> bool:
        """Whether a delivery may still be done; where its time has passed, it is settled as failed."""
        left_ms = self._floor.clock.least_left_ms(delivery.message, delivery.act_by)
        if left_ms is not None and left_ms < 0:
            delivery.failed(f"expired {-left_ms / 1000:.0f} s ago", retry=False)
            return False
        return True

    @property
    def _begins_nothing(self) -> bool:
        return self._away or self._taking_back > 0

    def away(self, why: str) -> None:
        with self._gate:
            self._away = True
            self._taking_back += 1
            self._floor.away(self.me, why, self._taken_back)

    def back(self) -> None:
        with self._gate:
            self._away = False
            self._floor.back(self.me)

    def _taken_back(self) -> None:
        """Note that the engine has taken back what the actor had in hands. On the engine's thread."""
        with self._gate:
            self._taking_back -= 1
        if self._inbox:
            self.wake()

    def _hold(self) -> Callable[[], None]:
        """Begin nothing until what is returned is called, for the engine is to take back some of what the actor has in hands. Any
        thread."""
        with self._gate:
            self._taking_back += 1
        return self._taken_back

    def _was_held_up(self) -> None:
        if threading.current_thread() is self._thread:
            self._since_s = self._signalled_s = self._mono_s()

    def beat(self, doing: str = "") -> None:
        self._since_s = self._mono_s()  # first: who looks in between must not see a new step since the time of the one before
        self._doing = doing

    def wait(self, timeout_s: float | None) -> None:
        if not self._inbox or self._begins_nothing:
            _wait_readable(self._event, timeout_s)

    def wake(self) -> None:
        if not self._signalled:
            self._signalled_s = self._mono_s()
            self._signalled = True
            self._unheard.append(None)  # first: what can be read is known to be there
            os.eventfd_write(self._event, 1)

    def fileno(self) -> int:
        return self._event

    def report(self, health: Health, detail: str = "", *, quietly: bool = False) -> None:
        was, said, since_s = self._said
        if health is not was or (detail != said and not quietly):
            level = logging.INFO if health in (Health.OK, Health.STARTING, Health.CLOSED) else logging.WARNING
            log.log(level, "%s is %s%s", self.me, health.value, f": {detail}" if detail else "")
        self._said = (health, detail, since_s if health is was else time.monotonic())

    def entered(self, phase: str, cause: str) -> None:
        self.phase = SaidPhase(phase, cause, time.monotonic())

    def shows(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def count(self, name: str, by: int = 1) -> None:
        self.counters[name] += by

    def request(self, words: dict[str, Any], on_answer: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
        return self._floor.request(self, words, on_answer)

    def inspect(self) -> dict[str, Any]:
        return self._floor.look()

    def follow(self, of: Iterable[str], wake: Callable[[], None], since: str = "") -> Following:
        return self._floor.follow(of, wake, since)

    # --- what the runtime does (the engine's thread, or the committer's)

    def give(self, deliveries: list[HandedOut]) -> None:
        """Put deliveries into the actor's hands."""
        self._inbox.extend(deliveries)
        self.wake()

    def start(self) -> None:
        self._thread.start()

    @property
    def health(self) -> Health:
        """How the actor is: as it says itself, unless it hangs."""
        return Health.FAULTY if self.hang else self._said[0]

    @property
    def begins(self) -> bool:
        """Whether the actor has begun a moment ago and will say soon how it is: so far nothing is wrong."""
        return self.health is Health.STARTING and time.monotonic() - self._said[2] < _BEGINS_S

    @property
    def detail(self) -> str:
        """The sentence that goes with the actor's health."""
        return self.hang or self._said[1]

    @property
    def hang(self) -> str:
        """In which step the actor hangs, and for how long; empty while it does not. One that waits for room to send is held up, and does
        not hang.

        While it waits for something to do it hangs when it does not hear that there is something.
        """
        doing, since_s = self._doing, self._since_s
        if not doing:
            if not self._signalled:
                return ""
            doing, since_s = "wait", max(since_s, self._signalled_s)
        lasted_s = self._mono_s() - since_s
        if lasted_s <= self.kind.step_s or self._thread.ident in self._floor.ingress.waiting or not self._thread.is_alive():
            return ""
        return f"hangs in {doing} since {lasted_s:.0f} s"

    def alive(self) -> bool:
        """Whether the actor's thread lives: it works, or backs off on purpose."""
        return self._thread.is_alive() or self.closing

    def quieten(self) -> None:
        """Ask the actor to take in no more from the outside."""
        self.quiet = True
        self.wake()

    def close(self) -> bool:
        """Ask the actor to close, and block until it has, at most `close_s` seconds; return whether it did."""
        self.quiet = self.closing = True
        self._rest.set()
        self.wake()
        self._floor.ingress.stir()
        if self._thread.ident is not None:
            self._thread.join(self.kind.close_s)
        return not self._thread.is_alive()

    def make_way(self, heir: Settings | None) -> None:
        """Ask the actor to close, without waiting for it; `heir` are the settings of the one that takes its place, if one does."""
        self._heir = heir
        self.quiet = self.closing = True
        self._rest.set()
        self.wake()
        self._floor.ingress.stir()

    def await_end(self, timeout_s: float, step: Callable[[], object]) -> bool:
        """Block until the actor has closed, at most so many seconds, and call `step` every second meanwhile; return whether it has."""
        until_s = time.monotonic() + timeout_s
        while not self.ended and (left_s := until_s - time.monotonic()) > 0:
            self._thread.join(min(left_s, _STEP_S))
            step()
        return self.ended

    @property
    def ended(self) -> bool:
        """Whether the actor's thread runs no more."""
        return not self._thread.is_alive()

    def dispose(self) -> None:
        """Close the actor's descriptor, when the engine has ended and nobody gives the actor anything any more."""
        if not self._thread.is_alive():
            os.close(self._event)

    # --- its life (its own thread)

    def _live(self) -> None:
        attempt = 1
        while not self.closing:
            self._live_once(attempt)
            with self._gate:
                self._away = False
                self._taking_back += 1
                self._floor.reclaim(self.me, for_good=True, then=self._taken_back)
            self._doing, self._since_s = "", math.inf
            if not self.closing:
                self._rest.wait(self._backoff_s())
                attempt += 1
        self.report(Health.CLOSED)

    def _live_once(self, attempt: int) -> None:
        """Run the actor once, from its making to its close."""
        actor = None
        try:
            self.beat("its start")
            actor = self._make()
            actor.host = self
            actor.inherited, self._inherited = self._inherited, None
            self._start(actor, Start(attempt=attempt))
            with self._gate:
                if not self._away:
                    self._floor.back(self.me)
            self.beat("run")
            actor.run()
        except BaseException as error:  # noqa: BLE001  # here faults are decided: this actor restarts, the others go on
            self._note_fault(error)
        if actor is not None:
            self._close(actor)

    def _start(self, actor: HostBound, start: Start) -> None:
        """Give the actor its first message, and have `tail` and `explain` see it like any other."""
        try:
            actor.started(start)
        except BaseException as error:
            self._floor.began(self.me, start, described(error))
            raise
        self._floor.began(self.me, start)

    def _close(self, actor: HostBound) -> None:
        self.beat("close")
        try:
            if self.closing and self._heir is not None:
                self._left = actor.hand_over(self._heir)
            else:
                actor.close()
        except BaseException as error:  # a close that raises must not keep the others from closing
            self.last_fault = f"close: {described(error)}"
            log.error("%s did not close well", self.me, exc_info=error)

    def _note_fault(self, error: BaseException) -> None:
        self.last_fault = described(error)
        log.error("%s failed; it will be made anew", self.me, exc_info=error)
        self.report(Health.FAULTY, self.last_fault)

    def _backoff_s(self) -> float:
        now_s = time.monotonic()
        self.restarts += 1
        self._restarted_s.append(now_s)
        recent = [at for at in self._restarted_s if now_s - at < _PERIOD_S]
        if len(recent) >= _INTENSITY:
            self.report(Health.FAULTY, f"it failed {len(recent)} times in a minute and rests for one; the last fault: {self.last_fault}")
            return _PERIOD_S
        return min(_LAST_RESTART_S, _FIRST_RESTART_S * 2.0 ** (len(recent) - 1)) * random.uniform(0.5, 1.0)


def _wait_readable(fd: int, timeout_s: float | None) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll(None if timeout_s is None else max(0, min(timeout_s, _WAITS_S) * 1000))
