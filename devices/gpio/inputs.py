"""An input: a button, a contact or a motion sensor, from its edges to what its listeners are told."""

import logging
import math
from collections.abc import Callable

from devices.gpio.debounce import Debounce, Rest, Settled
from devices.gpio.edges import EdgeBuffer
from devices.gpio.lines import PinLine
from devices.gpio.presses import Presses
from devices.gpio.settings import VALUE_NAMES, PinSettings
from devices.latest import reports
from gateway.actors import Host
from gateway.actors.vocabulary import Report

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
"""How often the level is read although no edge has come: the kernel and lgpio drop edges when their buffers are full."""


class Input:
    """One input of the header. Runs on the pin's own thread, but for the edges themselves (see `edges.py`).

    Its value is reported once when it is claimed and at each change after that; `pressed` is told for each time it becomes
    active, not for being active at the start. Counters: edges; coalesced (edges of a burst that were only counted, the level
    was read after it); bounces; missed (changes found by looking, with no edge); refused; callback_faults.
    """

    def __init__(self, settings: PinSettings, host: Host, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._edges: EdgeBuffer[bool] = EdgeBuffer(clock, host.wake)
        self._reports = reports(host, settings.report_to, clock)
        self._presses = Presses(settings, host, clock=clock)
        self._line: PinLine | None = None
        self._debounce: Settled = Debounce(0.0, active=False)
        self._told = (0, 0)
        self._look_at_s = math.inf
        self._report_at_s = math.inf

    def attach(self, line: PinLine) -> None:
        """Claim the line, and report its value. Edges are watched before the level is read, so that none falls between."""
        line.claim_input(self._settings.bias)
        line.watch(self._edges.add)
        self._line = line
        self._edges.take()
        self._debounce = self._settled(active=line.read())
        self._presses.begin()
        self._told = (0, 0)
        self._look_at_s = self._clock() + LOOK_EVERY_S
        self._report()
        self._pump()

    @property
    def due_s(self) -> float:
        """When `tick` must be called."""
        unsent_s = min(self._reports.due_s, self._presses.due_s)
        if self._line is None:
            return unsent_s
        return -math.inf if self._edges.waiting else min(self._debounce.due_s, self._look_at_s, self._report_at_s, unsent_s)

    def tick(self) -> None:
        """Take the edges that have come in, and tell the listeners. Raises PinFault when the line cannot be read."""
        if self._line is not None:
            self._take_edges(self._line)
            self._tell_changes()
        self._pump()

    def quiet(self) -> None:
        """Watch the line no more, and give it back. What is not told yet is still told. Raises PinFault."""
        line, self._line = self._line, None
        if line is not None:
            line.unwatch()
            try:
                self._take_edges(line)
                self._tell_changes()
                self._presses.end()
            finally:
                line.free()

    def detach(self) -> None:
        """Let go of a line that failed; whoever hears its value hears that there is none now, for silence would not say it."""
        if self._line is not None:
            self._reports.offer(Report(values={self._settings.value_name: None}))
            self._host.shows({VALUE_NAMES[self._settings.type]: None})
            self._presses.end()
        self._line = None

    def close(self) -> None:
        """Give the line back, if `quiet` has not, and tell what is not told yet."""
        self.quiet()
        self._presses.flush()

    def _settled(self, *, active: bool) -> Settled:
        """What makes one value of many levels, as the settings say."""
        if self._settings.stable_ms:
            return Rest(self._settings.stable_ms / 1000, active=active, on_change=self._presses.feed)
        return Debounce(self._settings.debounce_ms / 1000, active=active, on_change=self._presses.feed)

    def _take_edges(self, line: PinLine) -> None:
        batch = self._edges.take()
        for edge in batch.edges:
            self._debounce.feed(*edge)
        now_s = self._clock()
        if batch.seen > len(batch.edges):
            self._debounce.disturb(now_s)
        self._debounce.settle(now_s)
        if batch.fault:
            self._host.count("callback_faults")
            logger.error("%s: an edge callback failed (%s); the level is read instead", self._host.me, batch.fault)
        if batch.seen or now_s >= self._look_at_s:
            self._look(line, now_s, expected=bool(batch.seen))
        self._count("edges", batch.seen)
        self._count("coalesced", batch.seen - len(batch.edges))

    def _look(self, line: PinLine, now_s: float, *, expected: bool) -> None:
        """Read the line's level: after a burst only that is true, and now and then it finds what no edge told."""
        changes = self._debounce.changes
        self._debounce.feed(now_s, line.read())
        self._look_at_s = now_s + LOOK_EVERY_S
        if self._debounce.changes != changes and not expected:
            self._host.count("missed")

    def _tell_changes(self) -> None:
        """Put what the debounced value has done since the last time into the outboxes."""
        debounce = self._debounce
        changes, bounces = self._told
        self._told = (debounce.changes, debounce.bounces)
        self._count("bounces", debounce.bounces - bounces)
        if debounce.changes > changes or self._clock() >= self._report_at_s:
            self._report()
        self._presses.settle()

    def _report(self) -> None:
        self._reports.offer(Report(values={self._settings.value_name: self._debounce.value}))
        self._host.shows({VALUE_NAMES[self._settings.type]: self._debounce.value})
        self._report_at_s = self._clock() + (self._settings.report_every_s or math.inf)

    def _pump(self) -> None:
        self._reports.pump()
        self._presses.pump(closing=self._line is None)

    def _count(self, name: str, by: int) -> None:
        if by > 0:
            self._host.count(name, by)
