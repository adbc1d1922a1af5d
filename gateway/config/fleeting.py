"""Whether a path is in memory only, so that what is written there is gone when the power is: looked up in the mounts of this machine.

Source: proc(5), /proc/self/mountinfo; Raspberry Pi OS, raspi-config, "Overlay File System".
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

_MOUNTS = Path("/proc/self/mountinfo")
_IN_MEMORY = ("tmpfs", "ramfs", "zram")
_OVERLAY = "overlayroot"
"""What an overlay over a card that is only read is called as a source: what is written to it goes to memory."""


class _Mount(NamedTuple):
    at: Path
    kind: str
    source: str


def why_fleeting(path: Path, mounts: str | None = None) -> str:
    """Why what is written at `path` does not outlive the power, and what to do; empty where it does. In the folder for what is temporary
    nobody means to keep anything. `mounts`: what the kernel says of them, unless it is to be asked."""
    place = path.absolute().resolve()
    if place.is_relative_to(Path(tempfile.gettempdir()).resolve()):
        return ""
    try:
        found = _mounts(_MOUNTS.read_text(errors="replace") if mounts is None else mounts)
    except OSError:
        return ""
    under = [mount for mount in found if place.is_relative_to(mount.at)]
    mount = max(under, key=lambda one: len(one.at.parts), default=None)
    if mount is None or (mount.kind not in _IN_MEMORY and mount.source != _OVERLAY):
        return ""
    how = "an overlay in memory" if mount.source == _OVERLAY else f"in memory ({mount.kind})"
    return f"{mount.at} is {how}: all that is kept there is gone with the power; name a folder on a card or a disk, as /var/lib/gateway"


def _mounts(text: str) -> list[_Mount]:
    """The mounts, the last one at a place last."""
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, more = left.split(" "), right.split(" ")
        if len(fields) > 4 and len(more) > 1:
            at = Path(fields[4].encode().decode("unicode_escape", "replace"))
            found.append(_Mount(at, more[0], more[1]))
    return found
