"""What lies between a host and its database, and can swallow all that goes through it: nobody at either end is told."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Self

from gateway.testing.clock import PATIENCE_S

_NAME = ".s.PGSQL.5432"


class Swallowing:
    """A socket in `folder` through which the PostgreSQL of `server` is reached. While it `swallows`, bytes go in and do not come out."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self.swallows = False
        self._server = server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / _NAME))
        self._listening.listen()
        self._open: list[socket.socket] = [self._listening]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._begin(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        for one in self._open:
            one.close()

    def _begin(self, target: object, *args: socket.socket) -> None:
        thread = threading.Thread(target=target, args=args, name="between")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                self._open += [near, far]
                try:
                    far.connect(str(self._server / _NAME))
                except OSError:  # the server is away
                    near.shutdown(socket.SHUT_RDWR)
                    continue
                self._begin(self._carry, near, far)
                self._begin(self._carry, far, near)

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while some := source.recv(65536):
                if not self.swallows:
                    sink.sendall(some)
            if not self.swallows:
                sink.shutdown(socket.SHUT_RDWR)
