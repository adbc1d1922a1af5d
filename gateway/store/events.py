"""A reader of committed events on SQLite: a connection of its own, for a thread of its own. It never writes nor checkpoints."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from gateway.store.checksums import connect
from gateway.store.naming import naming
from gateway.store.store import EventRow

EVENT_COLUMNS = "n, actor, at_ms, kind, version, body"


class SqliteEvents:
    """A reader of committed events in one SQLite file, opened on the thread that uses it."""

    def __init__(self, path: Path) -> None:
        """Open the file."""
        self.path = path
        with naming("open", path):
            self._reader = connect(path, flags=apsw.SQLITE_OPEN_READWRITE)
            self._reader.set_busy_timeout(5000)
            for pragma in ("query_only = 1", "wal_autocheckpoint = 0", "cache_size = -500"):
                self._reader.execute(f"PRAGMA {pragma}").fetchall()

    def page(self, *, actor: str = "", prefix: str = "", kinds: Sequence[str] = (), after: int = 0, limit: int = 100) -> list[EventRow]:
        """Read a page of events, as `EventReader.page`."""
        conditions: list[tuple[str, list[Any]]] = [("n > ?", [after])]
        if actor:
            conditions.append(("actor = ?", [actor]))
        if prefix:
            conditions.append(("actor >= ? AND actor < ? || char(1114111)", [prefix, prefix]))
        if kinds:
            conditions.append((f"kind IN ({','.join('?' * len(kinds))})", [*kinds]))
        where = " AND ".join(text for text, _ in conditions)
        values = [value for _, some in conditions for value in some]
        with naming("read", self.path):
            found: Any = self._reader.execute(f"SELECT {EVENT_COLUMNS} FROM event WHERE {where} ORDER BY n LIMIT ?", (*values, limit))
            return [EventRow(*row) for row in found.fetchall()]

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()
