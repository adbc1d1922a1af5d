"""The engine on PostgreSQL: durable turns a second, against the shortest fenced statement for the very same rows in the very same groups.

Between both stands the store without an engine, which makes the same commits. The statement writes a row of a table that says whose the
database is, and the rows of states beside it, in one round trip; a commit of the store has notes, mail and marks too.

The engine is far from the statement where a commit has hundreds of rows: each is a turn first, see `engine.py`.
"""

import statistics
import sys
import time

from gateway.store import Changes, StateRow
from tests.bench import engine
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

_TABLES = """
CREATE TABLE fence (one boolean PRIMARY KEY, epoch bigint NOT NULL, commits bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO fence VALUES (true, 1, 0);
CREATE TABLE actor (
    id text COLLATE "C" PRIMARY KEY, version integer NOT NULL, state bytea NOT NULL, timers bytea, wake_ms bigint, ties bytea
) WITH (fillfactor = 70)
"""
_FENCED = """
WITH mine AS (UPDATE fence SET commits = commits + 1 WHERE epoch = 1 RETURNING epoch)
INSERT INTO actor SELECT found.* FROM mine, unnest(%b, %b, %b, %b, %b, %b) AS found
ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state, timers = excluded.timers, ties = excluded.ties
"""


def engine_s(url: str, turns: int, *, fed_first: bool) -> tuple[float, list[Changes]]:
    """Seconds for all turns in a database, to the last receipt; and the commits."""
    from gateway.store.postgres.postgres import PostgresStore  # noqa: PLC0415  # psycopg need not be there

    class Recorder(PostgresStore):
        """A store that keeps what it committed."""

        def commit(self, changes: Changes) -> None:
            super().commit(changes)
            commits.append(changes)

    commits: list[Changes] = []
    store = Recorder(url)
    span_s = engine.turns_s(store, turns, fed_first=fed_first)
    store.close()
    return span_s, commits


def store_s(url: str, commits: list[Changes]) -> float:
    """Seconds that the store takes for the same commits."""
    from gateway.store.postgres.postgres import PostgresStore  # noqa: PLC0415  # as above

    store = PostgresStore(url)
    start_s = time.perf_counter()
    for changes in commits:
        store.commit(changes)
    span_s = time.perf_counter() - start_s
    store.close()
    return span_s


def statement_s(url: str, groups: list[list[StateRow]]) -> float:
    """Seconds that the fenced statement takes for the same rows in the same groups."""
    import psycopg  # noqa: PLC0415  # as above

    from gateway.store.postgres.arrays import Blobs, Longs, Texts, register  # noqa: PLC0415  # as above

    kinds = (Texts, Longs, Blobs, Blobs, Longs, Blobs)
    with psycopg.connect(url, autocommit=True) as connection:
        register(connection.adapters)
        connection.execute(_TABLES)
        start_s = time.perf_counter()
        for rows in groups:
            last = {row.id: row for row in rows}.values()
            columns = [kind(column) for kind, column in zip(kinds, zip(*last, strict=True), strict=True)]
            connection.execute(_FENCED, columns, prepare=True)
        return time.perf_counter() - start_s


def measure(server: PostgresServer, turns: int, *, fed_first: bool) -> tuple[float, float, float]:
    """Turns a second of the engine, and of the store and the statement for the same rows, on one server, one after the other."""
    ours_s, commits = engine_s(server.new_database(), turns, fed_first=fed_first)
    groups = engine.rows_of(commits)
    rows = sum(map(len, groups))
    return turns / ours_s, rows / store_s(server.new_database(), commits), rows / statement_s(server.new_database(), groups)


def report(rounds: int = 3, turns: int = engine.TURNS) -> str:
    """The table; why there is none where no server is installed."""
    if why_no_postgres():
        return why_no_postgres()
    heads = (
        "turns a second",
        "the store alone",
        "fenced statement, same rows",
        "engine ÷ statement",
        "store ÷ statement",
        "goal of the store",
    )
    lines = [f"|  | {' | '.join(heads)} |", "| --- | --: | --: | --: | --: | --: | --- |"]
    with postgres_server() as server:
        for title, fed_first in (("mail is there already", True), ("fed by a thread", False)):
            found = [measure(server, turns, fed_first=fed_first) for _ in range(rounds)]
            ours, store, plain = (statistics.median(one[side] for one in found) for side in (0, 1, 2))
            of_engine, of_store = (statistics.median(one[side] / one[2] for one in found) for side in (0, 1))
            lines.append(f"| {title} | {ours:.0f} | {store:.0f} | {plain:.0f} | {of_engine:.2f} | {of_store:.2f} | store ≥ 0.6 |")
    said = f"Medians of {rounds} rounds of {turns} durable turns of {engine.ACTORS} actors; server and gateway on one machine."
    return "\n".join([*lines, "", said])


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
