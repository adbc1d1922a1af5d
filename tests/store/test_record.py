"""The record of commits: whatever a disk does to the files of a store, what is missing is said; and nothing is said where nothing is."""

import gc
import os
import shutil
from pathlib import Path

import pytest

from gateway.actors.errors import StoreCorrupt
from gateway.store import Changes, MailRow
from gateway.store.record import read_record
from gateway.store.sqlite import SqliteStore
from tests.disks import small_disk

NAMES = ("gateway.db", "gateway.db-wal", "gateway.db.commits")


def _committed(path: Path, commits: int, *, loss_window_s: float = 0.0) -> SqliteStore:
    SqliteStore(path).close()  # its shape takes some commits of the store's own
    store = SqliteStore(path, loss_window_s=loss_window_s)
    for n in range(commits):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 500)]))
    return store


def _copied(store: SqliteStore, to: Path) -> Path:
    """What the next life finds when the process is killed a moment after its last commit."""
    store.rest()
    return _copied_at_once(store, to)


def _copied_at_once(store: SqliteStore, to: Path) -> Path:
    """The same, killed right behind that commit."""
    to.mkdir()
    for name in NAMES:
        if store.path.with_name(name).exists():
            shutil.copy(store.path.with_name(name), to / name)
    return to / "gateway.db"


def _found(path: Path) -> tuple[int, int]:
    """How many commits are missing, and how many rows are there."""
    store = SqliteStore(path)
    try:
        return store.missing, len(store.mail("mqtt/main", -1, 100_000))
    finally:
        store.close()


def _cut(wal: Path) -> None:
    os.truncate(wal, wal.stat().st_size * 2 // 3)


def _flip(wal: Path) -> None:
    blob = bytearray(wal.read_bytes())
    blob[len(blob) * 2 // 3] ^= 1
    wal.write_bytes(bytes(blob))


def _flip_head(wal: Path) -> None:
    blob = bytearray(wal.read_bytes())
    blob[17] ^= 1
    wal.write_bytes(bytes(blob))


@pytest.mark.parametrize("damage", [_cut, _flip, _flip_head, Path.unlink, lambda wal: os.truncate(wal, 0)])
def test_what_a_damaged_wal_has_lost_is_counted(tmp_path: Path, damage: object) -> None:
    """Cut, flipped, its head flipped, gone, emptied: each row of each commit is there or counted as missing, and only once."""
    store = _committed(tmp_path / "gateway.db", 60)
    path = _copied(store, tmp_path / "copy")
    store.close()
    assert callable(damage)
    damage(path.with_name("gateway.db-wal"))
    missing, rows = _found(path)
    assert (missing > 0, missing + rows) == (True, 60)
    assert _found(path) == (0, rows)


@pytest.mark.parametrize("tidied", [False, True])
def test_commits_that_change_nothing_are_not_counted(tmp_path: Path, tidied: bool) -> None:
    """The -wal is as it was and has not begun anew: what it has lost is counted as ever."""
    store = _committed(tmp_path / "gateway.db", 60)
    if tidied:
        store.tidy()
    store.rest()
    before = read_record(store.path)
    for _ in range(5):
        store.commit(Changes())
    assert read_record(store.path) == before
    path = _copied(store, tmp_path / "copy")
    store.close()
    _cut(path.with_name("gateway.db-wal"))
    missing, rows = _found(path)
    assert (missing > 0, missing + rows) == (True, 60)


def test_a_wal_that_began_anew_is_noticed_though_it_is_longer_than_the_one_before(tmp_path: Path) -> None:
    """The first commit after all was brought into the file is a large one: what the new -wal loses is counted as ever."""
    store = _committed(tmp_path / "gateway.db", 3)
    store.tidy()
    for n in range(3, 60):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * (100_000 if n == 3 else 500))]))
    path = _copied(store, tmp_path / "copy")
    store.close()
    _cut(path.with_name("gateway.db-wal"))
    missing, rows = _found(path)
    assert (missing > 0, missing + rows) == (True, 60)


def test_a_kill_right_behind_a_commit_is_no_loss(tmp_path: Path) -> None:
    """The newest is not counted yet: it is there, and nothing is said of it; those before it are counted."""
    store = _committed(tmp_path / "gateway.db", 60)
    path = _copied_at_once(store, tmp_path / "copy")
    cut = _copied_at_once(store, tmp_path / "cut")
    store.close()
    assert _found(path) == (0, 60)
    _cut(cut.with_name("gateway.db-wal"))
    missing, rows = _found(cut)
    assert (missing > 0, missing + rows) == (True, 59)


def test_a_commit_that_changes_nothing_syncs_nothing(tmp_path: Path) -> None:
    """With a loss window, what was committed before it still wants to be synced."""
    store = _committed(tmp_path / "gateway.db", 2, loss_window_s=0.001)
    store.loss_window_s = 1000.0
    store.commit(Changes(mail=[MailRow("mqtt/main", 9, 0, b"x")]))
    store.loss_window_s = 1e-9
    store.commit(Changes())
    assert store.wants_sync()
    store.commit(Changes(mail=[MailRow("mqtt/main", 10, 0, b"x")]))
    assert not store.wants_sync()
    store.close()


def test_an_emptied_store_beside_its_wal_is_corrupt(tmp_path: Path) -> None:
    """SQLite itself would begin a fresh one and delete the -wal."""
    store = _committed(tmp_path / "gateway.db", 60)
    path = _copied(store, tmp_path / "copy")
    store.close()
    os.truncate(path, 0)
    with pytest.raises(StoreCorrupt, match=r"^cannot open .*: it is empty, and what lies beside it is not$"):
        SqliteStore(path)
    assert path.with_name("gateway.db-wal").stat().st_size > 0


def test_a_store_that_is_gone_is_corrupt(tmp_path: Path) -> None:
    """After a clean end, too."""
    _committed(tmp_path / "gateway.db", 1).close()
    (tmp_path / "gateway.db").unlink()
    with pytest.raises(StoreCorrupt, match=r"it is gone, and what lies beside it is not"):
        SqliteStore(tmp_path / "gateway.db")


def test_an_older_file_in_its_place_is_found_out(tmp_path: Path) -> None:
    """A disk that brings back what was there before: so many commits are missing."""
    path = tmp_path / "gateway.db"
    _committed(path, 10).close()
    older = path.read_bytes()
    SqliteStore(path).close()
    store = SqliteStore(path)
    for n in range(10, 15):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 500)]))
    store.close()
    path.write_bytes(older)
    missing, rows = _found(path)
    assert (missing >= 5, rows) == (True, 10)


@pytest.mark.parametrize("loss_window_s", [0.0, 60.0])
def test_a_kill_at_any_moment_is_no_loss(tmp_path: Path, loss_window_s: float) -> None:
    """Behind each commit, over many beginnings of the -wal: nothing is missing."""
    store = SqliteStore(tmp_path / "gateway.db", loss_window_s=loss_window_s)
    for n in range(40):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 500_000)]))
        if n % 3 == 0:
            path = _copied(store, tmp_path / f"copy{n}")
            assert _found(path) == (0, n + 1)
            shutil.rmtree(path.parent)
    store.close()


def test_a_kill_when_the_wal_was_cut_for_its_room_is_no_loss(tmp_path: Path) -> None:
    """On a full disk all of it is brought into the file, and the next commit may never come."""
    with small_disk(tmp_path, mib=4) as disk:
        store = SqliteStore(disk / "gateway.db")
        for n in range(60):
            store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 500)]))
        assert store.relieve()
        assert disk.joinpath("gateway.db-wal").stat().st_size == 0
        assert _found(_copied(store, tmp_path / "copy")) == (0, 60)
        for n in range(60, 90):
            store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 5000)]))
        path = _copied(store, tmp_path / "later")
        store.close()
        _cut(path.with_name("gateway.db-wal"))
        missing, rows = _found(path)
        assert (missing > 0, missing + rows) == (True, 90)


def test_a_kill_in_the_middle_of_the_end_is_no_loss(tmp_path: Path) -> None:
    """The -wal is in the file and gone, and what says that it was a good end is not written."""
    store = _committed(tmp_path / "gateway.db", 60)
    assert store._fold()
    assert _found(_copied(store, tmp_path / "copy")) == (0, 60)
    store.close()


def test_a_record_that_a_power_cut_left_behind_is_no_loss(tmp_path: Path) -> None:
    """It is older than the store, by some commits or by a -wal: so is one that is torn, or missing."""
    store = _committed(tmp_path / "gateway.db", 20)
    record = tmp_path / "gateway.db.commits"
    older = record.read_bytes()
    for n in range(20, 60):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 300_000)]))
        if n in (21, 59):
            for name, blob in (("older", older), ("torn", os.urandom(4096)), ("empty", b"")):
                path = _copied(store, tmp_path / f"{name}{n}")
                path.with_name("gateway.db.commits").write_bytes(blob)
                assert _found(path) == (0, n + 1)
    store.close()


def test_lives_that_end_well_miss_nothing(tmp_path: Path) -> None:
    """One after the other, with and without commits."""
    for life in range(6):
        store = SqliteStore(tmp_path / "gateway.db")
        assert store.missing == 0
        if life % 2:
            store.commit(Changes(notes={"life": str(life)}))
        store.close()


def test_a_store_that_is_never_closed_has_lost_nothing(tmp_path: Path) -> None:
    """Its process ends as it ends, and the garbage collector closes what was open: the next life finds what was counted."""
    path = tmp_path / "gateway.db"
    store = _committed(path, 50)
    record = store._record
    assert record is not None
    del store
    gc.collect()
    record.close(clean=False)  # the process would give it back
    assert _found(path) == (0, 50)
