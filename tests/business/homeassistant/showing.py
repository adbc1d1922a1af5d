"""What tests of Home Assistant's announcements are made of: a gateway with one connection, and what it shows."""

from typing import Any

from gateway.actors.points import Point, Points, ValueType
from gateway.actors.points.shown import BrokerNames, ShownDevice, shown
from gateway.business.homeassistant.entities import AnnouncedFrom
from gateway.business.homeassistant.settings import HomeAssistantSettings

BROKER = BrokerNames(id="mqtt/main", prefix="gateway/pi", status="gateway/pi/status")
HOST = ShownDevice(
    id="statistics/local",
    topic="{prefix}/gateway",
    by="mqtt/main",
    points=(Point(name="problem", type=ValueType.BOOLEAN, device_class="problem", path=("problem",), diagnostic=True),),
    is_host=True,
)
LAMP = ShownDevice(
    id="gpio/lamp",
    topic="{prefix}/gpio/lamp",
    by="mqtt/main",
    points=(Point(name="on", type=ValueType.BOOLEAN, setter="gpio/lamp", verb="switch", field="on", path=("on",)),),
)


def place(**settings: Any) -> AnnouncedFrom:
    """From where things are announced, with some settings of the section."""
    return AnnouncedFrom(BROKER, settings_of(**settings), "haus", HOST.id)


def settings_of(**settings: Any) -> HomeAssistantSettings:
    return HomeAssistantSettings.model_validate({"broker": "mqtt/main", **settings})


def points_with(*devices: ShownDevice, settings: HomeAssistantSettings | None = None) -> Points:
    """What a configuration with these devices says, to whom Home Assistant's actor reads them."""
    points = Points()
    points.fill((), shown(devices, [BROKER], (settings or settings_of()).readers(), name="haus"))
    return points


def twin(*points: Point, id: str = "twin/boiler") -> ShownDevice:
    """A twin with these values."""
    found = tuple(point.changed(path=("values", point.name, "value")) for point in points)
    return ShownDevice(id=id, topic=f"gateway/{id}", by="mqtt/main", points=found, heard=("online",), quality="quality")


def number(name: str, unit: str = "", device_class: str = "", **more: Any) -> Point:
    return Point(name=name, type=ValueType.NUMBER, unit=unit, device_class=device_class, **more)
