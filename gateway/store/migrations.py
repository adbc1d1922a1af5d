"""The shape of the SQLite file, as numbered steps. A step, once released, never changes; a new shape is a new step.

`PRAGMA user_version` holds the number of the last step taken. Tables without rowid keep the rows of one mailbox, and of one
actor's family, on neighbouring pages, so that a commit touches few of them.

Before the first step of an older file a backup of it is kept beside it, `gateway.db.shape-2`, for whoever wants the older program back.
"""

import logging
from pathlib import Path

import apsw

from gateway.actors.errors import StoreCorrupt, StoreFailed

log = logging.getLogger(__name__)

STEPS: tuple[str, ...] = (
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
)


def migrate(connection: apsw.Connection, path: Path) -> None:
    """Take every step the file has not taken yet, each in a transaction. Raises StoreFailed where its shape is of a newer program."""
    have = connection.pragma("user_version")
    refuse_newer(path, have)
    if 0 < have < len(STEPS):
        _keep(path, have)
    for number, step in enumerate(STEPS[have:], have + 1):
        connection.execute(f"BEGIN IMMEDIATE; {step}; PRAGMA user_version = {number}; COMMIT")


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
