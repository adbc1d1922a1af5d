"""The store on SQLite: WAL, one connection that writes and checkpoints, one that only reads.

apsw, not the standard library's sqlite3: measured here it takes 40 % less CPU for the same rows, keeps its speed while another
thread holds the interpreter, and brings its own SQLite, past the WAL-reset fault of 3.7.0 to 3.51.2.

Source: https://sqlite.org/wal.html, https://rogerbinns.github.io/apsw/.
"""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreFull
from gateway.store.checksums import call_meanwhile, connect, give_checksums
from gateway.store.events import EVENT_COLUMNS, SqliteEvents
from gateway.store.mark import check_mark, set_mark
from gateway.store.migrations import ACTOR_ROOT, migrate
from gateway.store.naming import naming
from gateway.store.record import CommitCount, Record, missing, read_record, wal_id, wal_of
from gateway.store.room import Room
from gateway.store.store import BoxSize, Changes, DeadRow, EventRow, MailRow, SeenRow, StateRow, up_to
from gateway.store.succession import real
from gateway.store.writing import write

_new = tuple.__new__
"""Makes a row of all its fields in their order: twice as fast as calling its class, for what is read by the thousand."""

_COMMITS = "store.commits"
"""Key of the store's own note, of how many commits there were at the last clean end."""
_LOOK: int = getattr(apsw, "SQLITE_CHECKPOINT_NOOP", apsw.SQLITE_CHECKPOINT_PASSIVE)
"""Says how long the -wal is; SQLite before 3.51 brings it into the file meanwhile."""
_PAGE_BYTES = 2048
"""A commit writes whole pages: measured at 100 events a second, 7.9 kB each against 12.2 kB with SQLite's 4096, and no slower in bulk."""
_IDLE_PAGES = 2000
"""A -wal of so many pages is brought into the file when nothing else is to be done, so that this meets no commit under load. Shorter, it
waits: pages that change again meanwhile are written once."""


class SqliteStore:
    """A store in one SQLite file (and its -wal and -shm beside it)."""

    def __init__(self, path: Path, *, loss_window_s: float = 0.0, max_mb: int = 0, ballast_mb: int = 0, simulated: bool = False) -> None:
        """Open or make the file. `loss_window_s`: 0 syncs each commit; above, at least once in so many seconds.

        `max_mb`: the file's limit, 0 for none; beyond it what was taken in already has a reserve, see `room.py`.
        `simulated`: it is a simulated gateway's. Raises StoreForeign where the file is not, or is and should not be, and
        StoreFailed when it cannot be opened or its shape is of a newer program.
        """
        path = real(path)
        check_mark(path, simulated=simulated)
        self.path = path
        self.fault = ""
        self._simulated = simulated
        self.loss_window_s = loss_window_s
        self._synced_s = time.monotonic()
        self._unsynced = False
        self._room = Room(path, ballast_mb, used_pages=self._used_pages, fold=self._fold)
        self.missing = 0
        """How many commits of earlier lives are missing, by the record of them."""
        self.missing_until_ms = 0
        """When the last of them was made, in wall time."""
        self._record: Record | None = None
        """None where there is no room for one."""
        self._frames = 0
        """How many frames the -wal had after the last commit."""
        self._uncounted: tuple[int, bool] | None = None
        """Of a commit that is not counted yet, how many frames it left, and whether it is safe."""
        self._wrote = False
        """Whether the commit under way has written something: one that changes nothing leaves the -wal as it is, and is not counted."""
        try:
            self._open(max_mb)
        except StoreCorrupt:
            raise
        except StoreFailed:
            if not (self._room.ballast.needed() and self._room.ballast.free()):
                raise
            self._open(max_mb)  # SQLite takes some room to open a file, and a full disk has none
        self._room.ballast.restore()

    def _open(self, max_mb: int) -> None:
        with naming("open", self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            expected, wal = read_record(self.path), wal_id(self.path)
            self._refuse_emptied(expected)
            with suppress(FileExistsError):  # it holds what is nobody else's affair: SQLite would let all read it, and what lies beside it
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640))
            self._writer = connect(self.path)
            try:
                frames = self._prepare(max_mb)
                self._compare(expected, wal, frames)
            except BaseException:
                self._writer.close()  # left to the garbage collector it would close later, and delete the next store's -wal
                raise
            self._reader = connect(self.path, flags=apsw.SQLITE_OPEN_READWRITE)
            self._reader.set_busy_timeout(5000)
            for pragma in ("query_only = 1", "wal_autocheckpoint = 0", "cache_size = -1000"):
                self._reader.execute(f"PRAGMA {pragma}").fetchall()
            self._parts = [str(self.path), str(wal_of(self.path))]
            self._places = _places(self._parts)

    def _prepare(self, max_mb: int) -> int:
        """Have the file as it is used; how many whole frames its -wal had."""
        self._writer.set_busy_timeout(5000)
        run = self._writer.execute
        # One by one: a script ends at its first statement that returns a row.
        run(f"PRAGMA page_size = {_PAGE_BYTES}").fetchall()
        if not self._writer.pragma("page_count"):
            give_checksums(self._writer)
        if self._simulated:
            set_mark(self._writer)
        run("PRAGMA journal_mode = WAL").fetchall()
        frames = self._frames_in_wal()
        run("PRAGMA cache_size = -1000").fetchall()
        run("PRAGMA wal_autocheckpoint = 0").fetchall()  # `_after_commit` does it
        run(f"PRAGMA synchronous = {'NORMAL' if self.loss_window_s else 'FULL'}").fetchall()
        self._room.measure(self._writer, max_mb)
        migrate(self._writer, self.path)
        return frames

    def _frames_in_wal(self) -> int:
        """How many whole frames the -wal has."""
        return max(0, self._writer.wal_checkpoint("main", _LOOK)[0])

    def _refuse_emptied(self, expected: CommitCount | None) -> None:
        """Raise StoreCorrupt where the file is empty or gone, and it was not: SQLite would begin a fresh one, and drop the -wal."""
        if self.path.exists() and self.path.stat().st_size > 1:  # SQLite takes one byte for none
            return
        beside = wal_of(self.path)
        if (expected is not None and expected.total) or (beside.exists() and beside.stat().st_size):
            raise StoreCorrupt(
                f"cannot open {self.path}: it is {'empty' if self.path.exists() else 'gone'}, and what lies beside it is not"
            )

    def _compare(self, expected: CommitCount | None, wal: bytes, frames: int) -> None:
        """Compare what is there with what the lives before have counted, and go on counting."""
        found: list[Any] = self._writer.execute("SELECT value FROM note WHERE key = ?", (_COMMITS,)).fetchall()
        there, page_bytes = int(found[0][0]) if found else 0, self._writer.pragma("page_size")
        if expected is not None:
            if expected.in_wal:
                self.missing = missing(expected, self.path, wal=wal, frames=frames, page_bytes=page_bytes)
            else:
                self.missing = max(0, expected.total - there)
            self.missing_until_ms = expected.at_ms
        with suppress(OSError):
            total = max(there, expected.total if expected else 0)
            self._record = Record(self.path, total, frames=self._frames_in_wal(), page_bytes=page_bytes)
        self._writer.set_wal_hook(self._after_commit)

    def _after_commit(self, _: apsw.Connection, __: str, frames: int) -> int:
        """SQLite calls this behind each commit: a -wal that is long enough is brought into the file."""
        self._frames, self._wrote = frames, True
        if self._room.folds(frames):
            self._checkpoint()
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Bring the -wal into the file, as far as no reader stands in the way."""
        with suppress(apsw.Error):  # the next commit that finds it too long tries again
            self._writer.wal_checkpoint("main", apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _fold(self) -> bool:
        """Bring all of the -wal into the file and give its room back; return whether no reader stood in the way.

        In three steps, so that a kill between any two of them looks like no loss: the record of commits counts on the -wal until it says
        that all is in the file, and only then is the -wal cut.
        """
        if self._writer.execute("PRAGMA wal_checkpoint(FULL)").fetchall()[0][0]:
            return False
        self.rest()
        if self._record is not None:
            with suppress(OSError):
                self._record.folded()
        return not self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0][0]

    def wants_tidying(self) -> bool:
        return self._frames >= _IDLE_PAGES

    def tidy(self) -> None:
        self._checkpoint()
        self._frames = 0  # the next commit says how long it is then

    def rest(self) -> None:
        uncounted, self._uncounted = self._uncounted, None
        if uncounted is not None and self._record is not None:
            self._count(self._record, *uncounted)

    def _count(self, record: Record, frames: int, safe: bool) -> None:
        """Count a commit that left the -wal with so many frames. `safe`: it and those before it outlive a power cut."""
        anew = record.committed(frames)
        with suppress(OSError):  # what is committed is safe, counted or not
            if safe:
                record.note()
            if safe and anew:
                record.sync()

    def commit(self, changes: Changes) -> None:
        self.rest()
        self._room.settle()
        self._wrote = False
        sync_now = self._window_is_over() or (changes.sync and self.loss_window_s > 0)
        if sync_now:
            self._writer.execute("PRAGMA synchronous = FULL")
        try:
            with naming("commit to", self.path):
                write(self._writer, changes)
        except StoreFull as error:
            raise self._room.named(error, self.path, changes) from error.__cause__
        finally:
            if sync_now:
                self._writer.execute("PRAGMA synchronous = NORMAL")
        if _places(self._parts) != self._places:  # it was written to a file that the next life will not find
            raise StoreCorrupt(f"cannot commit to {self.path}: its files were taken away or replaced; a new start takes what is there now")
        if self._wrote:  # else nothing was synced either
            self._uncounted = self._frames, sync_now or not self.loss_window_s
            if sync_now:
                self._synced_s = time.monotonic()
            self._unsynced = self.loss_window_s > 0 and not sync_now

    def wants_sync(self) -> bool:
        return self._unsynced and self._window_is_over()

    def _window_is_over(self) -> bool:
        return self.loss_window_s > 0 and time.monotonic() - self._synced_s >= self.loss_window_s

    def load(self, actor: str) -> StateRow | None:
        row = self._one("SELECT id, version, state, timers, wake_ms, ties FROM actor WHERE id = ?", (actor,))
        return StateRow(*row) if row else None

    def load_many(self, actors: Sequence[str], at_most_bytes: int) -> dict[str, StateRow | None]:
        # One text for any number of actors: SQLite's statement cache finds it.
        columns = "actor.id, version, state, timers, wake_ms, ties"
        query = f"SELECT wanted.value, {columns} FROM json_each(?) wanted LEFT JOIN actor ON actor.id = wanted.value"
        with naming("read", self.path):
            cursor = self._reader.execute(query, (json.dumps(actors),))
            try:
                return up_to(((wanted, None if id is None else StateRow(id, *row)) for wanted, id, *row in cursor), at_most_bytes)
            finally:
                cursor.close()

    def actors(self, prefix: str, after: str, limit: int) -> list[str]:
        query = "SELECT id FROM actor WHERE id >= ?1 AND id < ?1 || char(1114111) AND id > ?2 ORDER BY id LIMIT ?3"
        rows = self._all(query, (prefix, after, limit))
        return [row[0] for row in rows]

    def family(self, prefix: str, after: str, limit: int) -> list[tuple[str, bool]]:
        query = "SELECT id, ties IS NOT NULL FROM actor WHERE id >= ?1 AND id < ?1 || char(1114111) AND id > ?2 ORDER BY id LIMIT ?3"
        return [(id, bool(tied)) for id, tied in self._all(query, (prefix, after, limit))]

    def count_actors(self) -> int:
        return int(self._one("SELECT count(*) FROM actor")[0])

    def wakes(self, after_ms: int, until_ms: int, limit: int) -> list[tuple[int, str]]:
        query = "SELECT wake_ms, id FROM actor WHERE wake_ms > ? AND wake_ms <= ? ORDER BY wake_ms LIMIT ?"
        return self._all(query, (after_ms, until_ms, limit))

    def boxes(self) -> list[BoxSize]:
        rows = self._all("SELECT box, count(*), sum(length(message)), max(seq) FROM mail GROUP BY box ORDER BY box")
        return [BoxSize(*row) for row in rows]

    def mail(self, box: str, after_seq: int, limit: int) -> list[MailRow]:
        query = "SELECT box, seq, attempt, message FROM mail WHERE box = ? AND seq > ? ORDER BY seq LIMIT ?"
        return [_new(MailRow, row) for row in self._all(query, (box, after_seq, limit))]

    def seen(self) -> list[SeenRow]:
        return [SeenRow(*row) for row in self._all("SELECT source, n, id FROM seen ORDER BY source, n")]

    def dead(self, after: int, limit: int) -> list[DeadRow]:
        query = "SELECT n, at_ms, box, reason, attempt, message FROM dead WHERE n > ? ORDER BY n LIMIT ?"
        return [DeadRow(*row) for row in self._all(query, (after, limit))]

    def dead_sizes(self) -> list[tuple[int, int]]:
        return self._all("SELECT n, length(message) FROM dead ORDER BY n")

    def folded(self, actor: str) -> int:
        row = self._one("SELECT folded FROM actor WHERE id = ?", (actor,))
        return int(row[0] or 0) if row else 0

    def events(self, actor: str, after: int, limit: int) -> list[EventRow]:
        query = f"SELECT {EVENT_COLUMNS} FROM event WHERE actor = ? AND n > ? ORDER BY n LIMIT ?"
        return [EventRow(*row) for row in self._all(query, (actor, after, limit))]

    def last_event(self, kinds: Sequence[str] = ()) -> int:
        where = f"WHERE kind IN ({','.join('?' * len(kinds))})" if kinds else ""
        row = self._one(f"SELECT n FROM event {where} ORDER BY n DESC LIMIT 1", tuple(kinds))
        return int(row[0]) if row else 0

    def event_reader(self) -> SqliteEvents:
        return SqliteEvents(self.path)

    def notes(self) -> dict[str, str]:
        return dict(self._all("SELECT key, value FROM note WHERE key NOT IN (?, ?)", (_COMMITS, ACTOR_ROOT)))

    def check(self, progress: Callable[[], None] | None = None) -> str:
        """The first thing in the file that is damaged, in words; empty where all is well. It reads the whole file.

        `progress` is called now and then meanwhile.
        """
        with naming("check", self.path):
            if progress is not None:
                call_meanwhile(self._writer, progress)
            try:
                found = self._writer.execute("PRAGMA quick_check(1)").fetchall()
            finally:
                self._writer.set_progress_handler(None)
        return "" if found == [("ok",)] else "; ".join(str(row[0]) for row in found)

    def relieve(self) -> bool:
        return self._room.relieve()

    def why_full(self) -> str:
        return self._room.why_limited if self._room.lifted else ""

    def spare(self) -> bool:
        return self._room.spare()

    def recovered(self) -> bool:
        return self._room.recovered()

    def _used_pages(self) -> int:
        return int(self._one("PRAGMA page_count")[0]) - int(self._one("PRAGMA freelist_count")[0])

    def size_bytes(self) -> int:
        return sum(p.stat().st_size for p in (self.path, wal_of(self.path)) if p.exists())

    def abandon(self) -> None:
        """Close the store and leave its files as they are, with all that tells what happened to them."""
        self.rest()
        self._reader.close()
        self._writer.set_wal_hook(None)
        self._writer.close()
        if self._record is not None:
            with suppress(OSError):
                self._record.close(clean=False)

    def close(self) -> None:
        self.rest()
        self._reader.close()
        clean = False
        try:
            with naming("close", self.path):
                self._writer.set_wal_hook(None)
                if self._record is not None:
                    self._writer.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (_COMMITS, str(self._record.total + 1)))
                clean = self._fold()
                self._writer.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, int(not clean))  # it takes the empty -wal away
        finally:
            self._writer.close()
            if self._record is not None:
                with suppress(OSError):
                    self._record.close(clean=clean)

    def _all(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with naming("read", self.path):
            return self._reader.execute(query, values).fetchall()

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        rows = self._all(query, values)
        return rows[0] if rows else None


def _places(parts: Sequence[str]) -> list[tuple[int, int]]:
    """Which files these names stand for now, by inode; 0 for a file that does not exist. A few µs: it is asked at each commit."""
    found = []
    for part in parts:
        try:
            status = os.stat(part)  # noqa: PTH116  # a Path's own costs twice as much
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append((0, 0))
    return found
