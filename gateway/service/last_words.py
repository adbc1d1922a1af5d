"""Last words: why a life ended badly, in a file beside the store, since the store itself may be the reason.

The journal of a Pi is often volatile; this is not.
"""

import logging
import os
import time
from pathlib import Path

log = logging.getLogger(__name__)

AT_MOST = 2000


class LastWords:
    """The file that keeps why a life ended badly, `gateway.db.last-fault`, until the next bad end."""

    def __init__(self, store: Path) -> None:
        self.path = store.with_name(store.name + ".last-fault")

    def say(self, reason: str) -> None:
        """Write down why this life ends. Any thread; where that cannot be done it is only logged."""
        text = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {' '.join(reason.split())[:AT_MOST]}\n"
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            log.error("cannot write %s: %s; what it would say: %s", self.path, error.strerror, text.strip())

    def heard(self) -> str:
        """What was written last, with its time; empty where nothing was."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
