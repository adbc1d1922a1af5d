"""Leases, shares and the fence by a model: the functions in a real PostgreSQL, by a clock that a test turns.

`GATEWAY_STEPS` is how many steps are taken, 3,000 where nothing is said.
"""

import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from gateway.actors.ids import GROUPS
from tests.postgres import postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

import psycopg

from gateway.store.postgres.commit import FENCED
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore

STEPS = int(os.environ.get("GATEWAY_STEPS", "3000"))
A_RUN = 100
HOSTS = ("pi-barn", "pi-shed", "pi-attic", "pi-yard")
LEASE_MS = 2000
ALL = frozenset(range(1, GROUPS + 1))

_OWN_CLOCK = """
    CREATE TABLE simulated (at timestamptz NOT NULL);
    INSERT INTO simulated VALUES ('2026-01-01');
    CREATE OR REPLACE FUNCTION the_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT at FROM gateway_shared.simulated';
    CREATE OR REPLACE FUNCTION up_since() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT timestamptz ''-infinity''';
"""


@dataclass
class Life:
    """What must be true of one life of a host."""

    id: int
    groups: frozenset[int]
    until_ms: int
    commits: int = 0
    fenced: bool = False


class Leases(RuleBasedStateMachine):
    """Hosts join, renew, commit, are silent and are killed, in any order; lives that were left behind go on writing."""

    connection: psycopg.Connection[Any]

    @initialize()
    def begin(self) -> None:
        """An empty database."""
        self.connection.execute("DELETE FROM member")
        self.connection.execute("UPDATE placement SET owner = NULL, unclean = 0")
        self.now_ms = 0
        self.lives: list[Life] = []
        self.of_host: dict[str, Life] = {}
        self.owners: dict[int, Life] = {}
        self.unclean = dict.fromkeys(ALL, 0)
        self.gave_back: set[int] = set()

    def _one(self, query: str, *values: Any) -> tuple[Any, ...]:
        row = self.connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row

    def _is_late(self, life: Life) -> bool:
        return life.until_ms < self.now_ms

    @rule(ms=st.integers(1, LEASE_MS * 3 // 2))
    def pass_time(self, ms: int) -> None:
        """Time passes."""
        self.now_ms += ms
        self.connection.execute("UPDATE simulated SET at = at + make_interval(secs => %s)", (ms / 1000,))

    @rule(host=st.sampled_from(HOSTS), clean=st.booleans(), knows=st.booleans())
    def join(self, host: str, *, clean: bool, knows: bool) -> None:
        """A host begins a life; where it was killed it knows of none before."""
        before = self.of_host.get(host) if knows else None
        for life in self.lives:
            life.fenced = life.fenced or self._is_late(life)
        if before is not None and not before.fenced:
            before.fenced = True
            if clean:
                self.gave_back.add(before.id)
        share = math.ceil(GROUPS / (1 + sum(not life.fenced for life in self.lives)))
        free = {group for group in ALL if group not in self.owners or self.owners[group].fenced}
        query = "SELECT me, unclean_ends, groups FROM join_members(%s, %s, %s, make_interval(secs => %s))"
        me, unclean_ends, found = self._one(query, host, before.id if before else 0, clean, LEASE_MS / 1000)
        groups = frozenset(found)
        assert groups <= free
        assert len(groups) == min(share, len(free))
        kept = {group for group in free if before is not None and self.owners.get(group) is before}
        assert len(groups & kept) == min(share, len(kept))
        assert all(me > life.id for life in self.lives)
        for group in groups:
            old = self.owners.get(group)
            self.unclean[group] = 0 if old is None or old.id in self.gave_back else self.unclean[group] + 1
        assert unclean_ends == max((self.unclean[group] for group in groups), default=0)
        self.of_host[host] = life = Life(me, groups, self.now_ms + LEASE_MS)
        self.lives.append(life)
        self.owners.update(dict.fromkeys(groups, life))
        self._expect_placement()

    def _expect_placement(self) -> None:
        """What a life has stays the same, until it is fenced."""
        rows = self.connection.execute("SELECT owner, array_agg(grp) FROM placement WHERE owner IS NOT NULL GROUP BY owner").fetchall()
        placed = {owner: frozenset(groups) for owner, groups in rows}
        for life in self.lives:
            assert life.fenced or placed.get(life.id, frozenset()) == life.groups

    @precondition(lambda self: self.lives)
    @rule(back=st.integers(0, 7))
    def renew(self, back: int) -> None:
        """A life renews its lease, and is told whether to join anew."""
        self._renew(self._life(back))

    def _life(self, back: int) -> Life:
        """One of the last lives, of whatever host."""
        return self.lives[-1 - back % len(self.lives)]

    def _renew(self, life: Life) -> bool:
        held, moves = self._one("SELECT held, moves FROM renew(%s)", life.id)
        assert held is not life.fenced
        if held:
            life.until_ms = self.now_ms + LEASE_MS
        living = sum(not (one.fenced or self._is_late(one)) for one in self.lives)
        share = math.ceil(GROUPS / max(1, living))
        placed = Counter(owner.id for owner in self.owners.values())
        held_by_living = sum(placed[one.id] for one in self.lives if not (one.fenced or self._is_late(one)))
        free, mine = GROUPS - held_by_living, placed[life.id]
        assert moves is (mine > share or (mine < share and free > 0))
        return bool(moves) or not held

    @precondition(lambda self: self.lives)
    @rule(back=st.integers(0, 7), again=st.booleans())
    def commit(self, back: int, *, again: bool) -> None:
        """A life commits, or asks again for its last commit; one that is fenced writes nothing, and only that."""
        life = self._life(back)
        number = max(1, life.commits) if again else life.commits + 1
        refused = ""
        try:
            self._one("SELECT commit_changes(%s::bigint, %s::bigint, false)", life.id, number)
        except psycopg.Error as error:
            refused = str(error.sqlstate)
        assert refused == (FENCED if life.fenced else "")
        if not life.fenced and number > life.commits:
            life.commits, life.until_ms = number, self.now_ms + LEASE_MS

    def teardown(self) -> None:
        """Hosts that do as they are told, one after the other, come to fair shares of all groups."""
        if not getattr(self, "of_host", None):
            return
        for _ in range(4):
            self.pass_time(LEASE_MS // 2)
            for life in self.of_host.values():
                self._renew(life)
        for _ in range(8 * len(HOSTS)):
            told = [host for host, life in self.of_host.items() if self._renew(life)]
            if not told:
                break
            self.join(told[0], clean=True, knows=True)
        else:
            raise AssertionError("they do not come to rest")
        assert set(self.owners) == ALL
        assert all(owner in self.of_host.values() for owner in self.owners.values())
        assert max(len(life.groups) for life in self.of_host.values()) <= math.ceil(GROUPS / len(self.of_host))


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database whose clock stands still."""
    with postgres_server("fsync=off", "synchronous_commit=off") as server:
        place = SharedPlace(server.new_database())
        GroupedStore(place, "pi-barn").close()
        with closing(place.connect()) as found:
            found.execute(_OWN_CLOCK)
            yield found


def test_no_two_hosts_ever_write_for_one_group(connection: psycopg.Connection[Any]) -> None:
    """Whatever they do, and in whatever order."""
    machine = type("LeasesHere", (Leases,), {"connection": connection})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, STEPS // A_RUN),
            stateful_step_count=A_RUN,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
