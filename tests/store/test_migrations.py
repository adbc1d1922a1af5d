"""A file of an older shape takes the newer one: all that was in it is there, and a change to an actor writes one page."""

import logging
import random
from pathlib import Path

import apsw
import pytest

from gateway.store import Changes, StateRow
from gateway.store.migrations import STEPS
from gateway.store.salvage import salvage
from gateway.store.sqlite import SqliteStore

OLDER = 3
"""The last shape in which the table of actors has no rowids."""
FRAME = 24 + 2048
"""Bytes of a page in the -wal."""


def row(n: int, *, filled: str = "a") -> StateRow:
    """An actor with a state as long as a twin's is; some have timers, wakes or ties."""
    at_ms = 1000 + n if n % 3 == 0 else None
    return StateRow(f"twin/t{n:04}", 2, (filled * 900).encode(), b"[]" if at_ms else None, at_ms, b"{}" if n % 5 == 0 else None)


def older_file(path: Path, rows: int) -> None:
    """A store as the program before has left it. Its actors came in no order."""
    file = apsw.Connection(str(path))
    file.execute("PRAGMA page_size = 2048; PRAGMA journal_mode = WAL").fetchall()
    for step in STEPS[:OLDER]:
        file.execute(str(step)).fetchall()
    for n in random.Random(1).sample(range(rows), rows):
        one = row(n)
        insert = "INSERT INTO actor (id, version, state, timers, wake_ms, ties, folded) VALUES (?, ?, ?, ?, ?, ?, ?)"
        file.execute(insert, (*one, n if n % 7 == 0 else None))
    file.execute(f"PRAGMA user_version = {OLDER}; INSERT INTO note VALUES ('life', '7')").fetchall()
    file.close()


def shape_of(path: Path) -> int:
    """The number of the last step that a file has taken."""
    file = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    found = file.pragma("user_version")
    file.close()
    return int(str(found))


def test_an_older_file_keeps_all_that_it_holds(tmp_path: Path) -> None:
    """States, timers, wakes, ties and what was folded; and the ids in their order."""
    path = tmp_path / "gateway.db"
    older_file(path, 1050)
    store = SqliteStore(path)
    assert [store.load(f"twin/t{n:04}") for n in range(1050)] == [row(n) for n in range(1050)]
    assert store.actors("twin/", "", 2000) == [row(n).id for n in range(1050)]
    assert store.family("twin/", "", 3) == [("twin/t0000", True), ("twin/t0001", False), ("twin/t0002", False)]
    assert store.wakes(0, 1010, 9) == [(1000 + n, f"twin/t{n:04}") for n in (0, 3, 6, 9)]
    assert [store.folded(f"twin/t{n:04}") for n in (6, 7, 14)] == [0, 7, 14]
    assert (store.notes(), store.check()) == ({"life": "7"}, "")
    store.close()
    assert shape_of(path) == len(STEPS)


@pytest.mark.parametrize("older", [True, False])
def test_a_changed_state_takes_one_page_of_the_wal(older: bool, tmp_path: Path) -> None:
    """As long as a state of 900 bytes is; where rows had no rowids it took two."""
    path = tmp_path / "gateway.db"
    if older:
        older_file(path, 1000)
    store = SqliteStore(path)
    store.commit(Changes(states=[row(n) for n in range(1000)]))
    store.close()
    store = SqliteStore(path)
    store.commit(Changes(states=[row(n, filled="b") for n in range(0, 1000, 10)]))
    pages = (path.with_name("gateway.db-wal").stat().st_size - 32) / FRAME
    store.close()
    assert 50 <= pages <= 110


def test_a_file_without_room_for_it_is_used_in_its_older_shape(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gateway starts, and takes and gives states as before; with room again it takes the step at its next start."""
    path = tmp_path / "gateway.db"
    older_file(path, 320)
    pages = path.stat().st_size // 2048
    assert 350 < pages < 384
    with caplog.at_level(logging.ERROR):
        store = SqliteStore(path, max_mb=1)
    assert "the store keeps its older shape until there is room for the newer one, and works as it did" in caplog.text
    store.commit(Changes(states=[row(7, filled="b")]))
    assert store.load("twin/t0007") == row(7, filled="b")
    store.close()
    assert shape_of(path) == OLDER
    SqliteStore(path, max_mb=2).close()
    assert shape_of(path) == len(STEPS)


def test_of_a_file_that_took_the_newer_shape_the_states_are_salvaged_too(tmp_path: Path) -> None:
    """Also without its first page, which says where the tables are; and again, of the store that they were taken into."""
    older_file(tmp_path / "gateway.db", 600)
    SqliteStore(tmp_path / "gateway.db").close()
    for name, into in (("gateway.db", "fresh.db"), ("fresh.db", "fresher.db")):
        with (tmp_path / name).open("r+b") as file:
            file.write(b"\xff" * 2048)
        SqliteStore(tmp_path / into).close()
        assert salvage(tmp_path / name, tmp_path / into).rows["actor"] == 600
    store = SqliteStore(tmp_path / "fresher.db")
    assert [store.load(f"twin/t{n:04}") for n in range(600)] == [row(n) for n in range(600)]
    store.close()
