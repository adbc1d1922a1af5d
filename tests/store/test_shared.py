"""The store that several hosts share: lives, groups, the fence, and what hosts send each other. A real PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.actors.errors import StoreFailed, StoreTaken
from gateway.actors.ids import GROUPS, group_of
from gateway.store import Changes, DeadRow, MailRow, PostRow, StateRow
from tests.postgres import PostgresServer, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.post import MemberPost
from gateway.store.postgres.shared.store import GroupedStore

BARN, SHED, ATTIC = "pi-barn", "pi-shed", "pi-attic"
Join = Callable[..., GroupedStore]


@pytest.fixture
def place(server: PostgresServer) -> SharedPlace:
    """An empty database."""
    return SharedPlace(server.new_database())


@pytest.fixture
def join(place: SharedPlace) -> Iterator[Join]:
    """Begins lives of hosts upon the database; their leases last for ever, unless it is said."""
    with ExitStack() as at_end:

        def joined(host: str, *, before: int = 0, clean: bool = True, lease_s: float = 10_000) -> GroupedStore:
            store = GroupedStore(place, host, before=before, clean=clean, lease_s=lease_s)
            at_end.callback(store.close)
            return store

        yield joined


@pytest.fixture
def post(place: SharedPlace) -> Iterator[Callable[[GroupedStore], MemberPost]]:
    """Opens what was sent to a life."""
    with ExitStack() as at_end:

        def opened(store: GroupedStore) -> MemberPost:
            made = MemberPost(place, store.member, store.groups)
            at_end.callback(made.close)
            return made

        yield opened


def _of_group(store: GroupedStore, kind: str = "trip") -> str:
    """An id whose group this life has."""
    return next(id for id in (f"{kind}/{n}" for n in range(10_000)) if group_of(id) in store.groups)


def test_the_database_and_the_program_agree_on_groups(server: PostgresServer, place: SharedPlace, join: Join) -> None:
    """Of any id, its children's too, and what is no id; and no group is left out."""
    join(BARN)
    ids = [f"trip/{n}" for n in range(3000)] + ["trip/7/leg/3", "trip/Ærø", "trip/a b", r"trip/a\\b\012", "trip", "", "trip/", "gather/0/1"]
    listed = ",".join(f"'{id}'" for id in ids)
    rows = server.ask(place.shown, f"SELECT id, gateway_shared.group_of(id) FROM unnest(ARRAY[{listed}]) id")
    assert dict(rows) == {id: group_of(id) for id in ids}
    assert {group_of(id) for id in ids} == set(range(1, GROUPS + 1))
    assert group_of("trip/7/leg/3") == group_of("trip/7")


def test_a_group_is_computed_within_the_statement_that_needs_it(server: PostgresServer, place: SharedPlace, join: Join) -> None:
    """A call for each row would take half of a commit's time."""
    join(BARN)
    rows = server.ask(place.shown, "EXPLAIN (VERBOSE) SELECT gateway_shared.group_of(id) FROM gateway_shared.actor")
    assert not any("group_of" in line for (line,) in rows)


def test_a_password_that_cannot_be_read_is_mended_in_the_section_that_names_it(place: SharedPlace, tmp_path: Path) -> None:
    """Which is that of the link."""
    with pytest.raises(StoreFailed, match=r"; mend link\.password_file$"):
        SharedPlace(place.shown, tmp_path / "absent").connect()


def test_hosts_come_to_fair_shares(place: SharedPlace, join: Join, post: Callable[[GroupedStore], MemberPost]) -> None:
    """The first has all; each that comes is given some by those that have more than their share; all are served, each by one."""
    lives = [join(BARN)]
    assert lives[0].groups == set(range(1, GROUPS + 1))
    lives += [join(SHED), join(ATTIC)]
    rounds = 0
    while any(moves := [post(life).renew().moves for life in lives]):
        at = moves.index(True)
        lives[at] = join((BARN, SHED, ATTIC)[at], before=lives[at].member)
        rounds += 1
        assert rounds < 10
    assert sorted(len(life.groups) for life in lives) == [84, 86, 86]
    assert len(frozenset().union(*(life.groups for life in lives))) == GROUPS


def test_what_a_life_leaves_the_next_one_has(join: Join) -> None:
    """States, mail, notes and dead letters of its groups; and each sees only its own."""
    barn = join(BARN)
    mine = [f"trip/{n}" for n in range(40)]
    barn.commit(
        Changes(
            states=[StateRow(id, 1, b"{}", None, 5) for id in mine],
            mail=[MailRow(id, n, 0, b"m") for n, id in enumerate(mine, 1)],
            dead=[DeadRow(n, 0, id, "no", 1, b"m") for n, id in enumerate(mine, 1)],
            notes={"a": "b"},
        )
    )
    again = join(BARN, before=barn.member)
    assert (again.notes(), again.actors("trip/", "", 99), len(again.boxes())) == ({"a": "b"}, sorted(mine), 40)
    shed = join(SHED)
    again = join(BARN, before=again.member)
    shed = join(SHED, before=shed.member)
    for life in (again, shed):
        own = sorted(id for id in mine if group_of(id) in life.groups)
        assert 0 < len(own) < len(mine)
        assert (life.actors("", "", 99), [box.box for box in life.boxes()]) == (own, own)
        assert (sorted(id for _, id in life.wakes(0, 9, 99)), sorted(row.box for row in life.dead(0, 99))) == (own, own)
    assert shed.notes() == {}


def test_who_was_silent_for_too_long_writes_nothing_any_more(join: Join, post: Callable[[GroupedStore], MemberPost]) -> None:
    """Once another has fenced it; until then it may go on. What it had is the other's, who knows that it was not given back."""
    barn = join(BARN, lease_s=0.0)
    id = _of_group(barn)
    barn.commit(Changes(states=[StateRow(id, 1, b"1", None, None)]))
    shed = join(SHED)  # the database has run for longer than a lease of nothing
    assert (shed.groups, shed.unclean_ends) == (set(range(1, GROUPS + 1)), 1)
    with pytest.raises(StoreTaken, match="its lease was over, and other hosts have its groups; this host begins anew"):
        barn.commit(Changes(states=[StateRow(id, 1, b"2", None, None)]))
    assert not post(barn).renew().held
    found = shed.load(id)
    assert found is not None
    assert found.state == b"1"
    assert join(SHED, before=shed.member).unclean_ends == 0


def test_a_commit_renews_the_lease(server: PostgresServer, place: SharedPlace, join: Join) -> None:
    """Whoever writes lives."""
    barn = join(BARN)
    query = f"SELECT lease_until FROM gateway_shared.member WHERE id = {barn.member}"
    before = server.ask(place.shown, query)
    barn.commit(Changes())
    assert server.ask(place.shown, query) > before


def test_the_time_of_all_hosts_never_goes_back(server: PostgresServer, place: SharedPlace, join: Join) -> None:
    """Though the clock of a database that takes over is behind."""
    barn = join(BARN)
    server.ask(place.shown, "UPDATE gateway_shared.member SET lease_until = lease_until + interval '1 hour'")
    assert join(SHED).now_ms - barn.now_ms >= 3_600_000


def test_what_a_host_sends_is_read_in_order_until_it_is_taken(join: Join, post: Callable[[GroupedStore], MemberPost]) -> None:
    """By whoever has the group; and by the life where somebody asked. It goes with the commit that has it."""
    barn, shed = join(BARN), join(SHED)
    barn = join(BARN, before=barn.member)
    shed = join(SHED, before=shed.member)
    theirs = group_of(_of_group(shed))
    for n in range(5):
        barn.commit(Changes(post=[PostRow(theirs, None, None, b"%d a" % n), PostRow(theirs, None, None, b"%d b" % n)]))
    barn.commit(Changes(post=[PostRow(None, shed.member, None, b"answer"), PostRow(None, None, SHED, b"for its devices")]))
    box = post(shed)
    found = box.read()
    assert [one.message for one in found] == [*(b"%d %s" % (n, x) for n in range(5) for x in (b"a", b"b")), b"answer"]
    assert box.read() == post(barn).read() == []
    assert post(shed).read() == found  # nothing of it is on disk: another life has it again
    shed.commit(Changes(post_gone=[one.n for one in found]))
    box.taken([one.n for one in found])
    assert box.read() == post(shed).read() == []


def test_a_message_that_becomes_visible_late_is_read(
    server: PostgresServer, place: SharedPlace, join: Join, post: Callable[..., MemberPost]
) -> None:
    """Though later ones were read before."""
    import psycopg  # noqa: PLC0415  # need not be there

    barn = join(BARN)
    box = post(barn)
    insert = b"INSERT INTO gateway_shared.post (to_grp, message) VALUES (1, 'late')"
    with psycopg.connect(place.shown) as slow:
        slow.execute(insert)
        barn.commit(Changes(post=[PostRow(1, None, None, b"first")]))
        assert [one.message for one in box.read()] == [b"first"]
        slow.commit()
    assert [one.message for one in box.read()] == [b"late"]
