"""A pin: the host-bound actor `gpio/KEY`, one for each section `[gpio.KEY]`.

What it owns is its line, which it claims, loses and claims again as every link does; what an input says is in `inputs.py`, what an output
does in `outputs.py`. While the line is not there a command waits on disk for `act_within_s`, a question for a second.
gpiozero and lgpio are loaded at the first `started`, so a gateway without pins does not pay for them.

    [gpio.bell]                          [gpio.boiler]
    type = "button"                      type = "relay"
    pin = 5                              pin = 17
    report_to = "twin/bell"              active_low = true
    press_to = "toggle/hall"             report_to = "twin/boiler"
                                         on_link_lost = "off"
                                         link_lost_after_s = 900
"""

import logging
import math
import select
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from devices.gpio.boards import open_board
from devices.gpio.dimming import DimmedLine, DimmedOutput
from devices.gpio.errors import PinFault
from devices.gpio.inputs import Input
from devices.gpio.lines import ChipPin, PinLine
from devices.gpio.outputs import HeldOutput, Output
from devices.gpio.panel import Lamp
from devices.gpio.settings import PinSettings
from devices.latest import COUNTERS_SAID
from devices.link import ACT_WITHIN_S, Link, LinkFault
from gateway.actors import By, Delivery, Mode, Settings, verb
from gateway.actors.vocabulary import Dim, KnobTurned, Pulse, Switch

if TYPE_CHECKING:
    from devices.gpio.hand import Hand
    from devices.gpio.simulator import SimulatedPin

logger = logging.getLogger(__name__)

READ_WITHIN_S = 1.0
"""Whoever asks wants to know now."""


class Pin(Link[PinSettings]):
    """Reads or drives one pin of the header, or a simulated one."""

    kind = "gpio"
    vital = True
    acts = ("switch", "pulse", "dim", "turned")
    counters_said = {
        **COUNTERS_SAID,
        "refused": "commands refused",
        "edges": "changes",
        "coalesced": "changes counted as one",
        "bounces": "bounces ignored",
        "missed": "changes found by looking",
        "link_lost": "times without a command for too long",
        "max_on": "times on for too long",
        "pauses": "commands that waited for a pause",
        "line_faults": "faults of the pin",
        "callback_faults": "faults of the program",
    }

    _role: Input | Output | None = None
    _line: PinLine | None = None
    _hand: "Hand | None" = None

    # --- its life

    def prepare(self) -> None:
        role = DimmedOutput if self.settings.is_dimmer else Output if self.settings.is_output else Input
        self._role = role(self.settings, self.host, clock=self.clock)
        left, self.inherited = self.inherited, None
        if isinstance(left, HeldOutput) and isinstance(self._role, Output):
            self._role.inherit(left)
            self._line = left.line

    def open(self) -> str:
        """Claim the line."""
        assert self._role is not None
        settings = self.settings
        board = open_board(settings.chip, of=settings.line_name, is_simulated=settings.simulated is not None)
        if self._line is None:  # else it was left to us, and is claimed
            pin = board.pin(self.settings.pin)
            if self.settings.simulated is not None:
                self._simulate(pin)
            self._line = self._line_of(pin)
        self._role.attach(self._line)
        return f"{self.settings.line_name} ({self.settings.type}) on {board.name}"

    def _line_of(self, pin: ChipPin) -> PinLine:
        if self.settings.is_dimmer:
            return DimmedLine(pin, active_low=self.settings.low_is_active, frequency_hz=self.settings.frequency_hz)
        return PinLine(pin, active_low=self.settings.low_is_active)

    @property
    def due_s(self) -> float:
        return min(self._role.due_s if self._role else math.inf, self._hand.due_s if self._hand else math.inf)

    def block(self, timeout_s: float | None) -> None:
        if self._hand is not None and self._hand.buttons is not None:
            _wait_readable(self.host.fileno(), self._hand.buttons.fileno(), timeout_s)
        else:
            self.host.wait(timeout_s)

    def turn(self) -> None:
        if self._hand is not None:
            self._hand.play()
        if self._role is not None:
            self._role.tick()

    def shut(self) -> None:
        """Let go of a line that is gone or does not work."""
        if self._role is not None:
            self._role.detach()
        line, self._line = self._line, None
        self._drop_hand()
        if line is not None:
            with suppress(PinFault):  # it has failed already; only its claim is to go
                line.free()

    def failed(self, fault: LinkFault, *, was_open: bool) -> None:
        self.host.count("line_faults")

    def quiet(self) -> None:
        self._drop_hand()
        if self._role is not None:
            with suppress(PinFault):  # an input whose line has failed: there is nothing to stop
                self._role.quiet()

    def leave(self) -> None:
        """Leave an output as `on_stop` says, and give the line back."""
        self._drop_hand()
        role, self._role, self._line = self._role, None, None
        if role is None:
            return
        try:
            role.close()
        except PinFault as error:
            logger.error("%s: cannot leave %s as on_stop says: %s", self.host.me, self.settings.line_name, error)

    def hand_over(self, heir: Settings) -> HeldOutput | None:
        """Leave the line as it is to an output that is wired to it in the same way; any other pin finds it as `on_stop` says."""
        if not (isinstance(heir, PinSettings) and isinstance(self._role, Output) and self.settings.same_output(heir)):
            self.close()
            return None
        self.is_open = False
        role, self._role, self._line = self._role, None, None
        return role.hand_over()

    # --- what it answers

    @verb(act_within_s=ACT_WITHIN_S)
    def switch(self, command: Switch, delivery: Delivery) -> None:
        """Turn the output on or off until told otherwise. Ends a pulse."""
        self._obey("switch", delivery, lambda output: output.switch(command.on, delivery))

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=ACT_WITHIN_S)
    def pulse(self, command: Pulse, delivery: Delivery) -> None:
        """Turn the output on for `seconds`, then off; done when it has ended, with how long it was. Never tried again."""
        self._obey("pulse", delivery, lambda output: output.pulse(command.seconds, delivery))

    @verb(act_within_s=ACT_WITHIN_S)
    def dim(self, command: Dim, delivery: Delivery) -> None:
        """Have a dimmer so bright until told otherwise; 0: off. Ends a pulse."""
        self._obey("dim", delivery, lambda output: _dimmed(output).dim(command.brightness_pct, delivery))

    @verb(act_within_s=ACT_WITHIN_S)
    def turned(self, turned: KnobTurned, delivery: Delivery) -> None:
        """Have a dimmer brighter or darker by so many steps of `step_pct` each, as a knob says; below 0 it is off."""
        self._obey("dim", delivery, lambda output: _dimmed(output).turned(turned.steps, delivery))

    @verb(act_within_s=READ_WITHIN_S)
    def read(self, delivery: Delivery) -> None:
        """Say whether the pin is on (an output) or active (an input) now."""
        assert self._line is not None  # while there is none, nothing is handed to us
        try:
            delivery.done({"on" if self.settings.is_output else "active": self._line.read()})
        except PinFault as error:
            delivery.failed(str(error), retry=False)
            self.lose(error)

    @verb(act_within_s=READ_WITHIN_S, by=By.ACTORS)
    def show(self, delivery: Delivery) -> None:
        """Publish the level of an output once more, for somebody who has begun to show it."""
        del delivery
        if isinstance(self._role, Output):
            self._role.show()

    def _obey(self, name: str, delivery: Delivery, act: Callable[[Output], None]) -> None:
        """Have the output carry out a command.

        Where its line fails in the act, a pulse is over, for it may have begun: whoever sent it must look. A switch is tried again when
        the line is back, as long as it is not too old. What its sender sent after it waits for it, what others sent does not: another
        sender's later word may be obeyed before it, and it has the last.
        """
        if not isinstance(self._role, Output):
            kind = self.settings.type
            delivery.failed(f"cannot {name} {self.settings.line_name}: it is a {kind}, an input; send it to an output", retry=False)
            return
        if name == "dim" and not isinstance(self._role, DimmedOutput):
            delivery.failed(f"cannot dim {self.settings.line_name}: it is a {self.settings.type}; send it to a dimmer", retry=False)
            return
        try:
            act(self._role)
        except PinFault as error:
            delivery.failed(str(error))
            self.lose(error)

    # --- the simulator

    def _simulate(self, pin: ChipPin) -> None:
        """Give a simulated input its hand, and a simulated output its lamp on the panel."""
        from devices.gpio.hand import Hand  # noqa: PLC0415  # loads gpiozero
        from devices.gpio.simulator import SimulatedPin  # noqa: PLC0415  # loads gpiozero

        if not isinstance(pin, SimulatedPin):
            return
        if not self.settings.is_output:
            self._drop_hand()
            self._hand = Hand(pin, self.settings, clock=self.clock, wake=self.host.wake)
        elif self.settings.simulated is not None and self.settings.simulated.panel:
            self._show(pin, Lamp(Path(self.settings.simulated.panel), self.settings.pin))

    def _show(self, pin: "SimulatedPin", lamp: Lamp) -> None:
        """Mirror the output's level on the panel; and take from there what an earlier process has left it at."""
        active_low, left_on = self.settings.low_is_active, lamp.shown()
        if left_on is not None and not pin.driven_levels:
            pin.remember(left_on is not active_low)
        pin.mirror = lambda high_pct: lamp.show(100.0 - high_pct if active_low else high_pct)

    def _drop_hand(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.close()


def _dimmed(output: Output) -> DimmedOutput:
    assert isinstance(output, DimmedOutput)  # see `_obey`
    return output


def _wait_readable(first: int, second: int, timeout_s: float | None) -> None:
    """Block until one of two descriptors is readable. Not select: it fails from descriptor 1024 on."""
    poll = select.poll()
    poll.register(first, select.POLLIN)
    poll.register(second, select.POLLIN)
    poll.poll(None if timeout_s is None else math.ceil(timeout_s * 1000))
