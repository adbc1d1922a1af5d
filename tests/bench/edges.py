"""Two hundred hosts at the edge on one database, and the hosts that serve them: rows a second when all of them come back at once, and what
one message a second of each costs the database, and how long an answer takes.

The edges are threads of a few processes that exchange with the database what a link exchanges; the hosts that serve are whole.
"""

import contextlib
import sys
import time
from pathlib import Path
from typing import NamedTuple

from tests.bench.machine import cpu_s
from tests.bench.shared import HostProcesses, hosts_on, p50_p99
from tests.bench.told import ToldProcesses
from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

EDGES, PROCESSES = 200, 4
OF_EACH = 100
SECONDS = 15
SERVE = 2
_PATIENCE_S = 120.0
_TOTALS = """
    SELECT pg_current_wal_lsn() - '0/0'::pg_lsn, wal_sync, (SELECT sum(xact_commit)::bigint FROM pg_stat_database) FROM pg_stat_wal
"""
_COUNTED_S = 1.5
"""So long after it did something a process of the server has said so in its statistics."""
_WARM_S = 3


class Cost(NamedTuple):
    """What some messages cost, each."""

    cpu_us: float
    """Of the server's processes."""
    wal_bytes: float
    syncs: float
    transactions: float


class ServerMeter:
    """What a server has done since a begin."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._before = self._now()

    def _now(self) -> list[float]:
        time.sleep(_COUNTED_S)
        pid = self._server.pid
        totals = self._server.ask("postgres", _TOTALS)[0]
        used_s = 0.0
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                used_s += cpu_s(int(child))
        return [used_s * 1e6, *map(float, totals)]

    def cost(self, messages: int) -> Cost:
        """What it has done since then, for each of so many messages."""
        return Cost(*((now - before) / messages for now, before in zip(self._now(), self._before, strict=True)))


def flooded(server: PostgresServer, edges: ToldProcesses, hosts: HostProcesses, of_each: int, count: int) -> tuple[float, float, Cost]:
    """Rows a second handed in, and handled, when all edges hand in at once; and what each costs."""
    meter, before = ServerMeter(server), sum(hosts.all("turns"))
    start_s = time.monotonic()
    in_s = max(edges.all("flood", of_each))
    until(lambda: sum(hosts.all("turns")) - before >= count * of_each, patience_s=_PATIENCE_S)
    done_s = time.monotonic()
    rows = count * of_each
    return rows / (in_s - start_s), rows / (done_s - start_s), meter.cost(rows)


def paced(server: PostgresServer, edges: ToldProcesses, seconds: int, count: int, *, asks: bool) -> tuple[list[float], Cost]:
    """Milliseconds of each answer where each edge asks, or else reports, once a second; and what each message costs."""
    meter = ServerMeter(server)
    lags_ms = [lag_s * 1000 for lags_s in edges.all("pace", float(seconds), asks) for lag_s in lags_s]
    return lags_ms, meter.cost(count * seconds)


def report(edges: int = EDGES, seconds: int = SECONDS, of_each: int = OF_EACH) -> str:
    """The table; why there is none where no server is installed."""
    if why_no_postgres():
        return why_no_postgres()
    lines = ["|  | CPU of the server, µs | WAL, bytes | fsyncs | transactions |", "| --- | --: | --: | --: | --: |"]
    with postgres_server(f"max_connections={edges + 50}") as server:
        url = server.new_database()
        with hosts_on(url, SERVE) as hosts:
            share = edges // PROCESSES
            sides = ToldProcesses("tests.bench.edges_side", [[url, str(n * share), str(share)] for n in range(PROCESSES)])
            try:
                edges = share * PROCESSES
                paced(server, sides, _WARM_S, edges, asks=True)
                handed, handled, flood = flooded(server, sides, hosts, of_each, edges)
                _, reports = paced(server, sides, seconds, edges, asks=False)
                lags_ms, asked = paced(server, sides, seconds, edges, asks=True)
            finally:
                sides.end()
    for title, cost in ((f"{of_each} at once", flood), ("a report each second", reports), ("an ask each second", asked)):
        lines.append(f"| a message of {title} | {cost.cpu_us:.0f} | {cost.wal_bytes:.0f} | {cost.syncs:.2f} | {cost.transactions:.2f} |")
    p50, p99 = p50_p99(lags_ms)
    lines += ["", f"{edges} edges, {SERVE} hosts that serve: {handed:.0f} rows a second handed in, {handled:.0f} handled."]
    return "\n".join([*lines, f"An answer comes after {p50:.0f} ms (p50), {p99:.0f} ms (p99)."])


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
