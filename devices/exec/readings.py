"""Readings: one line of a program → whom it is sent to, and as what."""

from collections.abc import Callable
from typing import Any, NamedTuple

from devices.addresses import AddressTemplate
from devices.codecs.choice import codec_of
from devices.codecs.codec import Fields
from devices.codecs.reports import report_of
from devices.codecs.text import Text
from devices.exec.settings import ExecSettings
from gateway.actors import Payload
from gateway.actors.vocabulary import TextLine


class Reading(NamedTuple):
    """What one line said."""

    to: str
    payload: Payload | dict[str, Any]
    same: str
    """Two lines with the same text here say the same."""


Reader = Callable[[bytes], list[Reading]]
"""Reads one line: mostly one reading, none where it says nothing by itself. Raises BadFrame where it cannot be read."""


def reader_for(settings: ExecSettings) -> Reader:
    """The reader of the codec that the settings name."""
    codec = codec_of(settings.codec, {"max_depth": settings.max_depth})
    address = AddressTemplate(settings.to)
    ignored = frozenset(settings.coalesce_ignores)
    is_text = type(codec) is Text

    def payload_of(fields: Fields) -> Payload | Fields:
        if settings.as_report:
            return report_of(fields, without=address.fields)
        return TextLine(text=fields["text"]) if is_text else fields

    def reading_of(fields: Fields) -> Reading:
        same = repr([item for item in fields.items() if item[0] not in ignored]) if settings.coalesce_s else ""
        return Reading(address.of(fields), payload_of(fields), same)

    return lambda line: [reading_of(fields) for fields in codec.read(line)]
