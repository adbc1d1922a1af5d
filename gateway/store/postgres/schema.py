"""The shape of the PostgreSQL database, as numbered steps. A step, once released, never changes; a new shape is a new step.

All of it is in a schema of its own, `gateway`. Texts compare by their bytes (COLLATE "C"), as they do in SQLite. A text that may come from
outside is kept as bytes: a text of PostgreSQL's holds no NUL.
Mail comes and goes, so its dead rows are swept early; a state changes in its own page as long as there is room in it (fillfactor).
"""

from typing import Any

import psycopg

from gateway.actors.errors import StoreFailed
from gateway.store.postgres.commit import COMMIT_FUNCTION

ACTOR = """
        id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, state bytea NOT NULL, timers bytea, wake_ms bigint, folded bigint,
        ties bytea
    """
MAIL = """
        box text COLLATE "C" NOT NULL, seq bigint NOT NULL, attempt integer NOT NULL, message bytea NOT NULL,
        PRIMARY KEY (box, seq)
    """
SEEN = """source text COLLATE "C" NOT NULL, n bigint NOT NULL, id bytea NOT NULL, PRIMARY KEY (source, n)"""
DEAD = """
        n bigint PRIMARY KEY, at_ms bigint NOT NULL, box text COLLATE "C" NOT NULL, reason bytea NOT NULL, attempt integer NOT NULL,
        message bytea NOT NULL
    """
EVENT = """
        n bigint PRIMARY KEY, actor text COLLATE "C" NOT NULL, at_ms bigint NOT NULL, kind text COLLATE "C" NOT NULL,
        version integer NOT NULL, body bytea NOT NULL
    """
"""Columns of the tables."""

STEPS: tuple[str, ...] = (
    f"""
    CREATE TABLE fence (
        one boolean PRIMARY KEY CHECK (one), epoch bigint NOT NULL, commits bigint NOT NULL, owner text NOT NULL,
        since timestamptz NOT NULL, simulated boolean NOT NULL
    ) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
    CREATE TABLE note (key text COLLATE "C" PRIMARY KEY, value bytea NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE actor ({ACTOR}) WITH (fillfactor = 70);
    CREATE INDEX actor_wake ON actor (wake_ms) WHERE wake_ms IS NOT NULL;
    CREATE TABLE mail ({MAIL})
        WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    ALTER TABLE mail ALTER message SET STORAGE EXTERNAL;
    CREATE TABLE seen ({SEEN}) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0.02);
    CREATE TABLE dead ({DEAD});
    CREATE TABLE event ({EVENT});
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
        if not take_steps(connection, place, "gateway", STEPS):
            connection.execute("INSERT INTO fence VALUES (true, 0, 0, '', now(), %s)", (simulated,))


def take_steps(connection: psycopg.Connection[Any], place: str, schema: str, steps: tuple[str, ...]) -> int:
    """Take the steps that a schema at `place` has not taken yet, in the transaction under way; return how many it had taken before. Raises
    StoreFailed where those are more than this program knows."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
    have = _shape(connection, schema)
    if have > len(steps):
        raise StoreFailed(f"cannot open {place}: its shape is number {have}, this program knows {len(steps)}; install the newer one again")
    for step in steps[have:]:
        connection.execute(step.encode())
    if have < len(steps):
        connection.execute(f"COMMENT ON SCHEMA {schema} IS 'shape {len(steps)}'".encode())
    return have


def _shape(connection: psycopg.Connection[Any], schema: str) -> int:
    """How many steps a schema has taken. It is made where there is none."""
    row = connection.execute("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone()
    if row is None:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    comment = str(row[0] or "") if row else ""
    return int(comment.removeprefix("shape ")) if comment.startswith("shape ") else 0
