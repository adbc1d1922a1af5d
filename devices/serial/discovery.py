"""Discovery: the serial ports of this host and the names they go by, for `gateway ports`.

Source: sysfs; `type` of a UART is 0 where the kernel reserves a number that no hardware has (include/uapi/linux/serial.h).
"""

import os
from pathlib import Path
from typing import NamedTuple

from serial.tools.list_ports_linux import SysFS  # type: ignore[import-untyped]  # pyserial has no types

from devices.serial.holders import Holder, holders
from devices.serial.names import SERIAL, links_to


class FoundPort(NamedTuple):
    """One serial port of this host. The first of `by_id`, `by_path` and `device` that there is makes the best setting `port`."""

    device: str
    by_id: tuple[str, ...]
    by_path: tuple[str, ...]
    description: str
    readable: bool
    """Whether this user may read and write it; if not, add the user to the group that owns it (mostly `dialout`)."""
    held_by: tuple[Holder, ...]
    """The processes that have it open."""


def find_ports(*, dev: Path = Path("/dev"), tty: Path = Path("/sys/class/tty"), serial: Path = SERIAL) -> list[FoundPort]:
    """Every serial port with hardware behind it, in order of its name."""
    devices = [dev / entry.name for entry in sorted(tty.iterdir()) if _has_hardware(entry)] if tty.is_dir() else []
    return [_found(device, serial) for device in devices if device.exists()]


def _found(device: Path, serial: Path) -> FoundPort:
    return FoundPort(
        device=str(device),
        by_id=tuple(links_to(device, serial / "by-id")),
        by_path=tuple(links_to(device, serial / "by-path")),
        description=_description(device),
        readable=os.access(device, os.R_OK | os.W_OK),
        held_by=tuple(holders(str(device))),
    )


def _has_hardware(entry: Path) -> bool:
    if not (entry / "device").exists() or entry.name.startswith("hvc"):
        return False
    kind = entry / "type"
    return not kind.exists() or kind.read_text(encoding="ascii").strip() != "0"


def _description(device: Path) -> str:
    """A port's description: the product's name for a USB adapter; `n/a` becomes nothing."""
    try:
        found = str(SysFS(str(device)).description or "")
    except OSError:
        return ""
    return "" if found == "n/a" else found
