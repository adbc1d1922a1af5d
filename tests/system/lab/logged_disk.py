"""A second disk for a machine, whose every write is logged; and that disk as it may look at any moment after a power cut.

A disk may keep what it was given since its last flush in a memory of its own, and write it in any order. A machine that is killed shows
none of this: its host has all writes, in their order. So they are logged, and played back on the host with some of them missing.

Source: QEMU, block/blklogwrites.c; the log is that of Linux, Documentation/admin-guide/device-mapper/log-writes.rst.
"""

import random
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.system.lab.machine import Machine

_SIZE = "48M"
_FLUSH, _FUA, _DISCARD = 1, 2, 4
_SECTOR = 512
_SUPER = struct.Struct("<QQQL")
"""Magic, version, number of entries, bytes of a sector of the log; the first is written now and then only."""
_ENTRY = struct.Struct("<QQQQ")
"""Sector, number of sectors, flags, length of the data that is the logger's own: none."""


class Write(NamedTuple):
    """One entry of the log."""

    end: int
    """Where it ends in the log, bytes."""
    at: int
    """Where it begins on the disk, bytes."""
    payload: bytes
    flush: bool
    """Whether all that was written before it was safe then."""
    safe: bool
    """Whether it was safe itself (FUA)."""


class LoggedDisk:
    """A disk with an empty ext4, and the log of what was written to it since."""

    def __init__(self, folder: Path) -> None:
        self.image, self._log = folder / "logged.img", folder / "logged.log"
        self.blank = folder / "blank.img"
        """The disk before anything was written."""
        now = "lazy_itable_init=0,lazy_journal_init=0"  # or the kernel writes them behind our back
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-E", now, str(self.blank), _SIZE], check=True, stdout=subprocess.DEVNULL)
        shutil.copyfile(self.blank, self.image)
        self._log.touch()

    def plug_into(self, machine: Machine) -> None:
        """Plug the disk in: it becomes /dev/vdb."""
        machine.plug_logged_disk(self.image, self._log)
        machine.sh("until [ -b /dev/vdb ]; do sleep 0.1; done")

    @property
    def logged(self) -> int:
        """Bytes of the log by now."""
        return self._log.stat().st_size

    def writes(self) -> list[Write]:
        """All that the log holds; of an entry that the end cut short, nothing."""
        log = self._log.read_bytes()
        sector = _SUPER.unpack_from(log)[3]
        found, position = [], sector
        while position + _ENTRY.size <= len(log):
            first, count, flags, _ = _ENTRY.unpack_from(log, position)
            begin = position + sector
            position = begin + (0 if flags & _DISCARD else count * sector)
            if not (count or flags) or position > len(log):
                break
            found.append(Write(position, first * sector, log[begin:position], bool(flags & _FLUSH), bool(flags & _FUA)))
        return found

    def states(
        self, writes: Sequence[Write], moments: Sequence[int], rng: random.Random, *, flushed: bool = True
    ) -> Iterator[tuple[Write, bytearray]]:
        """The disk as it may look after so many writes, for each of the moments, which rise; with the last of those writes.

        Of the writes since the last flush each is there, or is not, or its first sectors are. `flushed` False: of all writes, as on a
        disk that takes no notice of a flush.
        """
        disk, pending, done = bytearray(self.blank.read_bytes()), list[Write](), 0
        for moment in moments:
            for write in writes[done:moment]:
                if write.flush and flushed:
                    _apply(disk, pending)
                    pending.clear()
                if write.safe and flushed:
                    _apply(disk, [write])
                elif write.payload:
                    pending.append(write)
            done = moment
            state = bytearray(disk)
            _apply(state, [_partly(write, rng) for write in pending])
            yield writes[moment - 1], state


def _apply(disk: bytearray, writes: Sequence[Write]) -> None:
    for write in writes:
        disk[write.at : write.at + len(write.payload)] = write.payload


def _partly(write: Write, rng: random.Random) -> Write:
    sectors = rng.choice((0, len(write.payload) // _SECTOR, rng.randint(0, len(write.payload) // _SECTOR)))
    return write._replace(payload=write.payload[: sectors * _SECTOR])
