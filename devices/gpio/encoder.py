"""A knob: the host-bound actor `encoder/NAME` of one rotary encoder, which has two contacts.

    [encoder.knob]                 wiring: the middle pin to ground, the two others to GPIO 5 and 6; its button is a [gpio.NAME]
    pin_a = 5
    pin_b = 6
    turn_to = "gpio/bed"           a dimmer: brighter by its step_pct for each step
    report_to = "twin/knob"        the position, which is kept over restarts

Steps are counted one by one and told together: while one message is under way, what comes adds up in the next. What was turned while
the gateway was away is not known.
"""

import json
import logging
import math
from contextlib import suppress
from functools import partial

from devices.gpio.boards import open_board
from devices.gpio.edges import EdgeBuffer
from devices.gpio.encoder_settings import EncoderSettings
from devices.gpio.errors import PinFault
from devices.gpio.inputs import LOOK_EVERY_S
from devices.gpio.lines import ChipPin, PinLine
from devices.gpio.memory import PinMemory
from devices.gpio.quadrature import Levels, Quadrature
from devices.latest import COUNTERS_SAID, reports, states, turns
from devices.link import Link, LinkFault
from gateway.actors import By, Delivery, Payload, verb
from gateway.actors.vocabulary import KnobTurned, Publish, Report

logger = logging.getLogger(__name__)

READ_WITHIN_S = 1.0
KEEP_EVERY_S = 1.0
"""How often at most the position is written to disk while the knob is turned: a power cut loses what was turned since."""


class KnobPosition(Payload):
    """Payload of the verb `set` of `encoder/*`: where the knob stands from now on."""

    position: int


class Encoder(Link[EncoderSettings]):
    """Reads a knob: a rotary encoder, and its button."""

    kind = "encoder"
    vital = True
    counters_said = {
        **COUNTERS_SAID,
        "edges": "changes",
        "coalesced": "changes counted as one",
        "missed": "changes of both contacts at once",
        "line_faults": "faults of the pins",
        "callback_faults": "faults of the program",
    }

    _lines: tuple[PinLine, ...] = ()
    _look_s = math.inf
    _keep_s = math.inf
    _is_watched = False

    # --- its life

    def prepare(self) -> None:
        settings, host = self.settings, self.host
        self._edges: EdgeBuffer[Levels] = EdgeBuffer(self.clock, host.wake)
        self._seen: Levels = (False, False)
        """What the notify thread has seen last of each contact."""
        self._memory = PinMemory(host)
        self._position = settings.within(self._memory.get("position") or 0)
        self._reports = reports(host, settings.report_to, self.clock)
        self._states = states(host, settings.publish_to, self.clock)
        self._turns = turns(host, settings.turn_to, self.clock)
        self._hand = None
        if settings.simulated is not None:
            from devices.gpio.knob_hand import KnobHand  # noqa: PLC0415  # loads gpiozero

            self._hand = KnobHand(settings, self.clock)

    def open(self) -> str:
        """Claim both lines. Edges are watched before the levels are read, so that none falls between."""
        settings = self.settings
        board = open_board(settings.chip, of=settings.line_names, is_simulated=settings.simulated is not None)
        for at, number in enumerate((settings.pin_a, settings.pin_b)):
            pin: ChipPin = board.pin(number)
            line = PinLine(pin, active_low=settings.pull != "down")
            self._lines = (*self._lines, line)
            line.claim_input(settings.pull)
            line.watch(partial(self._on_edge, at))
        self._edges.take()
        self._seen = self._levels()
        self._quadrature = Quadrature(settings.edges_per_step, self._seen)
        self._look_s = self.clock() + LOOK_EVERY_S
        self._is_watched = True
        self._tell()
        return f"{settings.line_names} (a knob) on {board.name}"

    @property
    def due_s(self) -> float:
        unsent_s = min(self._reports.due_s, self._states.due_s, self._turns.due_s, self._keep_s)
        if not self._lines:
            return unsent_s
        played_s = self._hand.due_s if self._hand is not None else math.inf
        return -math.inf if self._edges.waiting else min(unsent_s, self._look_s, played_s)

    def turn(self) -> None:
        if self._lines:
            if self._hand is not None:
                self._hand.play()
            self._take_edges()
        if self.clock() >= self._keep_s:
            self._keep()
        for one in (self._reports, self._states, self._turns):
            one.pump()

    def shut(self) -> None:
        """Let go of lines that are gone or do not work; whoever hears the position hears that there is none now."""
        was_watched = self._is_watched
        self._free()
        if was_watched:
            self._reports.offer(Report(values={self.settings.value: None}))
            self._publish(None)

    def failed(self, fault: LinkFault, *, was_open: bool) -> None:
        self.host.count("line_faults")

    def quiet(self) -> None:
        """Watch the lines no more; what was turned until now is still told."""
        for line in self._lines:
            line.unwatch()
        if self._lines:
            with suppress(PinFault):  # a line that has failed has nothing more to say
                self._take_edges()
        self._free()

    def leave(self) -> None:
        self._free()
        self._keep()
        for one in (self._reports, self._states, self._turns):
            one.flush()

    # --- what it answers

    @verb
    def set(self, wanted: KnobPosition, delivery: Delivery) -> None:
        """Have the position be this number from now on; it stays within `low` and `high`."""
        self._position = self.settings.within(wanted.position)
        self._keep_s = min(self._keep_s, self.clock())
        self._tell()
        delivery.done({"position": self._position})

    @verb(act_within_s=READ_WITHIN_S)
    def read(self, delivery: Delivery) -> None:
        """Say where the knob stands."""
        delivery.done({"position": self._position})

    @verb(act_within_s=READ_WITHIN_S, by=By.ACTORS)
    def show(self, delivery: Delivery) -> None:
        """Publish the position once more, for somebody who has begun to show it."""
        del delivery
        self._publish(self._position)

    # --- its steps

    def _on_edge(self, at: int, active: bool) -> None:
        """Take one change of one contact. On the notify thread, which is the same for both."""
        self._seen = (active, self._seen[1]) if at == 0 else (self._seen[0], active)
        self._edges.add(self._seen)

    def _levels(self) -> Levels:
        first, second = self._lines
        return first.read(), second.read()

    def _take_edges(self) -> None:
        """Count what was turned since the last time. Raises PinFault where a line cannot be read."""
        batch = self._edges.take()
        missed = self._quadrature.missed
        steps = sum(self._quadrature.feed(edge.active) for edge in batch.edges)
        now_s = self.clock()
        lost = batch.seen - len(batch.edges)
        if lost or batch.fault or now_s >= self._look_s:
            self._seen = self._levels()
            steps += self._quadrature.feed(self._seen)
            self._look_s = now_s + LOOK_EVERY_S
        if batch.fault:
            logger.error("%s: an edge callback failed (%s); the levels are read instead", self.host.me, batch.fault)
        found = {"edges": batch.seen, "coalesced": lost, "missed": self._quadrature.missed - missed, "callback_faults": bool(batch.fault)}
        for name, count in found.items():
            if count > 0:
                self.host.count(name, count)
        if steps:
            self._move(-steps if self.settings.reversed else steps)

    def _move(self, steps: int) -> None:
        self._turns.offer(KnobTurned(steps=steps))
        position = self.settings.within(self._position + steps)
        if position != self._position:
            self._position = position
            self._keep_s = min(self._keep_s, self.clock() + KEEP_EVERY_S)
            self._tell()

    def _tell(self) -> None:
        self._reports.offer(Report(values={self.settings.value: self._position}))
        self._publish(self._position)
        for one in (self._reports, self._states):
            one.pump()

    def _publish(self, position: int | None) -> None:
        topic = self.settings.topic_of(self.host.me)
        self._states.offer(Publish(topic=topic, body=json.dumps({"position": position}), retain=True))

    def _keep(self) -> None:
        self._keep_s = math.inf
        self._memory.keep(position=self._position)

    def _free(self) -> None:
        lines, self._lines, self._is_watched = self._lines, (), False
        for line in lines:
            with suppress(PinFault):  # it has failed already; only its claim is to go
                line.free()
