"""The room of a store: the limit of its file, the reserve beyond that, and the ballast beside it on the disk.

When the limit is reached it is lifted, first by a quarter, then by as much again as the whole and `UNDER_WAY_BYTES`: what is in memory
always finds room, or what drains could never be committed. It is lowered again once a tenth of the room is free.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw

from gateway.store.ballast import ballast_of, free_bytes

UNDER_WAY_BYTES = 64 * 1024 * 1024
"""More than may be in memory at once, on its way to the store: what comes in, mail that waits, and the batch under way."""
_CHECKPOINT_PAGES = 4000
_SHORT_PAGES = 256
_SHORT_BYTES = 16 * 1024 * 1024
_WORTH_BYTES = 64 * 1024


class Room:
    """Knows how much a store may take, and makes room where a commit found none. On the committer's thread, unless a method says other."""

    def __init__(self, path: Path, ballast_mb: int, *, used_pages: Callable[[], int], fold: Callable[[], bool]) -> None:
        """Hold a file to its room. `used_pages`: how much the store has; `fold` brings its -wal into the file and cuts it."""
        self.ballast = ballast_of(path, ballast_mb)
        self.lifted = False
        """Whether the limit is lifted, so that what waits can be committed and drained."""
        self._folder = path.parent
        self._used_pages = used_pages
        self._fold = fold
        self._writer: apsw.Connection
        self._page_bytes = 0
        self._max_pages = 0
        """The file's limit; 0 for none."""
        self._lifted_pages = 0
        """The limit when it is lifted, at first."""
        self._last_pages = 0
        """The limit when that does not do."""
        self._limit_pages = 0
        self._lower = False
        """Whether the next commit is to lower it again."""

    def measure(self, writer: apsw.Connection, max_mb: int) -> None:
        """Set the limit of a file that `writer` has opened: `max_mb`, 0 for none. An earlier life may have left the file beyond it."""
        self._writer = writer
        page_bytes = self._page_bytes = writer.pragma("page_size")
        if max_mb:
            self._max_pages = max_mb * 1024 * 1024 // page_bytes
            self._lifted_pages = self._max_pages * 5 // 4
            self._last_pages = 2 * self._max_pages + UNDER_WAY_BYTES // page_bytes
            self.lifted = writer.pragma("page_count") - writer.pragma("freelist_count") > self._max_pages
            self._limit(self._last_pages if self.lifted else self._max_pages)

    def _limit(self, pages: int) -> None:
        self._limit_pages = pages
        self._writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def folds(self, pages: int) -> bool:
        """Return whether a -wal of so many pages is brought into the file. The longer the cheaper, but it leaves the disk three times what
        it takes itself: on a disk with little room it would take the reserve of what is to go out, each time anew."""
        if pages < _SHORT_PAGES:
            return False
        return pages >= _CHECKPOINT_PAGES or free_bytes(self._folder) < 3 * pages * self._page_bytes

    def settle(self) -> None:
        """Before a commit: lower the limit again, where `recovered` has found room since the last one."""
        if self._lower:
            self._lower = self.lifted = False
            self._limit(self._max_pages)

    def relieve(self) -> bool:
        """Make room on a full medium, in steps: free the ballast, empty the -wal, lift the limit. Returns False where none is left."""
        freed = self.ballast.free()
        freed = self._shorten() or freed
        return self._lift() or freed

    def _shorten(self) -> bool:
        """On a full disk, bring what the -wal holds into the file and give its room back; return whether another try is worth it."""
        if free_bytes(self._folder) > _SHORT_BYTES:
            return False
        before = free_bytes(self._folder)
        with suppress(apsw.Error):  # it may find no room either
            self._fold()
        return free_bytes(self._folder) - before > _WORTH_BYTES

    def _lift(self) -> bool:
        """Take of the reserve what the limit leaves: a quarter more, then all of it. Whether there was any."""
        if not self._max_pages or self._limit_pages == self._last_pages:
            return False
        self._limit(self._last_pages if self.lifted else self._lifted_pages)
        self.lifted = True
        return True

    def spare(self) -> bool:
        """Return whether more than half of the reserve is left: commands may take of it. On the engine's thread."""
        if self.lifted and self._used_pages() > (self._max_pages + self._lifted_pages) // 2:
            return False
        return free_bytes(self._folder) > max(self.ballast.bytes // 2, _WORTH_BYTES)

    def recovered(self) -> bool:
        """Return whether a medium that was full has room again. The next commit then takes up the old limits. On the engine's thread."""
        return self._below_limit() and self.ballast.restore()

    def _below_limit(self) -> bool:
        """Whether a tenth of the room is free again, where the limit was lifted: the next commit then lowers it."""
        if self.lifted:
            self._lower = self._used_pages() <= self._max_pages * 9 // 10
            return self._lower
        return True
