"""Checksums: eight bytes at the end of each page, by which a page that the medium has changed is known whenever it is read.

SQLite reckons them itself, in C, where apsw brings its extension for that (its wheels do). A file has them from its birth on or not
at all; one that was made without them is used as it is.

Source: https://sqlite.org/cksumvfs.html.
"""

from collections.abc import Callable
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import apsw

from gateway.actors.errors import StoreFailed

_STEPS_BETWEEN = 100_000
"""Of SQLite's steps, between two calls of what hears that a statement goes on."""
_VFS = "cksmvfs"
_RESERVED = 8
_WHERE = 20
"""The byte of the file that says how much is reserved at the end of each page."""


def connect(path: Path | str, *, flags: int = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE) -> apsw.Connection:
    """Open a file so that its checksums are minded. Raises StoreFailed where it has some and this apsw cannot mind them, and where the
    name of the file is no text: SQLite knows names in UTF-8 only.

    A connection that closes leaves the -wal as it is, also one that the garbage collector closes: who wants it in the file brings it
    there first, and counts it (`SqliteStore.close`).
    """
    vfs = _vfs()
    if not vfs and has_checksums(Path(path)):
        raise StoreFailed(
            f"cannot open {path}: its pages have checksums, and the apsw that is installed cannot mind them; install its wheel"
        )
    if _is_no_text(str(path)):
        raise StoreFailed(f"cannot open {path}: its name, or a folder's, is no UTF-8; give it another one")
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs or None)
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    return connection


def _is_no_text(name: str) -> bool:
    """Whether bytes are in a name that are no UTF-8, or a NUL."""
    return "\0" in name or any("\ud800" <= one <= "\udfff" for one in name)


def give_checksums(connection: apsw.Connection) -> None:
    """Have the pages of a new file bear checksums. To be done before the first write."""
    if _vfs():
        connection.reserve_bytes("main", _RESERVED)


def has_checksums(path: Path) -> bool:
    """Whether the pages of a file bear checksums; false where there is none, or it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(_WHERE + 1)
    except OSError:
        return False
    return head[_WHERE:] == bytes([_RESERVED])


def in_order_without(path: Path, progress: Callable[[], None]) -> bool:
    """Whether SQLite finds all of a file in order that has no -wal, whatever its checksums are. It reads the whole file.

    `progress` is called now and then meanwhile.
    """
    uri = f"{path.absolute().as_uri()}?immutable=1"
    try:
        with closing(apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, vfs="unix")) as reader:
            call_meanwhile(reader, progress)
            return reader.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]
    except apsw.Error:
        return False


def call_meanwhile(connection: apsw.Connection, progress: Callable[[], None]) -> None:
    """Have `progress` called now and then while a statement of this connection runs."""

    def go_on() -> bool:
        progress()
        return False

    connection.set_progress_handler(go_on, _STEPS_BETWEEN)


@lru_cache(maxsize=1)
def _vfs() -> str:
    """The name of what minds them; empty where apsw does not bring it."""
    extension = Path(apsw.__file__).parent / "sqlite_extra_binaries" / "cksumvfs.so"
    if not extension.exists():
        return ""
    connection = apsw.Connection(":memory:")
    try:
        connection.enable_load_extension(True)
        connection.load_extension(str(extension))
    except apsw.Error:
        return ""
    finally:
        connection.close()
    return _VFS
