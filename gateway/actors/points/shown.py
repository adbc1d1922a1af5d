"""Shown devices: which values of an actor others can see, where they are published, and what can be done there.

What the configuration knows of them it says (`Settings.shown_devices`, `Settings.broker_names`). An actor that comes into being by itself,
as a twin does, introduces itself to the readers. Discovery and pages read this, and know no kind.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import JsonValue

from gateway.actors.models import Model, Payload
from gateway.actors.points.point import Point
from gateway.actors.vocabulary import PREFIX


class Act(Model):
    """Something that a device can be told to do, for which no value is given: a pulse, an acknowledgement."""

    name: str
    setter: str
    """Id of the actor that is told."""
    verb: str
    payload: dict[str, JsonValue] = {}
    hidden: bool = False
    """Whether most people do not want it: whoever shows it lets them turn it on."""


class Happening(Model):
    """Something that happens to a device, and is no state: a press. It is published unretained, as JSON with an `event_type`."""

    name: str
    types: tuple[str, ...]
    device_class: str = ""
    under: str = ""
    """What follows the actor's topic where it is published."""


class ShownDevice(Model):
    """One actor that publishes its values."""

    id: str
    topic: str
    """Where it publishes; one that begins with `{prefix}/` goes on with the prefix of the connection."""
    by: str
    """Id of the actor that publishes it."""
    points: tuple[Point, ...] = ()
    unknown: tuple[str, ...] = ()
    """Names of values of which nobody can say now what they are: they have come as null. What was shown of them stays."""
    acts: tuple[Act, ...] = ()
    happenings: tuple[Happening, ...] = ()
    heard: tuple[str, ...] = ()
    """Where in what it publishes stands whether the device is heard, key by key; empty: that is known of the gateway alone."""
    again: str = ""
    """The verb that has the actor publish once more how it stands; empty: it does so by itself when it starts."""
    quality: str = ""
    """The key beside each value under which its quality stands; empty: none does."""
    model: str = ""
    """What it is, for people: twin, relay, alarm."""
    is_host: bool = False
    """Whether it is the gateway itself."""


class BrokerNames(Model):
    """What a connection to a broker is called there: whoever writes topics for others to use needs it."""

    id: str
    """Id of the connection."""
    prefix: str
    root: str = ""
    """Stands in front of every topic that is published and does not begin with the prefix."""
    status: str
    """The topic where it is kept whether the gateway is there."""
    online: str = "online"
    offline: str = "offline"

    def whole(self, topic: str) -> str:
        """A topic of `Publish` as it is on the broker."""
        return f"{self.prefix}/{topic.removeprefix(PREFIX)}" if topic.startswith(PREFIX) else self.root + topic


class DeviceShown(Payload):
    """Verb `shown` of whoever reads devices: an actor introduces itself, or has something new to show."""

    device: ShownDevice


class Shown(NamedTuple):
    """All that the configuration says of what can be seen."""

    devices: Mapping[str, ShownDevice] = MappingProxyType({})
    """By the ids of their actors."""
    brokers: Mapping[str, BrokerNames] = MappingProxyType({})
    readers: tuple[str, ...] = ()
    """Ids of the actors to which those that come by themselves introduce themselves, by `shown`."""
    name: str = ""
    """What the gateway is called."""

    def as_json(self) -> list[dict[str, Any]]:
        """The devices as JSON values."""
        return [device.model_dump(mode="json") for device in self.devices.values()]


def shown(devices: Iterable[ShownDevice], brokers: Iterable[BrokerNames], readers: Iterable[str], *, name: str) -> Shown:
    """Put together what the sections of a file say."""
    return Shown({one.id: one for one in devices}, {one.id: one for one in brokers}, tuple(dict.fromkeys(readers)), name)
