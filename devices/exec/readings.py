"""Readings: one frame of a program → whom it is sent to, and as what."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from devices.addresses import AddressTemplate
from devices.codecs.choice import codec_of
from devices.codecs.codec import Fields
from devices.codecs.reports import MappedReports, Remark, report_of
from devices.codecs.text import Text
from devices.exec.settings import ExecSettings
from gateway.actors import Payload
from gateway.actors.vocabulary import TextLine


class LineReading(NamedTuple):
    """What one line said."""

    to: str
    payload: Payload | dict[str, Any] | None
    """None: all of it is to be ignored."""
    same: str
    """Two lines with the same text here say the same."""
    remarks: Sequence[Remark] = ()
    """What is to be said of its values."""


Reader = Callable[[bytes], list[LineReading]]
"""Reads one line: mostly one reading, none where it says nothing by itself. Raises BadFrame where it cannot be read."""


def reader_for(settings: ExecSettings) -> Reader:
    """The reader of the codec that the settings name."""
    codec = codec_of(settings.codec, {"max_depth": settings.max_depth})
    address = AddressTemplate(settings.to)
    ignored = frozenset(settings.coalesce_ignores)
    is_text = type(codec) is Text

    mapped = settings.values or settings.unmapped == "ignore"
    reports = MappedReports(settings.values, unmapped=settings.unmapped == "take") if mapped else None

    def reading_of(fields: Fields) -> LineReading:
        same = repr([item for item in fields.items() if item[0] not in ignored]) if settings.coalesce_s else ""
        to = address.of(fields)
        if not settings.as_report:
            return LineReading(to, TextLine(text=fields["text"]) if is_text else fields, same)
        name, remarks = address.names.get(to, ""), list[Remark]()
        if reports is None:
            return LineReading(to, report_of(fields, without=address.fields, name=name, remarks=remarks), same, remarks)
        report = reports.of(fields, without=address.fields, name=name)
        return LineReading(to, report, same, reports.take_remarks())

    return lambda line: [reading_of(fields) for fields in codec.read(line)]
