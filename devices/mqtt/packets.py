"""PUBLISH packets by hand, out and in, for MQTT 5 and 3.1.1: the packets that come by the thousand.

Source: OASIS MQTT Version 5.0, sections 2.2.2, 3.3 and 3.4; OASIS MQTT Version 3.1.1, sections 3.3 and 3.4. A packet's
identifier is kept apart from its bytes until it is sent, so that one encoding serves every attempt.
"""

import re
import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

PUBLISH = 0x30
PUBACK = 0x40
PUBREL = 0x62
SUBSCRIBE = 0x82
UNSUBSCRIBE = 0xA2
LARGEST = 268_435_455
"""The most bytes that a packet may have after its fixed header."""

ID_LENGTHS = 122
"""Ids below so many bytes have property blocks whose length is one byte."""

_EXPIRY, _RESPONSE_TOPIC, _CORRELATION, _USER = 0x02, 0x08, 0x09, 0x26
_ID = b"\x26\x00\x02id"
_FIXED_BYTES = (
    dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1) | dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2) | {0x11: 4, 0x27: 4}
)
_TEXTS = {0x03, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F}
_VARINT = 0x0B
_SHORT_TOPIC = 128
"""Topics of up to so many bytes are kept as they were read."""
_SHORT = 6
"""Properties of up to so many bytes are kept as they were read: few messages have more than one or two identifiers."""
_KEPT_IF_NEW = 1 << 4
_FRESH = 2 << 4 | 1 << 2
"""Nothing that was kept, and nothing of our own."""
_TELLS_KEPT = 1 << 3
_YESES = re.compile(rb"(?:\x40\x02..){2,4096}", re.DOTALL)
"""PUBACKs of four bytes one after the other: each is found in one step, so the time grows with their number alone."""


class Malformed(ValueError):
    """Raised for a packet that is not as the standard says: give the connection up."""


class Properties(NamedTuple):
    """The properties of an incoming PUBLISH that mean something to us."""

    id: str = ""
    """User property `id`: the sender's own id of the message."""
    expires: str = ""
    """User property `expires`: wall time, milliseconds since 1970, as text."""
    expiry_s: int | None = None
    """What is left of the message expiry interval."""
    response_topic: str = ""
    correlation: bytes = b""
    subscriptions: tuple[int, ...] = ()
    """Identifiers of the subscriptions for whose sake it came."""
    fault: str = ""
    """Why its message cannot be taken: a broker that does not look passes on texts that are not UTF-8."""


NO_PROPERTIES = Properties()


class IncomingPublish(NamedTuple):
    """One incoming PUBLISH."""

    topic: str
    payload: bytes
    packet_id: int = 0
    qos: int = 0
    """2 where our session holds a subscription that an older program made: we ask for 1 at most."""
    dup: bool = False
    retained: bool = False
    properties: Properties = NO_PROPERTIES
    fault: str = ""
    """Why it cannot be taken, where it cannot: its topic is not UTF-8, it is too large."""
    via: int = -1
    """The place of the subscription that this copy of it is for, where it is for one and not for whichever its topic matches first."""

    @property
    def size_bytes(self) -> int:
        """How many bytes of it are kept: of its payload, its topic, and where its answer is to go."""
        held = self.properties
        return len(self.payload) + len(self.topic) + len(held.response_topic) + len(held.correlation)


def varint(number: int) -> bytes:
    """Write a length as MQTT does: seven bits a byte, the lowest first."""
    if number < 128:
        return bytes((number,))
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(content: bytes) -> bytes:
    """Write bytes behind their two-byte length. Raises ValueError when there are too many."""
    if len(content) > 65535:
        raise ValueError(f"cannot write {len(content)} bytes as one MQTT text: the most is 65535")
    return len(content).to_bytes(2, "big") + content


def properties(message_id: str = "", *, expires_s: int = 0, correlation: bytes = b"") -> bytes:
    """Write the property block of an outgoing PUBLISH (MQTT 5), with its length."""
    block = _ID + text(message_id.encode()) if message_id else b""
    if expires_s:
        block += b"\x02" + min(expires_s, 0xFFFFFFFF).to_bytes(4, "big")
    if correlation:
        block += b"\x09" + text(correlation)
    return varint(len(block)) + block


def fixed_header(first: int, length: int) -> bytes:
    """Write the first byte of a packet, and the length of all that follows. Raises ValueError when MQTT carries no such length."""
    if length < 128:
        return bytes((first, length))
    if length < 16384:
        return bytes((first, length & 127 | 128, length >> 7))
    if length > LARGEST:
        raise ValueError(f"cannot publish {length} bytes: the most that MQTT carries is {LARGEST}")
    return bytes((first,)) + varint(length)


def publish(topic: bytes, body: bytes, *, qos: int = 1, retain: bool = False, block: bytes = b"") -> tuple[bytes, bytes]:
    """Write a PUBLISH, as (what stands before its packet id, what stands after it). `topic` is behind its length, see `text`."""
    tail = block + body
    return fixed_header(PUBLISH | qos << 1 | retain, len(topic) + len(tail) + (2 if qos else 0)) + topic, tail


def subscribe(packet_id: int, topic: bytes, *, qos: int, id: int, fresh: bool = False, tells_kept: bool = False) -> bytes:
    """Write a SUBSCRIBE to one filter under its identifier (MQTT 5). Kept messages come with a new subscription, not with an old one; where
    it is to be `fresh`, none come, and none of our own. `tells_kept`: of one that is new, too, the broker says whether it keeps it."""
    options = qos | (_FRESH if fresh else _KEPT_IF_NEW) | (_TELLS_KEPT if tells_kept else 0)
    block = b"\x0b" + varint(id)
    rest = packet_id.to_bytes(2, "big") + varint(len(block)) + block + text(topic) + bytes((options,))
    return fixed_header(SUBSCRIBE, len(rest)) + rest


def unsubscribe(packet_id: int, topics: Iterable[bytes], *, v5: bool) -> bytes:
    """Write an UNSUBSCRIBE from filters."""
    rest = packet_id.to_bytes(2, "big") + (b"\x00" if v5 else b"") + b"".join(map(text, topics))
    return fixed_header(UNSUBSCRIBE, len(rest)) + rest


def acknowledgement(packet_id: int, qos: int) -> bytes:
    """Write the acknowledgement of one incoming PUBLISH: a PUBACK, or the PUBREC of QoS 2."""
    return (b"\x40\x02" if qos == 1 else b"\x50\x02") + packet_id.to_bytes(2, "big")


def pubcomp(packet_id: bytes) -> bytes:
    """Write the end of an incoming message of QoS 2."""
    return b"\x70\x02" + packet_id


def acks_in(buffer: bytes, at: int) -> tuple[int, Sequence[int]] | None:
    """Cut the run of PUBACKs that say yes out of `buffer` from `at` on, at most 4096; where it ends, and its packet ids. None for a single
    one, or none.

    MQTT 3.1.1 knows no others; of MQTT 5 these are the ones without a reason code, as brokers send them.
    """
    run = _YESES.match(buffer, at)
    if run is None:
        return None
    end = run.end()
    return end, struct.unpack_from(f">{(end - at) // 2}H", buffer, at)[1::2]


def read_publish(first: int, packet: bytes, *, v5: bool) -> IncomingPublish:
    """Read what follows the fixed header of a PUBLISH. Raises Malformed."""
    qos = first >> 1 & 3
    if qos > 2 or len(packet) < 2:
        raise Malformed(f"cannot read a PUBLISH: its QoS is {qos}, which is none, and {len(packet)} bytes follow")
    at = 2 + (packet[0] << 8 | packet[1])
    name = packet[2:at]
    packet_id = 0
    if qos:
        packet_id = int.from_bytes(packet[at : at + 2], "big")
        at += 2
    found = NO_PROPERTIES
    if v5:
        if at < len(packet) and packet[at] == 0:
            at += 1
        elif at < len(packet) and packet[at] <= _SHORT and (end := at + 1 + packet[at]) <= len(packet):
            found, at = _read_short(packet[at:end]), end
        else:
            found, at = _read_properties(packet, at)
    if at > len(packet):
        raise Malformed(f"cannot read a PUBLISH: it ends at byte {len(packet)}, in the middle of byte {at}")
    topic, fault = _topic_of(name) if len(name) <= _SHORT_TOPIC else _read_topic(name)
    return IncomingPublish(topic, packet[at:], packet_id, qos, first & 8 != 0, first & 1 != 0, found, fault or found.fault)


def read_varint(packet: bytes, at: int) -> tuple[int, int]:
    """Read a length, and where it ends; (-1, at) when its bytes are not all there. Raises Malformed past four bytes."""
    number = 0
    for n in range(4):
        if at + n >= len(packet):
            return -1, at
        byte = packet[at + n]
        number |= (byte & 127) << 7 * n
        if byte < 128:
            return number, at + n + 1
    raise Malformed("cannot read a length: it has more than four bytes")


@lru_cache(maxsize=1024)  # as above; and one text for all that come under a topic
def _topic_of(name: bytes) -> tuple[str, str]:
    """As `_read_topic`, of a topic that is short, as nearly all are."""
    return _read_topic(name)


def _read_topic(name: bytes) -> tuple[str, str]:
    """A topic, and what is wrong with it; nothing where all is well."""
    try:
        topic = name.decode()
    except UnicodeDecodeError:
        return repr(name)[2:-1], "its topic is not UTF-8"
    if not topic:
        return "", "it has no topic; a broker that names one by an alias alone was not asked to"
    return (topic, "its topic holds a NUL") if "\0" in topic else (topic, "")


@lru_cache(maxsize=256)
def _read_short(block: bytes) -> Properties:
    """Properties that are a few bytes with their length, as a subscription's identifier is, which comes with each of its messages."""
    return _read_properties(block, 0)[0]


def _read_properties(packet: bytes, at: int) -> tuple[Properties, int]:
    size, at = read_varint(packet, at)
    end = at + size
    if size < 0 or end > len(packet):
        raise Malformed("cannot read a PUBLISH: its properties are longer than it is")
    fields: dict[str, object] = {}
    try:
        while at < end:
            at = _read_property(packet, at, fields)
    except IndexError as error:
        raise Malformed(f"cannot read the properties of a PUBLISH: {error}") from None
    if at != end:
        raise Malformed("cannot read a PUBLISH: its properties run past their end")
    return Properties(**fields), end  # type: ignore[arg-type]  # the reader below writes each field as its type


def _read_property(packet: bytes, at: int, fields: dict[str, object]) -> int:
    """Read one property into `fields`; say where the next begins."""
    kind = packet[at]
    at += 1
    if kind == _USER:
        name, at = _read_text(packet, at)
        value, at = _read_text(packet, at)
        if name in (b"id", b"expires"):
            fields[name.decode()] = _decoded(value, f"user property {name.decode()}", fields)
    elif kind == _EXPIRY:
        fields["expiry_s"] = int.from_bytes(packet[at : at + 4], "big")
        at += 4
    elif kind == _RESPONSE_TOPIC:
        value, at = _read_text(packet, at)
        fields["response_topic"] = _decoded(value, "response topic", fields)
    elif kind == _CORRELATION:
        fields["correlation"], at = _read_text(packet, at)
    elif kind == _VARINT:
        id, at = read_varint(packet, at)
        if id < 0:
            raise Malformed("cannot read the properties of a PUBLISH: they end in the middle of a subscription's identifier")
        fields["subscriptions"] = (*fields.get("subscriptions", ()), id)  # type: ignore[misc]  # it is what was put there
    else:
        at = _after(packet, at, kind)
    return at


def _decoded(value: bytes, what: str, fields: dict[str, object]) -> str:
    """The text of a property; a fault among `fields`, and nothing, where it is not UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        fields["fault"] = f"its {what} is not UTF-8"
        return ""


def _after(packet: bytes, at: int, kind: int) -> int:
    """The place behind a property that means nothing to us."""
    if kind in _FIXED_BYTES:
        return at + _FIXED_BYTES[kind]
    if kind in _TEXTS:
        return _read_text(packet, at)[1]
    raise Malformed(f"cannot read the properties of a PUBLISH: {kind:#x} is none")


def _read_text(packet: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + (packet[at] << 8 | packet[at + 1])
    return packet[at + 2 : end], end
