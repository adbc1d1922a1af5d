"""Hosts that share actors come and go, are stopped and killed, and their database too: each message is handled once, none is lost."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.actors.ids import group_of
from gateway.actors.messages import Message
from gateway.runtime.mail import encode
from gateway.testing.clock import PATIENCE_S
from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from tests.faults.sharing_process import HOPS, Ball, player

BALLS = 120


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that waits for its disk."""
    with postgres_server() as found:
        yield found


class Court:
    """A database, the hosts that share it, and the balls."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._url = server.new_database()
        self._folder = folder
        self.hosts: dict[str, subprocess.Popen[bytes]] = {}

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Ask the database."""
        return self._server.ask(self._url, query)

    def begin(self, name: str) -> None:
        """Start a host."""
        with (self._folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "tests.faults.sharing_process", self._url, name]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        self.hosts[name] = process

    def said(self) -> str:
        """What the hosts said, and what the database has."""
        logs = "\n".join(f"{path.name}: {path.read_text()[-2000:]}" for path in sorted(self._folder.glob("*.log")))
        members = self.ask(
            "SELECT id, name, fenced, commits, (SELECT count(*) FROM gateway_shared.placement WHERE owner = id) FROM gateway_shared.member"
        )
        return f"{members}; caught {sum(self.caught().values())}; {logs}"

    def throw(self, first: int, count: int) -> None:
        """Throw balls in."""
        rows = []
        for ball in range(first, first + count):
            to = player(ball, 0)
            blob = encode(Message(f"ball-{ball}", to, "catch", Ball(number=ball)))
            rows.append(f"({group_of(to)}, '\\x{blob.hex()}')")
        self.ask(f"INSERT INTO gateway_shared.post (to_grp, message) VALUES {','.join(rows)}")

    def caught(self) -> Counter[tuple[int, int]]:
        """How often each ball was caught at each hop."""
        rows = self.ask("SELECT state FROM gateway_shared.actor")
        return Counter((ball, hop) for (state,) in rows for ball, hop in json.loads(state)["caught"])  # type: ignore[arg-type]

    def serves(self, name: str) -> bool:
        """Whether a host has groups, by a life that is not fenced."""
        query = (
            f"SELECT count(*) FROM gateway_shared.placement JOIN gateway_shared.member ON owner = id WHERE name = '{name}' AND NOT fenced"
        )
        return bool(self.ask(query)[0][0])

    def has_caught(self, least: int) -> None:
        """Wait until so many catches are on disk."""
        until(lambda: sum(self.caught().values()) >= least, said=self.said)

    def ends_well(self, balls: int) -> None:
        """Each ball was caught once at each hop, and nothing is left."""
        self.has_caught(balls * HOPS)
        assert self.caught() == Counter({(ball, hop): 1 for ball in range(balls) for hop in range(HOPS)})
        until(lambda: self.ask("SELECT count(*) FROM gateway_shared.post")[0][0] == 0, said=self.said)
        assert self.ask("SELECT count(*) FROM gateway_shared.dead")[0][0] == 0

    def end(self, name: str) -> int:
        """Have a host end well."""
        process = self.hosts.pop(name)
        process.communicate(timeout=PATIENCE_S)
        return process.returncode

    def kill(self, name: str) -> None:
        """Kill a host."""
        process = self.hosts.pop(name)
        process.kill()
        process.communicate(timeout=PATIENCE_S)


@contextmanager
def _court(server: PostgresServer, folder: Path) -> Iterator[Court]:
    court = Court(server, folder)
    try:
        yield court
    finally:
        for name in list(court.hosts):
            court.kill(name)


@pytest.fixture
def court(server: PostgresServer, tmp_path: Path) -> Iterator[Court]:
    """A court without hosts."""
    with _court(server, tmp_path) as made:
        yield made


def test_hosts_that_come_and_go_lose_and_double_nothing(court: Court) -> None:
    """The groups go over to those that come, and back, while balls fly; also from one that was killed."""
    court.begin("pi-barn")
    until(lambda: court.serves("pi-barn"), said=court.said)
    court.throw(0, BALLS)
    court.begin("pi-shed")
    court.begin("pi-attic")
    until(lambda: court.serves("pi-shed") and court.serves("pi-attic"), said=court.said)
    court.has_caught(BALLS * HOPS // 4)
    court.kill("pi-shed")
    court.has_caught(BALLS * HOPS // 2)
    assert court.end("pi-attic") == 0
    court.begin("pi-shed")
    court.ends_well(BALLS)
    until(lambda: court.serves("pi-shed"), said=court.said)
    assert [court.end("pi-shed"), court.end("pi-barn")] == [0, 0]


def test_a_host_that_is_stopped_past_its_lease_writes_nothing_when_it_goes_on(court: Court) -> None:
    """Others have its groups by then; it begins anew, and serves its part again."""
    for name in ("pi-barn", "pi-shed"):
        court.begin(name)
    until(lambda: court.serves("pi-barn") and court.serves("pi-shed"), said=court.said)
    court.throw(0, BALLS)
    court.has_caught(BALLS * HOPS // 5)
    court.hosts["pi-barn"].send_signal(signal.SIGSTOP)
    until(lambda: not court.serves("pi-barn"), said=court.said)
    court.throw(BALLS, BALLS)
    court.has_caught(BALLS * HOPS // 2)
    court.hosts["pi-barn"].send_signal(signal.SIGCONT)
    until(lambda: court.serves("pi-barn"), said=court.said)
    court.ends_well(2 * BALLS)


def test_a_database_that_is_killed_and_started_again_costs_no_message(court: Court, server: PostgresServer) -> None:
    """Its hosts go on by themselves."""
    for name in ("pi-barn", "pi-shed"):
        court.begin(name)
    until(lambda: court.serves("pi-barn") and court.serves("pi-shed"), said=court.said)
    court.throw(0, BALLS)
    for part in (5, 2):
        court.has_caught(BALLS * HOPS // part)
        server.kill()
        server.start()
    court.ends_well(BALLS)
