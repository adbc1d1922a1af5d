"""A PostgreSQL that is killed under load and started again, and the engine on it, killed too: nothing is lost, nothing is doubled."""

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.faults.test_engine_killed import Life
from tests.postgres import PostgresServer, postgres_server, why_no_postgres

if why_no_postgres():
    pytest.skip(why_no_postgres(), allow_module_level=True)

from gateway.store.postgres.postgres import PostgresStore

WORDS = 600


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that waits for its disk."""
    with postgres_server() as found:
        yield found


def _written(url: str, book: int) -> list[str]:
    store = PostgresStore(url)
    row = store.load(f"book/{book}")
    store.close()
    return json.loads(row.state)["words"] if row else []


def _expect_all(url: str, put: Counter[str]) -> None:
    for book in range(3):
        assert _written(url, book) == [f"w{n}" for n in range(WORDS) if n % 3 == book]
    assert put.keys() == {f"w{n}" for n in range(WORDS)}


def _lines() -> list[str]:
    return [f"{n} book/{n % 3} w{n}" for n in range(WORDS)]


def test_a_server_that_is_killed_again_and_again_loses_and_doubles_nothing(server: PostgresServer) -> None:
    """One life of the engine, which is not started again: each word is written once, in order, and put once."""
    url, rng = server.new_database(), random.Random(5)
    life = Life(url)
    lines, put, acknowledged = _lines(), Counter[str](), 0
    assert life.read(1, limit_s=60) == ["ready"]
    for first in range(0, WORDS, WORDS // 4):
        feed = threading.Thread(target=life.write, args=(lines[first : first + WORDS // 4],), name="feed")
        feed.start()
        said = life.read(rng.randrange(1, 150), limit_s=60)
        server.kill()
        server.start()
        feed.join(60)
        acknowledged += sum(line.startswith("ack") for line in said)
        put.update(line.split()[2] for line in said if line.startswith("put"))
    life.write(["end"])
    rest, code = life.end()
    acknowledged += sum(line.startswith("ack") for line in rest)
    put.update(line.split()[2] for line in rest if line.startswith("put"))
    assert (code, acknowledged) == (0, WORDS)
    _expect_all(url, put)
    assert set(put.values()) == {1}


def test_server_and_engine_killed_in_turn_lose_and_double_nothing(server: PostgresServer) -> None:
    """A source that sends again what was not acknowledged: each word is written once, in order, and put at least once."""
    url, rng = server.new_database(), random.Random(6)
    acknowledged, put = set[str](), Counter[str]()
    for kills in ("engine", "both", "engine", ""):
        life = Life(url)
        life.write([line for line in _lines() if line.split()[0] not in acknowledged] + ([] if kills else ["end"]))
        said = life.read(rng.randrange(1, 400), limit_s=60) if kills else []
        if kills == "both":
            server.kill()
        if kills:
            life.process.kill()
        said += life.end()[0]
        if kills == "both":
            server.start()
        acknowledged |= {line.split()[1] for line in said if line.startswith("ack")}
        put.update(line.split()[2] for line in said if line.startswith("put"))
    assert len(acknowledged) == WORDS
    life = Life(url)
    life.write(["end"])
    rest, code = life.end()
    put.update(line.split()[2] for line in rest if line.startswith("put"))
    assert code == 0
    _expect_all(url, put)
