"""Hosts that share actors come and go, are stopped and killed, and their database too: each message is handled once, none is lost."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from tests.faults.court import Court
from tests.faults.sharing_process import HOPS

BALLS = 120


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that waits for its disk."""
    with postgres_server() as found:
        yield found


@pytest.fixture
def court(server: PostgresServer, tmp_path: Path) -> Iterator[Court]:
    """A court without hosts."""
    with Court(server, tmp_path) as made:
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
