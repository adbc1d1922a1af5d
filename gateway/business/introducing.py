"""How actors that come into being by themselves introduce themselves to whoever shows devices: what a twin, or a trip, has to show. Pure.

It is told in the turn, and so in the commit, in which there is something new to show: see `gateway/actors/points/shown.py`.
"""

from collections.abc import Mapping
from typing import Any

from gateway.actors import Stage
from gateway.actors.points import Point, Points, ValueType, seen_point
from gateway.actors.points.classes import usual_state_class
from gateway.actors.points.shown import DeviceShown, ShownDevice
from gateway.business.values import Value

SHOWN = "shown"
"""The verb of those who read devices."""
_TRUTH, _NUMBER, _TEXT, _NOTHING = "truth", "number", "text", "nothing"


def introduce(stage: Stage[Any], points: Points, device: ShownDevice) -> None:
    """Tell whoever reads devices what there is to see of this one."""
    for reader in points.shown.readers if points.shown is not None else ():
        stage.tell(reader, SHOWN, DeviceShown(device=device))


def is_news(before: Mapping[str, Value], after: Mapping[str, Value]) -> bool:
    """Whether the values of a twin are others to show than before: another name, unit, class or type."""
    if len(before) != len(after):
        return True
    return any(value is not before[name] and _looks_new(value, before[name]) for name, value in after.items())


def device_of_twin(id: str, values: Mapping[str, Value], points: Points, *, topic: str, by: str) -> ShownDevice:
    """What a twin has to show: each value that it has seen, but those of an output that shows itself."""
    said, shown = points.of(id), points.shown
    elsewhere = shown.devices if shown is not None else {}
    described = {name: _described(name, value, said.get(name)) for name, value in values.items()}
    seen = tuple(point for point in described.values() if point is not None and point.setter not in elsewhere)
    unknown = tuple(name for name, point in described.items() if point is None)
    return ShownDevice(id=id, topic=topic, by=by, points=seen, unknown=unknown, heard=("online",), quality="quality", model="twin")


def _described(name: str, value: Value, said: Point | None) -> Point | None:
    """The point of one value as the twin publishes it; None where nobody knows its type yet."""
    point = said or seen_point(name, value["value"])
    type = point.type if point.type is not ValueType.ANY else seen_point(name, value["value"]).type
    if type is ValueType.ANY:
        return None
    unit, device_class = value["unit"], value.get("class", "")
    state_class = point.state_class or (usual_state_class(device_class, unit) if type is ValueType.NUMBER else "")
    return point.changed(type=type, unit=unit, device_class=device_class, state_class=state_class, path=("values", name, "value"))


def _looks_new(value: Value, before: Value) -> bool:
    if value["unit"] != before["unit"] or value.get("class") != before.get("class"):
        return True
    return value["value"] is not None and _kind(value["value"]) != _kind(before["value"])


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return _TRUTH
    if isinstance(value, int | float):
        return _NUMBER
    return _NOTHING if value is None else _TEXT
