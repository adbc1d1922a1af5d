"""The store in PostgreSQL: what only it has. A real server, that is killed and started again, and a way to it that is cut."""

import contextlib
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.actors.errors import StoreCorrupt, StoreFailed, StoreForeign, StoreTaken
from gateway.store import Changes, EventRow, MailRow, SeenRow, StateRow, Tried
from tests.postgres import PostgresServer, postgres_server, why_no_postgres
from tests.waiting import until

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.postgres import PostgresStore
from gateway.store.postgres.schema import STEPS

VAN = StateRow("trip/van", 1, b'{"n":1}', None, None)
MAIL = MailRow("mqtt/main", 1, 0, b"message")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for all that does not kill it."""
    with postgres_server() as found:
        yield found


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may kill."""
    with postgres_server() as found:
        yield found


class Way:
    """A way to a server, through a socket of its own: it can be cut, also when the server has just answered and nobody has heard it."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._to = str(server.folder / ".s.PGSQL.5432")
        self.folder = folder
        self.mute = False
        """Whether what the server says from now on is kept back, and the way cut then."""
        self._ending = False
        self._ends: list[socket.socket] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / ".s.PGSQL.5432"))
        self._socket.listen()
        self._threads = [threading.Thread(target=self._accept, name="way")]
        self._threads[0].start()

    def url(self, database: str) -> str:
        """The URL of a database by this way."""
        name = database.partition("?")[0].rpartition("/")[2]
        return f"postgresql://gateway@/{name}?host={self.folder}"

    def _accept(self) -> None:
        while True:
            near, _ = self._socket.accept()
            if self._ending:
                near.close()
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._to)
            self._ends += [near, far]
            self._threads.append(threading.Thread(target=self._carry, args=(near, far), name="way"))
            self._threads[-1].start()

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        with near, far, contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([near, far], [], [])[0]:
                    told = end.recv(65536)
                    if not told or (end is far and self.mute):
                        return
                    (far if end is near else near).sendall(told)

    def cut(self) -> None:
        """Cut every connection; new ones are carried."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ends.clear()

    def close(self) -> None:
        self._ending = True
        self.cut()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.folder / ".s.PGSQL.5432"))
            for thread in self._threads:
                thread.join(10)
        self._socket.close()


@pytest.fixture
def way(server: PostgresServer, tmp_path: Path) -> Iterator[Way]:
    """A way to the server."""
    made = Way(server, tmp_path)
    yield made
    made.close()


def test_what_was_committed_is_there_in_the_next_life(server: PostgresServer) -> None:
    """And the shape is made once."""
    url = server.new_database()
    for _ in range(3):
        store = PostgresStore(url)
        assert store.load("trip/van") in (None, VAN)
        store.commit(Changes(states=[VAN]))
        assert store.load("trip/van") == VAN
        store.close()


def test_a_gateway_that_another_one_has_followed_writes_nothing(server: PostgresServer) -> None:
    """It is told who; what it reads is what the other one writes."""
    url = server.new_database()
    older = PostgresStore(url)
    older.commit(Changes(states=[VAN]))
    newer = PostgresStore(url)
    whose = r"\(process \d+ on .*, at 20.*\)"
    for _ in range(2):
        with pytest.raises(StoreTaken, match=rf"^cannot commit to .*: another gateway has taken it over {whose}; stop one of them, or "):
            older.commit(Changes(states=[VAN._replace(state=b"older")], mail=[MAIL]))
    newer.commit(Changes(states=[VAN._replace(state=b"newer")]))
    found = older.load("trip/van")
    assert found is not None
    assert (found.state, newer.boxes()) == (b"newer", [])
    older.close()
    newer.close()


def test_a_commit_whose_answer_was_lost_is_made_once(server: PostgresServer, way: Way) -> None:
    """The server has it, and the way was cut before anybody heard so: tried again it is found there, and counts no attempt twice."""
    store = PostgresStore(way.url(server.new_database()))
    store.commit(Changes(mail=[MAIL]))
    changes = Changes(tried=[Tried("mqtt/main", 1, 1, 1)], events=[EventRow(1, "a/b", 5, "Made", 1, b"{}")])
    way.mute = True
    with pytest.raises(StoreFailed, match=r"^cannot commit to postgresql://.*; see that it runs and can be reached$"):
        store.commit(changes)
    way.mute = False
    store.commit(changes)
    assert store.mail("mqtt/main", 0, 9) == [MAIL._replace(attempt=1)]
    store.commit(Changes(tried=[Tried("mqtt/main", 1, 1, 1)]))
    assert store.mail("mqtt/main", 0, 9) == [MAIL._replace(attempt=2)]
    store.close()


def test_a_commit_that_the_server_never_had_is_made_when_it_is_tried_again(own_server: PostgresServer) -> None:
    """Nothing of it is there meanwhile, and what is read waits until the server is back, and says for what."""
    store = PostgresStore(own_server.new_database())
    store.commit(Changes(states=[VAN]))
    own_server.kill()
    changes = Changes(seen=[SeenRow("a", 1, "x")], tried=[], notes={"a": "1"})
    with pytest.raises(StoreFailed, match=r"^cannot commit to "):
        store.commit(changes)
    with pytest.raises(StoreFailed, match=r"^cannot open .*; see that it runs and can be reached$"):
        store.commit(changes)
    read: list[StateRow | None] = []
    reading = threading.Thread(target=lambda: read.append(store.load("trip/van")), name="reads")
    reading.start()
    until(lambda: store.fault.startswith(("cannot open postgresql://", "cannot read postgresql://")))
    own_server.start()
    reading.join(60)
    store.commit(changes)
    assert (read, store.fault, store.seen(), store.notes()) == ([VAN], "", [SeenRow("a", 1, "x")], {"a": "1"})
    store.close()


def test_a_store_that_closes_ends_a_read_that_waits(own_server: PostgresServer) -> None:
    """It fails, and says why."""
    store = PostgresStore(own_server.new_database())
    own_server.kill()
    failed: list[str] = []

    def read() -> None:
        try:
            store.load("trip/van")
        except StoreFailed as error:
            failed.append(str(error))

    reading = threading.Thread(target=read, name="reads")
    reading.start()
    until(lambda: store.fault)
    store.close()
    reading.join(60)
    assert failed[0].startswith("cannot ")


def test_a_commit_that_the_database_does_not_take_leaves_nothing(server: PostgresServer) -> None:
    """A part that fails takes the others with it, and the next commit is made."""
    store = PostgresStore(server.new_database())
    store.commit(Changes(events=[EventRow(1, "a/b", 5, "Made", 1, b"{}")]))
    with pytest.raises(StoreFailed, match="duplicate key"):
        store.commit(Changes(states=[VAN], events=[EventRow(1, "a/b", 5, "Made", 1, b"{}")]))
    assert store.load("trip/van") is None
    store.commit(Changes(states=[VAN]))
    assert store.load("trip/van") == VAN
    store.close()


def test_a_database_that_has_lost_commits_is_not_written_to(server: PostgresServer) -> None:
    """A standby that was behind took over: what is in memory does not fit what is there, so this life ends."""
    url = server.new_database()
    store = PostgresStore(url)
    store.commit(Changes(states=[VAN]))
    store.commit(Changes(states=[VAN]))
    server.ask(url, "UPDATE gateway.fence SET commits = commits - 2")
    with pytest.raises(StoreCorrupt, match=r": it has lost 2 commits, those made last; the next start goes on from what is there$"):
        store.commit(Changes(mail=[MAIL]))
    store.close()
    store = PostgresStore(url)
    assert store.boxes() == []
    store.close()


def test_a_newer_shape_is_refused(server: PostgresServer) -> None:
    """With what to do, and nothing is changed."""
    url = server.new_database()
    PostgresStore(url).close()
    server.ask(url, "COMMENT ON SCHEMA gateway IS 'shape 99'")
    with pytest.raises(StoreFailed) as caught:
        PostgresStore(url)
    assert str(caught.value) == f"cannot open {url}: its shape is number 99, this program knows {len(STEPS)}; install the newer one again"


@pytest.mark.parametrize("simulated", [True, False])
def test_a_simulated_gateway_and_a_real_one_have_no_database_in_common(server: PostgresServer, simulated: bool) -> None:
    """Whoever made it has it; the other is told so, and the one that runs goes on."""
    url = server.new_database()
    store = PostgresStore(url, simulated=simulated)
    with pytest.raises(StoreForeign, match=r"gateway's, and this one is (real|simulated); give it another store\.url$"):
        PostgresStore(url, simulated=not simulated)
    store.commit(Changes(states=[VAN]))
    store.close()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("database", ': database "nowhere" does not exist; mend store.url or store.password_file, or what the server lets in (createuser,'),
        ("user", ': role "nobody-here" does not exist; mend store.url or store.password_file, or what the server lets in (createuser, '),
        ("socket", "No such file or directory; see that it runs and can be reached"),
    ],
)
def test_what_cannot_be_opened_says_why_and_what_to_do(server: PostgresServer, tmp_path: Path, change: str, text: str) -> None:
    """No such database, no such user, no server."""
    url = server.new_database()
    wrong = {
        "database": server.url("nowhere"),
        "user": url.replace("gateway@", "nobody-here@"),
        "socket": url.replace(str(server.folder), str(tmp_path)),
    }[change]
    with pytest.raises(StoreFailed) as caught:
        PostgresStore(wrong)
    assert str(caught.value).startswith(f"cannot open {wrong}: ")
    assert text in str(caught.value)


def test_a_password_is_read_from_its_file_and_never_shown(server: PostgresServer, tmp_path: Path) -> None:
    """A file that is not there is named; one with another password is refused by the server."""
    url = server.new_database()
    file = tmp_path / "password"
    with pytest.raises(StoreFailed, match=f"^cannot open .*: {file}: No such file or directory; mend store.password_file$"):
        PostgresStore(url, password_file=file)
    file.write_text("sesame\n")
    PostgresStore(url, password_file=file).close()
    shown = PostgresStore(url.replace("gateway@", "gateway:sesame@"))
    assert "sesame" not in shown.url
    shown.close()


def test_a_server_that_asks_for_a_password_gets_it_from_the_file(tmp_path: Path) -> None:
    """It is read at each connection: one that was changed at both ends holds at the next. A wrong one is refused, and not shown."""
    file = tmp_path / "password"
    with postgres_server("fsync=off", password="sesame") as server:
        url = server.new_database()
        file.write_text("sesame\n")
        store = PostgresStore(url, password_file=file)
        store.commit(Changes(states=[VAN]))
        assert store.load("trip/van") == VAN
        store.close()
        file.write_text("parsley\n")
        with pytest.raises(StoreFailed) as caught:
            PostgresStore(url, password_file=file)
        assert str(caught.value).startswith(
            f'cannot open {url}: password authentication failed for user "gateway"; mend store.url or store.pass'
        )


def test_within_a_loss_window_commits_wait_for_no_disk_but_those_that_must(server: PostgresServer) -> None:
    """A window that the server's own writer keeps: what is told to outlive a power cut waits all the same."""
    url = server.new_database()
    for window_s, told in ((0.0, "on"), (0.1, "on"), (5.0, "off")):
        store = PostgresStore(url, loss_window_s=window_s)
        writer = store._writer
        assert writer is not None
        assert writer.execute("SHOW synchronous_commit").fetchone() == (told,)
        store.commit(Changes(states=[VAN], sync=True))
        assert writer.execute("SHOW synchronous_commit").fetchone() == (told,)
        store.close()
