"""Readings: one line → what is sent, to whom, and what is written back when it is on disk. One reader per codec."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from devices.addresses import REMEMBERED, AddressTemplate
from devices.codecs.choice import codec_of
from devices.codecs.codec import Codec
from devices.codecs.fixes import Track, flush, fold
from devices.codecs.framing import BadFrame, decoded
from devices.codecs.json_lines import JsonLines
from devices.codecs.json_models import is_plain, read_model
from devices.codecs.nmea import Sentence, read_sentence
from devices.codecs.nmea_fixes import NmeaFixes
from devices.codecs.reports import MappedReports, Remark, report_of
from devices.codecs.text import Text, read_text
from devices.serial.settings import SerialSettings
from gateway.actors import Payload
from gateway.actors.templates import FIELD
from gateway.actors.vocabulary import Fix, Report, TextLine
from gateway.digests import blake2b

ID_MAX = 128
EPOCH_LINES = 16
"""How many lines of one epoch may wait for its fix before they are acknowledged without it."""


_new = tuple.__new__
"""Makes a reading of all its fields in their order: twice as fast as calling its class, for what is made once a line."""


class Reading(NamedTuple):
    """What one line, or several together, said."""

    to: str
    """Actor id; empty: there is nothing to keep, it is only acknowledged."""
    payload: Payload | dict[str, Any] | bytes | None
    id: str = ""
    """The device's own id of it; empty where it does not repeat lines."""
    ack: bytes = b""
    """Written back when it is on disk."""
    content: bytes = b""
    """The line that the device gave its id, where it has given one: the same id with another line is something new."""


class Reader(Protocol):
    """Reads the lines of one port, in order."""

    @property
    def replaced(self) -> int:
        """How many lines had bytes replaced."""

    @property
    def why_nothing(self) -> str:
        """Why lines that could be read told nothing, as far as that is known."""

    def read(self, frame: bytes) -> Sequence[Reading]:
        """Read one line; return the readings that are known now. Raises BadFrame, and nothing else, whatever the bytes are."""

    def idle(self) -> Sequence[Reading]:
        """Return the readings that were waiting for more lines, because the line has fallen silent."""

    def take_remarks(self) -> Sequence[Remark]:
        """Take what is to be said of values that were not good, since the last time."""


PayloadOf = Callable[[str], type[Payload] | None]
"""Says which model an actor takes under the port's verb; None where that is not known."""


def reader_for(settings: SerialSettings, payload_of: PayloadOf) -> Reader:
    """The reader of the port's codec."""
    codec = codec_of(settings.codec, {"max_depth": settings.max_depth, "checksum_required": settings.checksum_required})
    if isinstance(codec, NmeaFixes):
        return HeldReader(NmeaReader(settings, codec))
    return HeldReader(TextReader(settings) if type(codec) is Text else FieldsReader(settings, codec, payload_of))


class HeldReader:
    """Holds a reader to its promise: whatever its codec raises, the port drops a line and goes on."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    @property
    def replaced(self) -> int:
        """How many lines had bytes replaced."""
        return self._reader.replaced

    @property
    def why_nothing(self) -> str:
        """As the reader's."""
        return self._reader.why_nothing

    def read(self, frame: bytes) -> Sequence[Reading]:
        """As the reader's. Raises BadFrame, and nothing else."""
        return decoded(self._reader.read, frame)

    def idle(self) -> Sequence[Reading]:
        """As the reader's. Raises BadFrame, and nothing else."""
        return decoded(lambda _: self._reader.idle(), b"")

    def take_remarks(self) -> Sequence[Remark]:
        """As the reader's."""
        return self._reader.take_remarks()


class Acks:
    """Makes acknowledgements from a template: `ok {id}` → `ok 17` and the port's line ending."""

    def __init__(self, settings: SerialSettings) -> None:
        text = FIELD.sub(r"%(\1)s", settings.ack.replace("%", "%%"))
        self.wanted = bool(settings.ack)
        self._template = (text + settings.line_ending).encode()

    def of(self, id: str, frame: bytes) -> bytes:
        """The bytes that acknowledge one line; none where the port acknowledges nothing."""
        return self._template % {b"id": id.encode(), b"frame": frame} if self.wanted else b""


class TextReader:
    """Sends each line as it is."""

    why_nothing = "its lines are empty"

    def __init__(self, settings: SerialSettings) -> None:
        self.replaced = 0
        self._to = settings.to
        self._replace = settings.undecodable == "replace"
        self._acks = Acks(settings)
        self._frame_id = settings.lines_differ and self._acks.wanted

    def read(self, frame: bytes) -> Sequence[Reading]:
        text = read_text(frame, replace=self._replace)
        self.replaced += self._replace and text.encode() != frame
        id = frame_id(frame) if self._frame_id else ""
        return (Reading(self._to, TextLine(text=text), id, self._acks.of(id, frame)),)

    def idle(self) -> Sequence[Reading]:
        return ()

    def take_remarks(self) -> Sequence[Remark]:
        return ()


class FieldsReader:
    """Reads each line by its codec: its scalar fields become a Report, or all its fields are sent as they are."""

    why_nothing = "its lines have no values, or only such as are ignored"

    def __init__(self, settings: SerialSettings, codec: Codec, payload_of: PayloadOf) -> None:
        self.replaced = 0
        self._codec = codec
        self._json = codec if type(codec) is JsonLines else None
        self._models = PlainModels(payload_of)
        self._address = AddressTemplate(settings.to)
        self._own = frozenset((*self._address.fields, settings.id_field))
        self._as_report = settings.as_report
        self._remarks: list[Remark] = []
        mapped = settings.values or settings.unmapped == "ignore"
        self._mapped = MappedReports(settings.values, unmapped=settings.unmapped == "take") if mapped else None
        self._replace = settings.undecodable == "replace"
        self._id_field = settings.id_field
        self._id_required = "{id}" in settings.ack
        self._lines_differ = settings.lines_differ
        self._acks = Acks(settings)

    def read(self, frame: bytes) -> Sequence[Reading]:
        if self._models.likely is not None and (reading := self._straight(frame, self._models.likely)) is not None:
            return (reading,)
        found = self._fields(frame)
        if len(found) == 1:
            return (self._read(found[0], frame),)
        if not found:
            return (Reading("", None, "", self._acks.of("", frame)),) if self._acks.wanted else ()
        readings = [self._read(fields, frame) for fields in found]
        return [*(reading._replace(ack=b"") for reading in readings[:-1]), readings[-1]]

    def _read(self, fields: dict[str, Any], frame: bytes) -> Reading:
        to = self._address.of(fields)
        if self._as_report:
            report = self._report(fields, to)
            return self._reading(to, report, fields, frame) if report is not None else self._nothing(fields, frame)
        if self._json is not None:
            self._models.learn(to)
        return self._reading(to, self._whole(fields, frame), fields, frame)

    def _nothing(self, fields: dict[str, Any], frame: bytes) -> Reading:
        """The reading of a line of which all is to be ignored: there is nothing to keep, and it is acknowledged at once."""
        return Reading("", None, "", self._acks.of(self._id(fields, frame), frame) if self._acks.wanted else b"")

    def _straight(self, frame: bytes, model: type[Payload]) -> Reading | None:
        """The reading of a line that is for an actor which takes `model`, in one step; None where the line must be looked at."""
        found = read_model(frame, model)
        if found is None:
            return None
        payload, fields = found
        try:
            to = self._address.of(fields)
            return self._reading(to, payload, fields, frame) if self._models.by_id.get(to) is model else None
        except BadFrame:
            return None

    def _reading(self, to: str, payload: Payload | dict[str, Any] | bytes, fields: dict[str, Any], frame: bytes) -> Reading:
        if not self._acks.wanted:
            return _new(Reading, (to, payload, "", b"", b""))
        id = self._id(fields, frame)
        return Reading(to, payload, id, self._acks.of(id, frame), frame if self._id_field in fields else b"")

    def idle(self) -> Sequence[Reading]:
        return [self._read(fields, b"")._replace(ack=b"", id="") for fields in self._codec.idle()]

    def take_remarks(self) -> Sequence[Remark]:
        if self._mapped is not None:
            return self._mapped.take_remarks()
        remarks, self._remarks = self._remarks, []
        return remarks

    def _fields(self, frame: bytes) -> Sequence[dict[str, Any]]:
        try:
            return self._codec.read(frame)
        except BadFrame as error:
            if not self._replace or error.fault != "not_text":
                raise
        found = self._codec.read(read_text(frame, replace=True).encode())
        self.replaced += 1
        return found

    def _report(self, fields: dict[str, Any], to: str) -> Report | None:
        """The report of a line; None where all its values are to be ignored."""
        name = self._address.names.get(to, "")
        if self._mapped is None:
            return report_of(fields, without=self._own, name=name, remarks=self._remarks)
        return self._mapped.of(fields, without=self._own, name=name)

    def _whole(self, fields: dict[str, Any], frame: bytes) -> dict[str, Any] | bytes:
        """A reading of all fields: a line of JSON itself, which was just checked, for that becomes a model in one step. Fields that are no
        numbers are left out: a model has a default for them, or wants them."""
        if self._json is not None and self._json.mended:
            return {name: value for name, value in fields.items() if value is not None}
        return fields if self._replace or self._json is None or not frame.startswith(b"{") else frame

    def _id(self, fields: dict[str, Any], frame: bytes) -> str:
        id = fields.get(self._id_field)
        if type(id) is int or (type(id) is str and 0 < len(id) <= ID_MAX):
            return str(id)
        if self._id_required or id is not None:
            seen = str(id)[:40]
            raise BadFrame("no_id", f"cannot acknowledge a line: its field {self._id_field!r} is {seen!r}, not a whole number or a text")
        return frame_id(frame) if self._lines_differ else ""


class PlainModels:
    """Which plain models the actors take that lines were for, so that the next line can be read straight into one."""

    def __init__(self, payload_of: PayloadOf) -> None:
        self.likely: type[Payload] | None = None
        """What the last line was for takes; None where that is not plain, or not known."""
        self.by_id: dict[str, type[Payload] | None] = {}
        self._payload_of = payload_of

    def learn(self, to: str) -> None:
        """Find out what an actor takes."""
        if to not in self.by_id:
            if len(self.by_id) >= REMEMBERED:
                self.by_id.clear()
            model = self._payload_of(to)
            self.by_id[to] = model if model is not None and is_plain(model) else None
        self.likely = self.by_id[to]


class NmeaReader:
    """Makes one fix of the sentences of each epoch. All of them are acknowledged with it; what holds no fix, at once."""

    def __init__(self, settings: SerialSettings, codec: NmeaFixes) -> None:
        self.replaced = 0
        self._to = settings.to
        self._checksum_required = codec.checksum_required
        self._acks = Acks(settings)
        self._track = Track()
        self._waiting: list[bytes] = []

    def read(self, frame: bytes) -> Sequence[Reading]:
        sentence = read_sentence(frame, checksum_required=self._checksum_required)
        self._track, fixes = fold(self._track, sentence)
        if not self._acks.wanted:
            return [Reading(self._to, fix) for fix in fixes]
        return self._acknowledged(sentence, frame, fixes)

    @property
    def why_nothing(self) -> str:
        """Whether its receiver says that it has no fix, or speaks of other things."""
        if not self._track.epoch.seen:
            return "none of its sentences has a position (RMC, GGA, GNS, GLL); have the receiver send them"
        return "its receiver has no fix: the aerial wants to see the sky, and the first one takes minutes"

    def idle(self) -> Sequence[Reading]:
        self._track, fixes = flush(self._track)
        return self._readings(fixes, self._take()) if fixes else ()

    def take_remarks(self) -> Sequence[Remark]:
        return ()

    def _acknowledged(self, sentence: Sentence, frame: bytes, fixes: Sequence[Fix]) -> Sequence[Reading]:
        """The fixes, with the lines that each acknowledges; lines whose fix is still open are kept, those without one are dropped."""
        epoch = self._track.epoch
        if sentence.talker + sentence.kind not in epoch.seen:
            return self._readings((), [frame])
        begun = len(epoch.seen) == 1 or len(self._waiting) >= EPOCH_LINES
        lines = self._take() if begun or fixes or epoch.told else []
        (lines if epoch.told else self._waiting).append(frame)
        return self._readings(fixes, lines)

    def _take(self) -> list[bytes]:
        lines, self._waiting = self._waiting, []
        return lines

    def _readings(self, fixes: Sequence[Fix], lines: list[bytes]) -> Sequence[Reading]:
        """The readings of fixes, with all acknowledgements at the last one: it is committed with or after those before it."""
        if not fixes:
            return [Reading("", None, "", self._acks.of("", line)) for line in lines]
        ids = [_fix_id(fix) if self._acks.wanted else "" for fix in fixes]
        ack = b"".join([self._acks.of(ids[-1], line) for line in lines])
        return [Reading(self._to, fix, id, ack if fix is fixes[-1] else b"") for fix, id in zip(fixes, ids, strict=True)]


def frame_id(frame: bytes) -> str:
    """The id of a line that brings none, where the lines of a device all differ: its text, or a hash of a long or unprintable one."""
    text = frame.decode("utf-8", "replace") if len(frame) <= ID_MAX else ""
    plain = text.isprintable() and text and "\ufffd" not in text  # replaced bytes would make two lines one
    return text if plain else blake2b(frame, digest_size=16).hexdigest()


def _fix_id(fix: Fix) -> str:
    """The id of a fix: the same moment at the same place is the same fix, whichever of its sentences came again. One without a date has
    none: the same place is no moment."""
    if not fix.at_ms:
        return ""
    return f"{fix.at_ms},{fix.latitude_deg:.7f},{fix.longitude_deg:.7f}"
