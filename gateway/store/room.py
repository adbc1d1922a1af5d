"""The room of a store: the limit of its file, the reserve within that, how long its -wal may be, and the ballast beside it on the disk.

The last quarter of what `max_mb` gives is the reserve, 64 MB of it at most. Where all but that is taken, the reserve is opened; where that
is taken too, `UNDER_WAY_BYTES` more than that, or than the file had at the start: what is in memory always finds room, or what drains could
never be committed. The reserve is closed again once a tenth of the room is free.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import apsw

from gateway.actors.errors import StoreFull
from gateway.store.ballast import ballast_of, free_bytes
from gateway.store.store import Changes

UNDER_WAY_BYTES = 64 * 1024 * 1024
"""More than may be in memory at once, on its way to the store: what comes in, mail that waits, and the batch under way."""
CHECKPOINT_PAGES = 4000
_SHORT_PAGES = 256
_LOOK_PAGES = 64
"""Each time that the -wal has grown by so many pages, the room on the disk is looked at: at each commit that would take a good part of what
one costs that comes alone."""
_SHORT_BYTES = 16 * 1024 * 1024
_FRAME_HEAD = 24
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
        self._max_mb = 0
        self._max_pages = 0
        """How much the file may take without its reserve; 0 for any."""
        self._lifted_pages = 0
        """How much with it: what was promised."""
        self._last_pages = 0
        """How much when that does not do."""
        self._fold_pages = CHECKPOINT_PAGES
        self._looked_pages = 0
        """How long the -wal was when the room on the disk was looked at last."""
        self._limit_pages = 0
        self._at_limit = False
        """Whether the last commit that found no room had met the limit, and not the end of the disk."""
        self._lower = False
        """Whether the next commit is to lower it again."""

    def measure(self, writer: apsw.Connection, max_mb: int) -> None:
        """Set the limit of a file that `writer` has opened: `max_mb`, 0 for none. An earlier life may have left the file beyond it."""
        self._writer = writer
        page_bytes = self._page_bytes = writer.pragma("page_size")
        if max_mb:
            self._max_mb = max_mb
            whole = self._lifted_pages = max_mb * 1024 * 1024 // page_bytes
            under_way = UNDER_WAY_BYTES // page_bytes
            self._max_pages = whole - min(whole // 4, under_way)
            there = writer.pragma("page_count")  # it may be far more: the limit was higher, or there was none, and a file does not shrink
            self._last_pages = max(whole, there) + under_way
            self._fold_pages = min(CHECKPOINT_PAGES, max(_SHORT_PAGES, whole // 4))
            self.lifted = self._pages() > self._max_pages
            self._limit(self._last_pages if self.lifted else self._max_pages)
        # One long commit makes the -wal as long: from the next time on that it begins anew, it is no longer than others. An ordinary one
        # is a commit longer than where it is folded, and is not cut each time.
        writer.pragma("journal_size_limit", self._fold_pages * (page_bytes + _FRAME_HEAD) * 9 // 8)

    def _pages(self) -> int:
        """How many pages of the file are in use. On the committer's thread."""
        return int(self._writer.pragma("page_count") - self._writer.pragma("freelist_count"))

    def _limit(self, pages: int) -> None:
        self._limit_pages = pages
        self._writer.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def folds(self, pages: int) -> bool:
        """Return whether a -wal of so many pages is brought into the file. The longer the cheaper, but it leaves the disk three times what
        it takes itself: on a disk with little room it would take the reserve of what is to go out, each time anew."""
        if pages < _SHORT_PAGES or pages >= self._fold_pages:
            self._looked_pages = 0
            return pages >= self._fold_pages
        if 0 <= pages - self._looked_pages < _LOOK_PAGES:
            return False
        self._looked_pages = pages
        return free_bytes(self._folder) < 3 * pages * self._page_bytes

    def settle(self) -> None:
        """Before a commit: lower the limit again, where `recovered` has found room since the last one."""
        if self._lower:
            self._lower = self.lifted = False
            self._limit(self._max_pages)

    def named(self, error: StoreFull, path: Path, changes: Changes) -> StoreFull:
        """The error of a commit that found no room, which says of what: a disk that is full has none for a small file either."""
        self._at_limit = free_bytes(self._folder) >= _WORTH_BYTES and self._is_beyond(2 * changes.size_bytes() // self._page_bytes)
        if not self._at_limit:
            return error
        named = StoreFull(f"cannot commit to {path}: {self.why_limited}")
        named.why = self.why_limited
        return named

    def _is_beyond(self, pages: int) -> bool:
        """Whether about so many pages more may go beyond the limit."""
        with suppress(apsw.Error):  # the disk may have worse than no room
            return 0 < self._limit_pages <= self._pages() + pages + _SHORT_PAGES
        return False

    @property
    def why_limited(self) -> str:
        """What to say where the limit is reached, and what to do."""
        return f"store.max_mb = {self._max_mb} is reached (the disk has room): raise it, or see in gateway show what waits"

    def relieve(self) -> bool:
        """Make room on a full medium, in steps: free the ballast, empty the -wal, lift the limit; where only the limit is reached, no
        more than that. Returns False where none is left."""
        if self._at_limit and self._lift():
            return True
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
        """Open the reserve, then let the file grow beyond it by what is under way. Whether there was any."""
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
