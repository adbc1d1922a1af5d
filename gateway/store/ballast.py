"""Ballast: a file that takes room so that there is some to free when the disk is full.

On a truly full file system even a DELETE fails, since it must be written first; freeing the ballast lets it through.
"""

import os
from pathlib import Path

_MIB = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """How much room its disk has for us."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class Ballast:
    """A file of `mb` megabytes, really allocated; with 0 there is none."""

    def __init__(self, path: Path, mb: int) -> None:
        self._path = path
        self._bytes = mb * _MIB

    def restore(self) -> bool:
        """Allocate it again where it is missing and there is room for it twice over; whether it stands."""
        if not self._bytes:
            return True
        if self._path.exists() and self._path.stat().st_size == self._bytes:
            return True
        return free_bytes(self._path.parent) >= 2 * self._bytes and self._allocate()

    def _allocate(self) -> bool:
        """Take the room; false where a quota or another writer was quicker."""
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._bytes)
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def needed(self) -> bool:
        """Whether the disk has less room than the ballast takes."""
        return free_bytes(self._path.parent) < self._bytes

    def free(self) -> bool:
        """Give its room back; whether there was any."""
        if not self._path.exists():
            return False
        self._path.unlink()
        return True
