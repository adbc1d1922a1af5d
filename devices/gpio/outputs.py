"""An output: a led or a relay, and the state it is in at every moment of the gateway's life.

moment                  state
start                   `on_start`; the line is claimed with that level, there is no moment of another
a command               `switch`: as told, until told otherwise. `pulse`: on, and off after its seconds
a switch in a pulse     wins: the pulse ends there, the output is as the switch says
a pulse in a pulse      wins: the output stays on and goes off when the newer one ends
on for `max_on_s`       off, a pulse under way too; restarts of the gateway count in
off for too short       (`min_pause_s`) a switch waits until that is over, and a later command takes its place; a pulse is refused
another is on           (`never_with`) a command that would turn it on is refused
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
from typing import Any, NamedTuple

from devices.gpio.errors import PinFault
from devices.gpio.interlocks import interlocks
from devices.gpio.limits import LevelSince, OutputLimits
from devices.gpio.lines import PinLine
from devices.gpio.memory import PinMemory
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
    level: LevelSince | None = None
    """Since when it is so."""


class Output:
    """One output of the header, such as a relay. Runs on the pin's own thread.

    Counters: switches, pulses, link_lost, max_on, pauses, refused.
    """

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
        self._memory = PinMemory(host)
        self._limits = OutputLimits(settings, host, self._memory, clock=clock)
        self._interlocks = interlocks()
        self._interlocks.enter(host.me, settings.never_with)
        self._wants_on = False
        """Whether it goes on when its pause is over."""
        self._waiting: Delivery | None = None
        """The command that waits for that; None where it goes on by itself, as at the start."""
        self._lost_at_s = math.inf
        self._is_lost = False
        self._report_at_s = math.inf
        self._guarded = False
        """Whether a limit has it so, and not a command."""

    def attach(self, line: PinLine) -> None:
        """Claim the line at the state it should be in. Raises PinFault."""
        on = self._on if self._on is not None else self._first_state(line)
        on = on and not self._interlocks.take(self._host.me)
        if line is not self._held:
            line.claim_output(active=on)
        elif on is not self._on:  # it has a new rival that is on
            line.write(active=on)
        self._guarded = self._guarded or self._limits.ends_s <= self._clock()
        self._note(on=on)
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
        self._limits.level = left.level or self._limits.level

    @property
    def due_s(self) -> float:
        """When `tick` must be called."""
        ends_s, report_at_s = self._pulse.ends_s if self._pulse else math.inf, self._report_at_s if self._line else math.inf
        lost_at_s = math.inf if self._pulse else self._lost_at_s
        on_at_s = self._clock() + self._limits.pause_s if self._wants_on and self._line else math.inf
        limit_s = self._limits.ends_s if self._line else math.inf
        return min(ends_s, limit_s, on_at_s, lost_at_s, report_at_s, self._reports.due_s, self._states.due_s)

    def tick(self) -> None:
        """End what has run its time. Raises PinFault when the line cannot be written."""
        now_s = self._clock()
        if self._pulse is not None and now_s >= self._pulse.ends_s:
            self._set(on=False)
            self._end_pulse("time")
            self._expect_commands(now_s)
        elif self._line is not None and now_s >= self._limits.ends_s:
            self._end_long()
        elif self._line is not None and self._wants_on and not self._limits.pause_s:
            self._end_pause()
        elif self._pulse is None and now_s >= self._lost_at_s:
            self._lose_link()
        elif self._line is not None and now_s >= self._report_at_s:
            self._report()
        self._pump()

    def switch(self, on: bool, delivery: Delivery) -> None:
        """Turn the output on or off; a pulse under way ends here. Raises PinFault."""
        self._give_up_waiting()
        if on and not self._on and self._limits.pause_s:
            self._begin_pause(delivery)
            return
        if on and (rival := self._interlocks.take(self._host.me)):
            self._refuse("switch", delivery, rival)
            return
        self._set(on=on)
        self._host.count("switches")
        self._end_pulse("switch")
        self._expect_commands(self._clock())
        delivery.done()

    def pulse(self, seconds: float, delivery: Delivery) -> None:
        """Turn the output on for `seconds`; the delivery is done when they are over. Raises PinFault."""
        if why := self._no_pulse(seconds) or self._interlocks.take(self._host.me):
            self._refuse("pulse", delivery, why)
            return
        self._give_up_waiting()
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
        self._hand_back("its pin failed")
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
        self._hand_back("the gateway stops")
        self._interlocks.leave(self._host.me, on=self._stays_on)
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
        self._hand_back("its settings were changed")
        if self._pulse is not None:
            self._cut_short(self._pulse, "its settings were changed")
            self._on = False
            line = _switched_off(line)
            self._limits.note(on=False)
        self._states.flush()
        return HeldOutput(line, self._on, self._limits.level)

    def _first_state(self, line: PinLine) -> bool:
        """What it is at the start: off, too, where it has been on for too long, or not off for long enough."""
        if self._settings.on_start == "off":
            return False  # without a look at the line, which may fail
        is_driven = bool(line.driven())
        on = is_driven if self._settings.on_start == "keep" else self._settings.on_start == "on"
        if on and not is_driven and self._limits.pause_s:
            self._wants_on = True
            return False
        return on and self._clock() < self._limits.ends_s

    @property
    def _stays_on(self) -> bool:
        """Whether it is on when the gateway has left it."""
        kept = self._settings.on_stop == "keep" and bool(self._on)
        return self._pulse is None and (kept or self._settings.on_stop == "on")

    def _leave(self, line: PinLine) -> None:
        pulsing = self._pulse is not None
        if self._pulse is not None:
            self._cut_short(self._pulse, "the gateway stops")
        if self._settings.on_stop != "keep" or pulsing:
            on = self._settings.on_stop == "on" and not pulsing
            line.write(active=on)
            self._limits.note(on=on)

    def _set(self, *, on: bool, guarded: bool = False) -> None:
        """Drive the line, and tell the twin; it is told even if nothing changed, as the answer to a command. `guarded`: by a limit."""
        if self._line is not None:
            self._line.write(active=on)
            self._note(on=on)
        self._on, self._guarded = on, guarded
        self._report()
        self._pump()

    def _note(self, *, on: bool) -> None:
        """Note what the line was driven to."""
        self._limits.note(on=on)
        if not on:
            self._interlocks.off(self._host.me)

    def _end_long(self) -> None:
        """Turn it off: it has been on for `max_on_s`."""
        self._set(on=False, guarded=True)
        self._end_pulse("max_on_s")
        self._host.count("max_on")
        self._host.report(Health.OK, f"{self._settings.line_name}: it was on for {self._settings.max_on_s:g} s, it is off now (max_on_s)")

    def _begin_pause(self, delivery: Delivery) -> None:
        """Have a command wait until the output has been off for long enough."""
        self._wants_on, self._waiting = True, delivery
        delivery.keep()
        self._expect_commands(self._clock())
        self._host.count("pauses")
        self._host.report(Health.OK, f"{self._settings.line_name}: it goes on in {self._limits.pause_s:.0f} s (min_pause_s)")

    def _end_pause(self) -> None:
        """Turn it on: it was told so, and has been off for long enough."""
        delivery, self._waiting, self._wants_on = self._waiting, None, False
        rival = self._interlocks.take(self._host.me)
        if rival:
            if delivery is not None:
                self._refuse("switch", delivery, rival)
            return
        try:
            self._set(on=True)
        except PinFault as error:
            if delivery is not None:
                delivery.failed(str(error))
            raise
        if delivery is not None:
            self._host.count("switches")
            delivery.done()

    def _give_up_waiting(self) -> None:
        """Answer the command that waits: a later one has taken its place."""
        delivery, self._waiting, self._wants_on = self._waiting, None, False
        if delivery is not None:
            delivery.done({"on": False, "ended_by": "switch"})

    def _hand_back(self, why: str) -> None:
        """Give the command that waits back: it is tried again when the output is there again, unless it is too old by then."""
        delivery, self._waiting, self._wants_on = self._waiting, None, False
        if delivery is not None:
            delivery.failed(f"cannot switch {self._settings.line_name} on: {why} before its pause was over")

    def _no_pulse(self, seconds: float) -> str:
        """Why there can be no pulse of so many seconds; empty where there can."""
        longest_s, pause_s = self._settings.max_on_s, self._limits.pause_s
        if longest_s and seconds > longest_s:
            return f"{seconds:g} s are more than max_on_s = {longest_s:g}"
        return f"it must be off for {math.ceil(pause_s)} s more (min_pause_s = {self._settings.min_pause_s:g})" if pause_s else ""

    def _refuse(self, name: str, delivery: Delivery, why: str) -> None:
        self._host.count("refused")
        delivery.failed(f"cannot {name} {self._settings.line_name}: {why}; it stays off", retry=False)

    def _report(self) -> None:
        self._reports.offer(Report(values={self._settings.value_name: bool(self._on), **self._beside}, guarded=self._guarded))
        self._report_at_s = self._clock() + (self._settings.report_every_s or math.inf)
        self._publish(self._line)

    @property
    def _beside(self) -> dict[str, Any]:
        """What is told beside whether it is on."""
        return {}

    def _publish(self, line: PinLine | None) -> None:
        """Publish the level of the line, or that it is unknown where there is no line. Only what is new: what we publish may be told us
        again, without end."""
        levels = {"on": _level(line), **self._beside}
        self._host.shows(levels)
        body = json.dumps(levels)
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
        self._give_up_waiting()
        self._wants_on = wanted == "on" and self._limits.pause_s > 0
        self._set(on=wanted == "on" and not self._wants_on, guarded=True)
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
