"""Wear: how many years a card bears what is written to it a day.

Cards have no counter of their wear, and makers of cheap ones promise no number of writes. CYCLES is an assumption, on the low side: what
keeps three bits a cell bears to be written whole some hundreds of times up to a thousand. A card moves whole blocks where little is
written, so its own wear may be several times what is told here; a card made for it bears several times more.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from gateway.console.output import size

CYCLES = 500
"""How often a cheap card can be written whole."""
SECTOR = 512
"""Bytes of what the kernel counts in, whatever the disk's own sectors are."""
_USUAL = 32_000_000_000
"""Bytes of the card that is spoken of where the store is on none."""


def borne_by_card(store: Path, a_day: float, root: Path = Path("/")) -> str:
    """How long the card that a store is on bears so many bytes a day, in words; where it is on none, what a usual card would."""
    number = _device_of([store, *store.parents])
    disk = disk_at(root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}")
    bytes = size_of(disk) if disk is not None and disk.name.startswith("mmcblk") else 0
    years = years_of(bytes or _USUAL, max(a_day, 1.0))
    return f"a cheap card of {size(bytes or _USUAL)} {'lasts' if bytes else 'would last'} {in_years(years)}"


def years_of(bytes: int, a_day: float) -> float:
    """How many years a cheap card of so many bytes bears so many a day."""
    return bytes * CYCLES / a_day / 365


def in_years(years: float) -> str:
    """A number of years, for people."""
    return "more than 100 years" if years > 100 else f"about {years:.1f} years" if years < 10 else f"about {years:.0f} years"


def disk_at(place: Path) -> Path | None:
    """The folder of the disk that a file system is on, in sysfs: of a partition the whole disk's. None where it is on none."""
    if not place.exists():
        return None
    folder = place.resolve()
    return folder.parent if (folder / "partition").exists() else folder


def size_of(disk: Path) -> int:
    """How many bytes a disk has, by its folder in sysfs; 0 where that does not say."""
    try:
        return int((disk / "size").read_text(encoding="ascii")) * SECTOR
    except (OSError, ValueError):
        return 0


def _device_of(places: Iterable[Path]) -> int:
    """The number of the device that the first of these is on that may be looked at: a store may be another user's."""
    for place in places:
        try:
            return place.stat().st_dev
        except OSError:
            continue
    return 0
