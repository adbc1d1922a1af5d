"""Frames of Modbus: a request to read or to write, and the answer to it out of what came, on a serial line (RTU) or by TCP. Pure.

An answer is looked for anywhere in what came: noise before it, and the echo that a two-wire adapter reads back, cost nothing.
Source: MODBUS Application Protocol 1.1b3, sections 6.1 to 6.6, 6.12 and 7; MODBUS over Serial Line 1.02, section 2.5.1; MODBUS Messaging on
TCP/IP 1.0b, section 3.1.3.
"""

import struct
from typing import ClassVar, Literal, NamedTuple

from devices.codecs.crc16 import modbus

Area = Literal["holding", "input", "coil", "discrete"]
"""What is read or written: registers that can be written and that cannot; bits that can be written and that cannot."""
READS: dict[Area, int] = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, not done yet",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not answer",
}
BUSY = frozenset({5, 6})
"""Those by which a unit asks to be asked again."""
_ERROR = 0x80
_ALONE = frozenset((0, 255))


def exception_word(code: int) -> str:
    """The name of an exception."""
    return EXCEPTIONS.get(code, f"exception {code}")


class UnitRequest(NamedTuple):
    """What is asked of a unit: to say `size` registers or bits from `first` on."""

    unit: int
    area: Area
    first: int
    size: int

    @property
    def function(self) -> int:
        """The code of the function."""
        return READS[self.area]

    @property
    def answer_head(self) -> bytes:
        """What the answer says between its function and its content."""
        return bytes([self.answer_bytes & 0xFF])

    @property
    def answer_bytes(self) -> int:
        """How many bytes of values the answer has."""
        return (self.size + 7) // 8 if self.area in ("coil", "discrete") else 2 * self.size

    @property
    def pdu(self) -> bytes:
        """The request without what the wire adds."""
        return struct.pack(">BHH", self.function, self.first, self.size)

    def values(self, content: bytes) -> list[int]:
        """The registers, or the bits, that an answer's bytes are."""
        if self.area in ("holding", "input"):
            return list(struct.unpack(f">{self.size}H", content))
        return [content[at // 8] >> at % 8 & 1 for at in range(self.size)]


class UnitWrite(NamedTuple):
    """What a unit is told: to keep these registers, or coils, from `first` on."""

    unit: int
    area: Area
    first: int
    words: tuple[int, ...]

    @property
    def function(self) -> int:
        """The code of the function: that of one register, or coil, for one, which units know that do not know the one of several."""
        if self.area == "coil":
            return WRITE_COIL if len(self.words) == 1 else WRITE_COILS
        return WRITE_REGISTER if len(self.words) == 1 else WRITE_REGISTERS

    @property
    def answer_head(self) -> bytes:
        """What the answer says behind its function: where, and what was written, or how many."""
        return self.pdu[1:5]

    @property
    def answer_bytes(self) -> int:
        """The answer has nothing besides."""
        return 0

    @property
    def pdu(self) -> bytes:
        """The request without what the wire adds."""
        if self.function == WRITE_COIL:
            return struct.pack(">BHH", WRITE_COIL, self.first, 0xFF00 if self.words[0] else 0)
        if self.function == WRITE_REGISTER:
            return struct.pack(">BHH", WRITE_REGISTER, self.first, self.words[0])
        size = len(self.words)
        if self.function == WRITE_COILS:
            bits = sum(bit << at for at, bit in enumerate(self.words))
            content = bits.to_bytes((size + 7) // 8, "little")
            return struct.pack(">BHHB", WRITE_COILS, self.first, size, len(content)) + content
        return struct.pack(f">BHHB{size}H", WRITE_REGISTERS, self.first, size, 2 * size, *self.words)


class UnitAnswer(NamedTuple):
    """What a unit said: bytes, or the code of an exception."""

    content: bytes
    exception: int = 0


class RtuFrames:
    """Frames with the unit in front and a CRC behind, as on a serial line; by TCP too, for adapters that pass them through."""

    most_bytes: ClassVar[int] = 512
    numbered: ClassVar[bool] = False
    """Whether an answer says to which request it is one; here it says no more than the unit, the function and how many bytes it has."""

    def packed(self, request: UnitRequest | UnitWrite) -> bytes:
        """The bytes of a request."""
        body = bytes([request.unit]) + request.pdu
        return body + modbus(body).to_bytes(2, "little")

    def answered(self, request: UnitRequest | UnitWrite, content: bytes) -> bytes:
        """The bytes of an answer, as a unit says them."""
        body = bytes([request.unit, request.function]) + request.answer_head + content
        return body + modbus(body).to_bytes(2, "little")

    def asked(self, content: bytes) -> UnitRequest | None:
        """The request to read that these bytes are; None where they are none."""
        body = content[:-2]
        whole = len(content) > 4 and modbus(body) == int.from_bytes(content[-2:], "little")
        return _request_of(body[0], body[1:]) if whole else None

    def found(self, received: bytes, request: UnitRequest | UnitWrite) -> UnitAnswer | None:
        """The answer to `request` within what came; None where it has not come whole."""
        whole = bytes([request.unit, request.function]) + request.answer_head
        refused = bytes([request.unit, request.function | _ERROR])
        if (body := _checked(received, whole, len(whole) + request.answer_bytes)) is not None:
            return UnitAnswer(body[len(whole) :])
        body = _checked(received, refused, 3)
        return None if body is None else UnitAnswer(b"", body[2])


class TcpFrames:
    """Frames with a header that numbers and measures them, as Modbus TCP has them."""

    numbered: ClassVar[bool] = True

    def __init__(self) -> None:
        self._number = 0

    def packed(self, request: UnitRequest | UnitWrite) -> bytes:
        """The bytes of a request, under a new number."""
        self._number = self._number % 0xFFFF + 1
        return struct.pack(">HHHB", self._number, 0, len(request.pdu) + 1, request.unit) + request.pdu

    def asked(self, content: bytes) -> UnitRequest | None:
        """The request to read that these bytes are, which is the last one from now on; None where they are none."""
        if len(content) < 8:
            return None
        self._number, _, size, unit = struct.unpack_from(">HHHB", content)
        return _request_of(unit, content[7:]) if len(content) == 6 + size else None

    def found(self, received: bytes, request: UnitRequest | UnitWrite) -> UnitAnswer | None:
        """The answer to the last request within what came; answers to earlier ones are passed over."""
        at = 0
        while len(received) - at >= 9:
            number, protocol, size = struct.unpack_from(">HHH", received, at)
            body = received[at + 7 : at + 6 + size]
            if protocol or size < 3:
                return None
            if len(received) - at < 6 + size:
                return None
            at += 6 + size
            if number != self._number or not _is_of(received[at - size], request.unit):
                continue
            if body[0] == request.function | _ERROR:
                return UnitAnswer(b"", body[1])
            whole = bytes([request.function]) + request.answer_head
            if body.startswith(whole) and len(body) == len(whole) + request.answer_bytes:
                return UnitAnswer(body[len(whole) :])
        return None


def _is_of(said: int, unit: int) -> bool:
    """Whether an answer is that of the unit which was asked: it repeats its number, but for devices alone, which may say 0 or 255."""
    return said == unit or said in _ALONE or unit in _ALONE


def _request_of(unit: int, pdu: bytes) -> UnitRequest | None:
    """The request to read that a PDU is; None where it is another."""
    area = next((area for area, function in READS.items() if pdu[0] == function), None)
    if area is None or len(pdu) != 5:
        return None
    return UnitRequest(unit, area, *struct.unpack(">HH", pdu[1:]))


def _checked(received: bytes, head: bytes, size: int) -> bytes | None:
    """The first `size` bytes that begin with `head` and have their CRC behind."""
    at = received.find(head)
    while 0 <= at <= len(received) - size - 2:
        body = received[at : at + size]
        if modbus(body) == int.from_bytes(received[at + size : at + size + 2], "little"):
            return body
        at = received.find(head, at + 1)
    return None
