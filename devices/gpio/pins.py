"""A pin: the host-bound actor `gpio/KEY`, one for each section `[gpio.KEY]`.

It claims its line, loses it, and claims it again; what an input says is in `inputs.py`, what an output does in `outputs.py`. While the
line is not there the pin is away: a command waits on disk for `act_within_s`, a question for a second, and is then answered "expired".
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
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from devices.backoff import Backoff
from devices.gpio.boards import open_board
from devices.gpio.errors import ChipMissing, PinFault
from devices.gpio.inputs import Input
from devices.gpio.lines import ChipPin, PinLine
from devices.gpio.outputs import Output
from devices.gpio.panel import Lamp
from devices.gpio.settings import ACT_WITHIN_S, PinSettings
from gateway.actors import Delivery, Health, HostBound, Mode, Settings, Start, verb
from gateway.actors.vocabulary import Pulse, Switch

if TYPE_CHECKING:
    from devices.gpio.hand import Hand
    from devices.gpio.simulator import SimulatedPin

logger = logging.getLogger(__name__)

READ_WITHIN_S = 1.0
"""Whoever asks wants to know now."""


class Pin(HostBound):
    """The actor of one pin of the header, or of a simulated one."""

    kind = "gpio"
    settings_model = PinSettings
    vital = True
    counters_said = {
        "edges": "changes",
        "coalesced": "changes counted as one",
        "bounces": "bounces ignored",
        "missed": "changes found by looking",
        "link_lost": "times without a command for too long",
        "line_faults": "faults of the pin",
        "callback_faults": "faults of the program",
    }

    def __init__(
        self,
        key: str,
        settings: PinSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key = key
        self.settings = settings
        self.clock = clock
        self._backoff = Backoff()
        self._role: Input | Output | None = None
        self._line: PinLine | None = None
        self._hand: Hand | None = None
        self._attach_at_s = math.inf

    # --- the actor's life

    @classmethod
    def age_limits(cls, settings: Settings) -> dict[str, float]:
        """How many seconds a command may wait, as the settings say."""
        limits = super().age_limits(settings)
        return {**limits, **dict.fromkeys(("switch", "pulse"), settings.act_within_s)} if isinstance(settings, PinSettings) else limits

    def started(self, start: Start) -> None:
        if self._line is not None:  # started again after an error, with no close between
            self._let_go()
        role = Output if self.settings.is_output else Input
        self._role = role(self.settings, self.host, clock=self.clock)
        self._backoff.reset()
        self._attach()

    def wait(self) -> None:
        due_s = min(self._attach_at_s, self._role.due_s if self._role else math.inf, self._hand.due_s if self._hand else math.inf)
        timeout_s = None if math.isinf(due_s) and due_s > 0 else max(0.0, due_s - self.clock())
        if self._hand is not None and self._hand.buttons is not None:
            _wait_readable(self.host.fileno(), self._hand.buttons.fileno(), timeout_s)
        else:
            self.host.wait(timeout_s)

    def tick(self) -> None:
        if self.clock() >= self._attach_at_s:
            self._attach()
        if self._hand is not None:
            self._hand.play()
        if self._role is not None:
            try:
                self._role.tick()
            except PinFault as error:
                self._lose(str(error))

    def quiet(self) -> None:
        self._attach_at_s = math.inf
        self._drop_hand()
        if self._role is not None:
            with suppress(PinFault):  # an input whose line has failed: there is nothing to stop
                self._role.quiet()

    def close(self) -> None:
        """Leave an output as `on_stop` says, and give the line back."""
        self._attach_at_s = math.inf
        self._drop_hand()
        role, self._role, self._line = self._role, None, None
        if role is None:
            return
        try:
            role.close()
        except PinFault as error:
            logger.error("%s: cannot leave %s as on_stop says: %s", self.host.me, self.settings.line_name, error)

    # --- what it answers

    @verb(act_within_s=ACT_WITHIN_S)
    def switch(self, command: Switch, delivery: Delivery) -> None:
        """Turn the output on or off until told otherwise. Ends a pulse."""
        self._obey("switch", delivery, lambda output: output.switch(command.on, delivery))

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=ACT_WITHIN_S)
    def pulse(self, command: Pulse, delivery: Delivery) -> None:
        """Turn the output on for `seconds`, then off; done when it has ended, with how long it was. Never tried again."""
        self._obey("pulse", delivery, lambda output: output.pulse(command.seconds, delivery))

    @verb(act_within_s=READ_WITHIN_S)
    def read(self, delivery: Delivery) -> None:
        """Say whether the pin is on (an output) or active (an input) now."""
        assert self._line is not None  # while there is none, nothing is handed to us
        try:
            delivery.done({"on" if self.settings.is_output else "active": self._line.read()})
        except PinFault as error:
            delivery.failed(str(error), retry=False)
            self._lose(str(error))

    def _obey(self, name: str, delivery: Delivery, act: Callable[[Output], None]) -> None:
        """Have the output carry out a command.

        Where its line fails in the act, a pulse is over, for it may have begun: whoever sent it must look. A switch is tried again when
        the line is back, as long as it is not too old. What its sender sent after it waits for it, what others sent does not: another
        sender's later word may be obeyed before it, and it has the last.
        """
        if not isinstance(self._role, Output):
            kind = self.settings.type
            delivery.failed(f"cannot {name} {self.settings.line_name}: it is a {kind}, an input; send it to a led or relay", retry=False)
            return
        try:
            act(self._role)
        except PinFault as error:
            delivery.failed(str(error))
            self._lose(str(error))

    # --- the line

    def _attach(self) -> None:
        """Claim the line; when that fails, say why and when to look again."""
        self._attach_at_s = math.inf
        try:
            line, where = self._open()
            self._line = line
            if self._role is not None:
                self._role.attach(line)
        except ChipMissing as error:
            return self._lose(str(error), health=Health.MISSING)
        except PinFault as error:
            return self._lose(str(error))
        self._backoff.reset()
        self.host.report(Health.OK, f"{self.settings.line_name} ({self.settings.type}) on {where}")
        return self.host.back()

    def _open(self) -> tuple[PinLine, str]:
        board = open_board(self.settings)
        pin = board.pin(self.settings.pin)
        if self.settings.simulated is not None:
            self._simulate(pin)
        return PinLine(pin, active_low=self.settings.low_is_active), board.name

    def _lose(self, reason: str, *, health: Health = Health.FAULTY) -> None:
        """Let go of a line that is gone or does not work, and look for it again later."""
        if self._role is not None:
            self._role.detach()
        self._let_go()
        self._attach_at_s = self.clock() + self._backoff.next_s()
        self.host.count("line_faults")
        self.host.report(health, reason)
        self.host.away(reason)

    def _let_go(self) -> None:
        line, self._line = self._line, None
        self._drop_hand()
        if line is not None:
            with suppress(PinFault):  # it has failed already; only its claim is to go
                line.free()

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
        pin.mirror = lambda level: lamp.show(on=level is not active_low)

    def _drop_hand(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.close()


def _wait_readable(first: int, second: int, timeout_s: float | None) -> None:
    """Block until one of two descriptors is readable. Not select: it fails from descriptor 1024 on."""
    poll = select.poll()
    poll.register(first, select.POLLIN)
    poll.register(second, select.POLLIN)
    poll.poll(None if timeout_s is None else math.ceil(timeout_s * 1000))
