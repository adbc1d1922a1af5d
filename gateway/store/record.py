"""The record of commits: how many there should be, in a small file of its own beside the store, `gateway.db.commits`.

A -wal that was cut, changed or taken away is no fault to SQLite: it takes what is whole in it and goes on. So each commit that is safe
from a power cut is counted here, together with how far the -wal reached then, by a write that nobody waits for, a moment behind it or
with the next: a process that is killed in between and a power cut lose the newest count at most, which is no false alarm. It is synced when
the -wal begins anew and at a clean end.

Source: https://sqlite.org/fileformat2.html#the_write_ahead_log.
"""

import os
import struct
import time
import zlib
from pathlib import Path
from typing import NamedTuple

_SLOT = 512
"""Two slots take turns, each within one sector: one that was being written when the process ended does not hold, and the other does."""
_FORMAT = struct.Struct("<4sQQI12sQ")
_MAGIC = b"gwC1"
_WAL_HEAD = 32
_FRAME_HEAD = 24
_WAL_ID = slice(12, 24)
"""Of the head of a -wal: how often it began anew, and two numbers that its frames bear."""


class CommitCount(NamedTuple):
    """How much was committed."""

    total: int
    """All commits of this store so far."""
    in_wal: int
    """Those of them that are in the -wal as it was then; 0 after a clean end."""
    frames: int
    """How many frames it had; 0 where all that was counted had been brought into the file."""
    wal: bytes
    """Which one it was."""
    at_ms: int
    """Wall time of the last one, milliseconds."""


def record_of(store: Path) -> Path:
    """Where the record of a store is: beside its file, whatever links lead there."""
    return Path(os.path.realpath(store) + ".commits")


def wal_of(store: Path) -> Path:
    """Where its -wal is: SQLite follows links."""
    return Path(os.path.realpath(store) + "-wal")


def read_record(store: Path) -> CommitCount | None:
    """What the last life counted; None where nobody knows."""
    try:
        blob = record_of(store).read_bytes()
    except OSError:
        return None
    found = [counted for at in (0, _SLOT) if (counted := _read_slot(blob[at : at + _SLOT]))]
    return max(found, key=lambda counted: counted.total, default=None)


def _read_slot(blob: bytes) -> CommitCount | None:
    body, crc = blob[: _FORMAT.size], blob[_FORMAT.size : _FORMAT.size + 4]
    if len(crc) < 4 or int.from_bytes(crc, "little") != zlib.crc32(body):
        return None
    magic, *fields = _FORMAT.unpack(body)
    return CommitCount(*fields) if magic == _MAGIC else None


def wal_id(store: Path) -> bytes:
    """Which -wal lies beside a store; empty where there is none."""
    try:
        with wal_of(store).open("rb") as file:
            head = file.read(_WAL_HEAD)
    except OSError:
        return b""
    return head[_WAL_ID] if len(head) == _WAL_HEAD else b""


def folded_by_others(store: Path) -> bool:
    """Whether the -wal that the last life left is gone, and no gateway has brought it into the file: another program may have."""
    expected = read_record(store)
    return expected is not None and expected.in_wal > 0 and expected.frames > 0 and not wal_id(store)


def missing(expected: CommitCount, store: Path, *, wal: bytes, frames: int, page_bytes: int) -> int:
    """How many commits are missing of those that were counted. `wal`: which one was found at the start; `frames`: how many of it hold."""
    if not expected.frames:
        return 0
    if wal and wal[:4] > expected.wal[:4]:
        return 0  # it began anew after this was counted: all of the older one is in the file
    if wal != expected.wal:
        return expected.in_wal
    return max(1, expected.in_wal - _commits_in(store, frames, page_bytes)) if frames < expected.frames else 0


def _commits_in(store: Path, frames: int, page_bytes: int) -> int:
    """How many commits the first frames of a -wal hold: the last frame of each says how large it left the file."""
    count = 0
    with wal_of(store).open("rb") as file:
        for frame in range(frames):
            file.seek(_WAL_HEAD + frame * (_FRAME_HEAD + page_bytes) + 4)
            count += file.read(4) != b"\0\0\0\0"
    return count


class Record:
    """Counts the commits of one life. On the thread that commits."""

    def __init__(self, store: Path, total: int, *, frames: int, page_bytes: int) -> None:
        """Go on at `total`, behind so many frames of the -wal. Raises OSError where the file cannot be made."""
        self._store = store
        self._total = total
        self._in_wal = _commits_in(store, frames, page_bytes) if frames else 0
        self._frames = frames
        self._wal = wal_id(store) if frames else b""
        self._head = -1
        """The descriptor by which the head of the -wal is read."""
        self._file = os.open(record_of(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            os.posix_fallocate(self._file, 0, 2 * _SLOT)  # so that a disk that is full later has room for it
        except OSError:
            os.close(self._file)
            raise

    @property
    def total(self) -> int:
        """All commits of this store so far."""
        return self._total

    def committed(self, frames: int) -> bool:
        """A commit left the -wal with so many frames; whether it began anew with it."""
        wal = self._wal_now()
        anew = frames <= self._frames or wal != self._wal
        if anew:
            self._wal, self._in_wal = wal, 0
        self._total += 1
        self._in_wal += 1
        self._frames = frames
        return anew

    def _wal_now(self) -> bytes:
        """Which -wal there is now; empty where that cannot be read. It is asked at each commit: by its name it would take much longer."""
        try:
            if self._head < 0:
                self._head = os.open(wal_of(self._store), os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._head, _WAL_ID.stop - _WAL_ID.start, _WAL_ID.start)
        except OSError:
            return b""

    def note(self) -> None:
        """What was committed so far is safe from a power cut."""
        self._write(self._in_wal, self._frames)

    def folded(self) -> None:
        """All that was committed is in the store's file now, and on the medium, whatever becomes of the -wal."""
        self._write(max(1, self._in_wal), 0)
        self.sync()
        self._frames, self._wal = 0, b""

    def _write(self, in_wal: int, frames: int) -> None:
        body = _FORMAT.pack(_MAGIC, self._total, in_wal, frames, self._wal, time.time_ns() // 1_000_000)
        os.pwrite(self._file, body + zlib.crc32(body).to_bytes(4, "little"), _SLOT * (self._total % 2))

    def sync(self) -> None:
        """Have it on the medium."""
        os.fsync(self._file)

    def close(self, *, clean: bool) -> None:
        """Give the file back. `clean`: the -wal is in the store's file whole."""
        if clean:
            self._total += 1  # so that it has the newest slot
            self._write(0, 0)
            self.sync()
        os.close(self._file)
        if self._head >= 0:
            os.close(self._head)
