"""One, two and four hosts that share their actors in a PostgreSQL: durable turns a second of all together, against the shortest fenced
statement for the very same rows in the very same groups, made by as many processes at once; and how long an ask takes to another host.

Between both stands the store without an engine, which makes the same commits. Messages come in two ways: handed in by a host at the edge
(a row of `post` is deleted and one of `actor` written for each), and from actor to actor, most of which are on another host (one row of
`post` is written more).
"""

import contextlib
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gateway.actors.ids import GROUPS
from gateway.actors.messages import Message
from gateway.runtime.mail import encode
from tests.bench.engine import ACTORS, Reading
from tests.bench.runners import Token, runner
from tests.bench.told import ToldProcesses
from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

TURNS = 60_000
HOPS = 10
LARGE, SMALL = 1000, 20
"""Turns that a host commits together at most: as it comes, and as few as a host has that has little to do."""
HOSTS = (1, 2, 4)
_PATIENCE_S = 120.0


class HostRates(NamedTuple):
    """Turns a second of a number of hosts together."""

    hosts: float
    store: float
    statement: float


class HostProcesses(ToldProcesses):
    """HostProcesses that share a database, each a process."""

    def __init__(self, url: str, count: int, batch_turns: int) -> None:
        super().__init__("tests.bench.shared_side", [[url, f"host-{n}", str(batch_turns)] for n in range(count)])
        self._share = -(-GROUPS // count)

    def await_shares(self) -> None:
        """Block until all groups are served, each by one, in fair shares."""
        until(lambda: sum(groups := self.all("groups")) == GROUPS and max(groups) <= self._share, patience_s=_PATIENCE_S)

    def replayed_s(self, url: str, replay: type[Any]) -> float:
        """Seconds that all take for their commits once more, in another database."""
        from tests.bench.replay import fill  # noqa: PLC0415  # psycopg need not be there

        self.all("prepare", replay, url, numbered=True)
        fill(url, replay.TABLE, [n for numbers in self.all("numbers") for n in numbers])
        spans = self.all("replay")
        return max(last_s for _, last_s in spans) - min(first_s for first_s, _ in spans)


@contextlib.contextmanager
def hosts_on(url: str, count: int, batch_turns: int = LARGE) -> Iterator[HostProcesses]:
    """That many hosts, each with its fair share."""
    hosts = HostProcesses(url, count, batch_turns)
    try:
        hosts.await_shares()
        yield hosts
    finally:
        hosts.end()


Make = Callable[[int], list[Message]]


def handed_in(turns: int) -> list[Message]:
    """One message for each turn."""
    readings = (Reading(temperature_c=20 + n % 97 / 10, humidity_pct=n % 53) for n in range(turns))
    return [Message(f"m{n}", f"gauge/g{n % ACTORS}", "take", reading) for n, reading in enumerate(readings)]


def passed_on(turns: int) -> list[Message]:
    """One message for each of the tokens; the rest are sent by actors."""
    tokens = max(1, turns // HOPS)
    return [Message(f"t{n}", runner(n, HOPS - 1), "catch", Token(number=n, hops_left=HOPS - 1)) for n in range(tokens)]


def hosts_s(url: str, hosts: HostProcesses, messages: list[Message], turns: int) -> float:
    """Seconds from the commit that hands the messages in to the commit of the last turn."""
    from gateway.store.postgres.shared.edge import EdgePost, Letter  # noqa: PLC0415  # psycopg need not be there

    edge = EdgePost(url, None, "bench")
    edge.hand_in([Letter(n, message.id, "", message.to, encode(message)) for n, message in enumerate(messages, 1)])
    start_s = time.monotonic()
    edge.close()
    until(lambda: sum(hosts.all("turns")) >= turns, patience_s=_PATIENCE_S)
    return max(hosts.all("stop")) - start_s


class Case(NamedTuple):
    """How turns come about, and how many of them a host commits together at most."""

    title: str
    make: Make
    batch_turns: int


CASES = (
    Case("handed in", handed_in, LARGE),
    Case("handed in, 20 a commit", handed_in, SMALL),
    Case("from actor to actor", passed_on, LARGE),
)


def measure(server: PostgresServer, count: int, case: Case, turns: int) -> HostRates:
    """One round of hosts, store and statement, on one server, one after the other."""
    from tests.bench.replay import StatementReplay, StoreReplay  # noqa: PLC0415  # psycopg need not be there

    url = server.new_database()
    with hosts_on(url, count, case.batch_turns) as hosts:
        spans_s = [hosts_s(url, hosts, case.make(turns), turns)]
        spans_s += [hosts.replayed_s(server.new_database(), replay) for replay in (StoreReplay, StatementReplay)]
    return HostRates(*(turns / span_s for span_s in spans_s))


def p50_p99(spans: list[float]) -> tuple[float, float]:
    """The median, and what one in a hundred exceeds."""
    cuts = statistics.quantiles(spans, n=100)
    return cuts[49], cuts[98]


def asks(server: PostgresServer) -> dict[str, tuple[float, float]]:
    """Milliseconds of an ask: the median, and what one in a hundred exceeds; to an actor of the same host, and of another."""
    with hosts_on(server.new_database(), 2) as hosts:
        return {whom: p50_p99(hosts.first("asks", whom)) for whom in ("here", "there")}


def report(rounds: int = 3, turns: int = TURNS, hosts: Sequence[int] = HOSTS) -> str:
    """The tables; why there are none where no server is installed."""
    if why_no_postgres():
        return why_no_postgres()
    heads = ("turns a second", "to one host", "the store alone", "fenced statement", "hosts ÷ statement", "store ÷ statement", "goal")
    lines = [f"| messages, hosts | {' | '.join(heads)} |", "| --- | --: | --: | --: | --: | --: | --: | --- |"]
    with postgres_server() as server:
        for case in CASES:
            found: dict[int, list[HostRates]] = {count: [] for count in hosts}
            for count in [*hosts] * rounds:
                found[count].append(measure(server, count, case, turns))
            for count, some in found.items():
                ours, store, plain = (statistics.median(one[side] for one in some) for side in range(3))
                to_one = statistics.median(one.hosts / first.hosts for one, first in zip(some, found[hosts[0]], strict=True))
                of_hosts, of_store = (statistics.median(one[side] / one.statement for one in some) for side in (0, 1))
                row = (f"{ours:.0f}", f"{to_one:.2f}", f"{store:.0f}", f"{plain:.0f}", f"{of_hosts:.2f}", f"{of_store:.2f}", "store ≥ 0.6")
                lines.append(f"| {case.title}, {count} | {' | '.join(row)} |")
        spans = asks(server)
    lines += ["", "| milliseconds that an ask takes | p50 | p99 |", "| --- | --: | --: |"]
    for title, whom in (("to an actor of the same host", "here"), ("to an actor of another host", "there")):
        lines.append(f"| {title} | {spans[whom][0]:.1f} | {spans[whom][1]:.1f} |")
    said = f"Medians of {rounds} rounds of {turns} durable turns; server and hosts on one machine."
    return "\n".join([*lines, "", said])


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
