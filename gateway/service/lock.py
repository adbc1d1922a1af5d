"""The locks: one gateway to a store, and one to a configuration file. The kernel drops both with the process, however that ends."""

import binascii
import contextlib
import errno
import fcntl
import os
import socket
import struct
from pathlib import Path

from gateway.actors.errors import GatewayError


class AlreadyRunning(GatewayError, RuntimeError):
    """Raised where another gateway has this store, this socket or this configuration: stop it, or give this one its own."""


class Lock:
    """A locked file beside the store, with our process id in it."""

    def __init__(self, store: Path) -> None:
        """Lock the file. Raises AlreadyRunning, or OSError where the file cannot be made."""
        self.path = Path(os.path.realpath(store) + ".lock")  # SQLite follows links: two names of one store have one lock
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            named = f"process {holder}" if holder else "another process"
            raise AlreadyRunning(
                f"cannot start: {named} has the store {store}; stop that gateway, or give this one another store.path"
            ) from None
        with contextlib.suppress(OSError):  # on a full disk it is locked all the same, without a name
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, b"%d\n" % os.getpid())

    def release(self) -> None:
        """Unlock the file, for the next gateway. The file stays: if it went, two gateways that take it at once could each have one."""
        os.close(self._descriptor)


class ConfigurationLock:
    """A lock on a configuration file: for each file, one real gateway of this host holds it, and one simulated one.

    The lock is an abstract Unix socket that is named after the folder (device and inode) and the file in it. So it needs no place that
    root, the service and other users can all write to; it is the same under every path of the file, and stays so when an editor puts a
    new file in the place of the old one. Only gateways in one network namespace see each other.
    Source: unix(7), "Abstract sockets" and SO_PEERCRED.
    """

    def __init__(self, configuration: Path, *, simulated: bool) -> None:
        """Lock the configuration. Raises AlreadyRunning, or OSError where the file is gone or there is no such socket."""
        path = configuration.resolve()
        folder = path.parent.stat()
        file = binascii.crc32(os.fsencode(path.name))
        self._name = f"\0gateway {folder.st_dev:x} {folder.st_ino:x} {file:x}{' simulated' if simulated else ''}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(self._name)
            self._socket.listen(4096)  # nobody accepts: whoever is refused asks the kernel who listens, and stays in the queue
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise AlreadyRunning(
                f"cannot start: {self._holder()} runs from {configuration} already, and two would do everything twice; stop that gateway "
                "(the service: sudo systemctl stop gateway), or start this one from a file of its own"
            ) from None

    def release(self) -> None:
        """Unlock the configuration, for the next gateway."""
        self._socket.close()

    def _holder(self) -> str:
        """Who has the lock, as far as the kernel tells."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.setblocking(False)
            try:
                asking.connect(self._name)
                process, _, _ = struct.unpack("3i", asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
            except OSError:
                process = 0
        return f"process {process}" if process else "another gateway"
