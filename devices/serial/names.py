"""Names of ports that stay: which device a configured name means today, and who else holds it.

udev links `/dev/serial/by-id/<maker and number>` and `/dev/serial/by-path/<socket>` to the device. Adapters without a number of
their own (CH340, PL2303) share one by-id name, and the link goes to whoever came last: such a name is refused.

Source: systemd 252, rules.d/60-serial.rules and `udevadm info` (the `S:` rows of /run/udev/data/c<major>:<minor>).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.actors.errors import GatewayError

UDEV = Path("/run/udev/data")
SERIAL = Path("/dev/serial")


class PortMissing(GatewayError, FileNotFoundError):
    """No device has that name now: plug it in, or mend the name."""


class PortAmbiguous(GatewayError, LookupError):
    """Several devices go by that name: name one of them by its path."""


class Holder(NamedTuple):
    """A process that has a device open."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.program})"


def find_port(name: str, *, serial: Path = SERIAL, udev: Path = UDEV) -> str:
    """The path that `name` means: itself when it is one, else the by-id link that holds it. Raises PortMissing or PortAmbiguous."""
    path = Path(name) if "/" in name else _by_part(name, serial)
    if not path.exists():
        raise PortMissing(f"cannot open {path}: there is no such device; plug it in, or see `gateway ports` for the names there are")
    if path.parent.name == "by-id":
        _check_alone(path, udev)
    return str(path)


def links_to(device: Path, folder: Path) -> list[str]:
    """The links in `folder` that lead to `device`, as paths."""
    return sorted(str(link) for link in _links(folder) if link.resolve() == device.resolve())


def holders(path: str) -> list[Holder]:
    """The other processes that have the device open, as far as this user may see."""
    target = os.path.realpath(path)
    return [
        Holder(int(process.name), _program(process))
        for process in Path("/proc").iterdir()
        if process.name.isdecimal() and int(process.name) != os.getpid() and _has_open(process, target)
    ]


def _by_part(part: str, serial: Path) -> Path:
    found = [link for link in _links(serial / "by-id") if part in link.name]
    if len(found) > 1:
        names = ", ".join(sorted(link.name for link in found))
        raise PortAmbiguous(f"cannot open port {part!r}: {len(found)} names hold it; write more of one of them: {names}")
    if not found:
        raise PortMissing(f"cannot open port {part!r}: no name in {serial / 'by-id'} holds it; plug it in, or see `gateway ports`")
    return found[0]


def _check_alone(link: Path, udev: Path) -> None:
    """Refuse a by-id name that more than one device claims."""
    by_path = link.parent.parent / "by-path"
    devices = {path.resolve() for path in (link, *_links(by_path)) if path.exists()}
    claimants = sorted(device for device in devices if _claims(device, f"serial/by-id/{link.name}", udev))
    if len(claimants) > 1:
        choices = ", ".join((links_to(device, by_path) or [str(device)])[0] for device in claimants)
        raise PortAmbiguous(f"cannot open {link}: {len(claimants)} adapters have this name; name the socket instead: {choices}")


def _claims(device: Path, name: str, udev: Path) -> bool:
    number = device.stat().st_rdev
    try:
        rows = (udev / f"c{os.major(number)}:{os.minor(number)}").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return f"S:{name}" in rows


def _links(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()


def _has_open(process: Path, target: str) -> bool:
    try:
        return any(str(fd.readlink()) == target for fd in (process / "fd").iterdir())
    except OSError:
        return False


def _program(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "gone"
