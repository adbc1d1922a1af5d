"""The shape of the SQLite file, as numbered steps. A step, once released, never changes; a new shape is a new step.

`PRAGMA user_version` holds the number of the last step taken. Tables without rowid keep the rows of one mailbox, and of one
actor's family, on neighbouring pages, so that a commit touches few of them.
"""

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
