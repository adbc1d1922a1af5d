"""What the numbers were measured on, and what one process used, as the kernel counts it."""

import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import apsw

DISK = "/var/tmp"
"""Where the stores of a run go: unlike /tmp it is a disk on every distribution, and only a disk's fsync costs what it costs."""


class Usage(NamedTuple):
    """What a process has used until now.

    `written_bytes` is `write_bytes` of /proc/PID/io: pages the process made dirty on a real filesystem, in whole pages, counted once
    until they are on disk. SQLite's write-ahead log, its checkpoint and its deletes are in it. What the filesystem's own journal
    thread writes at each fsync is not; neither is anything on tmpfs.
    Source: Linux, Documentation/filesystems/proc.rst, sections 1.1 and 3.3.
    """

    cpu_s: float
    written_bytes: int
    peak_rss_mb: float

    @classmethod
    def of(cls, pid: int) -> "Usage":
        process = Path("/proc") / str(pid)
        return cls(
            cpu_s(pid),
            _number(process / "io", "write_bytes"),
            _number(process / "status", "VmHWM") / 1024,
        )


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used until now, or until it ended, as long as its parent did not ask how."""
    times = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")


def fsync_p50_ms(folder: str, rounds: int = 100) -> float:
    """The median of appending a page to a file and syncing it, milliseconds."""
    spans_s = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(rounds):
            start_s = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            spans_s.append(time.perf_counter() - start_s)
    return statistics.median(spans_s) * 1000


def describe(folder: str = DISK) -> str:
    """The machine in one line."""
    return (
        f"{_model()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {apsw.sqlite_lib_version()}, {_filesystem(folder)} with fsync p50 {fsync_p50_ms(folder):.2f} ms"
    )


def _model() -> str:
    """A board names itself in its device tree, a PC in cpuinfo."""
    board = Path("/proc/device-tree/model")
    if board.exists():
        return board.read_text().strip("\0\n")
    names = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _filesystem(folder: str) -> str:
    """The type of the filesystem with the longest mount point above `folder`."""
    mounts = (line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines())
    above = [(point, kind) for point, kind in mounts if Path(folder).resolve().is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]))[1]


def _number(file: Path, key: str) -> int:
    """The number behind `key:` in a file of /proc."""
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(f"{key}:"))
