"""A broker on raw sockets, for what a real one would not do: stall, talk nonsense, hang up."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

from gateway.testing.clock import PATIENCE_S
from tests.waiting import until


class FakeBroker:
    """A broker on raw sockets that does what a real one would not. Speaks MQTT 5 well, unless a script says otherwise.

    `script(broker, first byte, rest)` is called for each packet that comes, and returns True when it has dealt with it.
    """

    CONNACK = b"\x20\x03\x00\x00\x00"

    def __init__(self, script: Callable[["FakeBroker", int, bytes], bool | None] | None = None) -> None:
        self.received: list[tuple[int, bytes]] = []
        self.connections = 0
        self._script = script or (lambda *_: False)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._stop_reader, self._stop_writer = socket.socketpair()
        self._connection: socket.socket | None = None
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="fake broker")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop_writer.send(b"!")
        self._thread.join(PATIENCE_S)
        for one in (self._listener, self._stop_reader, self._stop_writer):
            one.close()

    def send(self, packet: bytes) -> None:
        """Send bytes to the client that is connected now; one that has gone misses them."""
        connection = self._connection
        assert connection is not None, "nobody is connected"
        with contextlib.suppress(OSError):
            connection.sendall(packet)

    def hang_up(self) -> None:
        """Close the connection, without a word. From another thread than its own, that one closes it when it has seen the end."""
        if self._connection is None:
            return
        if threading.current_thread() is not self._thread:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        else:
            self._connection.close()
            self._connection = None

    def reset(self) -> None:
        """Break the connection, as a host that restarts does. Called by a script, on the broker's thread."""
        if self._connection is not None:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.hang_up()

    def packets(self, kind: int) -> list[bytes]:
        """What came in packets of one type (3: PUBLISH, 4: PUBACK), after the fixed header, in order."""
        return [body for first, body in list(self.received) if first >> 4 == kind]

    def until(self, truth: Callable[[], Any]) -> Any:
        """Block until `truth()` holds, and return it."""
        return until(truth, change=self._change, said=lambda: f"received: {self.received[-5:]}")

    def _run(self) -> None:
        buffer = b""
        while True:
            watched = [self._listener, self._stop_reader] + ([self._connection] if self._connection else [])
            ready, _, _ = select.select(watched, [], [])
            if self._stop_reader in ready:
                self.hang_up()
                return
            if self._listener in ready:
                self.hang_up()
                self._connection, _ = self._listener.accept()
                buffer = b""
                self._note(lambda: setattr(self, "connections", self.connections + 1))
            elif self._connection in ready:
                buffer = self._read(buffer)

    def _read(self, buffer: bytes) -> bytes:
        assert self._connection is not None
        try:
            chunk = self._connection.recv(65536)
        except OSError:
            chunk = b""
        if not chunk:
            self.hang_up()
            return b""
        buffer += chunk
        while (packet := _cut_packet(buffer)) is not None:
            first, body, buffer = packet
            self._note(lambda first=first, body=body: self.received.append((first, body)))
            if not self._script(self, first, body):
                self._behave(first, body)
            if self._connection is None:
                return b""
        return buffer

    def _behave(self, first: int, body: bytes) -> None:
        kind = first >> 4
        if kind == 1:
            self.send(self.CONNACK)
        elif kind == 3 and first & 6:
            at = 2 + int.from_bytes(body[:2], "big")
            self.send(b"\x40\x02" + body[at : at + 2])
        elif kind == 8:
            self.send(b"\x90\x05" + body[:2] + b"\x00\x01\x01")
        elif kind == 12:
            self.send(b"\xd0\x00")

    def _note(self, change: Callable[[], Any]) -> None:
        with self._change:
            change()
            self._change.notify_all()


def _cut_packet(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """(first byte, what follows the length, the rest) of a whole packet; None while it is not all there."""
    length = shift = 0
    for at in range(1, min(len(buffer), 5)):
        length |= (buffer[at] & 127) << shift
        shift += 7
        if buffer[at] < 128:
            end = at + 1 + length
            return (buffer[0], buffer[at + 1 : end], buffer[end:]) if len(buffer) >= end else None
    return None
