"""A servo: the host-bound actor `servo/NAME`, whose arm goes to an angle and holds it.

    [servo.flap]                   wiring: signal to GPIO 12; its power from a supply of its own, with the ground in common
    pin = 12

moment                  state
start                   no pulses, so that it does not move; or at `start_deg`. What is told of it is the angle that it was told last
`angle`                 there, and held by 50 pulses a second; after `rest_after_s`, where that is set, without pulses
`rest`                  no pulses: it hums no more, and holds no more than its gears do
the line fails          no pulses, the angle is unknown; back at its angle once the line is there again, if it had one in this life
stop (SIGTERM)          no pulses
SIGKILL, crash          no pulses: the line stays at one level, mostly low, and a servo goes nowhere by a level

The pulses are made by lgpio, in a thread that writes to the line: on a busy Pi they are some ten microseconds off, and the arm trembles by
a degree.
"""

import json
import math
from contextlib import suppress

from pydantic import Field

from devices.gpio.boards import open_board
from devices.gpio.errors import PinFault
from devices.gpio.lines import ChipPin
from devices.gpio.memory import PinMemory
from devices.gpio.servo_settings import ANGLE, ServoSettings
from devices.latest import COUNTERS_SAID, reports, states
from devices.link import ACT_WITHIN_S, Link, LinkFault
from gateway.actors import By, Delivery, Payload, verb
from gateway.actors.vocabulary import Publish, Report

FREQUENCY_HZ = 50.0
READ_WITHIN_S = 1.0
_PERIOD_US = 1e6 / FREQUENCY_HZ


class Angle(Payload):
    """Payload of the verb `angle` of `servo/*`: where the arm goes."""

    angle_deg: float = Field(ge=-1080, le=1080)


class Servo(Link[ServoSettings]):
    """Moves one servo."""

    kind = "servo"
    vital = True
    acts = ("angle",)
    counters_said = {**COUNTERS_SAID, "angles": "angles it was told", "rests": "times it came to rest", "line_faults": "faults of the pin"}

    _pin: ChipPin | None = None
    _holds = False
    """Whether it gets pulses, or shall get them again."""
    _rest_s = math.inf

    # --- its life

    def prepare(self) -> None:
        settings, host = self.settings, self.host
        self._memory = PinMemory(host)
        kept, (low, high) = self._memory.get("angle_deg"), settings.range_deg
        self._angle_deg: float | None = kept if kept is not None and low <= kept <= high else None
        self._reports = reports(host, settings.report_to, self.clock)
        self._states = states(host, settings.publish_to, self.clock)
        if settings.start_deg is not None:
            self._angle_deg, self._holds = settings.start_deg, True

    def open(self) -> str:
        """Claim the line, at a low level: no pulse."""
        settings = self.settings
        board = open_board(settings.chip, of=settings.line_name, is_simulated=settings.simulate)
        pin = board.pin(settings.pin)
        pin.claim_output(False)
        self._pin = pin
        if self._holds and self._angle_deg is not None:
            self._go(self._angle_deg)
        self._tell()
        return f"{settings.line_name} (a servo) on {board.name}"

    @property
    def due_s(self) -> float:
        return min(self._reports.due_s, self._states.due_s, self._rest_s if self._pin is not None else math.inf)

    def turn(self) -> None:
        if self._pin is not None and self.clock() >= self._rest_s:
            self._end_pulses()
        self._pump()

    def shut(self) -> None:
        """Let go of a line that is gone or does not work."""
        pin, self._pin = self._pin, None
        if pin is None:
            return
        with suppress(PinFault):  # it has failed already; only its claim is to go
            pin.free()
        self._reports.offer(Report(values={ANGLE: None}))
        self._publish(None)
        self._pump()

    def failed(self, fault: LinkFault, *, was_open: bool) -> None:
        self.host.count("line_faults")

    def leave(self) -> None:
        """End the pulses, and give the line back; the arm stays where it is, and that is still what is known of it."""
        pin, self._pin = self._pin, None
        if pin is not None:
            with suppress(PinFault):  # without pulses in any case
                pin.write(False)
            with suppress(PinFault):
                pin.free()
        self._reports.flush()
        self._states.flush()

    # --- what it answers

    @verb(act_within_s=ACT_WITHIN_S)
    def angle(self, wanted: Angle, delivery: Delivery) -> None:
        """Turn the arm to an angle, and hold it there; done when the pulses say so, which is before it has arrived."""
        low, high = self.settings.range_deg
        if not low <= wanted.angle_deg <= high:
            fact = f"it goes from {low:g} to {high:g}°"
            delivery.failed(f"cannot turn {self.settings.line_name} to {wanted.angle_deg:g}°: {fact}; it stays where it is", retry=False)
            return
        try:
            self._go(wanted.angle_deg)
        except PinFault as error:
            delivery.failed(str(error))
            self.lose(error)
            return
        self.host.count("angles")
        self._memory.keep(angle_deg=wanted.angle_deg)
        self._tell()
        delivery.done()

    @verb
    def rest(self, delivery: Delivery) -> None:
        """Give the servo no more pulses until the next angle: it hums no more, and holds no more."""
        try:
            self._end_pulses()
        except PinFault as error:
            delivery.failed(str(error))
            self.lose(error)
            return
        delivery.done()

    @verb(act_within_s=READ_WITHIN_S)
    def read(self, delivery: Delivery) -> None:
        """Say where the arm was told to be last; null: it never was."""
        delivery.done({ANGLE: self._angle_deg, "holds": self._holds})

    @verb(act_within_s=READ_WITHIN_S, by=By.ACTORS)
    def show(self, delivery: Delivery) -> None:
        """Publish the angle once more, for somebody who has begun to show it."""
        del delivery
        self._publish(self._angle_deg)

    # --- its pulses

    def _go(self, angle_deg: float) -> None:
        """Have the pulses say an angle. Raises PinFault."""
        assert self._pin is not None  # while there is none, nothing is handed to us
        self._pin.modulate(FREQUENCY_HZ, 100.0 * self.settings.pulse_us(angle_deg) / _PERIOD_US)
        self._angle_deg, self._holds = angle_deg, True
        self._rest_s = self.clock() + self.settings.rest_after_s if self.settings.rest_after_s else math.inf

    def _end_pulses(self) -> None:
        """Leave the line low. Raises PinFault."""
        self._rest_s, self._holds = math.inf, False
        self.host.count("rests")
        if self._pin is not None:
            self._pin.write(False)

    def _tell(self) -> None:
        self._reports.offer(Report(values={ANGLE: self._angle_deg}))
        self._publish(self._angle_deg)
        self._pump()

    def _publish(self, angle_deg: float | None) -> None:
        topic = self.settings.topic_of(self.host.me)
        self._states.offer(Publish(topic=topic, body=json.dumps({ANGLE: angle_deg}), retain=True))

    def _pump(self) -> None:
        self._reports.pump()
        self._states.pump()
