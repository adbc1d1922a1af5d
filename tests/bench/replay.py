"""The commits of several hosts once more, by as many processes at once: by the store without an engine, or by the shortest fenced statement
that writes the same rows (states, messages that wait, messages to and from other hosts) in the same groups.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import psycopg

from gateway.store import Changes
from gateway.store.postgres.arrays import Blobs, Longs, Texts
from gateway.store.postgres.connecting import DatabasePlace
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore

_TABLES = """
CREATE TABLE IF NOT EXISTS fence (host integer PRIMARY KEY, epoch bigint NOT NULL, commits bigint NOT NULL) WITH (fillfactor = 10);
CREATE TABLE IF NOT EXISTS actor (
    id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, state bytea NOT NULL, timers bytea, wake_ms bigint, ties bytea
) WITH (fillfactor = 70);
CREATE TABLE IF NOT EXISTS mail (
    box text COLLATE "C" NOT NULL, seq bigint NOT NULL, attempt integer NOT NULL, message bytea NOT NULL, PRIMARY KEY (box, seq)
);
CREATE TABLE IF NOT EXISTS post (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, to_grp smallint, message bytea NOT NULL);
CREATE INDEX IF NOT EXISTS post_grp ON post (to_grp, n);
"""
_FENCED = """
WITH mine AS (UPDATE fence SET commits = commits + 1 WHERE host = %b AND epoch = 1 RETURNING host),
gone AS (DELETE FROM post USING mine WHERE n = ANY (%b)),
sent AS (INSERT INTO post (to_grp, message) SELECT found.to_grp::smallint, found.message FROM mine, unnest(%b, %b) found (to_grp, message)),
kept AS (INSERT INTO mail SELECT found.* FROM mine, unnest(%b, %b, %b, %b) found),
done AS (DELETE FROM mail USING mine, unnest(%b, %b, %b) found (box, first, last) WHERE mail.box = found.box AND seq BETWEEN first AND last)
INSERT INTO actor SELECT found.* FROM mine, unnest(%b, %b, %b, %b, %b, %b) AS found
ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state, timers = excluded.timers, ties = excluded.ties
"""
_FILL = """
INSERT INTO {0} (n, to_grp, message) OVERRIDING SYSTEM VALUE SELECT n, 1, %s FROM unnest(%s::bigint[]) n;
SELECT setval(pg_get_serial_sequence('{0}', 'n'), %s)
"""
_MESSAGE = b"x" * 150


class Replay(Protocol):
    """The commits of one host, to be made once more."""

    TABLE: str
    """Where messages between hosts are."""

    def run(self) -> None:
        """Make them all."""


class StoreReplay:
    """By the store."""

    TABLE = "gateway_shared.post"

    def __init__(self, url: str, n: int, commits: list[Changes]) -> None:
        self._store = GroupedStore(SharedPlace(url), f"host-{n}", lease_s=1000.0)
        self._commits = commits

    def run(self) -> None:
        for changes in self._commits:
            self._store.commit(changes)
        self._store.close()


class StatementReplay:
    """By the statement."""

    TABLE = "post"

    def __init__(self, url: str, n: int, commits: list[Changes]) -> None:
        self._connection = DatabasePlace(url, schema="public").connect()
        with self._connection.transaction():
            self._connection.execute(b"SELECT pg_advisory_xact_lock(1)")
            self._connection.execute(_TABLES.encode())
            self._connection.execute("INSERT INTO fence VALUES (%s, 1, 0)", (n,))
        self._n, self._commits = n, commits

    def run(self) -> None:
        for changes in self._commits:
            self._connection.execute(_FENCED.encode(), _values(self._n, changes), prepare=True)
        self._connection.close()


def fill(url: str, table: str, numbers: Sequence[int]) -> None:
    """Put the messages there that the commits delete."""
    with psycopg.connect(url, autocommit=True) as connection:
        insert, behind = _FILL.format(table).split(";")
        connection.execute(insert.encode(), (_MESSAGE, list(numbers)))
        connection.execute(behind.encode(), (max(numbers, default=0) + 1,))
        connection.execute(b"ANALYZE")


def _values(n: int, changes: Changes) -> list[Any]:
    def columns(rows: Iterable[Any], *kinds: Any) -> list[Any]:
        found = list(zip(*rows, strict=True)) or [()] * len(kinds)
        return [kind(column) for kind, column in zip(kinds, found, strict=True)]

    states = {row.id: row for row in (*changes.states, *changes.woken)}.values()
    return [
        *(n, Longs(changes.post_gone)),
        *columns(((row.to_grp, row.message) for row in changes.post), Longs, Blobs),
        *columns(changes.mail, Texts, Longs, Longs, Blobs),
        *columns(changes.mail_gone, Texts, Longs, Longs),
        *columns(states, Texts, Longs, Blobs, Blobs, Longs, Blobs),
    ]
