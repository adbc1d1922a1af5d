"""The settings of one knob: section `[encoder.NAME]` of the configuration."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.gpio.topical import TopicalSettings
from devices.gpio.wiring import Bcm, Chip, claim_of, name_of, one_line_each
from devices.simulation import simulation
from gateway.actors.points import Point, ValueType
from gateway.actors.points.point import Said

if TYPE_CHECKING:
    from gateway.actors.points.shown import ShownDevice


class KnobSimulation(BaseModel):
    """`[encoder.NAME.simulate]`: how a simulated knob is turned. `simulate = true` gives one that nobody touches."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    turn_every_s: float = Field(default=0.0, ge=0, le=86_400)
    """Seconds from one turn to the next; 0: never."""
    steps: int = Field(default=1, ge=-100, le=100)
    """By how many steps it is turned each time; below 0: against the clock."""
    bounce: bool = False
    """Whether its contacts bounce, as real ones do: each change is made there, back and there again."""


class EncoderSettings(TopicalSettings):
    """The settings of one rotary encoder."""

    pin_a: Bcm
    """The line of contact A: 5, "GPIO5" or "BOARD29". Turned clockwise it closes before B."""
    pin_b: Bcm
    """The line of contact B."""
    pull: Literal["up", "down", "none"] = "up"
    """The resistor inside the chip: up where the contacts close to ground, down where they close to 3.3 V, none where the board has its
    own to 3.3 V."""
    edges_per_step: Literal[1, 2, 4] = 4
    """How many changes of its contacts lie between two places where it rests. One whose position moves only at every second place: 2."""
    reversed: bool = False
    """Whether it counts the other way round: A and B are exchanged."""
    low: int | None = None
    """The least position; turned further it stays there. Unset: there is none."""
    high: int | None = None
    """The greatest position. Unset: there is none."""
    value: str = Field(default="position", min_length=1, max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")
    """Name of the position in reports."""
    report_to: str = ""
    """Actor id that gets the position as a report, at the start and at each change."""
    turn_to: str = ""
    """Actor id that gets `turned` with the steps, as a dimmer does; beyond `low` and `high`, too."""
    publish_to: str = "mqtt/main"
    """Id of the actor that publishes the position, retained; empty: nobody."""
    topic: str = Field(default="{prefix}/encoder/{key}", max_length=512)
    """The topic of that; `{key}` is the name of the section, a leading `{prefix}/` the prefix of the connection that publishes."""
    chip: Chip = "auto"
    """The GPIO chip: "auto" finds the header's by its label; else a number (4) or a path ("/dev/gpiochip4")."""
    simulate: bool | KnobSimulation = False
    """True or a table: no hardware is touched."""

    @property
    def simulated(self) -> KnobSimulation | None:
        """How the knob is simulated; None when it is real."""
        return simulation(self.simulate, KnobSimulation)

    @property
    def line_names(self) -> str:
        return f"{name_of(self.pin_a)} and {self.pin_b}"

    def within(self, position: int) -> int:
        """A position, or the end of the range that it is beyond."""
        position = position if self.high is None else min(self.high, position)
        return position if self.low is None else max(self.low, position)

    def claims(self) -> dict[str, str]:
        pins = {"pin_a": self.pin_a, "pin_b": self.pin_b}
        return {key: claim_of(pin, self.chip, is_simulated=bool(self.simulate)) for key, pin in pins.items()}

    def addresses(self) -> list[tuple[str, str, str]]:
        told = [("report_to", self.report_to, "report"), ("turn_to", self.turn_to, "turned"), ("publish_to", self.publish_to, "publish")]
        return [row for row in told if row[1]]

    def points(self, me: str) -> Said:
        """Its position, which is its own, and that of the twin it reports to."""
        point = Point(name=self.value, type=ValueType.NUMBER, precision=0, on_change=True, low=self.low, high=self.high)
        return [(id, (point,)) for id in (me, self.report_to) if id]

    def shown_devices(self, me: str) -> "list[ShownDevice]":
        """The knob with its position."""
        if not self.publish_to:
            return []
        from gateway.actors.points.shown import ShownDevice  # noqa: PLC0415  # for gateways whose devices somebody shows

        ((_, (point,)), *_) = self.points(me)
        shown = (point.changed(path=("position",)),)
        return [ShownDevice(id=me, topic=self.topic_of(me), by=self.publish_to, model="knob", points=shown, again="show")]

    @model_validator(mode="after")
    def _has_two_lines_and_a_range(self) -> Self:
        one_line_each(pin_a=self.pin_a, pin_b=self.pin_b)
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low: {self.low} is not below high = {self.high}; exchange them")
        return self
