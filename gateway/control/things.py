"""What is plugged into this host, as the packages of devices find it: for `gateway ports`, and for whoever asks the control actor."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.registry import doors

_LISTS = ("ports", "chips", "sensors")
"""The doors behind which packages of devices list what there is."""
Look = Callable[[], Sequence[Any]]
"""Lists what is plugged in: see devices/thing.py."""


def finder() -> Look | None:
    """What looks for things, with every installed package; None where no package can."""
    there = doors()
    finders = [there[name].load() for name in _LISTS if name in there]
    return (lambda: [thing for find in finders for thing in find()]) if finders else None


def fields_of(thing: Any) -> dict[str, Any]:
    """A thing as JSON."""
    fields: dict[str, Any] = thing._asdict()
    more = fields.pop("more")
    return {**more, **fields}


def plugged_in() -> dict[str, Any]:
    """Everything that is plugged in. It reads /sys and /proc, and takes its time."""
    look = finder()
    return {"things": [fields_of(thing) for thing in look()] if look else []}
