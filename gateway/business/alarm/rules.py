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

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from gateway.actors.ids import check_id_or_none, is_key
from gateway.actors.points import Point, ValueType
from gateway.actors.points.shown import Act, ShownDevice
from gateway.actors.points.suffixes import meaning_of
from gateway.actors.vocabulary import Scalar
from gateway.business.alarm.state import AlarmPhase
from gateway.business.condition import Condition
from gateway.business.notices import Channel, Recipient
from gateway.business.publishing import PUBLISHER, Publishing


class AlarmRule(Condition):
    """The rule of one alarm: what is wrong, and who is told. Any of its conditions raises the alarm; all of them must be over for it to
    clear."""

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

    @property
    def idle(self) -> dict[str, str]:
        """What is given and does nothing: as of any condition, and of a second word to people that never goes out."""
        found, of_escalation = super().idle, ("escalate_user", "escalate_group", "escalations")
        why = "is without effect: nobody is told again where escalate_after_s is not given; add it, in seconds, or take this out"
        return found | {key: why for key in of_escalation if key in self.model_fields_set and not self.escalate_after_s}

    @field_validator("contacts")
    @classmethod
    def _is_id(cls, text: str) -> str:
        return check_id_or_none(text)


def _is_alarm(key: str) -> str:
    if not is_key(key):
        raise ValueError(f"cannot use {key!r} as the key of an alarm: write letters, digits and . _ ~ : @ = , -")
    return key


class AlarmSettings(Publishing):
    """Section `[actors.alarm]`."""

    topic: str = Field(default="{prefix}/alarm/{key}", max_length=512)
    rules: dict[Annotated[str, AfterValidator(_is_alarm)], AlarmRule] = {}
    """One alarm each, by its key: `[actors.alarm.rules.freezer]` is `alarm/freezer`."""

    def shown_devices(self, me: str) -> list[ShownDevice]:
        """Each alarm: whether something is wrong, where it stands, and what people can do about it."""
        del me
        return [self._device(f"alarm/{key}", rule) for key, rule in self.rules.items()] if self.publish_to else []

    def _device(self, id: str, rule: AlarmRule) -> ShownDevice:
        raised = [AlarmPhase.ACTIVE.value, AlarmPhase.ACKNOWLEDGED.value]
        points = (
            Point(name="alarm", type=ValueType.BOOLEAN, device_class=_class_of(rule), path=("phase",), true=tuple(raised)),
            Point(name="phase", type=ValueType.TEXT, path=("phase",), options=tuple(one.value for one in AlarmPhase)),
        )
        acts = (Act(name="acknowledge", setter=id, verb="acknowledge"), Act(name="drill", setter=id, verb="drill", hidden=True))
        return ShownDevice(id=id, topic=self.topic_of(id), by=self.publish_to, points=points, acts=acts, model="alarm", again="show")

    def at_start(self) -> list[tuple[str, str]]:
        """Each configured alarm, which begins to watch at the start; and each that has lost its rule meanwhile, which ends what it told."""
        return [("alarm/*", "retire"), *((f"alarm/{key}", "watch") for key in self.rules)]

    def lacks(self) -> dict[str, str]:
        """What of a rule does nothing."""
        return super().lacks() | {f"rules.{key}.{name}": why for key, rule in self.rules.items() for name, why in rule.idle.items()}

    def watched(self) -> list[tuple[str, str, str]]:
        """The values that the alarms are about."""
        return [(f"rules.{key}.value", rule.of, rule.value) for key, rule in self.rules.items() if rule.value]

    def awaited(self) -> list[tuple[str, str, str, Scalar]]:
        """What values are waited for."""
        return [(f"rules.{key}.is", rule.of, rule.value, rule.equals) for key, rule in self.rules.items() if rule.equals is not None]

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


def _class_of(rule: AlarmRule) -> str:
    """What kind of alarm it is, for those who show it: too warm, too cold, or just a problem."""
    if meaning_of(rule.value).device_class != "temperature" or (rule.above is None) is (rule.below is None):
        return "problem"
    return "heat" if rule.above is not None else "cold"
