"""The actor ids that a configuration names, read without a gateway: its devices, its alarms and rules, and whoever is told or watched."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.actors.errors import BadId
from gateway.actors.ids import check_id

_NO_DEVICES = ("gateway", "store", "runtime", "actors")
_ADDRESSES = ("to", "of", "report_to", "press_to", "publish_to", "contacts", "address")
"""Keys whose values are ids."""


def named_ids(path: Path) -> list[str]:
    """The ids in the file at `path`, in their order. Raises OSError and ValueError where it cannot be read."""
    table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    found = [*_devices(table), *_watchers(table.get("actors")), *_addresses(table)]
    return sorted({id for id in found if _is_id(id)})


def _devices(table: dict[str, Any]) -> Iterator[str]:
    for kind, keys in table.items():
        if kind not in _NO_DEVICES and isinstance(keys, dict):
            yield from (f"{kind}/{key}" for key, value in keys.items() if isinstance(value, dict))


def _watchers(actors: Any) -> Iterator[str]:
    """Actors that have tables of their own: [actors.rule.fan], [actors.alarm.rules.cold], [actors.toggle.outputs] hall = ..."""
    for kind, table in actors.items() if isinstance(actors, dict) else ():
        for key, value in table.items() if isinstance(table, dict) else ():
            if isinstance(value, dict):
                inner = key in ("rules", "outputs")
                yield from (f"{kind}/{name}" for name in (value if inner else [key]))


def _addresses(found: Any, key: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for name, value in found.items():
            yield from _addresses(value, name)
    elif isinstance(found, list):
        for value in found:
            yield from _addresses(value, key)
    elif isinstance(found, str) and key in _ADDRESSES:
        yield found


def _is_id(text: str) -> bool:
    try:
        return bool(check_id(text))
    except BadId:
        return False
