"""How the rows of one commit go into SQLite: many to a statement, all in one transaction.

Each statement gives up the interpreter lock once, and a busy thread may keep it for milliseconds.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import apsw

from gateway.store.store import Changes

_UPSERT = "INSERT INTO actor (id, version, state, timers, wake_ms, ties) VALUES {rows} ON CONFLICT (id) DO UPDATE SET "
STATE = _UPSERT + "version = excluded.version, state = excluded.state, timers = excluded.timers, ties = excluded.ties"
WOKEN = STATE + ", wake_ms = excluded.wake_ms"
MAIL = "INSERT INTO mail VALUES {rows} ON CONFLICT (box, seq) DO UPDATE SET attempt = excluded.attempt"
SEEN = "INSERT OR REPLACE INTO seen VALUES {rows}"
DEAD = "INSERT OR REPLACE INTO dead VALUES {rows}"
EVENT = "INSERT INTO event VALUES {rows}"
NOTE = "INSERT OR REPLACE INTO note VALUES {rows}"

_CHUNKS = (64, 16, 4, 1)


def write(connection: apsw.Connection, changes: Changes) -> None:
    """Write all of `changes`, or, where it raises, none. On the thread that commits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _write_all(connection, changes)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _write_all(connection: apsw.Connection, changes: Changes) -> None:
    _insert_each(connection, (STATE, changes.states), (WOKEN, changes.woken), (MAIL, changes.mail))
    for box, first, last, by in changes.tried:
        connection.execute("UPDATE mail SET attempt = attempt + ? WHERE box = ? AND seq BETWEEN ? AND ?", (by, box, first, last))
    _insert_each(connection, (SEEN, changes.seen), (DEAD, changes.dead))
    if changes.events or changes.events_gone or changes.folded:
        _write_events(connection, changes)
    _insert_each(connection, (NOTE, list(changes.notes.items())))
    _delete(connection, changes)


def _insert_each(connection: apsw.Connection, *given: tuple[str, Sequence[Sequence[Any]]]) -> None:
    for statement, rows in given:
        if rows:  # a commit of one message has two kinds of the seven
            _insert(connection, statement, rows)


def _insert(connection: apsw.Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    at, count, columns = 0, len(rows), len(rows[0])
    for chunk in _CHUNKS:
        while count - at >= chunk:
            connection.execute(_sized(statement, columns, chunk), tuple(chain.from_iterable(rows[at : at + chunk])))
            at += chunk


def _write_events(connection: apsw.Connection, changes: Changes) -> None:
    for actor in changes.events_gone:
        connection.execute("DELETE FROM event WHERE actor = ?", (actor,))
    _insert_each(connection, (EVENT, changes.events))
    for folded in changes.folded:
        connection.execute("UPDATE actor SET folded = ? WHERE id = ?", folded)


def _delete(connection: apsw.Connection, changes: Changes) -> None:
    for actor in changes.gone:
        connection.execute("DELETE FROM actor WHERE id = ?", (actor,))
    for span in changes.mail_gone:
        connection.execute("DELETE FROM mail WHERE box = ? AND seq BETWEEN ? AND ?", span)
    for forgotten in changes.seen_gone:
        connection.execute("DELETE FROM seen WHERE source = ? AND n <= ?", forgotten)
    for n in changes.dead_gone:
        connection.execute("DELETE FROM dead WHERE n = ?", (n,))


@lru_cache(maxsize=64)
def _sized(statement: str, columns: int, rows: int) -> str:
    """The statement for so many rows; the same text each time, so SQLite's statement cache finds it."""
    row = f"({','.join('?' * columns)})"
    return statement.format(rows=",".join([row] * rows))
