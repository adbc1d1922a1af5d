"""SML: what a German meter of electricity sends at its optical head. A file of messages, of which GetList.Response has the values.

Source: BSI TR-03109-1, Anlage IV, Feinspezifikation "Drahtgebundene LMN-Schnittstelle", Teil b (Smart Message Language 1.04, sections 5 to
8); units as in IEC 62056-6-2, table 4; objects by `obis.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from devices.codecs.codec import Codec, Fields
from devices.codecs.crc16 import kermit, x25
from devices.codecs.framing import BadFrame
from devices.codecs.framings.escaped import BEGIN, END_BYTES, ESCAPE
from devices.codecs.obis import QUANTITIES, named, scaled

DEPTH_MAX = 12
_GET_LIST_RESPONSE = 0x0701
_UNITS = {8: "deg", 27: "W", 28: "VA", 29: "var", 30: "Wh", 32: "varh", 33: "A", 35: "V", 44: "Hz", 255: ""}
_IDS = (b"\x01\x00\x60\x01\x00\xff", b"\x01\x00\x00\x00\x09\xff")
"""1-0:96.1.0 and 1-0:0.0.9, under which meters say their own number."""
_OCTETS, _BOOLEAN, _SIGNED, _UNSIGNED, _LIST = 0, 4, 5, 6, 7


class Sml(Codec):
    """Reads a file with its escape sequences, from the begin to the checksum."""

    checked = True

    @classmethod
    def usual_framing(cls, options: Mapping[str, Any]) -> str:
        del options
        return "sml"

    def simulated(self, number: int, wanted: Mapping[str, Any]) -> Sequence[bytes]:
        from devices.codecs.simulated_meters import sml_file  # noqa: PLC0415  # for simulated devices only

        del wanted
        return (sml_file(number),)

    def decode(self, frame: bytes) -> Fields:
        fields: Fields = {}
        for message in _messages(_unpacked(frame)):
            tag, content = _body(message)
            if tag == _GET_LIST_RESPONSE:
                for entry in _entries(content):
                    fields |= _value(entry)
        return fields


def _unpacked(frame: bytes) -> bytes:
    """The file that a frame holds, without its escapes. Raises BadFrame unless its checksum is right."""
    if not frame.startswith(BEGIN) or len(frame) < len(BEGIN) + END_BYTES or frame[-END_BYTES:-3] != ESCAPE + b"\x1a":
        raise BadFrame("not_sml", "cannot read an SML file: it does not go from one escape sequence to another")
    covered, written = frame[:-2], int.from_bytes(frame[-2:], "little")
    found = x25(covered)
    if written != found and written != kermit(covered):
        raise BadFrame("checksum", f"cannot read an SML file: it says checksum {written:04X}, its bytes give {found:04X}")
    return frame[len(BEGIN) : -END_BYTES].replace(ESCAPE * 2, ESCAPE)


def _messages(content: bytes) -> Iterator[Any]:
    """The messages of a file, up to the zeros that fill it up."""
    reader = _Reader(content)
    while reader.at < len(content) and content[reader.at]:
        yield reader.element(0)


def _body(message: Any) -> tuple[int, Any]:
    """What kind of thing a message says, and what it says. Raises BadFrame where it has another shape than a message."""
    body = message[3] if isinstance(message, list) and len(message) == 6 else None
    if not (isinstance(body, list) and len(body) == 2 and type(body[0]) is int):
        raise BadFrame("not_sml", "cannot read an SML file: it holds a thing that is no message")
    return body[0], body[1]


def _entries(content: Any) -> list["_Entry"]:
    """The values that a GetList.Response has."""
    values = content[4] if isinstance(content, list) and len(content) == 7 else None
    if not isinstance(values, list) or not all(isinstance(one, list) and len(one) == 7 for one in values):
        raise BadFrame("not_sml", "cannot read an SML file: its list of values has another shape than one")
    return [_Entry(*one) for one in values]


class _Entry(NamedTuple):
    """One value of a list; b"" where the meter leaves something out."""

    name: Any
    status: Any
    at: Any
    unit: Any
    scaler: Any
    value: Any
    signature: Any


def _value(entry: _Entry) -> Fields:
    """The value of an entry under its name here; none where nobody knows it."""
    name, value = entry.name, entry.value
    if not isinstance(name, bytes) or len(name) != 6:
        return {}
    if name in _IDS and isinstance(value, bytes) and value:
        return {"meter_id": _id(value)}
    quantity = QUANTITIES.get(f"{name[2]}.{name[3]}.{name[4]}") if name[:2] == b"\x01\x00" and name[5] == 0xFF else None
    unit = _UNITS.get(entry.unit) if type(entry.unit) is int else ""
    scaler = entry.scaler if type(entry.scaler) is int else 0
    found = named(quantity, unit) if quantity is not None and unit is not None else None
    if found is None or type(value) is not int or not -15 <= scaler <= 15:
        return {}
    return {found[0]: scaled(value, scaler + found[1])}


def _id(value: bytes) -> str:
    """A meter's number as it is printed on it: 1 EMH00 1234 5678; where it is none of those, its bytes in hex."""
    if len(value) == 10 and value[0] in (9, 10) and value[2:5].isalpha():
        serial = int.from_bytes(value[6:], "big")
        return f"{value[1]:X} {value[2:5].decode('ascii')}{value[5]:02X} {serial // 10000:04d} {serial % 10000:04d}"
    return value.decode("ascii") if value.isascii() and value.decode("ascii").isprintable() else value.hex()


class _Reader:
    """Reads the elements of a file in order: each has its type and its size in its first bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def element(self, depth: int) -> Any:
        """The next element: bytes, a truth value, a whole number, or a list of elements. Raises BadFrame."""
        begin = self.at
        first = byte = self._take(1)[0]
        size = byte & 0x0F
        while byte & 0x80:
            if self.at - begin == 4:
                raise BadFrame("not_sml", "cannot read an SML file: an element says its size in more than 4 bytes")
            byte = self._take(1)[0]
            size = size << 4 | byte & 0x0F
        if first == 0:
            return None
        kind = first >> 4 & 7
        if kind == _LIST:
            if depth == DEPTH_MAX:
                raise BadFrame("too_deep", f"cannot read an SML file: more than {DEPTH_MAX} lists are in each other")
            return [self.element(depth + 1) for _ in range(size)]
        return self._scalar(kind, size - (self.at - begin))

    def _scalar(self, kind: int, size: int) -> Any:
        content = self._take(size)
        if kind == _OCTETS:
            return content
        if kind == _BOOLEAN and size == 1:
            return content != b"\0"
        if kind in (_SIGNED, _UNSIGNED) and 1 <= size <= 8:
            return int.from_bytes(content, "big", signed=kind == _SIGNED)
        raise BadFrame("not_sml", f"cannot read an SML file: there is no element of type {kind} with {size} bytes")

    def _take(self, size: int) -> bytes:
        content = self._content[self.at : self.at + size] if size >= 0 else b""
        if size < 0 or len(content) < size:
            raise BadFrame("not_sml", "cannot read an SML file: an element says that it is longer than the file, or shorter than it can be")
        self.at += size
        return content
