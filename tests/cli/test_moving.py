"""`gateway move`: a store goes from a file into a database and back, whole; and what is not to be moved is refused."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import Changes, DeadRow, EventRow, MailRow, SeenRow, StateRow, Store
from gateway.store.moving import UNFINISHED
from gateway.store.sqlite import SqliteStore
from tests.daemons import DaemonProcess
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.postgres import PostgresStore

COUNT = 1200
MANY = 10 * COUNT


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for all."""
    with postgres_server("fsync=off") as found:
        yield found


def _state(n: int) -> StateRow:
    return StateRow(f"twin/t{n}", 2, b'{"n":%d}' % n, b"t" if n % 2 else None, n if n % 3 else None, b"{}" if n % 5 == 0 else None)


def _fill(store: Store) -> None:
    """Give it some of all that a store holds, more of it than is copied at once."""
    mail = [MailRow(f"mqtt/{n % 2}", n, n % 4, b"\0m%d" % n) for n in range(COUNT)]
    store.commit(Changes(woken=[_state(n) for n in range(COUNT)], mail=mail))
    events = [EventRow(n, f"twin/t{n % 7}", 5, "Made", 1, b"{}") for n in range(1, COUNT)]
    seen = [SeenRow("serial/a", n, f"id {n}") for n in range(COUNT)]
    dead = [DeadRow(n, 5, "trip/van", "it raised \0", 4, b"message") for n in range(1, COUNT)]
    folded = [(7, "twin/t0"), (9, "twin/t1")]
    store.commit(Changes(events=events, folded=folded, seen=seen, dead=dead, notes={"ended": "clean", "life": "7"}))


def _all(store: Store) -> dict[str, object]:
    """All that a store holds."""
    ids = store.actors("", "", MANY)
    return {
        "states": [store.load(id) for id in ids],
        "wakes": store.wakes(-1, MANY, MANY),
        "mail": [store.mail(box.box, -1, MANY) for box in store.boxes()],
        "events": [store.events(id, 0, MANY) for id in ids[:10]],
        "folded": [store.folded(id) for id in ids[:10]],
        "seen": store.seen(),
        "dead": store.dead(0, MANY),
        "notes": {key: text for key, text in store.notes().items() if text},
    }


def _gateway(folder: Path, *, url: str = "") -> DaemonProcess:
    return DaemonProcess(folder, store=f'url = "{url}"' if url else "")


def test_a_store_goes_into_a_database_and_back_whole(server: PostgresServer, tmp_path: Path) -> None:
    """Row by row; what it came from stays as it was."""
    url, rows = server.new_database(), 5 * COUNT
    file = SqliteStore(tmp_path / "gateway.db")
    _fill(file)
    before = _all(file)
    file.close()
    there = _gateway(tmp_path).gateway("move", url)
    assert there.returncode == 0, there.stderr
    said = f'moved {tmp_path}/gateway.db to {url}: {rows} rows\nwrite url = "{url}" into [store] now, and start the gateway; never start'
    assert there.stdout.startswith(said)
    database = PostgresStore(url)
    assert _all(database) == before
    database.close()

    back = _gateway(tmp_path, url=url).gateway("move", str(tmp_path / "back.db"), "--json")
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout) == {"from": url, "to": str(tmp_path / "back.db"), "rows": rows + 1}
    for name in ("gateway.db", "back.db"):
        file = SqliteStore(tmp_path / name)
        assert _all(file) == before
        file.close()


def test_what_holds_something_already_is_not_moved_to(server: PostgresServer, tmp_path: Path) -> None:
    """A database, or a file; and neither is changed."""
    url = server.new_database()
    stores: tuple[Store, ...] = (SqliteStore(tmp_path / "gateway.db"), PostgresStore(url))
    for store in stores:
        store.commit(Changes(notes={"life": "7"}))
        store.close()
    (tmp_path / "text").write_text("text")
    found = [_gateway(tmp_path).gateway("move", to) for to in (url, str(tmp_path / "text"), str(tmp_path / "gateway.db"))]
    assert [one.returncode for one in found] == [2, 2, 2]
    assert "it holds a store already; name an empty database" in found[0].stderr
    assert "there is something already; name a new file" in found[1].stderr
    assert "to itself" in found[2].stderr
    assert (tmp_path / "text").read_text() == "text"
    database = PostgresStore(url)
    assert database.notes() == {"life": "7"}
    database.close()


@pytest.mark.parametrize("to", ["mysql://db.local/gateway", "postgresql://gateway:sesame@db.local/gateway"])
def test_a_url_that_no_configuration_may_have_is_refused(tmp_path: Path, to: str) -> None:
    """With what it has to be; a password is not repeated."""
    SqliteStore(tmp_path / "gateway.db").close()
    refused = _gateway(tmp_path).gateway("move", to)
    assert refused.returncode == 2
    assert "the URL of a database begins with postgresql:// and holds no password; PGPASSWORD or ~/.pgpass has that" in refused.stderr
    assert "sesame" not in refused.stderr + refused.stdout


def test_a_gateway_that_runs_is_not_moved(server: PostgresServer, tmp_path: Path) -> None:
    """It is told to be stopped first, and goes on."""
    with _gateway(tmp_path) as daemon:
        daemon.until_listening()
        refused = daemon.gateway("move", server.new_database())
        assert refused.returncode == 75
        assert "cannot move: the gateway runs, on " in refused.stderr
        assert daemon.stop() == 0


def test_a_copy_that_was_cut_short_is_no_store(server: PostgresServer, tmp_path: Path) -> None:
    """No gateway begins on half of what there is, in a database or in a file."""
    url = server.new_database()
    stores: tuple[Store, ...] = (SqliteStore(tmp_path / "gateway.db"), PostgresStore(url))
    for store in stores:
        store.commit(Changes(notes={UNFINISHED: "yes"}))
        store.close()
    for daemon in (_gateway(tmp_path), _gateway(tmp_path, url=url)):
        assert daemon.start().wait() == 74
        assert "it is a copy that was cut short; delete it, and move again" in daemon.said()


def test_a_move_that_fails_leaves_no_file(server: PostgresServer, tmp_path: Path) -> None:
    """The database is not there: there is no new file, and the error is that of the store."""
    refused = _gateway(tmp_path, url=server.url("nowhere")).gateway("move", str(tmp_path / "new.db"))
    assert refused.returncode == 74
    assert 'database "nowhere" does not exist' in refused.stderr
    assert not list(tmp_path.glob("new.db*"))
