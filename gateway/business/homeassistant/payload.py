"""Discovery payloads: the form in which Home Assistant takes a device with all its values in one message. Pure.

A key that Home Assistant does not know rejects the whole device, at the root; so do two entities of one name, and one without a name of its
own. So a payload is made of these models, whose keys are closed, and is never written by hand.
Source: Home Assistant, "MQTT Discovery" (device discovery) and the pages of its MQTT platforms, release 2026.11.
"""

import json
from typing import Literal

from pydantic import Field

from gateway.actors.models import Model

COMMAND_S = 30
"""A command that has waited for so long at the broker is not carried out any more, seconds."""


class Availability(Model):
    """One topic that says whether a device is there; of several, all must say so."""

    topic: str
    payload_available: str | None = None
    payload_not_available: str | None = None
    value_template: str | None = None


class AboutDevice(Model):
    """What Home Assistant shows of the device itself."""

    identifiers: list[str] = Field(min_length=1)
    name: str
    model: str | None = None
    manufacturer: str | None = None
    sw_version: str | None = None
    via_device: str | None = None


class Origin(Model):
    """Who announces."""

    name: str
    sw_version: str | None = None


class Entity(Model):
    """One entity. What is common to all platforms."""

    platform: str
    unique_id: str = Field(min_length=1)
    default_entity_id: str
    name: str | None = None
    """What is not given a name is called after its device."""
    icon: str | None = None
    device_class: str | None = None
    entity_category: Literal["diagnostic", "config"] | None = None
    enabled_by_default: bool | None = None


class StateEntity(Entity):
    """An entity that shows a value."""

    state_topic: str
    value_template: str


class SensorEntity(StateEntity):
    """A number or a text."""

    platform: Literal["sensor"] = "sensor"
    unit_of_measurement: str | None = None
    state_class: str | None = None
    suggested_display_precision: int | None = None
    options: list[str] | None = None


class BinarySensorEntity(StateEntity):
    """What is on or off."""

    platform: Literal["binary_sensor"] = "binary_sensor"


class CommandedEntity(Entity):
    """An entity that sends commands. Each goes at QoS 1, and expires."""

    command_topic: str
    qos: Literal[1] = 1
    message_expiry_interval: int = COMMAND_S
    """Known since release 2026.6; earlier ones leave it out of a component, and would reject it at the root."""


class SwitchEntity(CommandedEntity, StateEntity):
    """What is switched on and off. What it shows is what the gateway says, never what was asked for."""

    platform: Literal["switch"] = "switch"
    payload_on: str
    payload_off: str
    state_on: str = "ON"
    state_off: str = "OFF"
    optimistic: Literal[False] = False


class LightEntity(CommandedEntity):
    """A light that is switched on and off, and where it can be, made brighter and darker."""

    platform: Literal["light"] = "light"
    state_topic: str
    state_value_template: str
    payload_on: str
    payload_off: str
    on_command_type: Literal["brightness"] | None = None
    """It is turned on by its brightness alone: by two messages it would flash."""
    brightness_command_topic: str | None = None
    brightness_command_template: str | None = None
    brightness_scale: float | None = None
    brightness_state_topic: str | None = None
    brightness_value_template: str | None = None
    optimistic: Literal[False] = False


class NumberEntity(CommandedEntity, StateEntity):
    """A number that is set."""

    platform: Literal["number"] = "number"
    command_template: str
    unit_of_measurement: str | None = None
    min: float
    max: float
    step: float | None = None
    optimistic: Literal[False] = False


class ButtonEntity(CommandedEntity):
    """What is done once, at a press."""

    platform: Literal["button"] = "button"
    payload_press: str


class EventEntity(StateEntity):
    """What happens, and is no state."""

    platform: Literal["event"] = "event"
    event_types: list[str] = Field(min_length=1)


class TrackerEntity(Entity):
    """Where something is; zones are Home Assistant's to find out."""

    platform: Literal["device_tracker"] = "device_tracker"
    json_attributes_topic: str
    json_attributes_template: str
    source_type: Literal["gps"] = "gps"


AnyEntity = SensorEntity | BinarySensorEntity | SwitchEntity | LightEntity | NumberEntity | ButtonEntity | EventEntity | TrackerEntity


class DevicePayload(Model):
    """One device, as it is announced. Home Assistant rejects any other key here."""

    device: AboutDevice
    origin: Origin
    components: dict[str, AnyEntity] = Field(min_length=1)
    availability: list[Availability]
    availability_mode: Literal["all"] = "all"

    def text(self) -> str:
        """The payload as JSON; what is not said is left out, but that a tracker has no name, and is called after its device."""
        found = self.model_dump(mode="json", exclude_none=True)
        for key, component in self.components.items():
            if component.name is None:
                found["components"][key]["name"] = None
        return json.dumps(found, ensure_ascii=False, separators=(",", ":"))
