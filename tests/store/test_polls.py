"""What a poll for messages of other hosts costs, whoever keeps a transaction open; and that it misses none. A real PostgreSQL.

Costs are pages of the database that a poll goes through, as the database counts them: they are the same on any machine.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from gateway.store import Changes, PostRow
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

import psycopg

from gateway.store.postgres.arrays import Blobs, Longs, Texts
from gateway.store.postgres.shared.edge import EdgePost, Letter
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.post import AT_ONCE, AT_ONCE_BYTES, OF_HOST, OF_MEMBER, MemberPost, PostReader
from gateway.store.postgres.shared.store import GroupedStore

BARN, SHED = "pi-barn", "pi-shed"
FEW_PAGES = 20
ROUNDS, AT_A_TIME = 20, 400


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for all."""
    with postgres_server("fsync=off", "autovacuum=off") as found:
        yield found


class Fleet:
    """A host that serves, and one at the edge, upon an empty database."""

    def __init__(self, url: str, at_end: ExitStack) -> None:
        self.place = SharedPlace(url)
        self.barn = GroupedStore(self.place, BARN, lease_s=10_000)
        at_end.callback(self.barn.close)
        self.barn_box = MemberPost(self.place, self.barn.member, self.barn.groups)
        at_end.callback(self.barn_box.close)
        self.shed = EdgePost(url, None, SHED)
        at_end.callback(self.shed.close)
        self._n = 0

    def to_a_group(self, count: int) -> None:
        """The edge writes to shared actors."""
        letters = [Letter(self._n + n, f"m{self._n + n}", "", f"trip/{n % 50}", b"x" * 100) for n in range(1, count + 1)]
        self._n += count
        assert self.shed.hand_in(letters) == count

    def to_a_host(self, count: int) -> None:
        """Shared actors write to a device at the edge."""
        self.barn.commit(Changes(post=[PostRow(None, None, SHED, b"x" * 100) for _ in range(count)]))

    def from_a_group(self) -> list[int]:
        """What shared actors are sent is read, and deleted by a commit of who serves them."""
        numbers = [one.n for one in self.barn_box.read()]
        self.barn.commit(Changes(post_gone=numbers))
        self.barn_box.taken(numbers)
        return numbers

    def from_a_host(self) -> list[int]:
        """What the edge is sent is read, and deleted once it has it."""
        numbers = [one.n for one in self.shed.read()]
        if numbers:
            self.shed.delete(numbers)
        return numbers

    def pages(self, query: str, *runs: tuple[Any, ...]) -> int:
        """Through how many pages the last of several runs of a query goes, each with its values: the first reads the catalogue too."""
        with self.place.connect() as looking:
            for values in runs:
                found = looking.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode(), values).fetchone()
        assert found is not None
        plan = found[0][0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    def pages_of_a_poll(self, box: PostReader) -> int:
        """Through how many pages the next poll goes."""
        ours = (OF_HOST, (SHED,)) if box is self.shed else (OF_MEMBER, (Longs(list(range(1, 257))), self.barn.member))
        query, values = box.cursor.poll(*ours)
        return self.pages(query, values, values)


@pytest.fixture
def fleet(server: PostgresServer) -> Iterator[Fleet]:
    """An empty database, a host that serves, and one at the edge."""
    with ExitStack() as at_end:
        yield Fleet(server.new_database(), at_end)


OLD_SNAPSHOT = (b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", b"SELECT count(*) FROM gateway_shared.post")
WRITES = (b"CREATE TABLE gateway_shared.of_somebody ()",)
WAYS = pytest.mark.parametrize("way", ["a group", "a host"])
OPEN = pytest.mark.parametrize("begun", [OLD_SNAPSHOT, WRITES], ids=["reads", "writes"])


def _way(fleet: Fleet, way: str) -> tuple[Callable[[int], None], Callable[[], list[int]], PostReader]:
    """How messages are sent one way, how they are taken, and who reads them."""
    if way == "a host":
        return fleet.to_a_host, fleet.from_a_host, fleet.shed
    return fleet.to_a_group, fleet.from_a_group, fleet.barn_box


@WAYS
@OPEN
def test_an_open_transaction_makes_no_poll_slower(fleet: Fleet, way: str, begun: tuple[bytes, ...]) -> None:
    """Deleted rows that it could see are not gone through again: a poll touches a few pages, whatever was sent before."""
    send, take, box = _way(fleet, way)
    assert take() == []
    with psycopg.connect(fleet.place.shown) as other:
        for statement in begun:
            other.execute(statement)
        for _ in range(ROUNDS):
            send(AT_A_TIME)
            assert len(take()) == AT_A_TIME
        assert take() == []
        assert fleet.pages_of_a_poll(box) < FEW_PAGES


@OPEN
def test_an_open_transaction_makes_no_hand_over_slower(fleet: Fleet, begun: tuple[bytes, ...]) -> None:
    """What is remembered of each host is found without going through what it was before."""
    with psycopg.connect(fleet.place.shown) as other:
        for statement in begun:
            other.execute(statement)
        for _ in range(ROUNDS):
            fleet.to_a_group(AT_A_TIME)
        query = "SELECT gateway_shared.hand_in(%b, %b, %b, %b, %b, %b, %b)"
        runs = ((SHED, Longs([n]), Texts([f"m{n}"]), Texts([""]), Texts(["trip/1"]), Blobs([b"x"]), Longs([0])) for n in (10**6, 10**6 + 1))
        assert fleet.pages(query, *runs) < 2 * FEW_PAGES


@WAYS
def test_what_is_under_way_is_not_gone_through_again(fleet: Fleet, way: str) -> None:
    """A page that is read begins where the one before ended."""
    send, _, box = _way(fleet, way)
    send(AT_ONCE // 2)
    assert len(box.read()) == AT_ONCE // 2
    assert fleet.pages_of_a_poll(box) < FEW_PAGES


@WAYS
def test_more_than_a_page_is_read_in_order_once(fleet: Fleet, way: str) -> None:
    """Though others begin before and end after each page."""
    send, _, box = _way(fleet, way)
    column, whom = ("to_host", "'pi-shed'") if way == "a host" else ("to_grp", "1")
    insert = f"INSERT INTO gateway_shared.post ({column}, message) VALUES ({whom}, 'late') RETURNING n".encode()
    late: list[int] = []
    found: list[int] = []
    with ExitStack() as at_end:
        slow = [at_end.enter_context(psycopg.connect(fleet.place.shown)) for _ in range(3)]
        for one in slow:
            late += one.execute(insert).fetchone() or ()
        send(2 * AT_ONCE + 10)
        for one in (*slow, None, None):
            page = [message.n for message in box.read()]
            box.taken(page)
            found += page
            if one is not None:
                one.commit()
    on_time = [n for n in found if n not in late]
    assert sorted(found) == sorted({*found, *late})
    assert on_time == sorted(on_time)
    assert len(on_time) == 2 * AT_ONCE + 10
    assert not box.has_more


def test_a_page_is_bounded_by_bytes(fleet: Fleet) -> None:
    """It ends behind the message with which it has as many as it may have."""
    large = bytes(AT_ONCE_BYTES * 2 // 5)
    fleet.barn.commit(Changes(post=[PostRow(None, None, SHED, large) for _ in range(7)]))
    assert [len(fleet.shed.read()) for _ in range(4)] == [3, 3, 1, 0]


def test_a_database_that_forgot_transactions_is_read_from_the_beginning() -> None:
    """It gives their numbers again after a crash: what is written by those is read as any other."""
    with postgres_server("fsync=off", "autovacuum=off", "wal_writer_delay=10s") as server, ExitStack() as at_end:
        fleet = Fleet(server.new_database(), at_end)
        fleet.to_a_host(1)
        with psycopg.connect(fleet.place.shown) as other:
            for _ in range(50):
                other.execute(b"SELECT pg_current_xact_id()")
                other.rollback()
        (first,) = fleet.shed.read()
        ahead = int(fleet.shed.cursor.ended.split(":")[1])
        server.kill()
        server.start()
        server.ask(fleet.place.shown, "INSERT INTO gateway_shared.post (to_host, message) VALUES ('pi-shed', 'second')")
        assert server.ask(fleet.place.shown, "SELECT max(x)::text::bigint FROM gateway_shared.post")[0][0] < ahead
        with pytest.raises(Exception, match="cannot read"):
            fleet.shed.read()
        assert [one.message for one in fleet.shed.read()] == [b"second"]
        assert first.message == b"x" * 100
