"""The lock: one gateway to a store. The kernel drops it with the process, however that ends."""

import contextlib
import fcntl
import os
from pathlib import Path

from gateway.actors.errors import GatewayError


class AlreadyRunning(GatewayError, RuntimeError):
    """Raised where another gateway has this store or this socket: stop it, or give this one its own."""


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
