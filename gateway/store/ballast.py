"""Ballast: a file that takes room so that there is some to free when the disk is full.

On a truly full file system even a DELETE fails, since it must be written first; freeing the ballast lets it through.
"""

import os
from pathlib import Path

_MIB = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """How many bytes the disk of a path has for us."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


class Ballast:
    """A file of `mb` megabytes, really allocated, that can be freed; with 0 there is none."""

    def __init__(self, path: Path, mb: int) -> None:
        self._path = path
        self.bytes = mb * _MIB
        """How much it takes."""

    def restore(self) -> bool:
        """Allocate the file again where it is missing and the disk has room for it twice over; return whether it exists."""
        if not self.bytes:
            return True
        if self._path.exists() and self._path.stat().st_size == self.bytes:
            return True
        return free_bytes(self._path.parent) >= 2 * self.bytes and self._allocate()

    def _allocate(self) -> bool:
        """Allocate the file; return False where a quota or another writer was quicker."""
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.bytes)
        except OSError:
            self.free()
            return False
        return True

    def needed(self) -> bool:
        """Whether the disk has less room than the ballast takes."""
        return free_bytes(self._path.parent) < self.bytes

    def free(self) -> bool:
        """Give the file's room back to the disk; return whether there was any, and the disk let it go: not one that can only be read."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def ballast_of(store: Path, mb: int) -> Ballast:
    """The ballast of a store: it lies beside its file, on the same disk, whatever links lead there."""
    return Ballast(Path(os.path.realpath(store)).with_suffix(".ballast"), mb)
