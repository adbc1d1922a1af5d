"""What the database knows of the hosts: what each has said, what is on its way to it, and what that costs. A real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from tests.postgres import why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.shared.board import UNHEARD, HostBoard, HostRow
from gateway.store.postgres.shared.edge import EdgePost, Letter


@pytest.fixture
def open_hosts(url: str, edge: Callable[[str], EdgePost]) -> Iterator[tuple[EdgePost, EdgePost, HostBoard]]:
    """Two hosts, and a board."""
    with closing(HostBoard(url, None)) as board:
        yield edge("barn"), edge("house"), board


Opened = tuple[EdgePost, EdgePost, HostBoard]


def _hand_in(barn: EdgePost, first: int, last: int, to: str = "house") -> None:
    barn.hand_in([Letter(n, f"m{n}", to, "ledger/a", b"m") for n in range(first, last + 1)])


def _seen(board: HostBoard, name: str) -> HostRow:
    return next(row for row in board.hosts() if row.name == name)


def test_each_says_how_it_is(open_hosts: Opened) -> None:
    """Again and again, any bytes; and at last that it ends."""
    barn, house, board = open_hosts
    assert barn.say_how(1, b"one\0") == (0, 0.0)
    house.say_how(7, b"two")
    assert [(row.name, row.life, row.stopped, row.view) for row in board.hosts()] == [
        ("barn", 1, False, b"one\0"),
        ("house", 7, False, b"two"),
    ]
    barn.say_how(2, b"three", ends=True)
    found = _seen(board, "barn")
    assert (found.life, found.stopped, found.view, found.silent_s >= 0) == (2, True, b"three", True)


def test_what_is_on_the_way_is_counted_until_it_is_deleted(open_hosts: Opened) -> None:
    """What was read and is not on the host's disk yet too, though the host is killed meanwhile; up to a bound."""
    barn, house, board = open_hosts
    house.say_how(1, b"")
    _hand_in(barn, 1, 5)
    assert _seen(board, "house").coming.many == 5
    numbers = [one.n for one in house.read()]
    house.read()
    many, oldest_s = house.say_how(1, b"")
    assert (many, oldest_s > 0, _seen(board, "house").coming.many) == (5, True, 5)
    house.delete(numbers)
    house.read()
    assert (house.say_how(1, b""), _seen(board, "house").coming.many) == ((0, 0.0), 0)
    for first in range(6, 12_006, 1000):
        _hand_in(barn, first, first + 999)
    assert house.say_how(1, b"")[0] == _seen(board, "house").coming.many == board.most_counted


def test_mail_for_a_host_that_nobody_has_heard_of_is_told(open_hosts: Opened) -> None:
    """By the name that it was sent to, before, between and behind those that are known; it waits, and goes with that host's first word."""
    barn, house, board = open_hosts
    assert board.unheard() == {}
    _hand_in(barn, 1, 2, "house")
    assert {name: mail.many for name, mail in board.unheard().items()} == {"house": 2}
    barn.say_how(1, b"")
    house.say_how(1, b"")
    assert board.unheard() == {}
    for n, name in enumerate(["attic", "hose", "shed", "Shed", "häuschen"], 3):
        _hand_in(barn, n, n, name)
    found = board.unheard()
    assert {name: mail.many for name, mail in found.items()} == {"Shed": 1, "attic": 1, "hose": 1, "häuschen": 1, "shed": 1}
    assert all(mail.oldest_s > 0 for mail in found.values())
    assert board.forget("hose") == 1
    assert "hose" not in board.unheard()


def test_an_old_snapshot_does_not_have_the_count_go_through_all_that_was_deleted(url: str, open_hosts: Opened) -> None:
    """The blocks that it looks at are few after thousands of messages, and would be many from the first one on."""
    barn, house, _ = open_hosts
    with psycopg.connect(url) as reader, psycopg.connect(url, autocommit=True) as asker:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM gateway_shared.post")
        for first in range(1, 8001, 500):
            _hand_in(barn, first, first + 499)
            house.delete([one.n for one in house.read()])
        house.read()
        house.say_how(1, b"")
        asker.execute("SET search_path = gateway_shared")
        coming = [
            _blocks(asker, f"SELECT * FROM coming_to('house', {since})") for since in ("(SELECT done_x FROM host_state)", "'0'::xid8")
        ]
        assert coming[0] < 30 < coming[1], coming
        assert _blocks(asker, UNHEARD) < 30


def _blocks(asker: "psycopg.Connection[Any]", query: str) -> int:
    """How many blocks a count looks at. (A function is planned with its first call.)"""
    asker.execute(query.encode())
    row = asker.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode()).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
