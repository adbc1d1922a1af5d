"""Lines over TCP: a port of another computer, with the same small interface as a terminal device.

Reading and writing are one system call each, without blocking, on the port's thread; pyserial's own classes for these addresses block in
a write, look for no dead peer, and have for RFC 2217 no descriptor to wait for.

Source: socket(7), tcp(7); RFC 2217; RFC 854.
"""

import contextlib
import errno
import fcntl
import select
import socket
import struct
import termios
import time
from typing import ClassVar

from devices.link import Faulty
from devices.serial.comport import ESCAPED, IAC, ComPort
from devices.serial.dialler import DIAL_S, Dialler
from devices.serial.line import READ_BYTES, Listened, OpenPort, Unplugged
from devices.serial.settings import SerialSettings
from devices.serial.urls import NetworkPort

_AGREE_S = 3.0
"""How long the other end may take to agree on the settings of its line."""
_PIECE_S = 1.0
"""How long the rest of a sign may wait for room, of which a part is on its way."""


class TcpLine:
    """A line whose bytes go over TCP as they are."""

    shared: ClassVar[bool] = False

    def __init__(self, made: socket.socket, host: Listened) -> None:
        """Take a connected socket. `host` knows who listens to the wire."""
        made.setblocking(False)
        self._socket = made
        self._host = host

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> bytes:
        try:
            chunk = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        if not chunk:
            raise Unplugged(errno.ECONNRESET, "its other end closed the connection")
        chunk = self._taken_in(chunk)
        for tap in self._host.taps if chunk else ():
            tap("in", chunk)
        return chunk

    def write(self, content: bytes) -> int:
        try:
            taken = self._put(content)
        except BlockingIOError:
            return 0
        for tap in self._host.taps:
            tap("out", content[:taken])
        return taken

    def close(self, *, drain_s: float = 0.0) -> None:
        until_s = time.monotonic() + drain_s
        with contextlib.suppress(OSError):
            while self._waiting() and time.monotonic() < until_s:
                select.select([], [], [], 0.01)
        self._socket.close()

    def _taken_in(self, chunk: bytes) -> bytes:
        return chunk

    def _put(self, content: bytes) -> int:
        return self._socket.send(content)

    def _waiting(self) -> int:
        """How many bytes the other computer has not taken yet."""
        count: int = struct.unpack("i", fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
        return count


class ComPortLine(TcpLine):
    """A line whose settings are made from here, by RFC 2217: what is said about the line stands between its bytes."""

    def __init__(self, made: socket.socket, host: Listened, said: ComPort) -> None:
        """`said` is what was agreed on when it was opened."""
        super().__init__(made, host)
        self._said = said

    def _taken_in(self, chunk: bytes) -> bytes:
        content = self._said.feed(chunk)
        if answers := self._said.take_answers():
            self._put_whole(answers)
        return content

    def _put(self, content: bytes) -> int:
        if IAC not in content:
            return self._socket.send(content)
        plain, _, _ = content.partition(IAC)
        if plain:
            return self._socket.send(plain)
        sent = self._socket.send(ESCAPED)
        self._put_whole(ESCAPED[sent:])
        return 1

    def _put_whole(self, content: bytes) -> None:
        """Send what must not be cut. Raises Unplugged where there is no room for it for long."""
        until_s = time.monotonic() + _PIECE_S
        while content:
            with contextlib.suppress(BlockingIOError):
                content = content[self._socket.send(content) :]
            if content:
                select.select([], [self._socket], [], max(0.0, until_s - time.monotonic()))
                if time.monotonic() > until_s:
                    raise Unplugged(errno.ETIMEDOUT, "its other end takes nothing")


class NetworkOpener:
    """Opens the port that an address names, again and again. On the port's thread."""

    def __init__(self, settings: SerialSettings, place: NetworkPort) -> None:
        self._settings = settings
        self._by_rfc = place.scheme == "rfc2217"
        self._dialler = Dialler(settings.port, place, self._agree)
        self._said = ComPort(settings)

    def open(self, host: Listened) -> OpenPort:
        """Connect, and agree on the settings. Raises LinkFault; also once the host must be quiet, within a moment."""
        made = self._dialler.connect(gives_up=lambda: host.quiet)
        return ComPortLine(made, host, self._said) if self._by_rfc else TcpLine(made, host)

    def _agree(self, made: socket.socket) -> None:
        """Have the other end set its line as the file says; what came over it before is dropped, for it was read by other settings."""
        if not self._by_rfc:
            return
        said = self._said = ComPort(self._settings)
        until_s = time.monotonic() + min(_AGREE_S, DIAL_S)
        try:
            made.sendall(said.take_answers())
            while not said.agreed:
                if (left_s := until_s - time.monotonic()) <= 0:  # a raw port may never pause
                    raise TimeoutError
                made.settimeout(left_s)
                byte = made.recv(1)  # one by one: what follows the last word is the first byte of the line
                if not byte:
                    raise Unplugged(errno.ECONNRESET, "its other end closed the connection")
                said.feed(byte)
                if why := said.refusal:
                    raise Faulty(f"cannot open {self._settings.port}: {why}")
                if answers := said.take_answers():
                    made.sendall(answers)
        except TimeoutError:
            raise Faulty(
                f"cannot open {self._settings.port}: its other end does not agree on the settings by RFC 2217; is it a raw port? "
                f"Then write socket:// for it"
            ) from None
