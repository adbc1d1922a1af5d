"""What this process takes of the machine, as the kernel counts it.

Source: proc(5), /proc/self/status, /proc/self/io and /proc/vmstat.
"""

from pathlib import Path


def resident_bytes() -> int:
    """How much memory this process has now; 0 where the kernel does not say."""
    return _field("/proc/self/status", "VmRSS:") * 1024


def written_bytes() -> int:
    """How much this process has caused to be written to disks; 0 where the kernel does not say."""
    return _field("/proc/self/io", "write_bytes:")


def oom_kills() -> int:
    """How many processes of the host the kernel has killed since the boot because there was no memory; 0 where it does not say."""
    return _field("/proc/vmstat", "oom_kill ")


def _field(path: str, name: str) -> int:
    try:
        lines = Path(path).read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
