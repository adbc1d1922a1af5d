"""Wires: a serial line, or a connection by TCP, on which one request at a time is asked. On the thread of the bus.

What came before a request is dropped: an answer that came late is not taken for that of the next one. Where answers have no numbers, one
that a unit still owes is waited for, for as long again, before the unit is asked for something else.
"""

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol

from devices.dialling import dial
from devices.link import Missing
from devices.modbus.frames import RtuFrames, TcpFrames, UnitAnswer, UnitRequest, UnitWrite
from devices.modbus.settings import ModbusSettings
from devices.serial.faults import explain_loss, explain_opening
from devices.serial.holders import open_ports
from devices.serial.line import LINE_FAULTS, Listened, TtyLine
from devices.serial.names import find_port
from devices.serial.settings import SerialSettings
from gateway.actors import GatewayError

MOST_BYTES = 4096
"""What is kept of the bytes that come for one request; a wire that says more says noise."""
CONNECT_S = 3.0


class Bytes(Protocol):
    """Where bytes come and go."""

    def fileno(self) -> int:
        """The descriptor to wait for."""

    def read(self) -> bytes:
        """Read what is there, without waiting. Raises OSError where it is lost."""

    def write(self, content: bytes) -> int:
        """Write bytes; return how many were taken. Raises OSError where it is lost."""

    def close(self) -> None:
        """Close it. Never raises."""


class Wire:
    """Asks, and waits for the answer."""

    def __init__(self, ends: Bytes, frames: RtuFrames | TcpFrames, *, name: str, again: Callable[[], Bytes] | None = None) -> None:
        """`again` opens it once more, where it goes to a host, which may have closed it since the last answer, as some do with each."""
        self.name = name
        self._again = again
        self.odd = b""
        """What came for the last request and was no answer to it, without our own bytes."""
        self._ends = ends
        self._frames = frames
        self._owed: dict[tuple[int, int], tuple[UnitRequest | UnitWrite, float]] = {}
        """Requests without an answer, by their unit and function, and until when it may come late and be taken for that of another one."""
        self._echoes = False
        """Whether our own bytes came back before the last answer, as two-wire adapters have it."""
        self._poll = select.poll()
        self._poll.register(ends.fileno(), select.POLLIN)

    def ask(self, request: UnitRequest | UnitWrite, *, timeout_s: float) -> UnitAnswer | None:
        """The answer to a request, which is sent once; None where it does not come in time. Raises Missing where the wire is lost.

        A write is answered by its own bytes. Where an adapter echoes, which the reading before it has shown, these are not the answer.
        """
        try:
            owes = self._clear(request)
            packed = self._frames.packed(request)
            self._write(packed, time.monotonic() + timeout_s)
            answer = self._answer(request, packed, time.monotonic() + timeout_s)
            if (answer is None or owes) and not self._frames.numbered:
                self._owed[request.unit, request.function] = request, time.monotonic() + timeout_s
            return answer
        except LINE_FAULTS as error:
            raise Missing(explain_loss(self.name, error, is_cable=self._again is None)) from error

    def close(self) -> None:
        """Close it. Never raises."""
        self._ends.close()

    def _clear(self, request: UnitRequest | UnitWrite) -> bool:
        """Have nothing on the wire that is not the answer to a request; return whether that to the same one, asked before, may still come:
        then there may be two. Where it was closed meanwhile it is opened again: nothing has been asked yet."""
        owed, until_s = self._owed.pop((request.unit, request.function), (request, 0.0))
        dropped = b""
        try:
            if owed != request:
                self._await(owed, until_s)
            dropped = self._drop()
        except LINE_FAULTS:
            if self._again is None:
                raise
            self._poll.unregister(self._ends.fileno())
            self._ends.close()
            self._ends = self._again()
            self._poll.register(self._ends.fileno(), select.POLLIN)
        return owed == request and time.monotonic() < until_s and self._frames.found(dropped, request) is None

    def _drop(self) -> bytes:
        """Drop what came unasked, or late, and return it; not for ever."""
        dropped = b""
        for _ in range(16):
            if not self._poll.poll(0):
                break
            dropped += self._ends.read()
        return dropped

    def _await(self, owed: UnitRequest | UnitWrite, until_s: float) -> None:
        """Wait for an answer that may still come, so that it is dropped."""
        received = b""
        while len(received) < MOST_BYTES and self._frames.found(received, owed) is None:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not self._poll.poll(left_s * 1000 + 1):
                return
            received += self._ends.read()

    def _write(self, content: bytes, until_s: float) -> None:
        while content:
            taken = self._ends.write(content)
            content = content[taken:]
            if content and time.monotonic() > until_s:
                raise OSError("nothing can be written to it")
            if content:
                select.select([], [self._ends.fileno()], [], 0.05)

    def _answer(self, request: UnitRequest | UnitWrite, packed: bytes, until_s: float) -> UnitAnswer | None:
        received = self.odd = b""
        while len(received) < MOST_BYTES:
            left_s = until_s - time.monotonic()
            if left_s <= 0 or not self._poll.poll(left_s * 1000 + 1):
                break
            received += self._ends.read()
            reads = isinstance(request, UnitRequest)
            heard = received if reads or not self._echoes else received.partition(packed)[2]
            if (answer := self._frames.found(heard, request)) is not None:
                if reads:
                    self._echoes = packed in received
                return answer
        self.odd = received.replace(packed, b"", 1)
        return None


def open_wire(settings: ModbusSettings, host: Listened, *, me: str) -> Wire:
    """Open the wire of a bus; `host` knows who listens to it. Raises LinkFault."""
    if settings.host:
        name = f"{settings.host}:{settings.tcp_port}"
        again = partial(_Connection, settings.host, settings.tcp_port, host)
        try:
            ends: Bytes = again()
        except OSError as error:
            raise Missing(f"cannot connect to {name}: {error.strerror or error}; is it on, and is Modbus TCP?") from error
        return Wire(ends, RtuFrames() if settings.framing == "rtu" else TcpFrames(), name=name, again=again)
    path = settings.port
    try:
        path = find_port(settings.port)
        open_ports().take(me, path)
        return Wire(TtyLine(path, line_settings(settings), host), RtuFrames(), name=path)
    except (GatewayError, *LINE_FAULTS) as error:
        open_ports().give_back(me)
        raise explain_opening(path, error) from error


def line_settings(settings: ModbusSettings) -> SerialSettings:
    """How the line runs, as a serial port is told it; nobody hears of its lines."""
    runs = {"baud": settings.baud, "parity": settings.parity, "stopbits": settings.stopbits}
    return SerialSettings.model_validate({"port": settings.port, "to": "modbus/bus", **runs})


class _Connection:
    """The bytes of a TCP connection."""

    def __init__(self, host: str, port: int, listened: Listened) -> None:
        """`listened` knows who listens."""
        self._listened = listened
        self._socket = dial(host, port, within_s=CONNECT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> bytes:
        try:
            content = self._socket.recv(MOST_BYTES)
        except BlockingIOError:
            return b""
        if not content:
            raise ConnectionResetError("the other side closed the connection")
        for tap in self._listened.taps:
            tap("in", content)
        return content

    def write(self, content: bytes) -> int:
        try:
            taken = self._socket.send(content)
        except BlockingIOError:
            return 0
        for tap in self._listened.taps:
            tap("out", content[:taken])
        return taken

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()
