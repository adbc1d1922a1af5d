"""Discovery: the serial ports of this host and the names they go by, for `gateway ports`.

Source: sysfs; `type` of a UART is 0 where the kernel reserves a number that no hardware has (include/uapi/linux/serial.h).
"""

import os
from pathlib import Path
from typing import NamedTuple

from serial.tools.list_ports_linux import SysFS  # type: ignore[import-untyped]  # pyserial has no types

from devices.serial.holders import Holder, holders
from devices.serial.names import SERIAL, links_to
from devices.thing import Thing, apart, block_of, key_of

_POSITIONS = ("u-blox", "gps", "gnss")
"""What receivers of positions have in their names."""


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


def find_things() -> list[Thing]:
    """Every serial port with hardware behind it, with the section of the file that names it."""
    return things_of(find_ports())


def things_of(ports: list[FoundPort]) -> list[Thing]:
    """The ports, each with a section of the file; no two of these have one name."""
    ends = [Path(port.device).name for port in ports]
    keys = apart(("gps" if _says_positions(port) else key_of(port.description, Path(port.device).name) for port in ports), ends)
    return [_thing(port, key) for port, key in zip(ports, keys, strict=True)]


def _thing(port: FoundPort, key: str) -> Thing:
    names = [*port.by_id, *port.by_path, port.device]
    means = ('codec = "nmea"', f'to = "trip/{key}"') if _says_positions(port) else ('codec = "json"', f'to = "twin/{key}"')
    notes = [f'or port = "{name}"' for name in names[1:]]
    if not port.readable:
        notes.append("this user may not open it; sudo usermod --append --groups dialout $USER, then log in again")
    notes += [f"in use by {holder}" for holder in port.held_by]
    more = {**port._asdict(), "held_by": [str(holder) for holder in port.held_by]}
    return Thing("serial", port.device, port.description, block_of("serial", key, f'port = "{names[0]}"', *means), tuple(notes), more)


def _says_positions(port: FoundPort) -> bool:
    said = " ".join((port.description, *port.by_id)).lower()
    return any(word in said for word in _POSITIONS)


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
