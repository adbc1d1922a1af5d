"""Who has a device open: other processes, and the other ports of this one.

A process is told by the number of the device, never by the path under which it opened it: in a container the device may have another
path, and the path another device. Who has locked it the kernel says of every process; what a process has open, only of those that
this user may look into.

Source: proc(5), /proc/PID/fd and /proc/locks (device numbers in hex); Linux, include/linux/proc_ns.h, PROC_PID_INIT_INO.
"""

import functools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devices.serial.names import Device, device_at, device_of
from gateway.actors.errors import GatewayError

PROC = Path("/proc")
_ALL_PROCESSES = 0xEFFFFFFC
"""Number of the namespace of processes that has them all."""
_LOCK_FIELDS = 6
"""`1: FLOCK ADVISORY WRITE 2271 00:05:123`, and more that does not matter here."""


class PortTaken(GatewayError, RuntimeError):
    """Raised where another port of this gateway has the device open, under whatever name: give each device one section."""


class Holder(NamedTuple):
    """A process that has a device open, or locked."""

    pid: int
    program: str
    """Empty where this user may not see it."""

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.program or 'of another user'})"


class OpenPorts:
    """The devices that the ports of this process have open. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: dict[str, tuple[Device, str]] = {}

    def take(self, me: str, path: str) -> None:
        """Note that the actor `me` opens `path` now. Raises PortTaken where another one has the same device."""
        device = device_at(path)
        with self._lock:
            for other, (taken, name) in self._taken.items():
                if taken == device and other != me:
                    section, known = other.replace("/", ".", 1), f" as {name}" if name != path else ""
                    raise PortTaken(f"cannot open {path}: [{section}] has the same device open{known}; give each device one section")
            if device is not None:
                self._taken[me] = (device, path)

    def give_back(self, me: str) -> None:
        """Note that a port has closed its device."""
        with self._lock:
            self._taken.pop(me, None)


@functools.cache
def open_ports() -> OpenPorts:
    """The one OpenPorts of this process: devices are owned by processes."""
    return OpenPorts()


def holders(path: str) -> list[Holder]:
    """The other processes that have the device open or locked, as far as this user may see."""
    return _look(path)[0]


def name_holders(path: str) -> str:
    """The processes that have the device open beside this one, in words."""
    found, unseen = _look(path)
    return ", or ".join(filter(None, (", ".join(map(str, found)), unseen))) or "one that has gone meanwhile"


def name_lockers(path: str) -> str:
    """The processes that have locked the device, in words; where that is not known, those that may have."""
    return ", ".join(map(str, _lockers(path))) or name_holders(path)


def _look(path: str) -> tuple[list[Holder], str]:
    """The holders that were seen, and which processes could not be looked at, in words; empty where all were seen."""
    device = device_at(path)
    if device is None:
        return [], ""
    found, hidden = [], not Path(PROC / "1").exists()
    for process in _others():
        try:
            if device in _opened(process):
                found.append(_holder(int(process.name)))
        except PermissionError:
            hidden = True
        except OSError:
            continue  # it has just ended
    found += [locker for locker in _lockers(path) if locker not in found]
    if hidden:
        return found, "one that this user may not see (sudo gateway ports names it)"
    return found, "" if _sees_all() else "one outside of this container"


def _others() -> Iterator[Path]:
    """The other processes of this host, as far as they are shown."""
    return (process for process in PROC.iterdir() if process.name.isdecimal() and int(process.name) != os.getpid())


def _opened(process: Path) -> Iterator[Device | None]:
    """The files that a process has open. Raises PermissionError where this user may not look, another OSError where it has ended."""
    for descriptor in (process / "fd").iterdir():
        try:
            yield device_of(descriptor.stat())
        except PermissionError:
            raise
        except OSError:
            continue  # it has just closed it, or its file system is gone


def _lockers(path: str) -> list[Holder]:
    """The other processes that have the file at `path` locked as pyserial locks it (flock)."""
    try:
        file = Path(path).stat()
        rows = (PROC / "locks").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
    wanted = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    locks = [row.split() for row in rows]
    pids = {int(lock[4]) for lock in locks if len(lock) >= _LOCK_FIELDS and lock[1] == "FLOCK" and lock[5] == wanted}
    return [_holder(pid) for pid in sorted(pids - {os.getpid()}) if _lives(pid)]


def _lives(pid: int) -> bool:
    """Whether there is such a process: a lock outlives who made it, where a child of his has it too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _sees_all() -> bool:
    """Whether this process sees all processes of this host, none being outside of its namespace."""
    return (PROC / "self/ns/pid").stat().st_ino == _ALL_PROCESSES


def _holder(pid: int) -> Holder:
    try:
        return Holder(pid, (PROC / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip())
    except OSError:
        return Holder(pid, "")
