"""The settings of one servo: section `[servo.NAME]` of the configuration."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from devices.gpio.topical import TopicalSettings
from devices.gpio.wiring import Bcm, Chip, claim_of, name_of
from devices.link import ACT_WITHIN_S, ActWithin
from gateway.actors.points import Point, ValueType
from gateway.actors.points.point import Said

if TYPE_CHECKING:
    from gateway.actors.points.shown import ShownDevice

ANGLE = "angle_deg"
"""Name of the value of a servo in reports and where it is published."""


class ServoSettings(TopicalSettings):
    """The settings of one servo, whose arm goes where the length of its pulses says."""

    pin: Bcm
    """BCM number, 17 or "GPIO17"; by its place on the header "BOARD11"."""
    low_deg: float = Field(default=-90.0, ge=-1080, le=1080)
    """The angle at its shortest pulse, degrees."""
    high_deg: float = Field(default=90.0, ge=-1080, le=1080)
    """The angle at its longest pulse; it may be less than low_deg, for an arm that goes the other way round."""
    shortest_us: int = Field(default=1000, ge=400, le=2600)
    """Its shortest pulse, microseconds; many servos go on to 500."""
    longest_us: int = Field(default=2000, ge=400, le=2600)
    """Its longest pulse; many servos go on to 2500."""
    start_deg: float | None = None
    """Where it goes at the start; unset: nowhere, it has no pulses until the first command."""
    rest_after_s: float = Field(default=0.0, ge=0, le=3600)
    """Seconds after which it gets no more pulses, so that it neither hums nor trembles, nor holds; 0: it holds its angle."""
    act_within_s: ActWithin = ACT_WITHIN_S
    """How old a command may grow that cannot be obeyed (its pin is not there): then it is answered "expired". 0: however old."""
    report_to: str = ""
    """Actor id that gets the angle as a report, at the start and at each command."""
    publish_to: str = "mqtt/main"
    """Id of the actor that publishes the angle, retained; empty: nobody."""
    topic: str = Field(default="{prefix}/servo/{key}", max_length=512)
    """The topic of that; `{key}` is the name of the section, a leading `{prefix}/` the prefix of the connection that publishes."""
    chip: Chip = "auto"
    """The GPIO chip: "auto" finds the header's by its label; else a number (4) or a path ("/dev/gpiochip4")."""
    simulate: bool = False
    """True: no hardware is touched."""

    @property
    def line_name(self) -> str:
        return name_of(self.pin)

    @property
    def range_deg(self) -> tuple[float, float]:
        """The least and the greatest angle."""
        return min(self.low_deg, self.high_deg), max(self.low_deg, self.high_deg)

    def pulse_us(self, angle_deg: float) -> float:
        """How long a pulse says that angle, microseconds."""
        share = (angle_deg - self.low_deg) / (self.high_deg - self.low_deg)
        return self.shortest_us + share * (self.longest_us - self.shortest_us)

    def claims(self) -> dict[str, str]:
        return {"pin": claim_of(self.pin, self.chip, is_simulated=self.simulate)}

    def addresses(self) -> list[tuple[str, str, str]]:
        told = [("report_to", self.report_to, "report"), ("publish_to", self.publish_to, "publish")]
        return [row for row in told if row[1]]

    def points(self, me: str) -> Said:
        """Its angle, which is its own, and that of the twin it reports to; it is set by `angle`."""
        low, high = self.range_deg
        point = Point(name=ANGLE, type=ValueType.NUMBER, unit="°", low=low, high=high, precision=0, on_change=True)
        point = point.changed(setter=me, verb="angle", field="angle_deg")
        return [(id, (point,)) for id in (me, self.report_to) if id]

    def shown_devices(self, me: str) -> "list[ShownDevice]":
        """The servo, with its angle and what it can be told."""
        if not self.publish_to:
            return []
        from gateway.actors.points.shown import Act, ShownDevice  # noqa: PLC0415  # for gateways whose devices somebody shows

        ((_, (point,)), *_) = self.points(me)
        rest = Act(name="rest", setter=me, verb="rest", hidden=True)
        shown = (point.changed(path=(ANGLE,)),)
        return [ShownDevice(id=me, topic=self.topic_of(me), by=self.publish_to, model="servo", points=shown, acts=(rest,), again="show")]

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.low_deg == self.high_deg:
            raise ValueError(f"high_deg: {self.high_deg:g} is low_deg too; say the angle at the longest pulse")
        if self.shortest_us >= self.longest_us:
            raise ValueError(f"shortest_us: {self.shortest_us} is not below longest_us = {self.longest_us}; exchange them")
        low, high = self.range_deg
        if self.start_deg is not None and not low <= self.start_deg <= high:
            raise ValueError(f"start_deg: {self.start_deg:g} is not within {low:g} and {high:g}; mend it, or low_deg and high_deg")
        return self
