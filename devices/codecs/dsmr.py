"""DSMR P1: the telegram of a Dutch, Belgian or Luxembourgish meter of electricity, with those of gas, water and heat that hang on it.

Versions 2.2, 4, 5 and 5B (Belgium). Each telegram is one report, by the meter's own clock; a meter that hangs on it says its own time,
and is reported by that, once for each. What a telegram says beside the known objects is left out.

Source: Netbeheer Nederland, P1 Companion Standard 2.2, 4.2.2 and 5.0.2; Fluvius, e-MUCS P1 1.7.1; objects by `obis.py`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from devices.codecs.codec import Codec, CodecSettings, Fields
from devices.codecs.crc16 import arc
from devices.codecs.framing import BadFrame
from devices.codecs.obis import QUANTITIES, named, scaled
from devices.codecs.text import read_text

_ID = re.compile(r"([01])-([0-9]{1,2}):([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})(?:[.*]255)?", re.ASCII)
_NUMBER = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,9}))?(?:\*([A-Za-z0-9]{1,4}))?", re.ASCII)
_TIME = re.compile(r"[0-9]{12}[SW]?", re.ASCII)
_ZONES = {"S": timezone(timedelta(hours=2)), "W": timezone(timedelta(hours=1))}
_COUNTRY = "Europe/Amsterdam"
_FIRST_YEAR = 2000

_AT, _MESSAGE = "1.0.0", "96.13.0"
_VERSIONS = ("0.2.8", "96.1.4")
_TEXTS = {"96.1.1": "meter_id", "96.13.1": "message_code", _MESSAGE: "message"}
"""Texts, written as the hex of their bytes."""
_COUNTS = {"96.14.0": "tariff", "96.7.21": "failures_count", "96.7.9": "long_failures_count", "96.3.10": "breaker"}
_MEDIA = {2: "submeter_energy", 3: "gas", 4: "heat", 6: "warm_water", 7: "water", 9: "warm_water", 10: "cold", 11: "cold", 12: "heat"}
"""What a meter measures that hangs on this one, by its device type (EN 13757-3)."""
_READINGS = ("24.2.1", "24.2.3", "24.3.0")


class _Object(NamedTuple):
    """One line of a telegram: what it is about, and the values between its brackets."""

    medium: int
    channel: int
    what: str
    values: list[str]


class _Attached(NamedTuple):
    """What a meter that hangs on this one has counted."""

    fields: Fields
    at_ms: int


class Dsmr(Codec):
    """Reads a telegram from its `/` to its checksum."""

    checked = True

    def __init__(self, settings: CodecSettings) -> None:
        super().__init__(settings)
        self._told: dict[str, _Attached] = {}
        """What each attached meter said last, by the name of its value."""

    @classmethod
    def usual_framing(cls, options: Mapping[str, Any]) -> str:
        del options
        return "telegram"

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        """A telegram of a meter without a clock."""
        from devices.codecs.simulated_meters import telegram  # noqa: PLC0415  # for simulated devices only

        del wanted
        return (telegram(number),)

    def decode(self, frame: bytes) -> Fields:
        """All that a telegram says, attached meters too; `read` gives each by its own time."""
        own, attached = _read(frame)
        return {**own, **{name: value for one in attached for name, value in one.fields.items()}}

    def read(self, frame: bytes) -> Sequence[Fields]:
        own, attached = _read(frame)
        found = [own] if own else []
        for one in attached:
            name = next(iter(one.fields))
            if not one.at_ms or not own:
                found = [{**(found[0] if found else {}), **one.fields}, *found[1:]]
            elif self._told.get(name) != one:
                self._told[name] = one
                found.append({**one.fields, "at_ms": one.at_ms})
        return found


def _read(frame: bytes) -> tuple[Fields, list[_Attached]]:
    """What the meter itself says, and what those say that hang on it."""
    at = frame.rfind(b"!")
    if not frame.startswith(b"/") or at < 0:
        raise BadFrame("not_dsmr", "cannot read a telegram: it does not go from '/' to '!'")
    written = frame[at + 1 :].strip()
    if written:
        _check(frame[: at + 1], written)
    objects = list(_objects(read_text(frame[:at]), strict=not written))
    if not written and any(one.what in _VERSIONS for one in objects):
        raise BadFrame("checksum", "cannot read a telegram: it has no checksum, and its version says that it has one")
    return _own(objects, strict=not written), _attached(objects, strict=not written)


def _check(body: bytes, written: bytes) -> None:
    """Raise BadFrame unless the checksum is that of the telegram as the meter sent it: what stands in between may have made LF of CR LF."""
    found = b"%04X" % arc(body if b"\r" in body else body.replace(b"\n", b"\r\n"))
    if written.upper() != found:
        raise BadFrame("checksum", f"cannot read a telegram: it says checksum {written[:8]!r}, its bytes give {found.decode()}")


def _objects(text: str, *, strict: bool) -> Iterator[_Object]:
    """The lines of a telegram; a value that begins a line belongs to the line before. With `strict` each must be well formed, since no
    checksum vouches for it. Raises BadFrame."""
    _, *lines = text.replace("\r", "").split("\n")
    last: _Object | None = None
    for line in lines:
        if not line:
            continue
        begin, bracket, rest = line.partition("(")
        match = _ID.fullmatch(begin)
        values = rest.removesuffix(")").split(")(") if bracket and rest.endswith(")") else None
        if values is not None and not begin and last is not None:
            last.values.extend(values)
        elif values is not None and match:
            if last is not None:
                yield last
            last = _Object(int(match[1]), int(match[2]), match[3], values)
        elif strict:
            raise BadFrame("not_dsmr", f"cannot read a telegram: its line {line[:40]!r} is not of the form A-B:C.D.E(value)")
    if last is not None:
        yield last


def _own(objects: list[_Object], *, strict: bool) -> Fields:
    fields: Fields = {}
    for one in objects:
        value = one.values[-1]
        if one.medium == 1 and one.what in QUANTITIES and "profile" not in value:
            fields.update(_number(QUANTITIES[one.what], value, strict=strict))
        elif one.medium == 0 and one.channel == 0:
            if one.what == _AT:
                fields["at_ms"] = _at_ms(value)
            elif one.what in _TEXTS:
                fields[_TEXTS[one.what]] = _text(value)
            elif one.what in QUANTITIES or one.what in _COUNTS:
                fields.update(_number(QUANTITIES.get(one.what) or _COUNTS[one.what], value, strict=strict))
    if not fields.get("at_ms", 1):
        del fields["at_ms"]
    if fields.get("message", "") is None and fields.get("message_code", "") is None:
        del fields["message_code"]
    return fields


def _attached(objects: list[_Object], *, strict: bool) -> list[_Attached]:
    """What the meters say that hang on this one, in the order of their channels; the second of one medium has its channel in its name.

    Of one that was never read, or was taken off, a telegram says 0, at no time: no reading, nor does it take the name."""
    types = {one.channel: _whole(one.values[-1]) for one in objects if one.medium == 0 and one.channel and one.what == "24.1.0"}
    ids = {one.channel: one.values[-1] for one in objects if one.medium == 0 and one.channel and one.what in ("96.1.0", "96.1.1")}
    found: dict[str, _Attached] = {}
    for one in sorted((one for one in objects if one.medium == 0 and one.channel and one.what in _READINGS), key=lambda one: one.channel):
        medium = "gas" if one.what == "24.2.3" else _MEDIA.get(types.get(one.channel, -1), f"channel_{one.channel}")
        name = medium if medium not in found else f"channel_{one.channel}_{medium}"
        fields = _number(name, _with_unit(one), strict=strict)
        at_ms = _at_ms(one.values[0]) if len(one.values) > 1 else 0
        unread = len(one.values) > 1 and not at_ms and not any(fields.values())
        if not fields or unread:
            continue
        if id := _text(ids.get(one.channel, "")):
            fields[f"{name}_meter_id"] = id
        found[name] = _Attached(fields, at_ms)
    return list(found.values())


def _with_unit(one: _Object) -> str:
    """The value of a reading with its unit; version 2.2 says the unit before the line that has the value."""
    return one.values[-1] if one.what != "24.3.0" or len(one.values) < 2 else f"{one.values[-1]}*{one.values[-2]}"


def _number(quantity: str, text: str, *, strict: bool) -> Fields:
    """The value of a quantity under its name, and none where it is in a unit that has no name here. What is no number is a value that is
    missing where a checksum vouches for the telegram. Raises BadFrame."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        if strict:
            raise BadFrame("not_dsmr", f"cannot read a telegram: {text[:40]!r} is no number of {quantity}")
        name = named(quantity, text.rpartition("*")[2]) if "*" in text else None
        return {name[0]: None} if name else {}
    sign, whole, decimals, unit = match.groups()
    name = named(quantity, unit or "")
    if name is None:
        return {}
    decimals = decimals or ""
    return {name[0]: scaled(int(sign + whole + decimals), name[1] - len(decimals))}


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _text(text: str) -> str | None:
    """The text that is written as the hex of its bytes; None where there is none."""
    try:
        return bytes.fromhex(text).decode("ascii").strip("\0 ") or None
    except ValueError:
        return text or None


def _at_ms(text: str) -> int:
    """The milliseconds since 1970 of a time of the meter, YYMMDDhhmmss and S for summer or W for winter; 0 where it says none, or one of
    the last century, from where a clock begins that was never set.

    Version 2.2 leaves the last sign out: then it is local time, and of an hour that comes twice the first is taken.
    """
    if not _TIME.fullmatch(text):
        return 0
    try:
        zone = _ZONES.get(text[12:]) or ZoneInfo(_COUNTRY)
        moment = datetime.strptime(text[:12], "%y%m%d%H%M%S").replace(tzinfo=zone)
    except (ValueError, ZoneInfoNotFoundError):
        return 0
    return int(moment.astimezone(UTC).timestamp() * 1000) if moment.year >= _FIRST_YEAR else 0
