"""The store in a PostgreSQL database: one connection that commits, one that reads, and for each reader of events one more.

A commit is one round trip (`commit.py`). A gateway that opens the database follows the one that had it: from then on that one's commits
write nothing, and it ends. What the database is told to do for a commit is its own affair: replication, backups, how large it may become.

Source: https://www.postgresql.org/docs/15/, https://www.psycopg.org/psycopg3/docs/.
"""

import logging
import os
import platform
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from gateway.actors.errors import StoreFailed, StoreForeign
from gateway.store.postgres.arrays import Texts
from gateway.store.postgres.commit import commit_of
from gateway.store.postgres.connecting import DatabasePlace, is_lost
from gateway.store.postgres.reading import EVENT_COLUMNS, HIGHEST, PostgresEvents, WaitingReader
from gateway.store.postgres.schema import migrate
from gateway.store.store import BoxSize, Changes, DeadRow, EventRow, MailRow, SeenRow, StateRow, up_to

log = logging.getLogger(__name__)

_STATE_COLUMNS = "id, version, state, timers, wake_ms, ties"
_COUNTED = 100_000
"""So many actors are counted one by one; of more, the database's own estimate is said."""
_FLUSH_ROUNDS = 3
"""A commit that waits for no disk is on it after so many rounds of the database's writer, at the latest."""


class PostgresStore:
    """A store in one PostgreSQL database, in a schema of its own."""

    _HOW_MANY = "SELECT commits FROM fence WHERE epoch = %s FOR UPDATE"

    def __init__(self, url: str, *, password_file: Path | None = None, loss_window_s: float = 0.0, simulated: bool = False) -> None:
        """Open the database, give it its shape, and follow whoever had it. `loss_window_s`: 0 waits for the disk at each commit; above,
        where the database's own writer is fast enough for it, a commit does not wait.

        Raises StoreForeign where it is a simulated gateway's and this one is not, or the other way round, and StoreFailed where it cannot
        be opened, or its shape is of a newer program.
        """
        self._open(DatabasePlace(url, password_file), loss_window_s, lambda writer: self._take_over(writer, simulated=simulated))

    def _open(self, place: DatabasePlace, loss_window_s: float, take_over: Callable[[psycopg.Connection[Any]], tuple[int, int]]) -> None:
        """Connect; `take_over` tells the number of our epoch, and how many commits there were."""
        self._place = self._reads = place
        self.url = place.shown
        self._loss_window_s = loss_window_s
        self._closing = threading.Event()
        self._waits = loss_window_s == 0
        self._writer: psycopg.Connection[Any] | None = self._place.connect()
        self._in_doubt: Changes | None = None
        """What was being committed when the connection was lost: it may be there or not."""
        try:
            self._epoch, self._commits = take_over(self._writer)
            self._set_up(self._writer)
        except psycopg.Error as error:
            self._writer.close()
            raise self._place.named("open", error) from error
        except BaseException:
            self._writer.close()
            raise
        self._reader = WaitingReader(self._reads, self._closing)

    def _take_over(self, connection: psycopg.Connection[Any], *, simulated: bool) -> tuple[int, int]:
        """Follow the gateway that had the database: the number of our epoch, and how many commits there were."""
        encoding = _one(connection, "SHOW server_encoding")[0]
        if encoding != "UTF8":
            made = "make one with createdb --encoding=UTF8 --template=template0"
            raise StoreFailed(f"cannot open {self.url}: its encoding is {encoding}; {made}")
        migrate(connection, self.url, simulated=simulated)
        if _one(connection, "SELECT simulated FROM fence")[0] is not simulated:
            whose, ours = ("a real", "simulated") if simulated else ("a simulated", "real")
            raise StoreForeign(f"cannot open {self.url}: it is {whose} gateway's, and this one is {ours}; give it another store.url")
        owner = f"process {os.getpid()} on {platform.node()}"
        query = "UPDATE fence SET epoch = epoch + 1, owner = %s, since = now() RETURNING epoch, commits"
        epoch, commits = _one(connection, query, (owner,))
        return int(epoch), int(commits)

    def _set_up(self, connection: psycopg.Connection[Any]) -> None:
        """Have a connection wait for the disk at each commit, or not."""
        told, writer_ms, fsync = _one(
            connection,
            "SELECT current_setting('synchronous_commit'), (SELECT setting::integer FROM pg_settings WHERE name = 'wal_writer_delay'),"
            " current_setting('fsync')",
        )
        self._waits = self._loss_window_s * 1000 < _FLUSH_ROUNDS * writer_ms
        if not self._waits:
            connection.execute("SET synchronous_commit = off")
        elif told == "off":
            connection.execute("SET synchronous_commit = on")
        if fsync == "off":
            log.warning("%s does not wait for its disk (fsync = off): a power cut may cost all that is in it", self.url)

    @property
    def fault(self) -> str:
        return self._reader.fault

    def commit(self, changes: Changes) -> None:
        connection = self._connected()
        if self._in_doubt is not None and self._in_doubt is not changes:
            self._end_doubt(connection)
        statement, values = commit_of(changes, epoch=self._epoch, number=self._commits + 1)
        try:
            connection.execute(statement, values, prepare=True)
        except psycopg.Error as error:
            if is_lost(connection, error):
                self._in_doubt = changes
                connection.close()
                self._writer = None
            elif isinstance(error, psycopg.DataError):
                raise  # a row that no database takes: trying again cannot help
            raise self._place.named("commit to", error) from error
        self._commits += 1
        self._in_doubt = None

    def _connected(self) -> psycopg.Connection[Any]:
        """The connection that commits; a new one where it was lost."""
        if self._writer is None:
            connection = self._place.connect()
            try:
                self._set_up(connection)
            except psycopg.Error as error:
                connection.close()
                raise self._place.named("open", error) from error
            self._writer = connection
        return self._writer

    def _end_doubt(self, connection: psycopg.Connection[Any]) -> None:
        """Find out whether the commit in doubt is there: nobody asks for it any more."""
        try:
            self._commits = int(_one(connection, self._HOW_MANY, (self._epoch,))[0])
        except psycopg.Error as error:
            raise self._place.named("commit to", error) from error
        self._in_doubt = None

    def rest(self) -> None:
        """A commit leaves nothing."""

    def wants_tidying(self) -> bool:
        return False

    def tidy(self) -> None:
        """The database tidies up by itself."""

    def load(self, actor: str) -> StateRow | None:
        row = self._one(f"SELECT {_STATE_COLUMNS} FROM actor WHERE id = %b", (actor,))
        return StateRow(*row) if row else None

    def load_many(self, actors: Sequence[str], at_most_bytes: int) -> dict[str, StateRow | None]:
        # What is behind the last one is not read at all: `before` is how many bytes the states in front of a row have.
        query = f"""
            SELECT wanted, {_STATE_COLUMNS} FROM (
                SELECT asked.id AS wanted, asked.n, actor.id, version, state, timers, wake_ms, ties,
                    coalesce(sum(length(state)) OVER (ORDER BY asked.n), 0) - coalesce(length(state), 0) AS before
                FROM unnest(%b) WITH ORDINALITY asked (id, n) LEFT JOIN actor ON actor.id = asked.id
            ) AS found WHERE before < %b ORDER BY n
        """
        rows = self._rows(query, (Texts(actors), at_most_bytes)) if actors else []
        return up_to(((wanted, None if id is None else StateRow(id, *row)) for wanted, id, *row in rows), at_most_bytes)

    def actors(self, prefix: str, after: str, limit: int) -> list[str]:
        return [id for id, _ in self.family(prefix, after, limit)]

    def family(self, prefix: str, after: str, limit: int) -> list[tuple[str, bool]]:
        query = "SELECT id, ties IS NOT NULL FROM actor WHERE id >= %b AND id < %b AND id > %b ORDER BY id LIMIT %b"
        return [(id, tied) for id, tied in self._rows(query, (prefix, prefix + HIGHEST, after, limit))]

    def count_actors(self) -> int:
        (count,) = self._one("SELECT count(*) FROM (SELECT FROM actor LIMIT %b) AS counted", (_COUNTED,))
        if count == _COUNTED:
            (about,) = self._one(f"SELECT reltuples::bigint FROM pg_class WHERE oid = '{self._place.schema}.actor'::regclass")
            return max(_COUNTED, int(about))
        return int(count)

    def wakes(self, after_ms: int, until_ms: int, limit: int) -> list[tuple[int, str]]:
        query = "SELECT wake_ms, id FROM actor WHERE wake_ms > %b AND wake_ms <= %b ORDER BY wake_ms LIMIT %b"
        return self._rows(query, (after_ms, until_ms, limit))

    def boxes(self) -> list[BoxSize]:
        rows = self._rows("SELECT box, count(*), sum(length(message))::bigint, max(seq) FROM mail GROUP BY box ORDER BY box")
        return [BoxSize(*row) for row in rows]

    def mail(self, box: str, after_seq: int, limit: int) -> list[MailRow]:
        query = "SELECT box, seq, attempt, message FROM mail WHERE box = %b AND seq > %b ORDER BY seq LIMIT %b"
        return [MailRow(*row) for row in self._rows(query, (box, after_seq, limit))]

    def seen(self) -> list[SeenRow]:
        return [SeenRow(source, n, id.decode()) for source, n, id in self._rows("SELECT source, n, id FROM seen ORDER BY source, n")]

    def dead(self, after: int, limit: int) -> list[DeadRow]:
        query = "SELECT n, at_ms, box, reason, attempt, message FROM dead WHERE n > %b ORDER BY n LIMIT %b"
        return [DeadRow(n, at_ms, box, why.decode(), *more) for n, at_ms, box, why, *more in self._rows(query, (after, limit))]

    def dead_sizes(self) -> list[tuple[int, int]]:
        return self._rows("SELECT n, length(message) FROM dead ORDER BY n")

    def folded(self, actor: str) -> int:
        row = self._one("SELECT folded FROM actor WHERE id = %b", (actor,))
        return int(row[0] or 0) if row else 0

    def events(self, actor: str, after: int, limit: int) -> list[EventRow]:
        query = f"SELECT {EVENT_COLUMNS} FROM event WHERE actor = %b AND n > %b ORDER BY n LIMIT %b"
        return [EventRow(*row) for row in self._rows(query, (actor, after, limit))]

    def last_event(self, kinds: Sequence[str] = ()) -> int:
        where = "WHERE kind = ANY (%b)" if kinds else ""
        row = self._one(f"SELECT n FROM event {where} ORDER BY n DESC LIMIT 1", (Texts(kinds),) if kinds else ())
        return int(row[0]) if row else 0

    def event_reader(self) -> PostgresEvents:
        return PostgresEvents(self._reads, self._closing)

    def notes(self) -> dict[str, str]:
        return {key: value.decode() for key, value in self._rows("SELECT key, value FROM note")}

    def relieve(self) -> bool:
        return False

    def wants_sync(self) -> bool:
        return False  # the database's own writer brings to the disk what did not wait for it

    def why_full(self) -> str:
        return ""

    def spare(self) -> bool:
        return True

    def recovered(self) -> bool:
        return True

    def size_bytes(self) -> int:
        tables = f"pg_class WHERE relnamespace = '{self._place.schema}'::regnamespace AND relkind = 'r'"
        return int(self._one(f"SELECT sum(pg_total_relation_size(oid))::bigint FROM {tables}")[0])

    def close(self) -> None:
        self._closing.set()
        self._reader.close()
        if self._writer is not None:
            self._writer.close()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        return self._reader.rows(query, values)

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        rows = self._rows(query, values)
        return rows[0] if rows else None


def _one(connection: psycopg.Connection[Any], query: str, values: Sequence[Any] = ()) -> Any:
    """The row of a query that has one."""
    row = connection.execute(query.encode(), values).fetchone()
    if row is None:
        raise psycopg.DataError("there is no such row")
    return row
