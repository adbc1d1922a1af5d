"""The kernel: whether it is one that lgpio and the drivers of adapters work with, and what it has said since the boot of the card and the
supply.

Source: Linux, Documentation/ABI/testing/dev-kmsg; drivers/hwmon/raspberrypi-hwmon.c; drivers/mmc/core; block/blk-core.c; fs/ext4/super.c.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.cli.doctor.finding import Finding, fine, note, text_of, wrong

SUPPLY = "use the supply that the Pi came with (5.1 V, 3 A; a Pi 5: 5 A), a short cable, and a hub with its own supply for hungry adapters"
_OLDEST = (5, 10)
"""The first with the second interface to pins, which lgpio uses."""
_RELEASE = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")
_RECORD_BYTES = 8192
"""No record of the kernel's log is longer."""
_RECORDS_AT_MOST = 200_000
_CARD = re.compile(
    r"(?:I/O error, dev (?:mmcblk|sd)|Buffer I/O error on dev (?:mmcblk|sd)|mmcblk[0-9]{1,3}: .{0,40}error|mmc[0-9]{1,3}: .{0,60}error"
    r"|EXT4-fs error|EXT4-fs .{0,60}Remounting filesystem read-only|mmc[0-9]{1,3}: Timeout waiting)"
)
_WEAK = re.compile(r"[Uu]nder-?voltage detected")
_SHOWN = 120


def look_at_kernel(root: Path) -> Iterator[Finding]:
    """Look at the kernel that runs below `root`: too old, or replaced by an upgrade since it was booted."""
    release = text_of(root / "proc/sys/kernel/osrelease")
    found = _RELEASE.match(release)
    if found and (int(found[1]), int(found[2])) < _OLDEST:
        text = f"Linux {release} is too old for the pins: lgpio needs {'.'.join(map(str, _OLDEST))} or later"
        yield wrong("kernel", text, "sudo apt update && sudo apt full-upgrade && sudo reboot")
    modules = root / "lib/modules"
    others = [one.name for one in modules.glob("*") if (one / "modules.dep").exists()]
    if others and release not in others:
        text = f"an upgrade has replaced the kernel that runs, {release}: drivers of what is plugged in now cannot be loaded"
        yield wrong("kernel", text, "sudo reboot")


def look_at_kernel_log(root: Path) -> Iterator[Finding]:
    """Look for what the kernel has said of the card and of the supply since the boot. Only root may read its log."""
    try:
        said = list(_records(root / "dev/kmsg"))
    except FileNotFoundError:
        return
    except OSError as error:
        yield note("kernel log", f"this user may not read it: {error.strerror}", "sudo gateway doctor")
        return
    card = [line for line in said if _CARD.search(line)]
    if card:
        text = f"the kernel has met {len(card):,} errors of the card or disk since the boot; the last: {card[-1][:_SHOWN]}"
        yield wrong("card", text, "sudo gateway backup FILE on another disk, then a new card (config/guide/start.md, When the card dies)")
    weak = sum(1 for line in said if _WEAK.search(line))
    if weak:
        yield wrong("power", f"the supply was too weak {weak:,} times since the boot: under-voltage", SUPPLY)
    if not card and not weak:
        yield fine("kernel log", "nothing of the card or the supply")


def _records(path: Path) -> Iterator[str]:
    """What the kernel's log has, a record each. A read of /dev/kmsg gives one record; of a file many lines."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    rest = ""
    try:
        for _ in range(_RECORDS_AT_MOST):
            try:
                found = os.read(descriptor, _RECORD_BYTES)
            except BrokenPipeError:
                continue  # it was overwritten while we read: the next one follows
            except BlockingIOError:
                break
            if not found:
                break
            *lines, rest = (rest + found.decode("utf-8", "replace")).split("\n")
            yield from (line.partition(";")[2] or line for line in lines)
    finally:
        os.close(descriptor)
    if rest:
        yield rest.partition(";")[2] or rest
