"""Names: what a device and its values are called in Home Assistant, for people and for programs. Pure.

An id never comes from what people call a thing, for they may call it otherwise tomorrow: it is made of the connection's prefix, the id of
the actor and the name of the value.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from gateway.actors.points.point import Point
from gateway.actors.points.suffixes import suffix_of
from gateway.digests import blake2b

_PLAIN = re.compile(r"[A-Za-z0-9-]+(?:/[A-Za-z0-9_-]+)?")
_PLAIN_NAME = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_NO_LEVEL = re.compile(r"[^A-Za-z0-9_-]+")
_NO_ENTITY = re.compile(r"[^a-z0-9]+")


def level_of(id: str) -> str:
    """An actor id, or a prefix, within a level of a discovery topic: others give other levels."""
    return id.replace("/", "_") if _PLAIN.fullmatch(id) else _with_digest(id)


def component_of(name: str) -> str:
    """The key of a component, for the name of a value: others give other keys."""
    return name if _PLAIN_NAME.fullmatch(name) else _with_digest(name)


def discovery_topic(base: str, prefix: str = "", id: str = "") -> str:
    """Where the device of an actor is announced; without one, the filter of all that are announced so, by whomever."""
    return f"{base}/device/{level_of(prefix)}-{level_of(id)}/config" if id else f"{base}/device/+/config"


def identifier(prefix: str, id: str, name: str = "") -> str:
    """The id of a device, or of one of its values."""
    return "#".join(filter(None, (prefix, id, name)))


def entity_id(platform: str, device: str, name: str = "") -> str:
    """What Home Assistant is to call an entity at first, for programs; it finds another where that is taken."""
    return f"{platform}.{_NO_ENTITY.sub('_', f'{device}_{name}'.lower()).strip('_')}"


@lru_cache(maxsize=1024)
def name_of(value: str) -> str:
    """What people read in the place of the name of a value: words, without the unit, which stands beside it."""
    plain = value[: len(value) - len(suffix_of(value))]
    return re.sub(r"[_\s]+", " ", plain).strip() or value


def name_among(value: str, points: Iterable[Point]) -> str:
    """The same, among the other values of a device: `battery_v` beside `battery_a` is the "battery voltage"."""
    name = name_of(value)
    alike = [point for point in points if name_of(point.name) == name]
    own = next((point for point in alike if point.name == value), None)
    if own is None or len(alike) == 1 or not suffix_of(value):
        return name
    is_alone = own.device_class and [point.device_class for point in alike].count(own.device_class) == 1
    if is_alone and own.device_class.replace("_", " ") == name:
        return name  # a battery's own level, beside its voltage
    return f"{name} {own.device_class.replace('_', ' ') if is_alone else own.unit}".strip()


def _with_digest(text: str) -> str:
    return f"{_NO_LEVEL.sub('_', text)[:100]}-{blake2b(text.encode(), digest_size=4).hexdigest()}"
