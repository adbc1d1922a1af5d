"""Addresses: the template `twin/{device}` and the fields of a line → the actor that hears of it."""

from typing import Any

from devices.codecs.framing import BadFrame
from gateway.actors.errors import BadId
from gateway.actors.ids import check_id, is_key
from gateway.actors.templates import fields_of, filled, sample

REMEMBERED = 4096
"""How many addresses are kept made, so that a line costs a look-up."""


def check_template(to: str) -> str:
    """Return `to` when it is an actor id, or the template of one; raise ValueError otherwise."""
    try:
        check_id(sample(to))
    except BadId:
        raise ValueError(f"{to!r} is no actor id; write kind/key, or kind/{{field}} with a field of the JSON line") from None
    return to


class AddressTemplate:
    """A compiled address template. A field's value must be one segment of an id, so a device cannot name an actor beyond its own."""

    def __init__(self, template: str) -> None:
        self.fields: tuple[str, ...] = fields_of(template)
        self._template = template
        self._known: dict[str, str] = {}

    def of(self, fields: dict[str, Any]) -> str:
        """The actor id that the template gives for these fields. Raises BadFrame where one is absent or no segment of an id."""
        names = self.fields
        if len(names) == 1 and type(value := fields.get(names[0])) is str and (known := self._known.get(value)):
            return known
        if not names:
            return self._template
        key = "/".join([_segment(fields, name) for name in names])
        return self._known.get(key) or self._made(key)

    def _made(self, key: str) -> str:
        values = dict(zip(self.fields, key.split("/"), strict=True))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        made = filled(self._template, values)
        self._known[key] = check_id(made)
        return made


def _segment(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if type(value) is int:
        value = str(value)
    if type(value) is not str or not is_key(value):
        seen = "is missing" if name not in fields else f"is {str(value)[:40]!r}, which is no part of an actor id"
        raise BadFrame("no_address", f"cannot address a line: its field {name!r} {seen}")
    return value
