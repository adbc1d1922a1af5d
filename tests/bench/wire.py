"""MQTT 3.1.1 in as few bytes and lines as it takes: what the fastest publisher and the counting subscriber speak.

Source: OASIS MQTT Version 3.1.1, sections 2 and 3.
"""

import socket
from collections.abc import Iterable, Iterator

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
RETAINED = 1


def connect(client_id: str, *, kept: bool = False) -> bytes:
    """A session without keep-alive; a clean one, or one that the broker has `kept`."""
    return _packet(0x10, _text("MQTT") + (b"\x04\x00\x00\x00" if kept else b"\x04\x02\x00\x00") + _text(client_id))


def subscribe(topics: str, *, qos: int = 0) -> bytes:
    """At QoS 0 for whoever counts: the subscriber must not be the bottleneck, and acknowledgements cost."""
    return _packet(0x82, b"\x00\x01" + _text(topics) + bytes([qos]))


def acknowledge(packet_ids: Iterable[int]) -> bytes:
    """The PUBACKs of packets that were taken."""
    return b"".join(b"\x40\x02" + packet_id.to_bytes(2, "big") for packet_id in packet_ids)


def publish(topic: str, body: bytes, packet_id: int) -> bytes:
    """At QoS 1."""
    return _packet(0x32, _text(topic) + packet_id.to_bytes(2, "big") + body)


def topic_of(packet: bytes) -> bytes:
    """The topic of a PUBLISH."""
    return packet[2 : 2 + int.from_bytes(packet[:2], "big")]


def body_of(packet: bytes) -> bytes:
    """What a QoS 0 PUBLISH carries, without its topic."""
    return packet[2 + int.from_bytes(packet[:2], "big") :]


class Packets:
    """Bytes in, whole packets out."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """Each whole packet as (first byte, what follows the length)."""
        stream, at = self._rest + chunk, 0
        while (cut := _cut(stream, at)) is not None:
            start, end = cut
            yield stream[at], stream[start:end]
            at = end
        self._rest = stream[at:]


def dial(port: int, client_id: str) -> tuple[socket.socket, Packets]:
    """A connected session on the loopback, and the packets that follow its CONNACK."""
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(connect(client_id))
    packets = Packets()
    await_packet(line, packets, CONNACK)
    return line, packets


def await_packet(line: socket.socket, packets: Packets, kind: int) -> None:
    """Read until a packet of that kind is there. What came with it is dropped."""
    while True:
        chunk = line.recv(4096)
        if not chunk:
            raise ConnectionError("cannot speak to the broker: it closed the connection; see its log")
        if any(first >> 4 == kind for first, _ in packets.feed(chunk)):
            return


def _cut(stream: bytes, at: int) -> tuple[int, int] | None:
    """Where the packet at `at` has its body: (start, end); None while it is not whole."""
    length, shift, place = 0, 0, at + 1
    while place < len(stream):
        length |= (stream[place] & 0x7F) << shift
        place += 1
        if stream[place - 1] < 0x80:
            return (place, place + length) if place + length <= len(stream) else None
        shift += 7
    return None


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(first: int, body: bytes) -> bytes:
    length, header = len(body), bytearray([first])
    while length > 0x7F:
        header.append(length & 0x7F | 0x80)
        length >>= 7
    header.append(length)
    return bytes(header) + body
