"""The shape of the PostgreSQL database, as numbered steps. A step, once released, never changes; a new shape is a new step.

All of it is in a schema of its own, `gateway`. Texts compare by their bytes (COLLATE "C"), as they do in SQLite. A text that may come from
outside is kept as bytes: a text of PostgreSQL's holds no NUL.
Mail comes and goes, so its dead rows are swept early; a state changes in its own page as long as there is room in it (fillfactor).
"""

from typing import Any

import psycopg

from gateway.actors.errors import StoreFailed
from gateway.store.postgres.commit import COMMIT_FUNCTION

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE fence (
        one boolean PRIMARY KEY CHECK (one), epoch bigint NOT NULL, commits bigint NOT NULL, owner text NOT NULL,
        since timestamptz NOT NULL, simulated boolean NOT NULL
    ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
    CREATE TABLE note (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE actor (
        id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, state bytea NOT NULL, timers bytea, wake_ms bigint, folded bigint,
        ties bytea
    ) WITH (fillfactor = 70);
    CREATE INDEX actor_wake ON actor (wake_ms) WHERE wake_ms IS NOT NULL;
    CREATE TABLE mail (
        box text COLLATE "C" NOT NULL, seq bigint NOT NULL, attempt integer NOT NULL, message bytea NOT NULL,
        PRIMARY KEY (box, seq)
    ) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    ALTER TABLE mail ALTER message SET STORAGE EXTERNAL;
    CREATE TABLE seen (source text COLLATE "C" NOT NULL, n bigint NOT NULL, id bytea NOT NULL, PRIMARY KEY (source, n))
        WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02);
    CREATE TABLE dead (
        n bigint PRIMARY KEY, at_ms bigint NOT NULL, box text COLLATE "C" NOT NULL, reason bytea NOT NULL, attempt integer NOT NULL,
        message bytea NOT NULL
    );
    CREATE TABLE event (
        n bigint PRIMARY KEY, actor text COLLATE "C" NOT NULL, at_ms bigint NOT NULL, kind text COLLATE "C" NOT NULL,
        version integer NOT NULL, body bytea NOT NULL
    );
    CREATE INDEX event_actor ON event (actor, n);
    """
    + COMMIT_FUNCTION,
)
_ONE_AT_A_TIME = 0x67617465776179
"""Key of the lock that who takes steps holds: "gateway" as a number."""


def migrate(connection: psycopg.Connection[Any], place: str, *, simulated: bool) -> None:
    """Take every step that the database at `place` has not taken yet, in one transaction. Raises StoreFailed where its shape is of a newer
    program. A database that has none is marked as a real gateway's, or a simulated one's."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
        have = _shape(connection)
        if have > len(STEPS):
            raise StoreFailed(
                f"cannot open {place}: its shape is number {have}, this program knows {len(STEPS)}; install the newer one again"
            )
        for step in STEPS[have:]:
            connection.execute(step.encode())
        if not have:
            connection.execute("INSERT INTO fence VALUES (true, 0, 0, '', now(), %s)", (simulated,))
        if have < len(STEPS):
            connection.execute(f"COMMENT ON SCHEMA gateway IS 'shape {len(STEPS)}'".encode())


def _shape(connection: psycopg.Connection[Any]) -> int:
    """How many steps a database has taken. Its schema is made where it has none."""
    row = connection.execute("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'gateway'").fetchone()
    if row is None:
        connection.execute("CREATE SCHEMA gateway")
    comment = str(row[0] or "") if row else ""
    return int(comment.removeprefix("shape ")) if comment.startswith("shape ") else 0
