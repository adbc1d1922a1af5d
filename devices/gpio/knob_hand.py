"""A hand that turns one simulated knob, by the clock of its actor, which asks it when it is due."""

import math
from collections.abc import Callable

from devices.gpio.encoder_settings import EncoderSettings, KnobSimulation
from devices.gpio.simulator import simulated_pins


class KnobHand:
    """Turns one knob as its settings say."""

    def __init__(self, settings: EncoderSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._simulation = settings.simulated or KnobSimulation()
        self._clock = clock
        self.due_s = clock() + self._simulation.turn_every_s if self._simulation.turn_every_s else math.inf
        """When `play` must be called next."""

    def play(self) -> None:
        """Make the turn whose time has come."""
        if self._clock() < self.due_s:
            return
        self.due_s += self._simulation.turn_every_s
        settings = self._settings
        simulated_pins().turn(
            (settings.pin_a, settings.pin_b),
            -self._simulation.steps if settings.reversed else self._simulation.steps,
            edges_per_step=settings.edges_per_step,
            active_low=settings.pull != "down",
            bounce=self._simulation.bounce,
        )
