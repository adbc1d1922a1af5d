"""Ports of another computer: a TCP server whose line is raw, and one that speaks RFC 2217 by pyserial's own server. Both are real."""

import contextlib
import select
import socket
import threading
from typing import Self

import serial
from serial.rfc2217 import PortManager

from gateway.testing.clock import PATIENCE_S


class RawServer:
    """A TCP server that has one client at a time, as a serial bridge does. It stays at its port when its client is thrown out."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self.port: int = self._listener.getsockname()[1]
        self.client: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.drop()
        self._listener.close()

    def accept(self) -> socket.socket:
        """Wait for a client, and have it."""
        self.client, _ = self._listener.accept()
        self.client.settimeout(PATIENCE_S)
        return self.client

    def hear(self, size: int) -> bytes:
        """The next `size` bytes that the client sends."""
        assert self.client is not None
        heard = b""
        while len(heard) < size and (chunk := self.client.recv(size - len(heard))):
            heard += chunk
        return heard

    def drop(self) -> None:
        """Throw the client out."""
        if self.client is not None:
            self.client.close()
            self.client = None


class PtySerial(serial.Serial):
    """pyserial's port at a pseudo-terminal, which has no modem lines to ask for."""

    cts = dsr = ri = cd = False
    dtr = rts = None


class RfcServer(RawServer):
    """Serves a device of this host by RFC 2217, on a thread of its own."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.serial = PtySerial(device, timeout=0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="serves RFC 2217")
        self._thread.start()

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        self.serial.close()
        super().__exit__(*exc)

    def write(self, content: bytes) -> None:
        """What pyserial's server says of itself: on the thread that serves."""
        if self.client is not None:
            self.client.sendall(content)

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._listener], [], [], 0.05)[0]:
                continue
            self.accept()
            with contextlib.suppress(OSError):
                self._talk(PortManager(self.serial, self))
            self.drop()

    def _talk(self, manager: PortManager) -> None:
        client = self.client
        assert client is not None
        while not self._stop.is_set():
            ready, _, _ = select.select([client, self.serial], [], [], 0.05)
            if client in ready:
                chunk = client.recv(4096)
                if not chunk:
                    return
                self.serial.write(b"".join(manager.filter(chunk)))
            if self.serial in ready:
                client.sendall(b"".join(manager.escape(self.serial.read(4096))))
