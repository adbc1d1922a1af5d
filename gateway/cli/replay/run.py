"""One replay: the engine with the actors of a configuration, on a clock that the record turns.

No device of the configuration is there: what is sent to one counts as done, is counted, and goes nowhere. Timers fire in their time, which
is that of the record, so two replays of one file by one configuration come to the same. Of a pause of months a day passes so; the rest
passes at once, and what falls due in it comes late, once, as after months without power.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from gateway.actors.hostbound import HostBound
from gateway.actors.ids import kind_of
from gateway.actors.readmodel import JOURNAL
from gateway.actors.settings import Settings
from gateway.actors.wire import Replayed
from gateway.cli.ending import Ending
from gateway.config import Configuration, HostBoundPart
from gateway.console.exits import INTERNAL_FAULT, Failed
from gateway.control.actor import CONTROL, Control
from gateway.runtime.clock import GatewayClock
from gateway.runtime.deliveries import HandedOut
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.runtime.journal import Journal
from gateway.runtime.manual import ManualMachine, rests, waits_ms
from gateway.runtime.settings import EngineSettings
from gateway.store.sqlite import SqliteStore

T = TypeVar("T")

_PATIENCE_S = 60.0
"""So long the engine may work on one piece of the wire."""
_PAUSE_MS = 86_400_000
"""So much of one pause passes from one thing that is due to the next."""
_WAIT_S = 60.0
"""So long one pause is waited for at most, at whatever speed."""
_RETRIES_MS = 3_600_000
"""So much time passes at the end, at most, for turns that are tried again."""
_TOGETHER = 128
_FAULTS_KEPT = 5


class Run:
    """One replay that is under way. On the main thread."""

    def __init__(
        self,
        configuration: Configuration,
        part: HostBoundPart,
        store: SqliteStore,
        settings: EngineSettings,
        ending: Ending,
        *,
        begin_ms: int,
    ) -> None:
        self.readings = 0
        self.faults = 0
        """How many frames, and values of them, could not be taken."""
        self.first_faults: list[str] = []
        self.left_out: Counter[str] = Counter()
        """How many messages there were for each device."""
        self.at_s = 0.0
        """The second of the record that has been reached."""
        self.skipped_ms = 0
        """How much time of long pauses has passed at once."""
        self._ending = ending
        self._passed_ms = 0
        """Up to where the time of the engine has come."""
        self._machine = ManualMachine(wall_ms=begin_ms, voucher="the record")
        clock = GatewayClock(self._machine, clock_ms=begin_ms)
        clock.synced = True
        self._died: list[BaseException] = []
        kinds: list[tuple[str, type[HostBound]]] = [(one.id, one.kind) for one in configuration.host_bound]
        kinds += [(JOURNAL, Journal), (CONTROL, Control)]
        self._engine = Engine(store, configuration.actors, kinds, settings=settings, clock=clock, fatal=self._died.append)
        self._engine.directory.kinds.points.fill(configuration.points, configuration.shown)
        self._port = Hosted(part.id, lambda: part.kind(part.key, part.settings), part.kind, self._engine)  # type: ignore[call-arg]  # every kind takes them
        self._journal = Hosted(JOURNAL, lambda: Journal("local", Settings(), store.event_reader), Journal, self._engine)

    def payload_of(self, to: str, verb: str) -> Any:
        """The model that a verb takes, as a port's host says it."""
        return self._port.payload_of(to, verb)

    def is_listed(self, id: str) -> bool:
        """Whether an actor is one that people look at; of the others some other actor is the keeper."""
        return self._engine.directory.kinds.is_listed(kind_of(id))

    @contextmanager
    def begun(self) -> Iterator[None]:
        """Start the engine; at the end make its last commit. Raises Failed where the engine cannot go on."""
        self._engine.start(self._give, absent=[JOURNAL])
        self._journal.start()
        try:
            self._settle()
            yield
        finally:
            self._journal.close()
            stopped = self._engine.stop()
            for hosted in (self._journal, self._port):
                hosted.dispose()
        if self._died or not stopped:
            raise Failed(f"the replay could not be ended: {self._died or 'the last commit hangs'}", INTERNAL_FAULT)

    def take(self, heard: Replayed, *, speed: float) -> None:
        """Let the time pass until something was heard, and bring it in. `speed`: so many seconds of the record in one; 0: as fast as it
        goes. One pause is waited for a minute at most."""
        if speed:
            self._ending.wait(min(_WAIT_S, max(0.0, heard.at_s - self.at_s) / speed))
        self.at_s = heard.at_s
        for fault in heard.faults:
            self._note(fault)
        if not heard.said and not speed:  # most reads are a part of a line: their time passes with the next line's
            return
        self._catch_up()
        for first in range(0, len(heard.said), _TOGETHER):
            together = heard.said[first : first + _TOGETHER]
            refused = self._port.send_all(together)
            self.readings += len(together) - len(refused)
            for refusal in refused:
                self._note(str(refusal.error))
        self._settle()

    def finish(self) -> None:
        """Let so much time pass that turns which failed are tried again, until they are done or given up."""
        self._catch_up()
        left_ms = _RETRIES_MS
        while left_ms > 0 and (retry_s := self._look(self._engine.turns.next_retry_s)) is not None:
            step_ms = max(1, min(left_ms, round((retry_s - self._engine.clock.mono_s()) * 1000)))
            self._pass(step_ms)
            left_ms -= step_ms

    def _note(self, fault: str) -> None:
        self.faults += 1
        if len(self.first_faults) < _FAULTS_KEPT:
            self.first_faults.append(fault)

    def _catch_up(self) -> None:
        """Let the time pass until the second of the record that has been reached."""
        self._pass(round(self.at_s * 1000) - self._passed_ms)
        self._passed_ms = round(self.at_s * 1000)

    def _pass(self, ms: int) -> None:
        """Let time pass, from one thing that is due to the next; of a long pause what is more than a day at once."""
        left_ms = min(ms, _PAUSE_MS)
        while left_ms > 0:
            due_ms = min((wait for wait in self._look(lambda: waits_ms(self._engine)) if wait > 0), default=left_ms + 1)
            if due_ms > left_ms:
                self._machine.advance(left_ms / 1000)
                break
            self._hop(due_ms)
            left_ms -= due_ms
        if ms > _PAUSE_MS:
            self.skipped_ms += ms - _PAUSE_MS
            self._hop(ms - _PAUSE_MS)

    def _hop(self, ms: int) -> None:
        """Let time pass at once, and have the engine do what is due then."""
        self._machine.advance(ms / 1000)
        self._engine.post(_nothing)
        self._settle()

    def _settle(self) -> None:
        """Block until the engine rests. Raises Failed where it does not."""
        until_s = time.monotonic() + _PATIENCE_S
        while not (rests(self._engine, self._look) and self._look(self._is_all_taken)):
            if time.monotonic() > until_s:
                raise Failed(f"at second {self.at_s:g} of the record the actors do not come to rest; do some write to each other?")
            self._ending.wait(0.001)

    def _is_all_taken(self) -> bool:
        return not any(outbox.waiting for outbox in self._engine.room.outboxes.values())

    def _look(self, look: Callable[[], T]) -> T:
        until_s = time.monotonic() + _PATIENCE_S
        while True:
            self._ending.look()
            if self._died:
                raise Failed(f"the replay cannot go on: {self._died[0]}", INTERNAL_FAULT)
            try:
                return self._engine.inspect(look, timeout_s=0.1)
            except TimeoutError:
                if time.monotonic() > until_s:
                    raise Failed(f"at second {self.at_s:g} of the record a turn takes longer than {_PATIENCE_S:g} s") from None

    def _give(self, id: str) -> Callable[[list[HandedOut]], None]:
        if id == JOURNAL:
            return self._journal.give

        def leave_out(deliveries: list[HandedOut]) -> None:
            for delivery in deliveries:
                if delivery.begin():
                    self.left_out[id] += 1
                    delivery.done()

        return leave_out


def _nothing() -> None:
    """Do nothing: posted to the engine, this makes it turn."""
