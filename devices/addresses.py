"""Addresses: the template `twin/{device}` and the fields of a line → the actor that hears of it."""

from typing import Any

from devices.codecs.framing import BadFrame
from gateway.actors.errors import BadId
from gateway.actors.ids import check_id, is_key
from gateway.actors.points import Keys, as_key
from gateway.actors.templates import fields_of, filled, sample

REMEMBERED = 4096
"""How many addresses are kept made, so that a line costs a look-up."""


def check_template(to: str) -> str:
    """Return `to` when it is an actor id, or the template of one; raise ValueError otherwise."""
    try:
        check_id(sample(to))
    except BadId:
        kind, _, key = to.partition("/")
        plain = f'write "{kind}/{as_key(key)}"' if is_key(kind) and key.strip() and not set(key) & set("/{}") else ""
        advice = plain or "write kind/key, or kind/{field} with a field of the JSON line"
        raise ValueError(f"{to!r} is no actor id; {advice}") from None
    return to


class AddressTemplate:
    """A compiled address template. A field's value becomes one segment of an id, so a device cannot name an actor beyond its own."""

    def __init__(self, template: str) -> None:
        self.fields: tuple[str, ...] = fields_of(template)
        self.names: dict[str, str] = {}
        """The real names of devices whose names cannot stand in an id, by the ids that they got."""
        self._template = template
        self._keys = {field: Keys() for field in self.fields}
        self._known: dict[str, str] = {}

    def of(self, fields: dict[str, Any]) -> str:
        """The actor id that the template gives for these fields. Raises BadFrame where one is absent, or is no name for a device."""
        names = self.fields
        if len(names) == 1 and type(value := fields.get(names[0])) is str and (known := self._known.get(value)):
            return known
        if not names:
            return self._template
        said = [_said(fields, name) for name in names]
        known = "\0".join(said)
        return self._known.get(known) or self._made(known, said)

    def _made(self, known: str, said: list[str]) -> str:
        try:
            keys = {field: self._keys[field].of(name) for field, name in zip(self.fields, said, strict=True)}
        except BadId as error:
            raise BadFrame("no_address", f"cannot address a line: {error}") from None
        if len(self._known) >= REMEMBERED:
            self._known.clear()
            self.names.clear()
        made = check_id(filled(self._template, keys))
        renamed = [name for field, name in zip(self.fields, said, strict=True) if keys[field] != name]
        if renamed:
            self.names[made] = ", ".join(renamed)
        self._known[known] = made
        return made


def _said(fields: dict[str, Any], name: str) -> str:
    """What a field says as the name of a device."""
    value = fields.get(name)
    if type(value) is int:
        value = str(value)
    if type(value) is not str:
        seen = "is missing" if name not in fields else f"is {str(value)[:40]!r}, which is no name"
        raise BadFrame("no_address", f"cannot address a line: its field {name!r} {seen}")
    return value
