"""The disk: its room, and its wear: how much is written to it a day, and how many years a card bears that.

Source: Linux, Documentation/block/stat.rst (the 7th field is sectors written); eMMC 5.1, JEDEC JESD84-B51 (DEVICE_LIFE_TIME_EST).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.cli.doctor.finding import Finding, fine, note, text_of, wrong
from gateway.cli.wear import SECTOR, disk_at, in_years, size_of, years_of
from gateway.console.output import size

FEW_YEARS = 3.0
_TELLING_S = 600.0
"""So long it must have been counted to say something of a day."""
_ROOM = 200_000_000
"""Bytes that should be free."""
_WORN = 8
"""Of the ten steps of an eMMC's life."""
_DAY_S = 86_400.0


class Written(NamedTuple):
    """How much was written in how long."""

    bytes: int
    seconds: float

    @property
    def a_day(self) -> float:
        """Bytes a day; 0 where it was not counted for long enough."""
        return self.bytes / self.seconds * _DAY_S if self.seconds >= _TELLING_S else 0.0


def look_at_disk(root: Path, store: Path, ours: Written | None, *, holds: str = "the store") -> Iterator[Finding]:
    """Look at the disk that the store is on, or what else it `holds` of ours; `ours` is what the running gateway has written, None where
    none runs."""
    folder = next((one for one in (store, *store.parents) if os.path.isdir(one)), Path("/"))  # noqa: PTH112  # pathlib raises where one may not enter
    yield _room(folder, holds)
    number = folder.stat().st_dev
    disk = disk_at(root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if disk is not None:
        yield from look_at_wear(disk, ours, up_s=_uptime_s(root))
    elif ours is not None and ours.a_day:
        yield fine("wear", f"the gateway writes {size(ours.a_day)} a day")


def look_at_wear(disk: Path, ours: Written | None, *, up_s: float) -> Iterator[Finding]:
    """Look at the wear of a disk, in its folder of sysfs; `up_s` is how long the host has been up."""
    life = [int(step, 16) for step in text_of(disk / "device/life_time").split() if step.startswith("0x")]
    if life and max(life) >= _WORN:
        used = f"{min(max(life), 10) * 10} %" if max(life) <= 10 else "all"
        yield wrong(
            "wear", f"{disk.name} has used {used} of its life, by its own word", "sudo gateway backup FILE; then copy the card to a new one"
        )
    bytes = size_of(disk)
    fields = text_of(disk / "stat").split()
    every = Written(int(fields[6]) * SECTOR if len(fields) > 6 else 0, up_s)
    a_day = max(every.a_day, ours.a_day if ours else 0.0)
    if not bytes or not a_day:
        yield note("wear", f"{disk.name}: it was not counted for long enough to tell; ask again in ten minutes")
        return
    if not disk.name.startswith("mmcblk"):
        yield fine("wear", f"{size(a_day)} a day are written to {disk.name}, which is no SD card")
        return
    years = years_of(bytes, a_day)
    by_us = f"; {size(ours.a_day)} of it by the gateway" if ours and ours.a_day else ""
    text = f"{size(a_day)} a day are written to {disk.name} ({size(bytes)}){by_us}: a cheap card lasts {in_years(years)} at that rate"
    if years >= FEW_YEARS:
        yield fine("wear", text)
    elif ours and ours.a_day * 2 > a_day:
        yield wrong("wear", text, "loss_window_s = 5 in [store] writes less often, and a power cut then costs 5 seconds")
    else:
        yield wrong("wear", text, "sudo iotop -ao shows who writes; logs: Storage=volatile in /etc/systemd/journald.conf")


def _room(folder: Path, holds: str) -> Finding:
    found = os.statvfs(folder)
    free, whole = found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    text = f"{size(free)} of {size(whole)} are free where {holds} is ({folder})"
    if found.f_flag & os.ST_RDONLY:
        return wrong(
            "disk", f"{folder} can only be read: {holds} cannot be kept", "sudo mount -o remount,rw /; dmesg says why it was made so"
        )
    return (
        fine("disk", text)
        if free >= _ROOM
        else wrong("disk", text, "sudo apt clean; sudo journalctl --vacuum-size=50M; or max_mb in [store]")
    )


def _uptime_s(root: Path) -> float:
    return float((text_of(root / "proc/uptime") or "0").split()[0])
