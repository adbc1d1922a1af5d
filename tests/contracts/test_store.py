"""What every store must keep: run it against another by adding it to `store`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import Changes, DeadRow, EventRow, MailRow, SeenRow, SeqSpan, StateRow, Store, Tried
from gateway.store.memory import MemoryStore
from gateway.store.sqlite import SqliteStore
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

VAN = StateRow("trip/van", 1, b'{"n":1}', None, None)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer | None]:
    """A PostgreSQL that does not wait for its disk; None where none is installed."""
    if why_no_postgres():
        yield None
        return
    with postgres_server("fsync=off") as found:
        yield found


@pytest.fixture(params=["memory", "sqlite", "postgres", "shared"])
def store(request: pytest.FixtureRequest, server: PostgresServer | None, tmp_path: Path) -> Iterator[Store]:
    """An empty store of each kind."""
    opened = _opened(request.param, server, tmp_path)
    yield opened
    opened.close()


def _opened(kind: str, server: PostgresServer | None, folder: Path) -> Store:
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return SqliteStore(folder / "gateway.db")
    if server is None:
        pytest.skip(why_no_postgres())
    from gateway.store.postgres.postgres import PostgresStore  # noqa: PLC0415  # psycopg need not be there
    from gateway.store.postgres.shared.place import SharedPlace  # noqa: PLC0415  # as said
    from gateway.store.postgres.shared.store import GroupedStore  # noqa: PLC0415  # as said

    if kind == "shared":
        return GroupedStore(SharedPlace(server.new_database()), "pi-barn")
    return PostgresStore(server.new_database())


def _mail(seq: int, box: str = "mqtt/main", *, attempt: int = 0) -> MailRow:
    return MailRow(box, seq, attempt, f"message {seq}".encode())


def _seqs(store: Store, box: str = "mqtt/main") -> list[int]:
    return [row.seq for row in store.mail(box, 0, 100)]


def test_it_begins_empty(store: Store) -> None:
    """A new store holds nothing."""
    assert (store.boxes(), store.seen(), store.dead(0, 10), store.notes()) == ([], [], [], {})
    assert (store.count_actors(), len(store.dead(0, 99))) == (0, 0)
    assert store.load("trip/van") is None


def test_an_empty_commit_is_a_commit(store: Store) -> None:
    """Nothing to keep is no fault."""
    store.commit(Changes())
    assert store.boxes() == []


def test_a_state_comes_back_as_it_went(store: Store) -> None:
    """Version, JSON, timers and wake time, byte by byte."""
    row = StateRow("trip/van", 7, '{"name":"Ærø \\u0000"}'.encode(), b"12\tlost\t{}\tsignal", 12)
    store.commit(Changes(woken=[row]))
    assert store.load("trip/van") == row


def test_many_states_are_read_together_in_the_order_in_which_they_are_asked_for(store: Store) -> None:
    """Each as `load` gives it, None where there is none; it ends behind the one with which they have so many bytes."""
    rows = [StateRow(f"trip/{key}", 1, b'{"n":%d}' % n, b"12\tlost\t{}\tsignal", 12) for n, key in enumerate(["æ,\"x'", "b", "c"])]
    store.commit(Changes(woken=rows))
    wanted = ["trip/c", "trip/nobody", rows[0].id, "trip/b"]
    found = store.load_many(wanted, 1000)
    assert list(found) == wanted
    assert found == {id: store.load(id) for id in wanted}
    assert list(store.load_many(wanted, len(rows[2].state))) == wanted[:1]
    assert list(store.load_many(wanted, len(rows[2].state) + 1)) == wanted[:3]
    assert store.load_many([], 1) == {}


def test_the_last_of_two_states_counts(store: Store) -> None:
    """An actor that is in one commit twice has its last state."""
    store.commit(Changes(states=[VAN, VAN._replace(state=b'{"n":2}')]))
    loaded = store.load("trip/van")
    assert loaded is not None
    assert loaded.state == b'{"n":2}'


def test_states_leaves_the_wake_time_and_woken_sets_it(store: Store) -> None:
    """A row in `states` keeps the stored wake time; one in `woken` replaces it, also by none."""
    store.commit(Changes(woken=[VAN._replace(wake_ms=500)]))
    store.commit(Changes(states=[VAN._replace(state=b'{"n":2}', wake_ms=999)]))
    assert store.wakes(-1, 1000, 10) == [(500, "trip/van")]
    store.commit(Changes(woken=[VAN._replace(wake_ms=None)]))
    assert store.wakes(-1, 1000, 10) == []


def test_a_new_actor_takes_the_wake_time_of_its_row(store: Store) -> None:
    """There is none to keep."""
    store.commit(Changes(states=[VAN._replace(wake_ms=5)]))
    assert store.wakes(-1, 1000, 10) == [(5, "trip/van")]


def test_gone_wins_over_a_state_of_the_same_commit(store: Store) -> None:
    """An actor that was changed and then ended is not there."""
    store.commit(Changes(states=[VAN]))
    store.commit(Changes(states=[VAN], woken=[VAN._replace(wake_ms=5)], gone=["trip/van", "trip/never"]))
    assert store.load("trip/van") is None
    assert store.wakes(-1, 1000, 10) == []


def test_wakes_are_in_order_and_within_their_bounds(store: Store) -> None:
    """After the first bound, up to the second and no more than asked for."""
    store.commit(Changes(woken=[VAN._replace(id=f"trip/{at}", wake_ms=at) for at in (30, 10, 20, 40)]))
    assert store.wakes(10, 30, 10) == [(20, "trip/20"), (30, "trip/30")]
    assert store.wakes(-1, 100, 2) == [(10, "trip/10"), (20, "trip/20")]


def test_actors_are_listed_by_prefix_in_order(store: Store) -> None:
    """A family by its prefix, page by page."""
    ids = ["site/a", "site/a/contact/1", "site/a/contact/2", "site/ab", "trip/x"]
    store.commit(Changes(states=[VAN._replace(id=id) for id in reversed(ids)]))
    assert store.actors("site/a/", "", 10) == ["site/a/contact/1", "site/a/contact/2"]
    assert store.actors("site/a/", "site/a/contact/1", 10) == ["site/a/contact/2"]
    assert store.actors("", "", 2) == ["site/a", "site/a/contact/1"]
    assert store.count_actors() == 5


def test_mail_is_read_in_order_behind_a_place(store: Store) -> None:
    """By place, whatever the order of writing; other boxes are not in it."""
    store.commit(Changes(mail=[_mail(3), _mail(1), _mail(2, "gpio/relay"), _mail(5)]))
    assert _seqs(store) == [1, 3, 5]
    assert store.mail("mqtt/main", 1, 1) == [_mail(3)]


def test_boxes_count_their_mail(store: Store) -> None:
    """How many, how many bytes, and the last place; a box without mail is not there."""
    store.commit(Changes(mail=[_mail(1), _mail(12), _mail(2, "gpio/relay")]))
    store.commit(Changes(mail_gone=[SeqSpan("gpio/relay", 2, 2)]))
    (size,) = store.boxes()
    assert (size.box, size.count, size.bytes, size.last_seq) == ("mqtt/main", 2, 19, 12)


def test_an_attempt_is_counted_on_mail_that_is_there(store: Store) -> None:
    """Mail written again changes its attempt, and is no second message."""
    store.commit(Changes(mail=[_mail(1)]))
    store.commit(Changes(mail=[_mail(1, attempt=1), _mail(1, attempt=2)]))
    assert store.mail("mqtt/main", 0, 10) == [_mail(1, attempt=2)]


def test_a_span_deletes_both_its_ends_and_no_other_box(store: Store) -> None:
    """From first to last, both included; mail that came in the same commit too."""
    store.commit(Changes(mail=[_mail(n) for n in range(1, 7)] + [_mail(3, "gpio/relay")]))
    store.commit(Changes(mail=[_mail(7)], mail_gone=[SeqSpan("mqtt/main", 2, 4), SeqSpan("mqtt/main", 7, 7)]))
    assert _seqs(store) == [1, 5, 6]
    assert _seqs(store, "gpio/relay") == [3]


def test_many_rows_go_in_one_commit(store: Store) -> None:
    """However many rows, none is left out."""
    for rows in (1, 3, 4, 63, 64, 85, 1000):
        store.commit(Changes(mail=[_mail(n, f"b/{rows}") for n in range(rows)]))
        assert len(store.mail(f"b/{rows}", -1, 5000)) == rows


def test_seen_ids_come_back_in_their_order(store: Store) -> None:
    """By source and number; forgetting takes those up to a number away, also of the same commit."""
    store.commit(Changes(seen=[SeenRow("b", 1, "x"), SeenRow("a", 2, "y"), SeenRow("a", 1, "z")]))
    assert store.seen() == [SeenRow("a", 1, "z"), SeenRow("a", 2, "y"), SeenRow("b", 1, "x")]
    store.commit(Changes(seen=[SeenRow("a", 3, "w"), SeenRow("a", 4, "v")], seen_gone=[("a", 3)]))
    assert store.seen() == [SeenRow("a", 4, "v"), SeenRow("b", 1, "x")]


def _event(n: int, actor: str = "account/ann", kind: str = "Deposited") -> EventRow:
    return EventRow(n, actor, 5, kind, 2, f'{{"cents":{n}}}'.encode())


def test_events_come_back_as_they_went_in_order(store: Store) -> None:
    """Byte by byte, by number, behind a number and no more than asked for; those of another actor are not among them."""
    store.commit(Changes(events=[_event(3), _event(1), _event(2, "account/bob"), _event(7)]))
    assert store.events("account/ann", 0, 10) == [_event(1), _event(3), _event(7)]
    assert store.events("account/ann", 1, 1) == [_event(3)]


def test_the_last_event_is_found_of_all_or_of_some_kinds(store: Store) -> None:
    """0 where there is none."""
    assert store.last_event() == 0
    store.commit(Changes(events=[_event(3), _event(5, kind="Withdrawn")]))
    assert (store.last_event(), store.last_event(["Deposited", "Other"]), store.last_event(["Other"])) == (5, 3, 0)


def test_events_that_go_make_room_for_those_of_the_same_commit(store: Store) -> None:
    """What is on disk goes, what the same commit brings stays: the actor has begun a new life."""
    store.commit(Changes(events=[_event(1), _event(2, "account/bob")]))
    store.commit(Changes(events=[_event(3)], events_gone=["account/ann", "account/never"]))
    assert store.events("account/ann", 0, 10) == [_event(3)]
    assert store.events("account/bob", 0, 10) == [_event(2, "account/bob")]


def test_how_far_a_state_holds_its_events_goes_with_it(store: Store) -> None:
    """Kept when the state changes, gone with the actor; nothing is kept of one that is not there."""
    assert store.folded("trip/van") == 0
    store.commit(Changes(states=[VAN], folded=[(7, "trip/van"), (7, "trip/never")]))
    store.commit(Changes(states=[VAN]))
    assert (store.folded("trip/van"), store.folded("trip/never")) == (7, 0)
    store.commit(Changes(folded=[(9, "trip/van")]))
    assert store.folded("trip/van") == 9
    store.commit(Changes(gone=["trip/van"]))
    store.commit(Changes(states=[VAN]))
    assert store.folded("trip/van") == 0


def test_a_reader_of_events_sees_every_commit(store: Store) -> None:
    """By actor, by the beginning of its id, by kind, behind a number; also what comes after it was opened."""
    reader = store.event_reader()
    store.commit(Changes(events=[_event(1), _event(2, "account/bob"), _event(4, "contacts/home", "Added")]))
    assert [row.n for row in reader.page()] == [1, 2, 4]
    assert reader.page(actor="account/bob") == [_event(2, "account/bob")]
    assert [row.n for row in reader.page(prefix="account/", after=1)] == [2]
    assert [row.n for row in reader.page(kinds=["Added", "Deposited"], limit=2)] == [1, 2]
    store.commit(Changes(events=[_event(5)]))
    assert [row.n for row in reader.page(kinds=["Deposited"], after=2)] == [5]
    reader.close()


def test_dead_letters_are_kept_until_they_go(store: Store) -> None:
    """In order of their number, page by page."""
    rows = [DeadRow(n, 5, "trip/van", "it raised", 4, b"message") for n in (1, 2, 3)]
    store.commit(Changes(dead=rows))
    assert store.dead(1, 1) == [rows[1]]
    store.commit(Changes(dead_gone=[1, 3, 99]))
    assert store.dead(0, 10) == [rows[1]]
    assert len(store.dead(0, 99)) == 1
    assert store.dead_sizes() == [(2, 7)]


def test_the_last_note_counts(store: Store) -> None:
    """A note is replaced by the next of its key."""
    store.commit(Changes(notes={"clock": "1", "ended": "running"}))
    store.commit(Changes(notes={"clock": "2"}))
    assert store.notes() == {"clock": "2", "ended": "running"}


def test_it_takes_bytes_and_says_how_many(store: Store) -> None:
    """The size grows with what is kept."""
    before = store.size_bytes()
    store.commit(Changes(mail=[MailRow("mqtt/main", 1, 0, b"x" * 20_000)]))
    assert store.size_bytes() >= before + 20_000


def test_attempts_are_counted_in_spans_of_one_mailbox(store: Store) -> None:
    """Up and down, of new mail too; what is not there, or goes with the same commit, is passed over."""
    store.commit(Changes(mail=[_mail(1), _mail(2), _mail(3), _mail(2, "serial/b")]))
    store.commit(
        Changes(
            mail=[_mail(4)],
            tried=[Tried("mqtt/main", 1, 2, 1), Tried("mqtt/main", 2, 9, 7), Tried("mqtt/main", 4, 4, 3), Tried("nobody/x", 1, 9, 5)],
            mail_gone=[SeqSpan("mqtt/main", 3, 3)],
        )
    )
    assert [(row.seq, row.attempt) for row in store.mail("mqtt/main", 0, 9)] == [(1, 1), (2, 8), (4, 10)]
    assert [row.attempt for row in store.mail("serial/b", 0, 9)] == [0]
    store.commit(Changes(tried=[Tried("mqtt/main", 1, 4, -1)]))
    assert [row.attempt for row in store.mail("mqtt/main", 0, 9)] == [0, 7, 9]
    assert store.mail("mqtt/main", 3, 1)[0].message == b"message 4"


@pytest.mark.parametrize("many", [1, 8, 9, 200], ids=lambda many: f"{many}_rows")
@pytest.mark.parametrize("together", [True, False], ids=["together", "one_by_one"])
def test_attempts_are_counted_alike_however_many_there_are(store: Store, many: int, together: bool) -> None:
    """In the rows that bring the mail, where they are few; of mail that is there already, and of no mail at all."""
    store.commit(Changes(mail=[_mail(1), _mail(2)]))
    changes = Changes(mail=[*(_mail(place) for place in range(3, 3 + many)), _mail(5, "serial/b")])
    new = list(range(3, 3 + many))
    changes.count_attempts("mqtt/main", new, 2, together=together)
    changes.count_attempts("mqtt/main", new[-1:], -1, together=together)
    changes.count_attempts("mqtt/main", [1], 4, together=together)
    changes.count_attempts("mqtt/main", [2, 3], 1, together=together)
    changes.count_attempts("mqtt/main", [], 9, together=together)
    store.commit(changes)
    attempts = {row.seq: row.attempt for row in store.mail("mqtt/main", 0, 999)}
    expected = dict.fromkeys(new, 2) | {1: 4, 2: 1}
    expected[new[-1]] -= 1
    expected[3] += 1
    assert attempts == expected
    assert [row.attempt for row in store.mail("serial/b", 0, 9)] == [0]


def test_texts_from_outside_come_back_whole(store: Store) -> None:
    """Any character, NUL too: in an id that a source gave, in a reason, in a note."""
    text = "a\0b \U0010ffff 'x' \\ {1,2} %s"
    dead = DeadRow(1, 5, "trip/van", text, 4, b"\0\xff")
    store.commit(Changes(seen=[SeenRow("serial/a", 1, text)], dead=[dead], notes={"faults": text}))
    assert (store.seen(), store.dead(0, 9), store.notes()) == ([SeenRow("serial/a", 1, text)], [dead], {"faults": text})


def test_numbers_keep_all_their_digits(store: Store) -> None:
    """A place, a number of an event, a time: up to 2^63 - 1; and a wake time of 0 is one."""
    high = 2**63 - 1
    woken = [VAN._replace(wake_ms=high), VAN._replace(id="trip/x", wake_ms=0)]
    store.commit(Changes(mail=[_mail(high)], events=[_event(high)], woken=woken))
    assert (_seqs(store), store.last_event()) == ([high], high)
    assert store.wakes(-1, high, 9) == [(0, "trip/x"), (high, "trip/van")]


def test_ids_are_in_the_order_of_their_bytes(store: Store) -> None:
    """Whatever a language thinks of upper case and signs."""
    ids = ["a/B", "a/Z", "a/_", "a/a", "a/b", "a/~"]
    store.commit(Changes(states=[VAN._replace(id=id) for id in reversed(ids)]))
    assert store.actors("a/", "", 9) == sorted(ids)
    assert store.actors("a/a", "", 9) == ["a/a"]


def test_one_row_twice_in_one_commit_is_the_last(store: Store) -> None:
    """Of an id that was seen, of a dead letter; and a new actor that is there twice takes the wake time of its first row."""
    row = DeadRow(1, 5, "trip/van", "it raised", 4, b"one")
    twice = Changes(
        states=[VAN._replace(wake_ms=5), VAN._replace(wake_ms=9)],
        seen=[SeenRow("a", 1, "x"), SeenRow("a", 1, "y")],
        dead=[row, row._replace(message=b"two")],
    )
    store.commit(twice)
    assert (store.seen(), store.dead(0, 9)) == ([SeenRow("a", 1, "y")], [row._replace(message=b"two")])
    assert store.wakes(-1, 99, 9) == [(5, "trip/van")]
