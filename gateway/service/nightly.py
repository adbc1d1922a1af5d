"""The nightly backup: a thread that copies the store into the folder `backups` beside it, and keeps the copies of so many days.

A day's copy is made after three at night, or as soon after that as the gateway runs and its wall clock is trusted; `gateway-2026-01-31.db`.
"""

import datetime
import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path

from gateway.actors.errors import StoreFailed, StoreFull
from gateway.store.ballast import free_bytes

log = logging.getLogger(__name__)

_FROM_HOUR = 3
_LOOK_S = 60.0
_AGAIN_S = 3600.0
_PAUSE_S = 0.005
"""Between two pieces, so that the gateway's own commits go first."""
_DAY = re.compile(r"-\d{4}-\d\d-\d\d\.db")


class _Left(Exception):
    """The gateway ends: the copy is left."""


class NightlyBackup:
    """One thread, where backups are wanted. `start`, `stop` on the main thread."""

    def __init__(self, store: Path, kept: int, now: Callable[[], datetime.datetime | None]) -> None:
        """`now` is local time; None while nobody vouches for the clock."""
        self.folder = store.parent / "backups"
        self.fault = ""
        """Why there is no backup of this day; empty while all is well. Any thread may look."""
        self._store = store
        self._kept = kept
        self._now = now
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nightly backup", daemon=True)

    def start(self) -> None:
        """Begin to look, where backups are wanted."""
        if self._kept:
            self._thread.start()

    def stop(self) -> None:
        """Leave what is under way, and end."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_LOOK_S)

    def _run(self) -> None:
        wait_s = 0.0
        while not self._ending.wait(wait_s):
            now = self._now()
            wait_s = _LOOK_S if now is None or now.hour < _FROM_HOUR or self.make(now.date()) else _AGAIN_S

    def make(self, day: datetime.date) -> bool:
        """Make the backup of a day, where there is none yet, and drop those that are too many; whether there is one now."""
        target = self.folder / f"{self._store.stem}-{day.isoformat()}.db"
        if target.exists():
            return True
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._check_room()
            from gateway.store.backup import back_up  # noqa: PLC0415  # off in most gateways

            found = back_up(self._store, target, pause=self._pause)
        except _Left:
            return False
        except (StoreFailed, OSError) as error:
            self.fault = f"there is no backup of {day.isoformat()}: {error}"
            log.error("%s; tried again in an hour", self.fault)
            return False
        self.fault = ""
        log.info("backed up to %s: %d rows, read back and whole", target, found.total)
        self._drop_old()
        return True

    def _check_room(self) -> None:
        """Raise StoreFull where the disk has no room for a backup and for what is still to come."""
        needed = 2 * self._store.stat().st_size
        if free_bytes(self.folder) < needed:
            raise StoreFull(f"cannot write to {self.folder}: it takes {needed} bytes; make room on the disk, or lower store.backups_kept")

    def _pause(self) -> None:
        if self._ending.wait(_PAUSE_S):
            raise _Left

    def _drop_old(self) -> None:
        """Keep the newest ones: by their number, for a clock that was wrong once must not take them all."""
        mine = sorted(
            one for one in self.folder.glob(f"{self._store.stem}-*.db") if _DAY.fullmatch(one.name.removeprefix(self._store.stem))
        )
        for old in mine[: -self._kept]:
            old.unlink(missing_ok=True)
