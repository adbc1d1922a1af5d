"""The settings of one distance sensor: section `[distance.NAME]` of the configuration."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.gpio.wiring import Bcm, Chip, claim_of, name_of, one_line_each
from devices.link import PolledSettings
from devices.simulation import simulation
from gateway.actors.points import ValueTable, check_values, points_of, seen_point
from gateway.actors.points.point import Said

DISTANCE = "distance_m"
"""Name of the value that is measured."""
NEAREST_M = 0.02


class EchoSimulation(BaseModel):
    """`[distance.NAME.simulate]`: what a simulated sensor stands before. `simulate = true` is a wall at 1 m."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    distance_m: float = Field(default=1.0, ge=0, le=20)
    """How far away the wall is."""
    deaf_every: int = Field(default=0, ge=0)
    """Every so many-th ping has no echo; 0: each has one."""


class DistanceSettings(PolledSettings):
    """The settings of one ultrasonic sensor with a trigger and an echo line, as an HC-SR04 has them."""

    trigger: Bcm
    """The line that the sensor's trigger is wired to: 23, "GPIO23" or "BOARD16"."""
    echo: Bcm
    """The line that its echo is wired to, by two resistors where the sensor runs on 5 V: a pin bears 3.3 V."""
    every_s: float = Field(default=10.0, ge=0.5, le=86_400)
    """Seconds from one reading to the next."""
    samples: int = Field(default=3, ge=1, le=9)
    """How many pings make one reading, of which the middle one counts."""
    max_m: float = Field(default=4.0, ge=0.1, le=10)
    """An echo from farther away is none."""
    temperature_c: float = Field(default=20.0, ge=-40, le=80)
    """How warm the air is, by which sound is faster: 1 % in 6 °C."""
    values: ValueTable = {}
    """What becomes of the distance, as of the values of a sensor: how full a tank is."""
    unmapped: Literal["take", "ignore"] = "take"
    """Whether the distance is told where `values` does not name it."""
    chip: Chip = "auto"
    """The GPIO chip: "auto" finds the header's by its label; else a number (4) or a path ("/dev/gpiochip4")."""
    simulate: bool | EchoSimulation = False  # type: ignore[assignment]  # true, or a table

    @property
    def simulated(self) -> EchoSimulation | None:
        """How the sensor is simulated; None where it is the real one."""
        return simulation(self.simulate, EchoSimulation)

    @property
    def line_names(self) -> str:
        return f"{name_of(self.trigger)} and {self.echo}"

    @property
    def sound_mps(self) -> float:
        """How fast sound is in air as warm as that."""
        return 331.3 * float((1 + self.temperature_c / 273.15) ** 0.5)

    def claims(self) -> dict[str, str]:
        pins = {"trigger": self.trigger, "echo": self.echo}
        return {key: claim_of(pin, self.chip, is_simulated=bool(self.simulate)) for key, pin in pins.items()}

    def points(self, me: str) -> Said:
        """The distance of whoever it reports to, and what the table makes of it."""
        del me
        named = {value.source or name for name, value in self.values.items()}
        plain = seen_point(DISTANCE, 0.0).changed(low=NEAREST_M, high=self.max_m, precision=2)
        mine = (plain,) if self.unmapped == "take" and DISTANCE not in named else ()
        return [(self.to, (*points_of(self.values), *mine))] if self.to else []

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        one_line_each(trigger=self.trigger, echo=self.echo)
        check_values(self.values)
        return self
