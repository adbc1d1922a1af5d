"""A pulse counter: what a meter has counted, as its pulses say, across power cuts; and how fast it runs.

[gpio.water]      type = "contact"      pin = 17      press_to = "pulses/water"      press_every_s = 1
[actors.pulses]   meters = {water = {per_unit = 1000, value = "water_m3", rate = "flow_m3_per_h", report_to = "twin/water"}}

The count is in the state, which is committed with each word of the pin. What the pin has not said yet is in its memory only: with
`press_every_s = 1` a power cut loses the pulses of a second, an orderly end none.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.actors import Actor, By, Payload, Stage, State, verb
from gateway.actors.ids import check_id_or_none, is_key
from gateway.actors.points.classes import INCREASING
from gateway.actors.points.point import Given, Point, Said, seen_point
from gateway.actors.vocabulary import Pressed, Report
from gateway.business.publishing import Publishing

_MOST_PULSES = 2**53
"""As many as a JSON number holds exactly."""
_PER_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
_STILL_AT_LEAST_S = 5.0
_STILL_AT_MOST_S = 600.0
_GAPS = 3.0
"""It stands still after so many of the times that lay between its last two pulses."""


def _is_meter(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"cannot use {key!r} as the key of a meter: write letters, digits and . _ ~ : @ = , -")
    return key


def _is_per_unit(pulses: float) -> float:
    if pulses < 1e-6 and pulses != 0:
        raise ValueError("must be at least 0.000001, or 0 for as many as of the total")
    return pulses


class PulseMeter(BaseModel):
    """One meter: what its pulses mean, and who hears of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    per_unit: float = Field(default=1.0, ge=1e-6, le=1e9)
    """How many pulses are one unit of the total."""
    value: str = Field(default="total", min_length=1, max_length=64)
    """Name of the total in reports; the end of it says its unit: `water_m3`, `energy_kwh`."""
    rate: str = Field(default="", max_length=64)
    """Name of the rate in reports; empty: none is reported."""
    rate_per_unit: Annotated[float, AfterValidator(_is_per_unit)] = Field(default=0.0, le=1e9)
    """How many pulses are one unit of the rate; 0: as of the total."""
    rate_per: Literal["", "s", "min", "h"] = ""
    """The time of the rate; empty: what the end of its name says (`_per_min`), else an hour."""
    report_to: Annotated[str, AfterValidator(check_id_or_none)] = ""
    """Actor id that gets total and rate as a report."""

    @property
    def points(self) -> tuple[Point, ...]:
        """What is reported: the total, which grows, and the rate."""
        total = seen_point(self.value, 0.0)
        total = total.changed(state_class=total.state_class if total.device_class else INCREASING, on_change=True)
        return (total, seen_point(self.rate, 0.0).changed(on_change=True)) if self.rate else (total,)

    @property
    def per_s(self) -> float:
        """The seconds of the time that the rate is for."""
        said = next((per for per in _PER_S if self.rate.endswith(f"_per_{per}")), "h")
        return _PER_S[self.rate_per or said]


class PulsesSettings(Publishing):
    """Section `[actors.pulses]`."""

    topic: str = Field(default="{prefix}/pulses/{key}", max_length=512)
    meters: dict[Annotated[str, AfterValidator(_is_meter)], PulseMeter] = {}
    """What the pulses of each counter mean, by its key. One that is not here counts pulses."""

    def spoken_of(self) -> list[str]:
        """Each counter that is told what its pulses mean."""
        return [f"pulses/{key}" for key in self.meters]

    def addresses(self) -> list[tuple[str, str, str]]:
        """The publisher, and who hears of the meters."""
        told = [(f"meters.{key}.report_to", one.report_to, "report") for key, one in self.meters.items() if one.report_to]
        return super().addresses() + told

    def points(self, me: str) -> Said:
        """The values of whoever hears of a meter. They come with pulses only: a meter that stands still is not silent."""
        del me
        return [(one.report_to, one.points) for one in self.meters.values() if one.report_to]

    def given(self, me: str) -> list[Given]:
        """These values, and no others."""
        return [one._replace(others=False) for one in super().given(me)]


class PulsesState(State):
    """What a counter remembers."""

    VERSION: ClassVar[int] = 1

    pulses: int = 0
    """All pulses, those that a `set` stands for too."""
    heard_ms: int = 0
    """The gateway's clock at the last pulse; 0: none was heard yet."""
    per_s: float | None = None
    """Pulses in a second, by the last two words; None: nobody knows yet."""


class MeterReading(Payload):
    """Payload of the verb `set` of `pulses/*`: what stands on the meter."""

    total: float = Field(ge=0, le=1e12)
    """In the meter's unit, not in pulses."""


class PulseCounter(Actor[PulsesState]):
    """Counts the pulses of one meter, and notices when it stands still, in memory or not."""

    kind = "pulses"
    settings_model = PulsesSettings
    settings: PulsesSettings

    @verb
    def pressed(self, pressed: Pressed, stage: Stage[PulsesState]) -> None:
        """Add pulses; report and publish the total and the rate."""
        if not _can_count(stage.state.pulses + pressed.count, stage):
            return
        state, since_s = stage.state, self._since_s(stage)
        measured = state.heard_ms >= stage.listening_since_ms and since_s > 0  # over a break nobody counted
        per_s = pressed.count / since_s if state.heard_ms and measured else None
        stage.state = state.changed(pulses=state.pulses + pressed.count, heard_ms=stage.clock_ms, per_s=per_s)
        stage.after(_still_after_s(per_s), "still", name="still")
        self._tell(stage)

    @verb
    def set(self, reading: MeterReading, stage: Stage[PulsesState]) -> None:
        """Set the total to what stands on the meter; pulses add to it from now on."""
        pulses = round(reading.total * self._meter(stage).per_unit)
        if not _can_count(pulses, stage):
            return
        stage.state = stage.state.changed(pulses=pulses)
        self._tell(stage)
        stage.reply(self._shown(stage))

    @verb
    def read(self, stage: Stage[PulsesState]) -> None:
        """Answer with the total, the rate and the pulses."""
        stage.reply(self._shown(stage))

    @verb(by=By.ITSELF)
    def still(self, stage: Stage[PulsesState]) -> None:
        """Note that the meter stands still (the counter's own timer): its rate is 0. After a restart it has time to run again."""
        listened_s = (stage.clock_ms - stage.listening_since_ms) / 1000
        left_s = _still_after_s(stage.state.per_s) - min(self._since_s(stage), listened_s)
        if left_s > 0:
            stage.after(left_s, "still", name="still")
            return
        stage.state = stage.state.changed(per_s=0.0)
        self._tell(stage)

    def _meter(self, stage: Stage[PulsesState]) -> PulseMeter:
        return self.settings.meters.get(stage.key, _PLAIN)

    def _since_s(self, stage: Stage[PulsesState]) -> float:
        return (stage.clock_ms - stage.state.heard_ms) / 1000

    def _values(self, stage: Stage[PulsesState]) -> dict[str, Any]:
        """The values that are reported, by their names."""
        meter, state = self._meter(stage), stage.state
        values: dict[str, Any] = {meter.value: round(state.pulses / meter.per_unit, 6)}
        if meter.rate and state.per_s is not None:
            values[meter.rate] = round(state.per_s * meter.per_s / (meter.rate_per_unit or meter.per_unit), 6)
        return values

    def _shown(self, stage: Stage[PulsesState]) -> dict[str, Any]:
        return {**self._values(stage), "pulses": stage.state.pulses}

    def _tell(self, stage: Stage[PulsesState]) -> None:
        if to := self._meter(stage).report_to:
            stage.tell(to, "report", Report(values=self._values(stage)))
        self.settings.publish(stage, self._shown(stage))


def _still_after_s(per_s: float | None) -> float:
    """After how many seconds without a pulse a meter stands still."""
    gap_s = 1 / per_s if per_s else _STILL_AT_MOST_S
    return min(max(_GAPS * gap_s, _STILL_AT_LEAST_S), _STILL_AT_MOST_S)


def _can_count(pulses: int, stage: Stage[PulsesState]) -> bool:
    """Whether a counter can have so many pulses; refuse the message where it cannot."""
    if pulses > _MOST_PULSES:
        stage.refuse(f"cannot count {pulses} pulses: {_MOST_PULSES} are the most; set a smaller total")
    return pulses <= _MOST_PULSES


_PLAIN = PulseMeter()
"""A meter that the file does not name: it counts pulses."""
