"""Entities: a shown device → the payload that announces it to Home Assistant. Pure.

What Home Assistant would refuse is left out here: a class that the unit does not fit, a way of counting that the class does not take.
"""

import json
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from gateway.actors.ids import key_of
from gateway.actors.points import Point, ValueType
from gateway.actors.points.classes import BOOLEANS, NUMBERS, STATE_CLASSES, plain_unit
from gateway.actors.points.shown import Act, BrokerNames, Happening, ShownDevice
from gateway.business.homeassistant.names import component_of, entity_id, identifier, name_among
from gateway.business.homeassistant.payload import (
    AboutDevice,
    Availability,
    BinarySensorEntity,
    ButtonEntity,
    DevicePayload,
    Entity,
    EventEntity,
    LightEntity,
    NumberEntity,
    Origin,
    SensorEntity,
    SwitchEntity,
    TrackerEntity,
)
from gateway.business.homeassistant.settings import HomeAssistantSettings, ShownValue

MAKER = "Pi device gateway"
_SENML = {"Cel": "°C", "%RH": "%", "lux": "lx", "l": "L", "m3": "m³"}
"""Units as SenML (RFC 8428) and devices write them, and as Home Assistant does."""
_TEXT_AT_MOST = 255
_OF_THE_DEVICE = ("battery", "signal_strength")
"""Classes of values that say how the device itself is, and not what it measures: they stand apart there."""
_THE_DEVICE = ("on",)
"""Values that are the device itself: they are called as it is."""


class AnnouncedFrom(NamedTuple):
    """Where devices are announced from: the connection's names, the settings, and what the gateway is called."""

    broker: BrokerNames
    settings: HomeAssistantSettings
    name: str
    host: str = ""
    """Id of the actor that shows the gateway itself; empty: none does."""


def payload_of(device: ShownDevice, source: AnnouncedFrom) -> DevicePayload | None:
    """The payload that announces a device; None where it has nothing to show, or is hidden."""
    if not source.settings.shows(device.id):
        return None
    components = dict(_components(device, source))
    if not components:
        return None
    return DevicePayload(
        device=_about(device, source),
        origin=Origin(name=MAKER),
        components=components,
        availability=_availability(device, source),
    )


def _about(device: ShownDevice, source: AnnouncedFrom) -> AboutDevice:
    name = _called(device, source)
    if device.is_host:
        return AboutDevice(
            identifiers=[identifier(source.broker.prefix, "")],
            name=name,
            model=device.model or None,
            manufacturer=MAKER,
        )
    return AboutDevice(
        identifiers=[identifier(source.broker.prefix, device.id)],
        name=name,
        model=device.model or None,
        via_device=identifier(source.broker.prefix, "") if source.host else None,
    )


def _called(device: ShownDevice, source: AnnouncedFrom) -> str:
    """What a device is called."""
    plain = (source.name or source.broker.prefix) if device.is_host else device.id.rsplit("/", 1)[-1]
    return source.settings.names.get(device.id, plain)


def _availability(device: ShownDevice, source: AnnouncedFrom) -> list[Availability]:
    broker = source.broker
    found = [Availability(topic=broker.status, payload_available=broker.online, payload_not_available=broker.offline)]
    if device.heard:
        template = f"{{{{ 'online' if {_at(device.heard)} else 'offline' }}}}"
        found.append(Availability(topic=broker.whole(device.topic), value_template=template))
    return found


def _components(device: ShownDevice, source: AnnouncedFrom) -> Iterator[tuple[str, Any]]:
    levels = {point.level for point in device.points if _is_light(fitting(point, source.settings.value(device.id, point.name)))}
    for point in device.points:
        if source.settings.shows(device.id, point.name) and point.name not in levels:
            yield component_of(point.name), _of_point(device, point, source)
    for act in device.acts:
        if source.settings.shows(device.id, act.name):
            yield component_of(f"{act.name}.act"), _of_act(device, act, source)
    for happening in device.happenings:
        if source.settings.shows(device.id, happening.name):
            yield component_of(f"{happening.name}.event"), _of_happening(device, happening, source)


def _of_point(device: ShownDevice, said: Point, source: AnnouncedFrom) -> Entity:
    own = source.settings.value(device.id, said.name)
    point = fitting(said, own)
    topic = source.broker.whole(device.topic) + point.under
    of_device = point.diagnostic or point.device_class in _OF_THE_DEVICE
    category: Literal["diagnostic"] | None = "diagnostic" if of_device else None
    if point.type is ValueType.PLACE:
        return TrackerEntity(
            **_common("device_tracker", device, "", source, own, key=point.name),
            json_attributes_topic=topic,
            json_attributes_template=_place_template(point.path),
        )
    if point.type is ValueType.BOOLEAN:
        if point.setter:
            return _switched(device, point, source, own, topic=topic)
        template = _truth_template(device, point)
        about = {**_common("binary_sensor", device, point.name, source, own), "state_topic": topic, "value_template": template}
        return BinarySensorEntity(**about, device_class=point.device_class or None, entity_category=category)
    if point.type is ValueType.NUMBER and point.setter and point.low is not None and point.high is not None:
        return _set(device, point, source, own, topic=topic)
    options = list(point.options) or None
    return SensorEntity(
        **_common("sensor", device, point.name, source, own),
        device_class="enum" if options else point.device_class or None,
        state_topic=topic,
        value_template=_value_template(device, point),
        unit_of_measurement=point.unit or None,
        state_class=point.state_class or None,
        suggested_display_precision=point.precision,
        options=options,
        entity_category=category,
    )


def _switched(device: ShownDevice, point: Point, source: AnnouncedFrom, own: ShownValue, *, topic: str) -> Entity:
    platform = "light" if _is_light(point) else "switch"
    about = {
        **_common(platform, device, point.name, source, own),
        "command_topic": _command_topic(source, point.setter, point.verb),
        "payload_on": json.dumps({**point.payload, point.field: True}),
        "payload_off": json.dumps({**point.payload, point.field: False}),
        "state_topic": topic,
    }
    if platform == "light":  # its state is told by its commands
        commands = _truth_template(device, point, on=json.dumps(about["payload_on"]), off=json.dumps(about["payload_off"]))
        return LightEntity(**about, state_value_template=commands, **_brightness(device, point, source, topic=topic))
    return SwitchEntity(**about, value_template=_truth_template(device, point))


def _is_light(point: Point) -> bool:
    return point.type is ValueType.BOOLEAN and bool(point.setter) and point.device_class == "light"


def _brightness(device: ShownDevice, light: Point, source: AnnouncedFrom, *, topic: str) -> dict[str, Any]:
    """How bright a light is, and how it is told to be; empty where it is on or off only, or its brightness is hidden."""
    level = next((point for point in device.points if light.level and point.name == light.level), None)
    if level is None or not level.setter or level.high is None or not source.settings.shows(device.id, level.name):
        return {}
    return {
        "on_command_type": "brightness",
        "brightness_command_topic": _command_topic(source, level.setter, level.verb),
        "brightness_command_template": _command_template(level),
        "brightness_scale": level.high,
        "brightness_state_topic": topic,
        "brightness_value_template": _value_template(device, level),
    }


def _set(device: ShownDevice, point: Point, source: AnnouncedFrom, own: ShownValue, *, topic: str) -> Entity:
    assert point.low is not None
    assert point.high is not None
    return NumberEntity(
        **_common("number", device, point.name, source, own),
        device_class=point.device_class or None,
        command_topic=_command_topic(source, point.setter, point.verb),
        command_template=_command_template(point),
        state_topic=topic,
        value_template=_value_template(device, point),
        unit_of_measurement=point.unit or None,
        min=point.low,
        max=point.high,
        step=10.0**-point.precision if point.precision is not None else None,
    )


def _of_act(device: ShownDevice, act: Act, source: AnnouncedFrom) -> Entity:
    own = source.settings.value(device.id, act.name)
    return ButtonEntity(
        **_common("button", device, act.name, source, own),
        enabled_by_default=False if act.hidden else None,
        command_topic=_command_topic(source, act.setter, act.verb),
        payload_press=json.dumps(act.payload),
    )


def _of_happening(device: ShownDevice, happening: Happening, source: AnnouncedFrom) -> Entity:
    own = source.settings.value(device.id, happening.name)
    return EventEntity(
        **_common("event", device, happening.name, source, own),
        device_class=happening.device_class or None,
        event_types=list(happening.types),
        state_topic=source.broker.whole(device.topic) + happening.under,
        value_template="{{ value }}",
    )


def _common(platform: str, device: ShownDevice, name: str, source: AnnouncedFrom, own: ShownValue, *, key: str = "") -> dict[str, Any]:
    called = name_among(name, device.points) if name and name not in _THE_DEVICE else ""
    shown = own.name or (called if called.lower() != _called(device, source).lower() else None) or None
    return {
        "unique_id": identifier(source.broker.prefix, device.id, key or name),
        "default_entity_id": entity_id(platform, "gateway" if device.is_host else key_of(device.id), name),
        "name": shown,
        "icon": own.icon or None,
    }


def fitting(point: Point, own: ShownValue) -> Point:
    """A point with what the file says of how it is shown, and without what Home Assistant would refuse."""
    unit = plain_unit(point.unit if own.unit is None else own.unit)
    unit = _SENML.get(unit, unit)
    device_class = point.device_class if own.device_class is None else own.device_class
    if point.type is ValueType.BOOLEAN:
        return point.changed(unit="", device_class=device_class if device_class in BOOLEANS else "", state_class="")
    if point.type is not ValueType.NUMBER:
        return point.changed(unit="", device_class="", state_class="")
    if device_class not in NUMBERS or unit not in NUMBERS[device_class].units:
        device_class = ""
    allowed = NUMBERS[device_class].state_classes if device_class else STATE_CLASSES
    state_class = point.state_class if point.state_class in allowed else allowed[0] if device_class else ""
    return point.changed(unit=unit, device_class=device_class, state_class=state_class)


def _command_topic(source: AnnouncedFrom, id: str, verb: str) -> str:
    return f"{source.broker.prefix}/tell/{id}/{verb}"


def _command_template(point: Point) -> str:
    """The payload that sets a number. A brace within a text of it is escaped, as JSON may have it, and begins nothing of a template."""
    besides = "".join(f"{json.dumps(key)}: {json.dumps(text)}, ".replace("{", "\\u007b") for key, text in point.payload.items())
    return f"{{{besides}{json.dumps(point.field)}: {{{{ value }}}}}}"


def _at(path: tuple[str, ...]) -> str:
    """The place of a value in a template. A name is text in quotes there, whatever stands in it."""
    return "value_json" + "".join(f"[{_quoted(key)}]" for key in path)


def _quoted(found: Any) -> str:
    """A text, or a list of them, as it stands in a template. Letters stay as they are: of one that JSON writes as two escapes, a template
    makes two letters, which are none."""
    return json.dumps(found, ensure_ascii=False)


def _sound(device: ShownDevice, point: Point) -> str:
    """The part of a template that says whether a value can be shown; empty where it always can."""
    return f"{_at((*point.path[:-1], device.quality))} != 'bad'" if device.quality else ""


def _value_template(device: ShownDevice, point: Point) -> str:
    value, sound = _at(point.path), _sound(device, point)
    shown = f"(value_json | string)[:{_TEXT_AT_MOST}]".replace("value_json", value) if point.type is ValueType.TEXT else value
    return f"{{{{ {shown} if {sound} else none }}}}" if sound else f"{{{{ {shown} }}}}"


def _truth_template(device: ShownDevice, point: Point, *, on: str = "'ON'", off: str = "'OFF'") -> str:
    """The template of a truth; `on` and `off` are what it makes of it, as they stand there."""
    value, sound = _at(point.path), _sound(device, point)
    truth = f"{value} in {_quoted(list(point.true))}" if point.true else value
    unknown = f"{value} is none or not ({sound})" if sound else f"{value} is none"
    if device.is_host:  # what the broker has kept of it may be of a file that had no such section yet
        unknown = f"{value} is not defined or {unknown}"
    return f"{{{{ 'None' if {unknown} else {on} if {truth} else {off} }}}}"


def _place_template(path: tuple[str, ...]) -> str:
    at = _at(path)
    names = (("latitude", "latitude_deg"), ("longitude", "longitude_deg"), ("gps_accuracy", "accuracy_m"))
    known = ", ".join(f"'{theirs}': {at}[{json.dumps(ours)}]" for theirs, ours in names[:2])
    accuracy = f"'gps_accuracy': {at}.get('{names[2][1]}', 0) or 0"
    return f"{{{{ {{{known}, {accuracy}}} | tojson }}}}"
