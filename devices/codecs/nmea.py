"""NMEA 0183: what a GPS receiver says, one line at a time → sentences.

A sentence is `$`, two letters for the talker (GP, GN, GL, GA, GB, BD, QZ ...), three for the kind, fields between commas, `*`, and two
hex digits: the XOR of all that stands between `$` and `*`. Binary bytes before the `$` (UBX, SiRF) are not part of it.
`read_part` takes the facts about a position out of RMC, GGA, GNS, GLL, VTG and ZDA. Two more forms go between these on the same wire, and
say nothing of a position: those of makers (`$PUBX`, `$PMTK001`, `$PGRME`) and the encapsulated ones, which begin with `!` (`!AIVDM` of
AIS).

Source: NMEA 0183 v4.10 as in u-blox 8 Receiver Description (UBX-13003221), section 31, and gpsd's "NMEA Revealed" and "AIVDM/AIVDO".
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from devices.codecs.framing import BadFrame

MPS_PER_KNOT = 1852 / 3600
DAY_MS = 86_400_000
MAX_BYTES = 1024
"""The standard's limit is 82; real receivers send more."""

_SENTENCE = re.compile(
    rb"[$!](?:([A-OQ-Z][A-Z0-9])([A-Z0-9]{3})|(P)([A-Z0-9]{3,15}))(?:,([\x20-\x29\x2b-\x7e]*+))?(?:\*([0-9A-Fa-f]{2}))?[\s\0]*"
)
"""A talker that begins with P is none: `$PGRMC` is Garmin's own, not an RMC of a talker PG."""
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{0,15})?|-?\.[0-9]{1,15}", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9]|60)(?:\.([0-9]{0,9}))?", re.ASCII)
_DATE = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})", re.ASCII)
_ANGLE = re.compile(r"([0-9]{0,3})([0-5][0-9](?:\.[0-9]{0,12})?)", re.ASCII)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_GPS_BEGAN = 80
"""Two-digit years from here on are of the last century: GPS time begins in 1980."""


class Sentence(NamedTuple):
    """One sentence whose checksum held."""

    talker: str
    """Two letters; `P`: it is a maker's own, and its kind begins with the letters of the maker."""
    kind: str
    fields: Sequence[str]


class FixPart(NamedTuple):
    """What one sentence says about a position; None where it says nothing. Degrees WGS 84, metres, metres per second."""

    kind: str
    valid: bool
    """False: the receiver says that it has no fix."""
    time_ms: int | None = None
    """Since midnight UTC."""
    day: int | None = None
    """Days since 1970."""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    hdop: float | None = None
    satellites: int | None = None


def read_sentence(line: bytes, *, checksum_required: bool = True) -> Sentence:
    """Read the sentence that ends `line`. Raises BadFrame, and nothing else, whatever the bytes are."""
    begin = line.rfind(b"$", max(0, len(line) - MAX_BYTES))
    match = _SENTENCE.fullmatch(line, begin) if begin >= 0 else None
    if match is None and (encapsulated := line.rfind(b"!", max(0, len(line) - MAX_BYTES))) >= 0:
        match = _SENTENCE.fullmatch(line, encapsulated)
        begin = encapsulated if match or begin < 0 else begin
    if begin < 0:
        raise BadFrame("not_nmea", "cannot read an NMEA sentence: the line holds no '$'")
    if match is None:
        raise BadFrame("not_nmea", f"cannot read an NMEA sentence: {line[begin : begin + 20]!r} is not of the form $TTKKK,fields*HH")
    talker, kind, maker, own, fields, written = match.groups()
    talker, kind = talker or maker, kind or own
    if written is not None:
        _check(line[begin + 1 : match.start(6) - 1], int(written, 16), kind)
    elif checksum_required and not maker:  # nothing is taken from what is a maker's own: there is nothing to protect
        raise BadFrame("checksum", f"cannot read an NMEA sentence: {kind.decode()} has no checksum")
    return Sentence(talker.decode(), kind.decode(), (fields or b"").decode().split(","))


def checksum(body: bytes) -> int:
    """The XOR of all bytes, by folding one large number: 6 times faster than a loop. For up to MAX_BYTES bytes."""
    folded = int.from_bytes(body, "big")
    shift = 8 * MAX_BYTES // 2
    while shift >= 8:
        folded ^= folded >> shift
        shift >>= 1
    return folded & 0xFF


def write_sentence(body: str) -> bytes:
    """Make a whole sentence, without a line end: `GPRMC,...` → `$GPRMC,...*HH`."""
    return f"${body}*{checksum(body.encode('ascii')):02X}".encode("ascii")


def read_part(sentence: Sentence) -> FixPart | None:
    """The facts of a sentence; None when its kind says nothing of a position. Never raises: a field that makes no sense is absent."""
    read = _READERS.get(sentence.kind) if sentence.talker != "P" else None
    return read([*sentence.fields, *_MISSING]) if read else None


def _check(body: bytes, written: int, kind: bytes) -> None:
    found = checksum(body)
    if found != written:
        raise BadFrame("checksum", f"cannot read an NMEA sentence: {kind.decode()} says checksum {written:02X}, its bytes give {found:02X}")


_MISSING = [""] * 15
"""Older receivers send fewer fields; a missing one reads as an empty one."""


def _rmc(fields: Sequence[str]) -> FixPart:
    latitude_deg, longitude_deg = _position(fields[2:6])
    return FixPart(
        "RMC",
        fields[1] == "A" and fields[11] != "N" and latitude_deg is not None,
        time_ms=_time_ms(fields[0]),
        day=_day(fields[8]),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        speed_mps=_speed_mps(fields[6]),
        heading_deg=_heading(fields[7]),
    )


def _gga(fields: Sequence[str]) -> FixPart:
    latitude_deg, longitude_deg = _position(fields[1:5])
    return FixPart(
        "GGA",
        fields[5].isdecimal() and int(fields[5]) > 0 and latitude_deg is not None,
        time_ms=_time_ms(fields[0]),
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        satellites=int(fields[6]) if fields[6].isdecimal() and len(fields[6]) < 4 else None,
        hdop=_positive(fields[7]),
        altitude_m=_number(fields[8]),
    )


def _gns(fields: Sequence[str]) -> FixPart:
    """Read a GNS, which stands for a GGA where there are satellites of several systems: a mode for each, N where that has no fix."""
    part = _gga([*fields[:5], "1", *fields[6:]])
    return part._replace(kind="GNS", valid=part.valid and fields[5].strip("N") != "")


def _gll(fields: Sequence[str]) -> FixPart:
    latitude_deg, longitude_deg = _position(fields[0:4])
    valid = fields[5] == "A" and fields[6] != "N" and latitude_deg is not None
    return FixPart("GLL", valid, time_ms=_time_ms(fields[4]), latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def _vtg(fields: Sequence[str]) -> FixPart:
    """Read the speed of a VTG; the old form without unit letters is not read: its fields stand elsewhere."""
    known = fields[1] == "T" and fields[5] == "N" and fields[8] != "N"
    kmh = _positive(fields[6])
    speed_mps = _speed_mps(fields[4])
    if speed_mps is None and kmh is not None:
        speed_mps = kmh / 3.6
    return FixPart("VTG", known, speed_mps=speed_mps if known else None, heading_deg=_heading(fields[0]) if known else None)


def _zda(fields: Sequence[str]) -> FixPart:
    day = _day_of(fields[3], fields[2], fields[1]) if len(fields[3]) == 4 else None
    return FixPart("ZDA", day is not None, time_ms=_time_ms(fields[0]), day=day)


_READERS: dict[str, Callable[[Sequence[str]], FixPart]] = {"RMC": _rmc, "GGA": _gga, "GNS": _gns, "GLL": _gll, "VTG": _vtg, "ZDA": _zda}


def _position(fields: Sequence[str]) -> tuple[float | None, float | None]:
    """Read a position: ddmm.mmmm,N,dddmm.mmmm,E → degrees, south and west negative. Both or none."""
    latitude_deg = _angle(fields[0], fields[1], "NS", 90)
    longitude_deg = _angle(fields[2], fields[3], "EW", 180)
    return (None, None) if latitude_deg is None or longitude_deg is None else (latitude_deg, longitude_deg)


def _angle(text: str, half: str, halves: str, limit_deg: int) -> float | None:
    match = _ANGLE.fullmatch(text)
    if match is None or len(half) != 1 or half not in halves:
        return None
    value = int(match[1] or 0) + float(match[2]) / 60
    if value > limit_deg:
        return None
    return -value if half == halves[1] else value


def _time_ms(text: str) -> int | None:
    """Read a time: hhmmss.sss → milliseconds since midnight; a leap second's :60 is the next minute's :00."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds, fraction = match.groups()
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(((fraction or "") + "000")[:3])


def _day(text: str) -> int | None:
    """Read a date: ddmmyy → days since 1970; None for a date that no calendar has."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    day, month, year = match.groups()
    return _day_of(("19" if int(year) >= _GPS_BEGAN else "20") + year, month, day)


def _day_of(year: str, month: str, day: str) -> int | None:
    try:
        return max(0, date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY)
    except (ValueError, OverflowError):  # thirty digits are too many for a date's C integers
        return None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _positive(text: str) -> float | None:
    value = _number(text)
    return value if value is not None and value >= 0 else None


def _speed_mps(knots: str) -> float | None:
    value = _positive(knots)
    return None if value is None else value * MPS_PER_KNOT


def _heading(text: str) -> float | None:
    value = _positive(text)
    return value if value is not None and value <= 360 else None
