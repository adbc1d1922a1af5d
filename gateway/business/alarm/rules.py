"""The rules of alarms: what is wrong with a device, and who is told. Section `[actors.alarm]`.

[actors.alarm.rules.freezer]
of = "twin/freezer"
value = "temperature_c"
above = -15.0
hysteresis = 2.0
for_s = 600
silent = true
user = "ann"
escalate_after_s = 900
escalate_group = "neighbours"
"""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.actors.ids import check_id, is_key, kind_of
from gateway.business.notices import Channel, Recipient
from gateway.business.publishing import PUBLISHER, Publishing


class Rule(BaseModel):
    """The rule of one alarm. Any of its conditions raises the alarm; all of them must be over for it to clear."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    of: str
    """Id of the twin that is watched."""
    value: str = ""
    """Name of the value that the limits are for."""
    above: float | None = None
    """The value is wrong above this."""
    below: float | None = None
    """The value is wrong below this."""
    hysteresis: float = Field(default=0.0, ge=0)
    """How far it must come back inside a limit to be right again, in the value's own unit."""
    rises_per_min: float | None = Field(default=None, gt=0)
    """The value is wrong while it rises faster than so much a minute."""
    falls_per_min: float | None = Field(default=None, gt=0)
    """The value is wrong while it falls faster than so much a minute."""
    rate_over_s: float = Field(default=60.0, gt=0)
    """Over how many seconds, at least, a rate is measured."""
    silent: bool = False
    """Whether the device's silence is wrong; the twin says when it is silent."""
    for_s: float = Field(default=0.0, ge=0)
    """How long it must be wrong, in seconds, before the alarm is raised."""
    severity: str = Field(default="alarm", max_length=64)
    subject: str = Field(default="", max_length=256)
    """What people are told in one line; by default the alarm's key and what is wrong."""
    contacts: str = "contacts/home"
    """Id of the contacts that know whom to tell; empty: only `recipients`."""
    user: str = Field(default="", max_length=128)
    """Whose contacts are told; empty: those of every user."""
    group: str = Field(default="", max_length=128)
    """Only contacts of this group."""
    recipients: list[Recipient] = []
    """Who is told in any case."""
    escalate_after_s: float = Field(default=0.0, ge=0)
    """Seconds after which it is told again where nobody has acknowledged; 0: never."""
    escalate_user: str = Field(default="", max_length=128)
    """Whose contacts are told then; empty: as before."""
    escalate_group: str = Field(default="", max_length=128)
    escalations: int = Field(default=3, ge=1, le=100)
    """How often people are told again, at most."""
    deliver_within_s: float = Field(default=60.0, gt=0)
    """How long to wait for the notices to be delivered, in seconds, before those that were not are named."""

    @field_validator("of")
    @classmethod
    def _is_twin(cls, text: str) -> str:
        if kind_of(check_id(text)) != "twin":
            raise ValueError(f"cannot watch {text!r}: an alarm watches a twin; write twin/KEY")
        return text

    @field_validator("contacts")
    @classmethod
    def _is_id(cls, text: str) -> str:
        return check_id(text) if text else text

    @model_validator(mode="after")
    def _watches_something(self) -> Self:
        if all(limit is None for limit in self._limits) and not self.silent:
            raise ValueError("it watches nothing: give above, below, rises_per_min, falls_per_min or silent = true")
        return self

    @model_validator(mode="after")
    def _names_its_value(self) -> Self:
        if any(limit is not None for limit in self._limits) and not self.value:
            raise ValueError("a limit needs the name of the value that it is for: give value")
        return self

    @model_validator(mode="after")
    def _leaves_values_that_are_right(self) -> Self:
        if self.above is not None and self.below is not None and self.below >= self.above:
            raise ValueError(f"every value would be wrong: below = {self.below:g} is not less than above = {self.above:g}")
        return self

    @property
    def _limits(self) -> list[float | None]:
        return [self.above, self.below, self.rises_per_min, self.falls_per_min]


def _is_alarm(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"cannot use {key!r} as the key of an alarm: write letters, digits and . _ ~ : @ = , -")
    return key


class AlarmSettings(Publishing):
    """Section `[actors.alarm]`."""

    topic: str = Field(default="gateway/alarm/{key}", max_length=512)
    rules: dict[Annotated[str, AfterValidator(_is_alarm)], Rule] = {}
    """One alarm each, by its key: `[actors.alarm.rules.freezer]` is `alarm/freezer`."""

    def at_start(self) -> list[tuple[str, str]]:
        """Each configured alarm, which begins to watch at the start."""
        return [(f"alarm/{key}", "watch") for key in self.rules]

    def addresses(self) -> list[tuple[str, str, str]]:
        """The publisher, the twins, the contacts and the recipients that the alarms write to."""
        watched = [(f"rules.{key}.of", rule.of, "read") for key, rule in self.rules.items()]
        asked = [(f"rules.{key}.contacts", rule.contacts, "whom") for key, rule in self.rules.items() if rule.contacts]
        told = [
            (f"rules.{key}.recipients.{number}.address", recipient.address, "notify")
            if recipient.channel is Channel.WEBHOOK
            else (f"rules.{key}.recipients.{number}.channel", self.publish_to or PUBLISHER, "publish")
            for key, rule in self.rules.items()
            for number, recipient in enumerate(rule.recipients)
        ]
        return super().addresses() + watched + asked + told
