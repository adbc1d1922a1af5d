"""The bound of what waits in the database that several hosts share, for one receiver. A real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateway.actors.ids import GROUPS, group_of
from gateway.store import Changes, PostRow
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.shared.edge import EdgePost, Letter
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.post import FullReceiver, MemberPost
from gateway.store.postgres.shared.store import GroupedStore

MOST, MOST_BYTES = 100, 10_000


@pytest.fixture
def member(url: str) -> Iterator[Callable[[str], tuple[GroupedStore, MemberPost]]]:
    """Begins a life of a host that serves, with what was sent to it."""
    with ExitStack() as at_end:

        def joined(host: str) -> tuple[GroupedStore, MemberPost]:
            store = GroupedStore(SharedPlace(url), host, lease_s=10_000)
            at_end.callback(store.close)
            post = store.sent()
            at_end.callback(post.close)
            return store, post

        yield joined


def _hand_in(post: EdgePost, first: int, last: int, *, to_host: str = "pi-house", telemetry: bool = False, size: int = 10) -> None:
    letters = [Letter(n, f"{telemetry}{n}", to_host, "trip/1", b"%0*d" % (size, n), telemetry) for n in range(first, last + 1)]
    post.hand_in(letters)


def _stand(post: EdgePost | MemberPost, *waits: str) -> list[FullReceiver]:
    return post.stand(waits, MOST, MOST_BYTES)


def test_who_has_little_is_not_named(edge: Callable[[str], EdgePost]) -> None:
    """Nor is anybody, while all of it is less than one receiver may have."""
    barn = edge("pi-barn")
    assert _stand(barn) == []
    _hand_in(barn, 1, 50)
    _hand_in(barn, 51, 89, to_host="pi-attic")
    assert _stand(barn) == []


def test_who_has_too_much_is_named(edge: Callable[[str], EdgePost]) -> None:
    """By messages, and by bytes; a group as well as a host; until it has taken some."""
    barn, house = edge("pi-barn"), edge("pi-house")
    _hand_in(barn, 1, 101)
    _hand_in(barn, 102, 103, to_host="", size=6000)
    group = f"group {group_of('trip/1')}"
    assert sorted(_stand(barn)) == [FullReceiver(group, 2, 12_000, 0, False), FullReceiver("host/pi-house", 101, 1010, 0, False)]
    house.delete([one.n for one in house.read()][:20])
    assert [one.id for one in _stand(barn)] == [group]


def test_the_oldest_telemetry_gives_way_and_nothing_else(server: PostgresServer, url: str, edge: Callable[[str], EdgePost]) -> None:
    """As much as makes room, by messages and by bytes; what no telemetry is stays."""
    barn, house = edge("pi-barn"), edge("pi-house")
    _hand_in(barn, 1, 60)
    _hand_in(barn, 61, 110, telemetry=True)
    assert _stand(barn) == [FullReceiver("host/pi-house", 110, 1100, 20, False)]
    assert [int(one.message) for one in house.read()] == [*range(1, 61), *range(81, 111)]
    _hand_in(barn, 111, 114, telemetry=True, size=3000)
    ((_, _, _, gone, _),) = _stand(barn)
    assert server.ask(url, "SELECT sum(length(message)) <= 9000, count(*) FROM gateway_shared.post")[0] == (True, 94 - gone)


def test_a_life_says_it_too(member: Callable[[str], tuple[GroupedStore, MemberPost]]) -> None:
    """Of what its commits have sent."""
    store, post = member("pi-barn")
    store.commit(Changes(post=[PostRow(None, None, "pi-yard", b"x", n > 90) for n in range(1, 121)]))
    assert _stand(post) == [FullReceiver("host/pi-yard", 120, 120, 30, False)]


def test_hosts_that_wait_in_a_ring_let_each_other_go_on(
    edge: Callable[[str], EdgePost], member: Callable[[str], tuple[GroupedStore, MemberPost]]
) -> None:
    """Two or more, at the edge or not, once each has said for whom it waits; while one of them reads nobody is let go on."""
    barn, shed = edge("pi-barn"), edge("pi-shed")
    store, post = member("pi-house")
    assert store.groups == set(range(1, GROUPS + 1))
    _hand_in(barn, 1, 110, to_host="pi-shed")
    _hand_in(barn, 111, 220, to_host="pi-barn")
    _hand_in(barn, 221, 330, to_host="")
    group = f"group {group_of('trip/1')}"
    names = lambda who, *waits: sorted(one.id for one in _stand(who, *waits) if one.lets_go_on)  # noqa: E731
    assert names(barn, "host/pi-shed") == ["host/pi-barn"]  # nobody waits for himself
    assert names(shed, group) == ["host/pi-barn", "host/pi-shed"]
    everybody = [group, "host/pi-barn", "host/pi-shed"]
    assert names(post, "host/pi-barn") == everybody
    assert names(barn, "host/pi-shed") == names(shed, group) == everybody
    assert names(barn) == everybody  # it reads again; the others wait for it
    assert names(shed, group) == ["host/pi-shed"]
