"""How much a store may take: its limit, the reserve, its -wal, the ballast, and a disk that is full."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.actors import StoreFull
from gateway.service.restoring import restore
from gateway.store import Changes, SeqSpan
from gateway.store.backup import back_up
from gateway.store.room import UNDER_WAY_BYTES
from gateway.store.sqlite import SqliteStore
from tests.disks import small_disk
from tests.store.filling import bulk, filled

_KIB = 1024


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4 * _KIB)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    with small_disk(tmp_path, mib=4) as disk:
        yield disk


def test_a_limit_says_that_it_is_full_and_deleting_goes_on(tmp_path: Path) -> None:
    """At max_mb a commit raises StoreFull whole; what only deletes still works."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path, max_mb=1)
    store.commit(bulk(1, 150))
    with pytest.raises(StoreFull) as caught:
        store.commit(bulk(1000, 300))
    why = "store.max_mb = 1 is reached (the disk has room): raise it, or see in gateway show what waits"
    assert str(caught.value) == f"cannot commit to {path}: {why}"
    assert caught.value.why == why
    assert store.boxes()[0].count == 150
    store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, 149)]))
    store.commit(bulk(1000, 100))
    assert store.boxes()[0].count == 101
    store.close()


def test_at_its_limit_what_waits_gets_the_last_quarter_until_it_is_drained(tmp_path: Path) -> None:
    """Once: without it, the commit that is under way would block those that delete. Then the limit is as it was."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1)
    store.commit(bulk(1, 170))
    more = bulk(1000, 40)
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    store.commit(more)
    assert store.path.stat().st_size <= 1024 * _KIB
    assert not store.recovered()
    with pytest.raises(StoreFull):
        store.commit(bulk(2000, 200))
    store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, 170)]))
    assert store.recovered()
    store.commit(Changes(notes={"drained": "yes"}))
    with pytest.raises(StoreFull):
        store.commit(bulk(2000, 300))
    assert store.relieve()
    store.close()


def test_one_long_commit_leaves_no_long_wal(tmp_path: Path) -> None:
    """It must hold that commit; from the next time on that it begins anew, it is no longer than a quarter of the limit, here 256 pages."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=2)
    wal = tmp_path / "gateway.db-wal"
    store.commit(bulk(1, 350))
    longest = wal.stat().st_size
    assert longest > 1024 * _KIB
    for n in range(300):
        store.commit(Changes(mail=bulk(1000 + n, 1).mail, mail_gone=[SeqSpan("mqtt/main", 999 + n, 999 + n)]))
    assert wal.stat().st_size < 300 * 2072
    store.close()


def test_an_ordinary_wal_is_not_cut_each_time_that_it_begins_anew(tmp_path: Path) -> None:
    """To cut it and have it grow again would be work for each round, and its last blocks would be given anew."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=2)
    wal, sizes = tmp_path / "gateway.db-wal", list[int]()
    for n in range(1200):
        store.commit(Changes(mail=bulk(1000 + n, 1).mail, mail_gone=[SeqSpan("mqtt/main", 999 + n, 999 + n)]))
        sizes.append(wal.stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[-1] < 300 * 2072
    store.close()


def test_only_the_limit_is_lifted_where_the_disk_has_room(tmp_path: Path) -> None:
    """The ballast would be of no use there, and be missing where the disk is full, too."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1, ballast_mb=1)
    store.commit(bulk(1, 170))
    with pytest.raises(StoreFull):
        store.commit(bulk(1000, 40))
    assert store.relieve()
    assert (tmp_path / "gateway.ballast").exists()
    store.close()


def test_what_is_in_memory_is_always_committed(tmp_path: Path) -> None:
    """Where a quarter more does not do: else nothing that drains could ever be committed behind it. It has an end all the same."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1)
    store.commit(bulk(1, 170))
    more = bulk(1000, UNDER_WAY_BYTES * 3 // 4 // (4 * _KIB))
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    store.commit(more)
    assert not store.spare()
    with pytest.raises(StoreFull):
        store.commit(bulk(100_000, 8000))
    assert not store.relieve()
    store.close()


@pytest.mark.parametrize("free_rows", [0, 16_000])
def test_what_drains_is_committed_however_far_the_file_is_above_the_limit(free_rows: int, tmp_path: Path) -> None:
    """One that an earlier life was allowed, by a higher limit or by none; and where most of its pages are free, until they are not."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path)
    store.commit(bulk(1, 24_000))
    if free_rows:
        store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, free_rows)]))
    store.close()
    store = SqliteStore(path, max_mb=1)
    for first in (100_000, 200_000):
        drains = Changes(mail=bulk(first, free_rows // 2 + 60).mail, mail_gone=[SeqSpan("mqtt/main", 20_000, 20_009)])
        with suppress(StoreFull):
            store.commit(drains)
            continue
        while store.relieve():
            with suppress(StoreFull):
                store.commit(drains)
                break
        else:
            pytest.fail("what drains finds no room")
    store.close()


def test_a_store_above_its_limit_is_known_to_be_full_before_anything_is_written(tmp_path: Path) -> None:
    """A new life must not take in what would fill the reserve of what is to go out; and what goes out is committed."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path, max_mb=1)
    store.commit(bulk(1, 170))
    assert (store.why_full(), store.recovered()) == ("", True)
    assert store.relieve()
    store.commit(bulk(1000, 60))
    store.close()
    store = SqliteStore(path, max_mb=1)
    assert store.why_full().startswith("store.max_mb = 1 is reached")
    assert not store.recovered()
    store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, 170)]))
    assert store.recovered()
    store.close()
    store = SqliteStore(path, max_mb=1)
    assert not store.why_full()
    store.close()


def test_on_a_full_disk_the_ballast_lets_what_waits_through(disk: Path) -> None:
    """With no byte free, a commit raises StoreFull; when the ballast is freed it succeeds; the ballast comes back with the room."""
    store = SqliteStore(disk / "gateway.db", ballast_mb=1)
    store.commit(bulk(1, 20))
    hog = disk / "hog"
    with pytest.raises(OSError, match="No space left"):
        _fill(hog)
    with pytest.raises(StoreFull, match=rf"^cannot commit to {store.path}: the disk is full; make room on the disk: ") as caught:
        store.commit(bulk(100, 40))
    assert caught.value.why == "the disk is full"
    assert store.relieve()
    assert not store.relieve()
    store.commit(bulk(100, 40))
    assert not store.recovered()
    hog.unlink()
    assert store.recovered()
    assert (disk / "gateway.ballast").stat().st_size == _KIB * _KIB
    store.close()


def test_on_a_disk_with_little_room_what_is_written_anew_and_anew_fills_nothing(disk: Path) -> None:
    """Its content is small, and so are all its files, before and after the disk was full. Ten times the disk is written."""
    store = SqliteStore(disk / "gateway.db", ballast_mb=1)
    for commit in range(40):
        store.commit(Changes(mail=bulk(1, 200).mail, mail_gone=[SeqSpan("mqtt/main", 1, 200)]))
        if commit == 20:
            with pytest.raises(OSError, match="No space left"):
                _fill(disk / "hog")
            assert store.relieve()
            (disk / "hog").unlink()
            assert store.recovered()
    assert store.recovered()
    store.close()


def test_a_backup_to_a_full_disk_and_a_restore_on_one_say_so(disk: Path, tmp_path: Path) -> None:
    """In words that help: no limit of ours is to blame. What was there is as it was."""
    store, backup = SqliteStore(tmp_path / "gateway.db"), tmp_path / "backup.db"
    store.commit(bulk(1, 2000))
    store.close()
    with pytest.raises(StoreFull) as caught:
        back_up(store.path, disk / "copy.db")
    assert str(caught.value).startswith(f"cannot write {disk / 'copy.db.part'}: the disk is full; make room on the disk: ")
    assert "max_mb" not in str(caught.value)
    assert list(disk.iterdir()) == []
    back_up(store.path, backup)
    filled(disk / "gateway.db", 30)
    before = (disk / "gateway.db").read_bytes()
    with pytest.raises(StoreFull, match=r"^cannot write .*: the disk is full; make room on the disk: .*$"):
        restore(backup, disk / "gateway.db", simulated=False)
    assert (disk / "gateway.db").read_bytes() == before
