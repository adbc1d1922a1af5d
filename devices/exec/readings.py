"""Readings: one line of a program → whom it is sent to, and as what. One reader per codec."""

from collections.abc import Callable
from typing import Any, NamedTuple

from devices.addresses import AddressTemplate
from devices.codecs.json_lines import read_fields
from devices.codecs.reports import report_of
from devices.codecs.text import read_text
from devices.exec.settings import ExecSettings
from gateway.actors import Payload
from gateway.actors.vocabulary import TextLine


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
        payload = report_of(fields, without=address.fields) if settings.as_report else fields
        same = repr([item for item in fields.items() if item[0] not in ignored]) if settings.coalesce_s else ""
        return Reading(address.of(fields), payload, same)

    return read
