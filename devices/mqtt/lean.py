"""paho's client with its two busiest paths made by hand: QoS 1 publishes and their PUBACKs, and PUBLISH packets coming in.

Everything rare (CONNECT, SUBSCRIBE, keepalive, TLS, DISCONNECT) stays paho's. What comes by the thousand does not:
packets out are joined into one write, packets in are cut from one read of up to 16 KiB, and no Properties, ReasonCode or
MQTTMessage is made of them. `PRIVATE` names every private attribute of paho's that this relies on.
Source: paho/mqtt/client.py of paho-mqtt 2.1 and 2.2.
"""

import math
import socket
import struct
import termios
import time
from array import array
from collections.abc import Callable, Container, Iterable, Sequence
from fcntl import ioctl
from typing import TYPE_CHECKING, Any

from paho.mqtt import MQTTException
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from devices.dialling import dial
from devices.mqtt.filters import Filter
from devices.mqtt.packets import (
    PUBACK,
    PUBLISH,
    PUBREL,
    IncomingPublish,
    Malformed,
    acks_in,
    pubcomp,
    read_publish,
    read_varint,
    subscribe,
    unsubscribe,
)

if TYPE_CHECKING:
    import ssl

PRIVATE = (
    "_call_socket_register_write",
    "_connect_timeout",
    "_create_socket_connection",
    "_host",
    "_in_packet",
    "_keepalive",
    "_last_mid",
    "_last_msg_out",
    "_loop_rc_handle",
    "_mid_generate",
    "_out_packet",
    "_packet_handle",
    "_packet_queue",
    "_port",
    "_sock",
    "_sock_close",
    "_sock_recv",
    "_sock_send",
    "_ssl_context",
    "_ssl_wrap_socket",
)
_CHUNK = 16384
"""What one read brings is in memory before it is known whether there is room for it."""
_DISCONNECT = 0xE0
_PINGREQ = b"\xc0\x00"
EVERYTHING = 1 << 30
"""As a number of bytes: nobody knows how many, for the connection broke."""
_UNREADABLE = (Malformed, MQTTException, struct.error, IndexError, KeyError, ValueError)
_OK, _LOST, _PROTOCOL = MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_CONN_LOST, MQTTErrorCode.MQTT_ERR_PROTOCOL


class LeanClient(Client):
    """The client of one connection. Used once, on one thread, from a loop of its owner's.

    `on_puback(packet id, reason code)`, `on_pubacks(packet ids)` for several that all say yes, and `on_arrival(Arrival)` are called while
    `loop_read` runs. Ids in `in_use` are not given out again.
    """

    def __init__(
        self,
        client_id: str,
        *,
        v5: bool,
        max_packet_bytes: int,
        in_use: Container[int],
        on_puback: Callable[[int, int], None],
        on_pubacks: Callable[[Sequence[int]], None],
        on_arrival: Callable[[IncomingPublish], None],
    ) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if v5 else False,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._v5 = v5
        self._max_packet_bytes = max_packet_bytes
        self._in_use = in_use
        self._subscribing: set[int] = set()
        self._puback = on_puback
        self._pubacks = on_pubacks
        self._arrival = on_arrival
        self._rest = b""
        self._to_skip = 0
        self._heard_s = time.monotonic()
        """When something was last read, or lay unread by our own doing."""
        self._pinged_s: float | None = None
        """When the ping was sent that the broker has not answered yet."""
        self.unheard_bytes = EVERYTHING
        """How many of the last bytes that were written the broker may never have had; known once the connection is at its end."""
        self.said_goodbye = 0
        """The reason code of the broker's DISCONNECT: paho 2.1 passes over the short ones."""

    def write(self, packets: bytes) -> None:
        """Write whole packets to the socket; what the socket does not take waits, in order, as paho's own packets do."""
        if not self._out_packet:
            try:
                sent = self._sock_send(packets)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._loop_rc_handle(_LOST)
                return
            self._last_msg_out = time.monotonic()
            if sent == len(packets):
                return
            packets = packets[sent:]
        self._packet_queue(PUBLISH, packets, 0, 1)

    @property
    def ping_due_s(self) -> float:
        """At which monotonic second `keep_alive` has something to do; infinite where broker and client keep no such clock."""
        if not self._keepalive:
            return math.inf
        due_s = self._last_msg_out + self._keepalive
        return min(due_s, (self._heard_s if self._pinged_s is None else self._pinged_s) + self._keepalive)

    def keep_alive(self, now_s: float, *, unread: bool) -> bool:
        """Ping the broker when it is time; return False when it did not answer the last ping for as long as the keepalive.

        Whatever is read is a sign of life, and the answer may lie behind what is left `unread` on purpose. The keepalive is the one that
        the broker gave in its CONNACK, where it gave one (MQTT 5.0, 3.2.2.3.14).
        """
        if unread:
            self._heard_s = now_s
        if self._pinged_s is not None and self._heard_s >= self._pinged_s:
            self._pinged_s = None
        if not self._keepalive:
            return True
        if self._pinged_s is not None and now_s - self._pinged_s >= self._keepalive:
            self.unheard_bytes = self._unheard()
            return False
        quiet_s = now_s - self._last_msg_out
        if quiet_s >= self._keepalive or (self._pinged_s is None and now_s - self._heard_s >= self._keepalive):
            self._pinged_s = now_s if self._pinged_s is None else self._pinged_s
            self.write(_PINGREQ)
        return True

    def _unheard(self) -> int:
        """How many bytes the broker's host has not acknowledged. A broker that closes with some of ours unread resets the connection, so
        after an end of file it has read all that its host acknowledged.

        Source: tcp(7), SIOCOUTQ (termios calls it TIOCOUTQ).
        """
        waiting = sum(len(packet["packet"]) - packet["pos"] for packet in self._out_packet)
        queued = array("i", [0])
        try:
            ioctl(self._sock, termios.TIOCOUTQ, queued)  # type: ignore[arg-type]  # paho's type has no fileno
        except OSError:
            return EVERYTHING
        return waiting + queued[0]

    def drop(self) -> None:
        """Close the socket, without telling anybody."""
        self.on_disconnect = None
        self._sock_close()

    def lost(self) -> None:
        """Note that the socket is dead, though not all that came by it was read."""
        self._loop_rc_handle(_LOST)

    def subscribe_to(self, filters: list[Any]) -> list[int]:
        """Subscribe, and keep the packet id from the publishes until the broker has answered; the packet id."""
        _, packet_id = self.subscribe(filters)
        if packet_id is None:
            return []
        self._subscribing.add(packet_id)
        return [packet_id]

    def reserve(self, packet_ids: Iterable[int]) -> None:
        """Give these packet ids to nothing new, for as long as this connection lasts."""
        self._subscribing.update(packet_ids)

    def subscribe_each(self, filters: Iterable[Filter]) -> list[int]:
        """Subscribe to each filter under its identifier (MQTT 5), in one write; the packet ids, in order."""
        packet_ids, packets = [], []
        for topic, qos, id, fresh, tells_kept in filters:
            packet_id = self.new_packet_id()
            self._subscribing.add(packet_id)
            packet_ids.append(packet_id)
            packets.append(subscribe(packet_id, topic.encode(), qos=qos, id=id, fresh=fresh, tells_kept=tells_kept))
        self.write(b"".join(packets))
        return packet_ids

    def unsubscribe_from(self, topics: Iterable[str]) -> None:
        """Unsubscribe from filters; the packet id is kept from the publishes, as that of a subscribe is."""
        packet_id = self.new_packet_id()
        self._subscribing.add(packet_id)
        self.write(unsubscribe(packet_id, [topic.encode() for topic in topics], v5=self._v5))

    def subscribed(self, packet_id: int) -> None:
        """Give the packet id of a subscribe or an unsubscribe back: the broker has answered it."""
        self._subscribing.discard(packet_id)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what the socket has, up to 16 KiB (with TLS, all that is decrypted), and take every whole packet of it."""
        del max_packets
        while self._sock is not None:
            try:
                chunk = self._sock_recv(_CHUNK)
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # type: ignore[attr-defined]  # paho's type is narrower
            except BlockingIOError:
                return _OK
            except OSError:
                return self._loop_rc_handle(_LOST)
            if not chunk:
                self.unheard_bytes = self._unheard()
                return self._loop_rc_handle(_LOST)
            self._heard_s = time.monotonic()
            code = self._take(chunk)
            if code is not _OK:
                return self._loop_rc_handle(code)
            pending = getattr(self._sock, "pending", None)
            if pending is None or not pending():
                return _OK
        return MQTTErrorCode.MQTT_ERR_NO_CONN

    def new_packet_id(self) -> int:
        """A packet id that is not in use: from paho's own counter, so that its subscribes and our publishes never share one."""
        mid = self._last_mid
        while True:
            mid = mid % 65535 + 1
            if mid not in self._in_use and mid not in self._subscribing:
                self._last_mid = mid
                return mid

    _mid_generate = new_packet_id

    def _create_socket_connection(self) -> socket.socket:
        """Connect as paho does, in a time that is that of all addresses of the host together."""
        return dial(self._host, self._port, within_s=self._connect_timeout)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> "ssl.SSLSocket":
        """Wrap the socket for TLS as paho does, but close it where the handshake fails, and always check the host's name.

        Raises SSLError for whatever ends the handshake: the port was reached, and a port without TLS resets the connection or is silent.
        """
        import ssl  # noqa: PLC0415  # only with TLS

        if self._ssl_context is None:
            raise RuntimeError("cannot speak TLS: there is no context; call tls_set_context first")
        sock = self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            sock.settimeout(self._connect_timeout)
            sock.do_handshake()
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
                why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
                raise ssl.SSLError(0, f"{why} in the handshake") from error
            raise
        return sock

    def _sock_recv(self, bufsize: int) -> bytes:
        """Read as paho does; without TLS, without a look at what TLS may raise, for that would bring OpenSSL in."""
        if self._ssl_context is not None or self._sock is None:
            return super()._sock_recv(bufsize)
        return self._sock.recv(bufsize)

    def _sock_send(self, buf: bytes | bytearray) -> int:
        """Write as paho does; without TLS, as above."""
        if self._ssl_context is not None or self._sock is None:
            return super()._sock_send(buf)
        try:
            return self._sock.send(buf)
        except BlockingIOError:
            self._call_socket_register_write()
            raise

    def _take(self, chunk: bytes) -> MQTTErrorCode:
        if self._to_skip:
            skipped = min(self._to_skip, len(chunk))
            self._to_skip -= skipped
            chunk = chunk[skipped:]
        try:
            return self._cut(self._rest + chunk if self._rest else chunk)
        except Malformed:
            return _PROTOCOL

    def _cut(self, buffer: bytes) -> MQTTErrorCode:
        """Take every whole packet out of `buffer` and keep what is left of it."""
        at, size = 0, len(buffer)
        while size - at >= 2:
            first, length, start = buffer[at], buffer[at + 1], at + 2
            if length > 127:
                length, start = read_varint(buffer, at + 1)
                if length < 0:
                    break
            end = start + length
            if length > self._max_packet_bytes:
                if not self._refuse_large(first, buffer, start):
                    break
                self._to_skip = max(0, end - size)
            elif end > size:
                break
            elif first == PUBACK and (run := acks_in(buffer, at)):
                end = run[0]
                self._pubacks(run[1])
            elif first == PUBACK and length >= 2:
                self._puback(buffer[start] << 8 | buffer[start + 1], buffer[start + 2] if length > 2 else 0)
            elif first & 0xF0 == PUBLISH:
                self._arrival(read_publish(first, buffer[start:end], v5=self._v5))
            elif first == PUBREL and length >= 2:
                self.write(pubcomp(buffer[start : start + 2]))
            elif (code := self._give(first, buffer[start:end])) is not _OK:
                self._rest = b""
                return code
            at = end
        self._rest = buffer[at:]
        return _OK

    def _refuse_large(self, first: int, buffer: bytes, start: int) -> bool:
        """Report a PUBLISH over the limit by its topic and packet id; False while not even those are there."""
        if first & 0xF0 != PUBLISH:
            raise Malformed(f"cannot take a packet of type {first:#x}: it is over the limit")
        if len(buffer) < start + 2:
            return False
        topic_end = start + 2 + (buffer[start] << 8 | buffer[start + 1])
        if len(buffer) < topic_end + 2:
            return False
        topic = buffer[start + 2 : topic_end].decode(errors="replace")
        qos = first >> 1 & 3
        packet_id = int.from_bytes(buffer[topic_end : topic_end + 2], "big") if qos else 0
        fault = f"it is larger than max_packet_bytes = {self._max_packet_bytes}"
        self._arrival(IncomingPublish(topic, b"", packet_id, qos, first & 8 != 0, first & 1 != 0, fault=fault))
        return True

    def _give(self, first: int, packet: bytes) -> MQTTErrorCode:
        """Have paho take one packet, as its own reader would."""
        if self._sock is None:
            return _OK
        if first == _DISCONNECT and packet:
            self.said_goodbye = packet[0]
        self._in_packet = {
            "command": first,
            "have_remaining": 1,
            "remaining_count": [],
            "remaining_mult": 1,
            "remaining_length": len(packet),
            "packet": bytearray(packet),
            "to_process": 0,
            "pos": 0,
        }
        try:
            return self._packet_handle()
        except _UNREADABLE:
            return _PROTOCOL
