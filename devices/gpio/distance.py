"""A distance: the host-bound actor `distance/NAME` of one ultrasonic sensor (HC-SR04, JSN-SR04T), read every so many seconds.

    [distance.tank]                wiring: trigger to GPIO 23; echo by 1 kΩ to GPIO 24, and 2 kΩ from there to ground
    trigger = 23
    echo = 24
    to = "twin/tank"

A pulse on the trigger has it ping, and its echo line is high for as long as the sound takes there and back. That time is taken from the
kernel's own stamps of the two edges, so it does not matter how busy this Pi is. Of a reading's pings the middle one counts; those without
an echo, or with one from farther away than `max_m`, count for nothing, and where all are such the distance is missing: null in its report.

Source: HC-SR04 data sheet: trigger for 10 µs at least, 60 ms from one ping to the next, echo of 38 ms where there is nothing.
"""

import queue
import statistics
import time
from collections.abc import Callable
from contextlib import suppress

from devices.codecs.reports import MappedReports
from devices.gpio.boards import open_board
from devices.gpio.distance_settings import DISTANCE, NEAREST_M, DistanceSettings
from devices.gpio.errors import PinFault
from devices.gpio.lines import ChipPin
from devices.link import Polled, Values
from gateway.actors.vocabulary import Report

TRIGGER_S = 12e-6
ECHO_WITHIN_S = 0.06
"""So long the sensor may take until its echo line is low again."""
PING_EVERY_S = 0.06
"""From one ping to the next, so that the echo of the first is over."""
_EDGES_AT_MOST = 64
"""A line that chatters is no echo."""


class Distance(Polled[DistanceSettings]):
    """Measures a distance with an ultrasonic sensor."""

    kind = "distance"
    counters_said = {**Polled.counters_said, "deaf": "pings without an echo", "bad_values": "values that are bad"}

    _trigger: ChipPin | None = None
    _echo: ChipPin | None = None

    # --- its life

    def prepare(self) -> None:
        super().prepare()
        settings = self.settings
        is_mapped = settings.values or settings.unmapped == "ignore"
        self._mapped = MappedReports(settings.values, unmapped=settings.unmapped == "take") if is_mapped else None
        self._edges: queue.SimpleQueue[tuple[float, bool]] = queue.SimpleQueue()
        """Each edge of the echo line, in seconds of the kernel's clock. Putting one in takes no lock and never blocks."""

    def open(self) -> str:
        """Claim both lines: the trigger low, the echo as it is driven."""
        settings = self.settings
        board = open_board(settings.chip, of=settings.line_names, is_simulated=settings.simulated is not None)
        trigger, echo = board.pin(settings.trigger), board.pin(settings.echo)
        trigger.claim_output(False)
        self._trigger = trigger
        echo.claim_input("none")
        self._echo = echo
        echo.watch(self._on_edge)
        return f"{settings.line_names} on {board.name}"

    def simulator(self) -> Callable[[], Values]:
        """The same reading, of a simulated board on which each ping is answered."""
        from devices.gpio.simulator import simulated_pins  # noqa: PLC0415  # loads gpiozero

        settings, simulation = self.settings, self.settings.simulated
        assert simulation is not None  # the settings want one
        self.open()
        way_s = 2 * simulation.distance_m / settings.sound_mps
        simulated_pins().answer_pings(settings.trigger, settings.echo, way_s, deaf_every=simulation.deaf_every)
        return self.read

    def shut(self) -> None:
        """Give both lines back."""
        pins, self._trigger, self._echo = (self._trigger, self._echo), None, None
        for pin in pins:
            if pin is not None:
                with suppress(PinFault):  # it has failed already; only its claim is to go
                    pin.free()

    # --- its readings

    def read(self) -> Values:
        """Ping so many times; the middle distance, metres, or None where no ping had an echo. Raises PinFault."""
        found: list[float] = []
        for at in range(self.settings.samples):
            if at:
                time.sleep(PING_EVERY_S)
            distance_m = self._ping()
            if distance_m is None:
                self.host.count("deaf")
            else:
                found.append(distance_m)
        return {DISTANCE: round(statistics.median_low(found), 3) if found else None}

    def report_of(self, values: Values) -> Report | None:
        """Make a report by the table of values, where there is one."""
        if self._mapped is None:
            return super().report_of(values)
        report = self._mapped.of(dict(values))
        for remark in self._mapped.take_remarks():
            self.host.count(remark.counter)
            if remark.words:
                self._log.warn(remark.counter, f"{self.host.me}: a value that is bad: {remark.words}")
        return report

    def _ping(self) -> float | None:
        """Ping once; how far away the echo came from, or None where there was none."""
        while not self._edges.empty():
            self._edges.get()
        assert self._trigger is not None
        self._trigger.write(True)
        time.sleep(TRIGGER_S)  # longer does no harm: it pings at the end of the pulse
        self._trigger.write(False)
        way_s = self._way_s()
        distance_m = None if way_s is None else way_s * self.settings.sound_mps / 2
        return distance_m if distance_m is not None and NEAREST_M <= distance_m <= self.settings.max_m else None

    def _way_s(self) -> float | None:
        """For how long the echo line was high; None where it was not, or is still."""
        deadline_s, rose_s = time.monotonic() + ECHO_WITHIN_S, None
        for _ in range(_EDGES_AT_MOST):
            try:
                at_s, level = self._edges.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                return None
            if level:
                rose_s = at_s
            elif rose_s is not None:
                return at_s - rose_s
        return None

    def _on_edge(self, ticks: float, level: bool) -> None:
        """Take one edge of the echo line. On the notify thread."""
        self._edges.put((ticks, bool(level)))
