"""Salvage: what can still be read of a corrupt store is taken over into a fresh one, table by table, the mail first."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from gateway.store.checksums import connect, in_order_without
from gateway.store.migrations import ACTOR_ROOT, NOTE_ROOT
from gateway.store.naming import naming
from gateway.store.pages import Pages
from gateway.store.record import folded_by_others

_NAMES = {
    "mail": "messages",
    "dead": "dead letters",
    "note": "notes",
    "actor": "states of actors",
    "event": "events",
    "seen": "ids",
}
"""The tables in their order, and what their rows are. What waits to go out is mail."""
_AT_ONCE = 1000


class Salvaged(NamedTuple):
    """What was taken over."""

    rows: dict[str, int]
    """How many rows of each table."""
    bad: dict[str, int]
    """How many pages of each table could not be read; those without a bad one are left out."""
    trusted: int = 0
    """How many pages were read though their checksum is wrong."""

    @property
    def text(self) -> str:
        """For people."""
        taken = ", ".join(f"{count} {_NAMES[table]}" for table, count in self.rows.items() if count)
        lost = ", ".join(f"{count} of {_NAMES[table]}" for table, count in self.bad.items())
        lost = f"; pages that cannot be read: {lost}" if lost else ""
        if self.trusted:
            lost += (
                f"; {self.trusted} pages had a wrong checksum and were taken over all the same: the gateway was killed, another program, "
                "such as sqlite3, has opened its store since, and SQLite finds it in order"
            )
        return f"{taken or 'nothing'} could be read in it, and {'are' if taken else 'is'} here{lost}"


def salvage(corrupt: Path, fresh: Path, progress: Callable[[], None] = lambda: None) -> Salvaged:
    """Take over what can be read of the file `corrupt` into the new store `fresh`. Raises StoreFailed where that cannot be written.

    `progress` is called now and then. What is written is not on the medium before somebody syncs it.
    """
    rows: dict[str, int] = {}
    bad: dict[str, int] = {}
    with naming("write", fresh), closing(_writing(fresh)) as writer:
        shapes = {table: writer.execute(f"PRAGMA table_info({table})").fetchall() for table in _NAMES}
        pages = _open(corrupt, writer, progress)
        if pages is None:
            return Salvaged(rows, bad)
        with closing(pages):
            roots = _roots(pages) or _roots_of(writer, pages)
            for table in _NAMES:
                progress()
                pages.bad.clear()
                rows[table] = _take_over(table, shapes[table], pages.rows(roots.get(table, 0)), writer, progress)
                if pages.bad:
                    bad[table] = len(pages.bad)
        writer.execute(NOTE_ROOT)  # where it is here, not where it was there
    return Salvaged(rows, bad, len(pages.trusted))


def set_note(fresh: Path, key: str, text: str) -> None:
    """Set a note of a store that is not in use yet. Raises StoreFailed where it cannot be written."""
    with naming("write", fresh), closing(_writing(fresh)) as writer:
        writer.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (key, text)).fetchall()


def _writing(fresh: Path) -> apsw.Connection:
    """A connection that writes each page once, into the file itself: a file that is cut short is made anew."""
    writer = connect(fresh)
    for pragma in ("journal_mode = MEMORY", "synchronous = OFF"):
        writer.execute(f"PRAGMA {pragma}").fetchall()
    return writer


def _open(corrupt: Path, writer: apsw.Connection, progress: Callable[[], None]) -> Pages | None:
    trusting = folded_by_others(corrupt) and in_order_without(corrupt, progress)
    try:
        return Pages(corrupt, page_bytes=int(str(writer.pragma("page_size"))), trusting=trusting)
    except OSError:
        return None


def _roots(pages: Pages) -> dict[str, int]:
    """The first page of each table, as the file has it; empty where that cannot be read."""
    found = [row for row in pages.rows(1) if len(row) == 5 and row[0] == "table"]
    return {str(row[1]): row[3] for row in found if isinstance(row[3], int)}


def _roots_of(writer: apsw.Connection, pages: Pages) -> dict[str, int]:
    """The same of the fresh store: every store that has taken the same steps has its tables at the same pages, but that of the actors,
    for which there is a note."""
    found: Any = writer.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'").fetchall()
    roots: dict[str, int] = dict(found)
    noted = [row[1] for row in pages.rows(roots["note"]) if len(row) == 2 and row[0] == ACTOR_ROOT]
    if noted and str(noted[0]).isdecimal():
        roots["actor"] = int(noted[0])
    return roots


def _take_over(table: str, shape: list[Any], rows: Iterable[list[Any]], writer: apsw.Connection, progress: Callable[[], None]) -> int:
    """Write the rows that have the table's shape; how many."""
    count, left = 0, iter(_fitting(shape, rows))
    while some := list(islice(left, _AT_ONCE)):
        with writer:
            writer.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({','.join('?' * len(shape))})", some)
        count += len(some)
        progress()
    return count


def _fitting(shape: list[Any], rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """The rows with the types of the columns. One of an older shape has fewer; those that came since are empty."""
    for found in rows:
        row = found + [None] * (len(shape) - len(found))
        if len(row) == len(shape) and all(_fits(value, column) for value, column in zip(row, shape, strict=True)):
            yield row


def _fits(value: Any, column: tuple[int, str, str, int, Any, int]) -> bool:
    _, _, type_name, not_null, _, in_key = column
    if value is None:
        return not (not_null or in_key)
    return isinstance(value, {"TEXT": str, "INTEGER": int, "BLOB": bytes}[type_name])
