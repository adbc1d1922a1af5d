"""Discovery: the GPIO chips of this host, for `gateway ports`. That of the 40-pin header has pins for devices, others are the board's."""

from collections.abc import Callable
from pathlib import Path

from devices.gpio.chips import LABELS, chips_in, label_or_fault
from devices.gpio.kernel import label_of
from devices.thing import Thing, block_of

_BLOCK = block_of("gpio", "button", 'type = "button"', "pin = 17", 'report_to = "twin/button"')


def find_things(*, devices: Path = Path("/dev"), label: Callable[[Path], str] = label_of) -> list[Thing]:
    """Every GPIO chip, with a section of the file for a pin of the header."""
    return [_thing(path, label_or_fault(path, label)) for path in chips_in(devices)]


def _thing(path: Path, found: str | OSError) -> Thing:
    if isinstance(found, OSError):
        note = f"this user may not open it ({found.strerror}); sudo usermod --append --groups gpio $USER, then log in again"
        return Thing("gpio", str(path), "", "", (note,))
    if found in LABELS:
        return Thing("gpio", str(path), f"{found}, the 40-pin header", _BLOCK, ("any pin from 0 to 27, see pinout",), {"label": found})
    return Thing("gpio", str(path), found, "", ("not the header: its lines are the board's own",), {"label": found})
