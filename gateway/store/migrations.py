"""The shape of the SQLite file, as numbered steps. A step, once released, never changes; a new shape is a new step.

`PRAGMA user_version` holds the number of the last step taken. A table without rowid keeps the rows of one mailbox on neighbouring
pages, so that a commit touches few of them. Not so the states of actors: a row of more than 490 bytes, as every twin's, has a second
page of its own there, and each change would write both; in a table with rowids a row stays whole on its page up to 2000 bytes.

Before the first step of an older file a backup of it is kept beside it, `gateway.db.shape-2`, for whoever wants the older program back.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed

log = logging.getLogger(__name__)

ACTOR_ROOT = "store.actor_root"
"""Key of the store's own note, of the page where the table of actors begins: step 4 lays it elsewhere in each file."""
NOTE_ROOT = f"INSERT OR REPLACE INTO note SELECT '{ACTOR_ROOT}', rootpage FROM sqlite_schema WHERE name = 'actor'"
_AT_ONCE = 100


def _give_rowids(connection: apsw.Connection) -> None:
    """Lay the table of actors out anew, with rowids. Some rows at a time, so that those take the room that others have left."""
    run = connection.execute
    run(
        """
        DROP INDEX actor_wake;
        CREATE TABLE moved (
            id TEXT PRIMARY KEY NOT NULL, version INTEGER NOT NULL, state BLOB NOT NULL, timers BLOB, wake_ms INTEGER, folded INTEGER,
            ties BLOB
        );
        """
    ).fetchall()
    while run("SELECT EXISTS (SELECT 1 FROM actor)").fetchall()[0][0]:
        run(f"INSERT INTO moved SELECT * FROM actor ORDER BY id LIMIT {_AT_ONCE}")
        run("DELETE FROM actor WHERE id <= (SELECT max(id) FROM moved)")
    run(
        f"""
        DROP TABLE actor;
        ALTER TABLE moved RENAME TO actor;
        CREATE INDEX actor_wake ON actor (wake_ms) WHERE wake_ms IS NOT NULL;
        {NOTE_ROOT};
        """
    ).fetchall()


STEPS: tuple[str | Callable[[apsw.Connection], None], ...] = (
    """
    CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE actor (
        id TEXT PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL, timers BLOB, wake_ms INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX actor_wake ON actor (wake_ms) WHERE wake_ms IS NOT NULL;
    CREATE TABLE mail (
        box TEXT NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, message BLOB NOT NULL, PRIMARY KEY (box, seq)
    ) WITHOUT ROWID;
    CREATE TABLE seen (source TEXT NOT NULL, n INTEGER NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, n)) WITHOUT ROWID;
    CREATE TABLE dead (
        n INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, box TEXT NOT NULL, reason TEXT NOT NULL, attempt INTEGER NOT NULL,
        message BLOB NOT NULL
    );
    """,
    """
    CREATE TABLE event (
        n INTEGER PRIMARY KEY, actor TEXT NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
        body BLOB NOT NULL
    );
    CREATE INDEX event_actor ON event (actor, n);
    ALTER TABLE actor ADD COLUMN folded INTEGER;
    """,
    "ALTER TABLE actor ADD COLUMN ties BLOB",
    _give_rowids,
)
_NEEDED = 3
"""Files of this shape and of later ones hold the same: a file for whose further steps there is no room is used as it is."""


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Take every step the file has not taken yet, each in a transaction. Raises StoreFailed where its shape is of a newer program.

    A step that only lays out anew what is there is left for the next start where there is no room for it.
    """
    have = connection.pragma("user_version")
    refuse_newer(path, have)
    if 0 < have < len(STEPS):
        _keep(path, have)
    for number, step in enumerate(STEPS[have:], have + 1):
        try:
            with connection:
                _take(step, connection)
                connection.pragma("user_version", number)
        except apsw.FullError as error:
            if number <= _NEEDED:
                raise
            log.error("the store keeps its older shape until there is room for the newer one, and works as it did: %s", error)
            return


def _take(step: str | Callable[[apsw.Connection], None], connection: apsw.Connection) -> None:
    if isinstance(step, str):
        connection.execute(step).fetchall()
    else:
        step(connection)


def refuse_newer(path: Path, shape: int) -> None:
    """Raise StoreFailed, with what to go back to, where the shape of the file at `path` is of a newer program than this one."""
    if shape <= len(STEPS):
        return
    older = next((kept for number in range(len(STEPS), 0, -1) if (kept := _kept(path, number)).exists()), None)
    back = f", or go back to what it was before that one came: gateway restore {older}" if older else ""
    raise StoreFailed(
        f"cannot open {path}: its shape is number {shape}, this program knows {len(STEPS)}; install the newer one again{back}"
    )


def _kept(path: Path, shape: int) -> Path:
    """Where the backup of a file of an older shape is."""
    return path.with_name(f"{path.name}.shape-{shape}")


def _keep(path: Path, shape: int) -> None:
    """Keep a backup of the file as it is. Where there is no room for one the gateway starts all the same."""
    kept = _kept(path, shape)
    try:
        kept.unlink(missing_ok=True)
        from gateway.store.backup import back_up  # noqa: PLC0415  # once in the life of a store

        back_up(path, kept)
    except StoreCorrupt:
        raise
    except (StoreFailed, OSError) as error:
        log.error("the store takes a newer shape, and there is no backup of the older one: %s", error)
    else:
        log.warning("the store takes a newer shape; as it was before, for an older program, it is kept in %s", kept)
