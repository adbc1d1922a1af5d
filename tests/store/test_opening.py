"""Opening a store that is corrupt, with a process that is killed anywhere in between: nothing is lost without a word."""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.config import StoreSettings
from gateway.runtime.recovery import ENDED
from gateway.service.opening import OpenedStore, open_store
from gateway.store import Changes, MailRow
from gateway.store.sqlite import SqliteStore
from tests.dying import die_at, killed, killed_at_rename
from tests.stores import PAGE, ROWS, corrupt


def _open(path: Path, progress: Callable[[], None] = lambda: None) -> OpenedStore:
    return open_store(StoreSettings(path=path, ballast_mb=0), simulated=False, progress=progress)


@pytest.mark.parametrize("calls", [1, 3, 12, 19])
def test_a_start_that_is_killed_while_it_salvages_is_begun_again(tmp_path: Path, calls: int) -> None:
    """Twice killed, then left alone: the third has all that can be read, and says what was wrong."""
    path = tmp_path / "gateway.db"
    corrupt(path)
    assert killed(lambda: _open(path, die_at(calls)))
    assert killed(lambda: _open(path, die_at(calls)))
    opened = _open(path)
    [box] = opened.store.boxes()
    opened.store.close()
    assert ROWS - 200 < box.count < ROWS
    assert re.match(
        r"(?s)the store was corrupt \(.*\): it was moved to .*corrupt-\S+, and a fresh one begun; \d+ messages,? ", opened.fault
    )
    assert opened.fault.endswith("pages that cannot be read: 1 of messages")
    assert len([one for one in tmp_path.iterdir() if re.search(r"\.corrupt-\w+$", one.name)]) == 1
    assert not list(tmp_path.glob("*.salvaged*")) + list(tmp_path.glob("*.next.*"))


@pytest.mark.parametrize("number", range(1, 8))
def test_a_start_that_is_killed_while_the_store_gives_way_is_gone_on_with(tmp_path: Path, number: int) -> None:
    """Between any two of its files: the next start has what was salvaged, and says what was wrong."""
    path = tmp_path / "gateway.db"
    corrupt(path)
    assert killed(lambda: killed_at_rename(number, lambda: _open(path))) is (number <= 6)
    for _ in range(2):
        opened = _open(path)
        [box] = opened.store.boxes()
        opened.store.abandon()  # killed before anybody was told
        assert box.count > ROWS - 200
        assert opened.fault.endswith("pages that cannot be read: 1 of messages")


def _looked_into(path: Path, flip: bool) -> None:
    """A store whose gateway was killed, and which another program, without our checksums, opened and closed since."""
    store = SqliteStore(path)
    for n in range(300):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 200)], notes={ENDED: "running"}))
    store.abandon()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT count(*) FROM mail").fetchone() == (300,)
    assert not path.with_name("gateway.db-wal").exists()
    if flip:
        with path.open("r+b") as file:
            file.seek(PAGE * 20)
            file.write(b"\xff" * 4)


@pytest.mark.parametrize("flip", [False, True])
def test_another_program_that_opens_the_store_of_a_killed_gateway_loses_nothing(tmp_path: Path, flip: bool) -> None:
    """Its pages have no right checksums then: where SQLite finds all in order they are taken over, and that is said; else they are not."""
    path = tmp_path / "gateway.db"
    _looked_into(path, flip)
    assert killed(lambda: _open(path, die_at(1))), "one that is cut short changes nothing of that"
    opened = _open(path)
    rows = opened.store.mail("mqtt/main", -1, 1000)
    opened.store.close()
    assert (len(rows) == 300) is not flip
    assert ("pages had a wrong checksum and were taken over all the same: " in opened.fault) is not flip


@pytest.mark.parametrize("size", [*range(0, 24), 99, 100, 511, 512, PAGE - 1])
def test_a_store_that_is_cut_to_a_few_bytes_is_moved_aside_and_said(tmp_path: Path, size: int) -> None:
    """However few there are."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path)
    store.commit(Changes(notes={ENDED: "running"}))
    store.close()
    os.truncate(path, size)
    opened = _open(path)
    opened.store.close()
    assert opened.fault.startswith(f"the store was corrupt (cannot open {path}: ")


@pytest.mark.parametrize("chain", [1, 2])
def test_a_store_behind_a_link_gives_way_where_its_files_are(tmp_path: Path, chain: int) -> None:
    """What is in its -wal only is taken over, the fresh one is on the same disk, and the links lead to it."""
    path, card = tmp_path / "gateway.db", tmp_path / "card"
    card.mkdir()
    for n in range(chain):
        (tmp_path / f"link{n}.db" if n else path).symlink_to(tmp_path / f"link{n + 1}.db" if n + 1 < chain else card / "store.db")
    SqliteStore(path).close()
    store = SqliteStore(path)
    for n in range(200):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 200)], notes={ENDED: "running"}))
    store.abandon()
    os.truncate(card / "store.db", 0)
    opened = _open(path)
    rows = opened.store.mail("mqtt/main", -1, 1000)
    opened.store.close()
    assert len(rows) == 200
    assert "200 messages" in opened.fault
    assert path.is_symlink()
    assert (card / "store.db").is_file()
    assert {one.name for one in tmp_path.iterdir() if not one.is_symlink()} == {"card"}
