"""What a host at the edge hands in to the database that others share, and what is there for it. A real PostgreSQL."""

from collections.abc import Callable

import pytest

from gateway.actors.ids import group_of
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.shared.edge import EdgePost, Letter

Open = Callable[[str], EdgePost]


def _letters(first: int, last: int, *, life: str = "a") -> list[Letter]:
    return [Letter(n, f"{life}{n}", "pi-house", "ledger/a", b"%d" % n) for n in range(first, last + 1)]


def test_what_is_handed_in_again_is_there_once(edge: Open) -> None:
    """By the same host, in part or whole, whatever came since; another host counts for itself."""
    barn, shed, house = edge("pi-barn"), edge("pi-shed"), edge("pi-house")
    assert [barn.hand_in(_letters(1, 10)), barn.hand_in(_letters(6, 15)), barn.hand_in(_letters(1, 15))] == [10, 5, 0]
    assert shed.hand_in(_letters(1, 2)) == 2
    assert [one.message for one in house.read()] == [b"%d" % n for n in (*range(1, 16), 1, 2)]


def test_a_host_whose_store_was_restored_is_heard(edge: Open) -> None:
    """Its places begin anew, and its messages have other ids."""
    barn = edge("pi-barn")
    assert barn.hand_in(_letters(1, 10)) == 10
    assert barn.hand_in(_letters(5, 12, life="b")) == 8
    assert barn.hand_in(_letters(5, 12, life="b")) == 0


def test_what_is_remembered_is_bounded(server: PostgresServer, url: str, edge: Open) -> None:
    """The newest twenty thousand are, and some."""
    barn = edge("pi-barn")
    for first in range(1, 26_001, 1000):
        barn.hand_in(_letters(first, first + 999))
    assert 20_000 <= server.ask(url, "SELECT count(*) FROM gateway_shared.handed")[0][0] <= 22_000
    assert barn.hand_in(_letters(7_001, 26_000)) == 0


def test_what_is_for_a_host_is_its_own_until_it_is_deleted(edge: Open) -> None:
    """It is read once by one connection, again by the next one; and by no other host."""
    barn, house, shed = edge("pi-barn"), edge("pi-house"), edge("pi-shed")
    barn.hand_in(_letters(1, 3))
    found = house.read()
    assert (house.read(), shed.read()) == ([], [])
    assert edge("pi-house").read() == found
    house.delete([one.n for one in found])
    assert edge("pi-house").read() == []


def test_an_id_of_a_shared_kind_has_its_group(server: PostgresServer, url: str, edge: Open) -> None:
    """As the program has it."""
    barn = edge("pi-barn")
    barn.hand_in([Letter(1, "a", "", "trip/7/path/3", b"x")])
    assert server.ask(url, "SELECT to_grp, to_host FROM gateway_shared.post") == [(group_of("trip/7"), None)]
