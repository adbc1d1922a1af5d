"""A backup of a store: one file with all that was committed at one moment, made while the store is used, and read back.

What it is made of is read in one transaction, by a connection that never writes nor checkpoints; so the gateway goes on meanwhile, and
its -wal grows by what is committed in that time. The file has its name only once it was read back: every page, its checksum, and as
many rows in each table as there were.

Source: https://sqlite.org/backup.html.
"""

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed
from gateway.store.checksums import connect, give_checksums, has_checksums
from gateway.store.mark import is_simulated
from gateway.store.naming import naming

_NO_STORE = "it is no store of a gateway; name a file that gateway backup has made"
_PAGES = 256
"""So many are copied at a time."""


class Holding(NamedTuple):
    """What a file of a store holds."""

    shape: int
    """Number of the last step of `migrations` that it has taken."""
    simulated: bool
    """Whether it is a simulated gateway's."""
    rows: dict[str, int]
    """How many rows each table has."""
    bytes: int

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def back_up(store: Path, target: Path, *, pause: Callable[[], None] = lambda: None) -> Holding:
    """Copy all that is committed in `store` to the new file `target`, read it back, and say what it holds. On any thread, in any process.

    `pause` is called now and then between pages. Raises StoreCorrupt where the store, or what was read back, does not hold
    together, StoreFailed where it cannot be read or written, or where there is such a file already: nothing of `target` is there then.
    """
    part = target.with_name(f"{target.name}.part")
    if target.exists():
        raise StoreFailed(f"cannot write {target}: there is such a file already; give the backup another name")
    if not target.parent.is_dir():
        raise StoreFailed(f"cannot write {target}: there is no folder {target.parent}; make it, or name another place")
    try:
        rows = _copy(store, part, pause)
        found = look_into(part)
        if found.rows != rows:
            raise StoreCorrupt(f"cannot back up to {target}: read back, it has {found.rows} rows in place of {rows}; try another disk")
        with naming("write", target):
            part.replace(target)
            _sync(target.parent)
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                part.with_name(part.name + end).unlink(missing_ok=True)
    return found


def look_into(path: Path) -> Holding:
    """What a store's file holds, all of it read. Raises StoreCorrupt where it does not hold together, StoreFailed where it is none."""
    try:
        with naming("read", path), closing(_reading(path)) as reader:
            return _look_into(reader, path)
    except StoreCorrupt as error:
        if isinstance(error.__cause__, apsw.NotADBError):
            raise StoreFailed(f"cannot use {path}: {_NO_STORE}") from error
        if isinstance(error.__cause__, apsw.Error):  # what would become of the store of a gateway is not said of this file
            raise StoreCorrupt(f"{str(error).rpartition('; ')[0]}; take another backup") from error
        raise


def _look_into(reader: apsw.Connection, path: Path) -> Holding:
    wrong = [str(row[0]) for row in reader.execute("PRAGMA integrity_check(3)").fetchall() if row[0] != "ok"]
    if wrong:
        raise StoreCorrupt(f"cannot use {path}: {'; '.join(wrong)}; take another backup")
    shape, size = reader.pragma("user_version"), reader.pragma("page_count") * reader.pragma("page_size")
    rows = _rows(reader)
    if not {"note", "actor", "mail"} <= rows.keys():
        raise StoreFailed(f"cannot use {path}: {_NO_STORE}")
    return Holding(int(shape), is_simulated(reader), rows, int(size))


def _copy(store: Path, part: Path, pause: Callable[[], None]) -> dict[str, int]:
    """Copy it to a file of ours; how many rows each table had."""
    with naming("write", part):
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))  # it holds what the store holds
    with naming("back up", store), closing(_reading(store)) as reader:
        reader.execute("BEGIN").fetchall()
        rows = _rows(reader)
        with naming("write", part), closing(connect(part)) as writer:
            _prepare(writer, reader, store)
            with writer.backup("main", reader, "main") as backup:
                while not backup.done:
                    backup.step(_PAGES)
                    pause()
            writer.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, which can be read where nobody may write
        reader.execute("COMMIT").fetchall()
    with naming("write", part):
        _sync(part)
    return rows


def _prepare(writer: apsw.Connection, reader: apsw.Connection, store: Path) -> None:
    """Have the new file ready for the pages: its own first page says whether they bear checksums, and must be there before any other."""
    writer.execute("PRAGMA synchronous = OFF").fetchall()  # it is synced whole
    writer.execute(f"PRAGMA page_size = {reader.pragma('page_size')}").fetchall()
    if has_checksums(store):
        give_checksums(writer)
    writer.execute("PRAGMA user_version = 1").fetchall()


def _reading(path: Path) -> apsw.Connection:
    """A connection that only reads; where nothing beside the file may be written either, it stands alone."""
    path.open("rb").close()  # an OSError says more than SQLite does
    reader = connect(path, flags=apsw.SQLITE_OPEN_READONLY)
    reader.set_busy_timeout(5000)
    try:
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except apsw.CantOpenError:
        reader.close()
        uri = f"{path.absolute().as_uri()}?immutable=1"
        reader = connect(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    return reader


def _rows(reader: apsw.Connection) -> dict[str, int]:
    names = reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()
    counted: dict[str, Any] = {str(name): reader.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for (name,) in names}
    return counted


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the medium; what the system kept of it in memory is read from there again."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
        if path.is_file():
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
