"""Last words: why a life ended badly, in a file beside the store, since the store itself may be the reason.

The journal of a Pi is often volatile; this is not. The disk may be the reason too, and hang: so they are written by a thread of their own,
which is waited for shortly, and once more where there is no disk, beside the control socket.
"""

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

AT_MOST = 2000
_PATIENCE_S = 2.0
"""So long the writing is waited for: a disk that works takes a fraction of it."""


class LastWords:
    """One file, `gateway.db.last-fault`; it keeps the last bad end until the next one, with its local time."""

    def __init__(self, store: Path, *, beside: Path | None = None) -> None:
        """`beside`: a folder in memory, for words that the disk of the store does not take."""
        self.path = store.with_name(store.name + ".last-fault")
        self._places = [*{self.path if beside is None else beside / self.path.name: 0, self.path: 0}]
        self._heard = self._read()

    def say(self, reason: str) -> None:
        """Write down why it ends. Any thread; it does not wait for a disk that hangs. Where it cannot be done it is only logged."""
        self._heard = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(reason.split())[:AT_MOST]}"
        writers = [threading.Thread(target=write_whole, args=(path, self._heard), name="last words", daemon=True) for path in self._places]
        for writer in writers:
            writer.start()
        deadline_s = time.monotonic() + _PATIENCE_S
        for writer in writers:
            writer.join(max(0.0, deadline_s - time.monotonic()))

    def heard(self) -> str:
        """What was said last, with its time; empty when nothing was. Any thread: nothing is read."""
        return self._heard

    def _read(self) -> str:
        """What an earlier life said last: the newest of what there is."""
        found: list[tuple[float, str]] = []
        for path in self._places:
            with suppress(OSError):
                found.append((path.stat().st_mtime, path.read_text(encoding="utf-8", errors="replace").strip()))
        return max(found, default=(0.0, ""))[1]


def write_whole(path: Path, text: str) -> bool:
    """Put a file with one line in the place of an old one, durably; return whether that was done. Where it cannot be done it is logged."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        log.error("cannot write %s: %s; what it would say: %s", path, error.strerror, text)
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        return False
    return True
