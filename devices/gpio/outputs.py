"""An output: a led or a relay, and the state it is in at every moment of the gateway's life.

moment                  state
start                   `on_start`; the line is claimed with that level, there is no moment of another
a command               `switch`: as told, until told otherwise. `pulse`: on, and off after its seconds
a switch in a pulse     wins: the pulse ends there, the output is as the switch says
a pulse in a pulse      wins: the output stays on and goes off when the newer one ends
no command for long     `on_link_lost`, once, `link_lost_after_s` after the last command or the end of the last pulse
the line fails          unknown; claimed again in the state it had, a pulse under way has failed and is off
a reload                as it was, with no moment of another level, where its wiring did not change; a pulse under way goes off.
                        Where the pin or its polarity changed: `on_stop` at the old, `on_start` at the new
stop (SIGTERM)          `on_stop`, a pulse under way goes off in any case; then the line is freed as it is
SIGKILL, crash          as it was, where the kernel keeps freed outputs (see `headers.py`); `on_start` at the next start

Its topic tells the level of the line: at the start, at each change, unknown (null) while the line has failed, and as it is left.
"""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from devices.gpio.errors import PinFault
from devices.gpio.lines import PinLine
from devices.gpio.settings import PinSettings
from devices.latest import reports, states
from gateway.actors import Delivery, Health, Host
from gateway.actors.vocabulary import Publish, Report


class RunningPulse(NamedTuple):
    """A pulse under way, and the delivery that waits for its end."""

    delivery: Delivery
    began_s: float
    ends_s: float


class HeldOutput(NamedTuple):
    """An output as it is left to the one that takes its place in a reload."""

    line: PinLine | None
    """The line, claimed; None where it has failed and is to be claimed again."""
    on: bool | None
    """What it is, or should be; None where it never was claimed."""


class Output:
    """One output of the header, such as a relay. Runs on the pin's own thread. Counters: switches, pulses, link_lost, refused."""

    def __init__(self, settings: PinSettings, host: Host, *, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._host = host
        self._clock = clock
        self._reports = reports(host, settings.report_to, clock)
        self._states = states(host, settings.publish_to, clock)
        self._published = ""
        """The body that was published last."""
        self._line: PinLine | None = None
        self._on: bool | None = None
        """What it should be; None before the first claim."""
        self._held: PinLine | None = None
        """The line that was left to it, claimed."""
        self._inherits = False
        self._pulse: RunningPulse | None = None
        self._lost_at_s = math.inf
        self._is_lost = False
        self._report_at_s = math.inf

    def attach(self, line: PinLine) -> None:
        """Claim the line at the state it should be in. Raises PinFault."""
        on = self._on if self._on is not None else self._first_state(line)
        if line is not self._held:
            line.claim_output(active=on)
        self._held = None
        self._line, first = line, self._on is None or self._inherits
        self._on, self._inherits = on, False
        if first:
            self._expect_commands(self._clock())
        self._report()
        self._pump()

    def inherit(self, left: HeldOutput) -> None:
        """Go on where the output before it was, instead of at `on_start`."""
        self._held, self._on, self._inherits = left.line, left.on, left.on is not None

    @property
    def due_s(self) -> float:
        """When `tick` must be called."""
        ends_s, report_at_s = self._pulse.ends_s if self._pulse else math.inf, self._report_at_s if self._line else math.inf
        lost_at_s = math.inf if self._pulse else self._lost_at_s
        return min(ends_s, lost_at_s, report_at_s, self._reports.due_s, self._states.due_s)

    def tick(self) -> None:
        """End what has run its time. Raises PinFault when the line cannot be written."""
        now_s = self._clock()
        if self._pulse is not None and now_s >= self._pulse.ends_s:
            self._set(on=False)
            self._end_pulse("time")
            self._expect_commands(now_s)
        elif self._pulse is None and now_s >= self._lost_at_s:
            self._lose_link()
        elif self._line is not None and now_s >= self._report_at_s:
            self._report()
        self._pump()

    def switch(self, on: bool, delivery: Delivery) -> None:
        """Turn the output on or off; a pulse under way ends here. Raises PinFault."""
        self._set(on=on)
        self._host.count("switches")
        self._end_pulse("switch")
        self._expect_commands(self._clock())
        delivery.done()

    def pulse(self, seconds: float, delivery: Delivery) -> None:
        """Turn the output on for `seconds`; the delivery is done when they are over. Raises PinFault."""
        now_s = self._clock()  # not when the reports are made: those take their time, and the output is on by then
        self._set(on=True)
        self._host.count("pulses")
        self._end_pulse("pulse")
        self._expect_commands(math.inf)
        self._pulse = RunningPulse(delivery, now_s, now_s + seconds)
        delivery.keep()

    def show(self) -> None:
        """Publish the level once more, although it is the same."""
        self._published = ""
        self._publish(self._line)
        self._pump()

    def quiet(self) -> None:
        """Do nothing: commands still come until the close."""

    def detach(self) -> None:
        """Let go of a line that failed. It is claimed again in the state it had, but a pulse under way ends: off."""
        self._line = None
        if self._pulse is not None:
            pulse, self._pulse = self._pulse, None
            pulse.delivery.failed(
                f"cannot finish the pulse on {self._settings.line_name}: the pin failed; look whether it is off", retry=False
            )
            self._on = False
            self._expect_commands(self._clock())
        self._publish(None)
        self._pump()

    def close(self) -> None:
        """Leave the line as `on_stop` says. Raises PinFault when it cannot be written; it is freed all the same."""
        line, self._line = self._line, None
        if line is None:
            return
        try:
            self._leave(line)
            self._publish(line)
        finally:
            line.free()
            self._states.flush()

    def hand_over(self) -> HeldOutput:
        """Leave the line, claimed and as it is, to the output that takes the place of this one. A pulse under way goes off."""
        line, self._line = self._line, None
        if self._pulse is not None:
            self._cut_short(self._pulse, "its settings were changed")
            self._on = False
            line = _switched_off(line)
        self._states.flush()
        return HeldOutput(line, self._on)

    def _first_state(self, line: PinLine) -> bool:
        if self._settings.on_start == "keep":
            return bool(line.driven())
        return self._settings.on_start == "on"

    def _leave(self, line: PinLine) -> None:
        pulsing = self._pulse is not None
        if self._pulse is not None:
            self._cut_short(self._pulse, "the gateway stops")
        if self._settings.on_stop != "keep" or pulsing:
            line.write(active=self._settings.on_stop == "on" and not pulsing)

    def _set(self, *, on: bool) -> None:
        """Drive the line, and tell the twin; it is told even if nothing changed, as the answer to a command."""
        if self._line is not None:
            self._line.write(active=on)
        self._on = on
        self._report()
        self._pump()

    def _report(self) -> None:
        self._reports.offer(Report(values={self._settings.value_name: bool(self._on)}))
        self._report_at_s = self._clock() + (self._settings.report_every_s or math.inf)
        self._publish(self._line)

    def _publish(self, line: PinLine | None) -> None:
        """Publish the level of the line, or that it is unknown where there is no line. Only what is new: what we publish may be told us
        again, without end."""
        body = json.dumps({"on": _level(line)})
        if body != self._published:
            self._published = body
            self._states.offer(Publish(topic=self._settings.topic_of(self._host.me), body=body, retain=True))

    def _pump(self) -> None:
        self._reports.pump()
        self._states.pump()

    def _end_pulse(self, ended_by: str) -> None:
        """Answer the pulse under way, if there is one, with how long it was and what ended it."""
        if self._pulse is not None:
            pulse, self._pulse = self._pulse, None
            pulse.delivery.done({"seconds": round(self._clock() - pulse.began_s, 3), "ended_by": ended_by})

    def _cut_short(self, pulse: RunningPulse, why: str) -> None:
        self._pulse = None
        ran_s, asked_s = self._clock() - pulse.began_s, pulse.ends_s - pulse.began_s
        pulse.delivery.failed(
            f"cannot finish the pulse on {self._settings.line_name}: {why} after {ran_s:.1f} of {asked_s:.1f} s; it is off now",
            retry=False,
        )

    def _expect_commands(self, from_s: float) -> None:
        """Begin to wait for the next command anew."""
        self._lost_at_s = from_s + self._settings.link_lost_after_s if self._settings.link_lost_after_s else math.inf
        if self._is_lost:
            self._is_lost = False
            self._host.report(Health.OK, f"{self._settings.line_name}: commands come again")

    def _lose_link(self) -> None:
        wanted, after_s = self._settings.on_link_lost, self._settings.link_lost_after_s
        self._set(on=wanted == "on")
        self._lost_at_s, self._is_lost = math.inf, True
        self._host.count("link_lost")
        self._host.report(Health.OK, f"{self._settings.line_name}: no command for {after_s:g} s, it is {wanted} now (on_link_lost)")


def _switched_off(line: PinLine | None) -> PinLine | None:
    """Switch a line off; None where it fails at that: it is let go, to be claimed again."""
    if line is None:
        return None
    try:
        line.write(active=False)
    except PinFault:
        with suppress(PinFault):
            line.free()
        return None
    return line


def _level(line: PinLine | None) -> bool | None:
    """Whether a line is on; None where nobody can tell. A command that was obeyed has not failed because of that: the next one will."""
    try:
        return None if line is None else line.read()
    except PinFault:
        return None
