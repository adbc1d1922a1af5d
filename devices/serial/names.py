"""Names of ports that stay: which device a configured name means today, and whether two names mean one.

udev links `/dev/serial/by-id/<maker and number>` and `/dev/serial/by-path/<socket>` to the device. Adapters without a number of
their own (CH340, PL2303) share one by-id name, and the link goes to whoever came last: such a name is refused.

Source: systemd 252, rules.d/60-serial.rules and `udevadm info` (the `S:` rows of /run/udev/data/c<major>:<minor>);
Linux, Documentation/admin-guide/devices.txt, majors 136 to 143 (pseudo-terminals).
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devices.serial.urls import is_url, network_port, place_without_scheme
from gateway.actors.errors import GatewayError

UDEV = Path("/run/udev/data")
SERIAL = Path("/dev/serial")
PSEUDO_TERMINALS = range(136, 144)


class PortMissing(GatewayError, FileNotFoundError):
    """Raised where no device has that name now: plug it in, or mend the name."""


class PortAmbiguous(GatewayError, LookupError):
    """Raised where several devices go by that name: name one of them by its path."""


class Device(NamedTuple):
    """A device, whatever its name is: two with the same fields are one device."""

    number: int
    """The device's number, as in `st_rdev`."""
    terminals: int
    """The file system that numbers it, where it is a pseudo-terminal: each container may have one, and begins at 0. Else 0."""

    def __str__(self) -> str:
        number = f"device {os.major(self.number)}:{os.minor(self.number)}"
        return f"{number} of file system {self.terminals}" if self.terminals else number


def find_port(name: str, *, serial: Path = SERIAL, udev: Path = UDEV) -> str:
    """Find the path that `name` means: itself when it is a path, else the by-id link that holds the name. Raises PortMissing or
    PortAmbiguous."""
    path = Path(name) if "/" in name else _by_part(name, serial)
    if not path.exists():
        raise PortMissing(f"cannot open {path}: there is no such device; plug it in, or see `gateway ports` for the names there are")
    if path.parent.name == "by-id":
        _check_alone(path, udev)
    return str(path)


def device_files(name: str) -> dict[str, str]:
    """The device that the key `port` means now, as `Settings.device_files` says it; the name itself where it means none."""
    if network_port(name) is not None:
        return {}
    try:
        return {"port": find_port(name)}
    except (GatewayError, OSError, ValueError):
        return {"port": name}


def links_to(device: Path, folder: Path) -> list[str]:
    """The links in `folder` that lead to `device`, as paths."""
    return sorted(str(link) for link in _links(folder) if link.resolve() == device.resolve())


def device_at(path: str) -> Device | None:
    """The device at `path`; None where there is none, or no device."""
    try:
        return device_of(os.stat(path))  # noqa: PTH116  # a name out of a file may hold what no Path takes
    except (OSError, ValueError):
        return None


def device_of(found: os.stat_result) -> Device | None:
    """The device that a `stat` describes; None where it describes something else."""
    if not stat.S_ISCHR(found.st_mode):
        return None
    return Device(found.st_rdev, found.st_dev if os.major(found.st_rdev) in PSEUDO_TERMINALS else 0)


def meaning(name: str) -> str:
    """What `name` means today, so that two names can be compared: a device where there is one, else a path, else the name itself."""
    if (place := network_port(name)) is not None:
        return place.meaning
    try:
        path = find_port(name)
    except (GatewayError, OSError, ValueError):
        if "/" not in name or "\0" in name:
            return name
        path = name
    return str(device_at(path) or os.path.realpath(path))


def why_no_port(name: str) -> str:
    """Why a name can be no port's, whatever is plugged in, and what to write; empty where it may be one."""
    plain = name.strip()
    if plain != name:
        return f'there is a space around {plain!r}; write "{plain}"'
    if re.fullmatch(r"(?:\\\\\.\\)?COM[0-9]+:?", plain, re.IGNORECASE):
        return f'{name} is a name of Windows; write one such as "/dev/ttyUSB0" (`gateway ports` lists them)'
    if is_url(plain):
        return _why_no_address(plain)
    if place := place_without_scheme(plain):
        return (
            f'{name} is an address of the network, and no device of this host; write "socket://{place}" for its bytes alone, or '
            f'"rfc2217://{place}" where its other end takes settings by RFC 2217'
        )
    if re.fullmatch(r"(?:tty[A-Z][A-Za-z]*|rfcomm|serial)[0-9]+", plain):
        return f'a name without / is a part of a by-id name; write "/dev/{name}"'
    if plain.startswith("dev/"):
        return f'this path does not begin at /; write "/{plain}"'
    if os.path.isdir(name):  # noqa: PTH112  # as above
        return f"{name} is a folder; write a device in it (`gateway ports` lists them)"
    return ""


def _why_no_address(name: str) -> str:
    try:
        network_port(name)
    except ValueError as error:
        return str(error)
    return ""


def _by_part(part: str, serial: Path) -> Path:
    found = [link for link in _links(serial / "by-id") if part in link.name]
    if len(found) > 1:
        names = ", ".join(sorted(link.name for link in found))
        raise PortAmbiguous(f"cannot open port {part!r}: {len(found)} names hold it; write more of one of them: {names}")
    if not found:
        raise PortMissing(f"cannot open port {part!r}: no name in {serial / 'by-id'} holds it; plug it in, or see `gateway ports`")
    return found[0]


def _check_alone(link: Path, udev: Path) -> None:
    """Raise PortAmbiguous where more than one device has a by-id name."""
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
