"""Readings: one line of a program → whom it is sent to, and as what. One reader per codec."""

from collections.abc import Callable
from typing import Any, NamedTuple

from devices.addresses import AddressTemplate
from devices.codecs.framing import BadFrame
from devices.codecs.json_lines import read_fields
from devices.codecs.text import read_text
from devices.exec.settings import ExecSettings
from gateway.actors import Payload
from gateway.actors.vocabulary import Report, TextLine

_SCALARS = (bool, int, float, str)
_VALUES_MAX = 64


class Reading(NamedTuple):
    """What one line said."""

    to: str
    payload: Payload | dict[str, Any]
    same: str
    """Two lines with the same text here say the same."""


Reader = Callable[[bytes], Reading]
"""Reads one line. Raises BadFrame where it cannot be read."""


def reader_for(settings: ExecSettings) -> Reader:
    """The reader of the codec that the settings name."""
    return _json_reader(settings) if settings.codec == "json" else _text_reader(settings)


def _text_reader(settings: ExecSettings) -> Reader:
    def read(line: bytes) -> Reading:
        text = read_text(line)
        return Reading(settings.to, TextLine(text=text), text)

    return read


def _json_reader(settings: ExecSettings) -> Reader:
    address = AddressTemplate(settings.to)
    ignored = frozenset(settings.coalesce_ignores)

    def read(line: bytes) -> Reading:
        fields = read_fields(line, max_bytes=settings.max_line_bytes, max_depth=settings.max_depth)
        payload = _report(fields, address.fields) if settings.as_report else fields
        same = repr([item for item in fields.items() if item[0] not in ignored]) if settings.coalesce_s else ""
        return Reading(address.of(fields), payload, same)

    return read


def _report(fields: dict[str, Any], of_the_address: tuple[str, ...]) -> Report:
    """The plain fields of a line, less those that name its device."""
    values = {name: value for name, value in fields.items() if isinstance(value, _SCALARS) and name not in of_the_address}
    at_ms = values.get("at_ms", 0)
    if type(at_ms) is int and at_ms > 0:
        del values["at_ms"]
    else:
        at_ms = 0
    if not 0 < len(values) <= _VALUES_MAX:
        raise BadFrame("no_report", f"cannot make a report of a line: it has {len(values)} scalar fields, 1 to {_VALUES_MAX} are taken")
    return Report(values=values, at_ms=at_ms)
