"""SQLite when the medium, the file or the power lets us down."""

import os
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from gateway.actors import StoreFailed, StoreFull
from gateway.actors.errors import StoreCorrupt
from gateway.service.restoring import restore
from gateway.store import Changes, MailRow, SeqSpan
from gateway.store.backup import back_up
from gateway.store.migrations import STEPS
from gateway.store.room import UNDER_WAY_BYTES
from gateway.store.sqlite import SqliteStore
from tests.disks import small_disk

_KIB = 1024


def _bulk(first: int, rows: int, *, size: int = 4000) -> Changes:
    return Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * size) for n in range(first, first + rows)])


def _filled(path: Path, rows: int = 300) -> None:
    store = SqliteStore(path)
    store.commit(_bulk(1, rows))
    store.close()


def _read_all(path: Path) -> int:
    """Open it, read every row, write one."""
    store = SqliteStore(path)
    try:
        found = store.check()
        if found:
            raise StoreCorrupt(f"cannot use {path}: {found}")
        rows = len(store.mail("mqtt/main", 0, 10_000))
        store.commit(_bulk(100_000, 1))
        return rows
    finally:
        store.close()


def test_a_new_file_takes_every_step(tmp_path: Path) -> None:
    """A new file has the shape of this program, in a folder that is made for it."""
    path = tmp_path / "deep" / "gateway.db"
    SqliteStore(path).close()
    assert apsw.Connection(str(path)).pragma("user_version") == len(STEPS)


@pytest.mark.parametrize("part", ["", "-wal"])
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_committed_to_a_file_that_was_taken_away(part: str, replaced: bool, tmp_path: Path) -> None:
    """Who deletes or replaces the store under us stops it, before anything more is acknowledged."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path)
    store.commit(_bulk(1, 3))
    gone = Path(f"{path}{part}")
    copy = gone.read_bytes()
    gone.rename(tmp_path / "away")
    if replaced:
        gone.write_bytes(copy)
    with pytest.raises(StoreCorrupt) as caught:
        store.commit(_bulk(4, 1))
    assert str(caught.value) == f"cannot commit to {path}: its files were taken away or replaced; a new start takes what is there now"
    store.close()


def test_a_second_opening_keeps_what_is_there(tmp_path: Path) -> None:
    """Steps that were taken are not taken again."""
    _filled(tmp_path / "gateway.db", 3)
    assert _read_all(tmp_path / "gateway.db") == 3


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """A file of a newer program is left as it is, and the fault says what to do."""
    path = tmp_path / "gateway.db"
    SqliteStore(path).close()
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreFailed) as caught:
        SqliteStore(path)
    assert str(caught.value) == f"cannot open {path}: its shape is number 99, this program knows {len(STEPS)}; install the newer one again"
    assert not isinstance(caught.value, StoreCorrupt)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A path that leads through a file is a fault of ours in words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreFailed, match=r"^cannot open .*/file/gateway\.db: .+"):
        SqliteStore(tmp_path / "file" / "gateway.db")


def test_text_in_place_of_a_store_is_corrupt(tmp_path: Path) -> None:
    """A file that is no database is named as such at its opening."""
    path = tmp_path / "gateway.db"
    path.write_text("this is no database, whatever its name says " * 50)
    with pytest.raises(StoreCorrupt, match=r"^cannot open .*: file is not a database"):
        SqliteStore(path)


def test_a_truncated_file_is_found_out(tmp_path: Path) -> None:
    """Half a file is a StoreCorrupt at its opening or its check, never another error."""
    path = tmp_path / "gateway.db"
    _filled(path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreCorrupt):
        _read_all(path)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_raise_nothing_but_our_errors(tmp_path: Path, seed: int) -> None:
    """Whatever bits the medium turns, it works or it says StoreFailed: no other error gets out."""
    path = tmp_path / "gateway.db"
    _filled(path, 100)
    blob = bytearray(path.read_bytes())
    rng = random.Random(seed)
    for _ in range(60):
        blob[rng.randrange(len(blob))] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(blob))
    with suppress(StoreFailed):
        _read_all(path)


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_loses_no_row_without_a_word(tmp_path: Path, seed: int) -> None:
    """One bit anywhere in the file: every row is there as it was, or the store says that it is corrupt."""
    path = tmp_path / "gateway.db"
    _filled(path, 100)
    blob = bytearray(path.read_bytes())
    blob[random.Random(seed).randrange(len(blob))] ^= 1 << seed % 8
    path.write_bytes(bytes(blob))
    try:
        store = SqliteStore(path)
    except StoreCorrupt:
        return
    with suppress(StoreCorrupt):
        assert (store.mail("mqtt/main", 0, 10_000) == _bulk(1, 100).mail) is True  # a diff of what differs would take minutes
    with suppress(StoreCorrupt):
        store.close()


def test_a_limit_says_that_it_is_full_and_deleting_goes_on(tmp_path: Path) -> None:
    """At max_mb a commit raises StoreFull whole; what only deletes still works."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path, max_mb=1)
    store.commit(_bulk(1, 150))
    with pytest.raises(StoreFull) as caught:
        store.commit(_bulk(1000, 300))
    why = "store.max_mb = 1 is reached (the disk has room): raise it, or see in gateway show what waits"
    assert str(caught.value) == f"cannot commit to {path}: {why}"
    assert caught.value.why == why
    assert store.boxes()[0].count == 150
    store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, 149)]))
    store.commit(_bulk(1000, 100))
    assert store.boxes()[0].count == 101
    store.close()


def test_at_its_limit_what_waits_gets_the_last_quarter_until_it_is_drained(tmp_path: Path) -> None:
    """Once: without it, the commit that is under way would block those that delete. Then the limit is as it was."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1)
    store.commit(_bulk(1, 170))
    more = _bulk(1000, 40)
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    store.commit(more)
    assert store.path.stat().st_size <= 1024 * _KIB
    assert not store.recovered()
    with pytest.raises(StoreFull):
        store.commit(_bulk(2000, 200))
    store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, 170)]))
    assert store.recovered()
    store.commit(Changes(notes={"drained": "yes"}))
    with pytest.raises(StoreFull):
        store.commit(_bulk(2000, 300))
    assert store.relieve()
    store.close()


def test_one_long_commit_leaves_no_long_wal(tmp_path: Path) -> None:
    """It must hold that commit; from the next time on that it begins anew, it is no longer than a quarter of the limit, here 256 pages."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=2)
    wal = tmp_path / "gateway.db-wal"
    store.commit(_bulk(1, 350))
    longest = wal.stat().st_size
    assert longest > 1024 * _KIB
    for n in range(300):
        store.commit(Changes(mail=_bulk(1000 + n, 1).mail, mail_gone=[SeqSpan("mqtt/main", 999 + n, 999 + n)]))
    assert wal.stat().st_size < 300 * 2072
    store.close()


def test_an_ordinary_wal_is_not_cut_each_time_that_it_begins_anew(tmp_path: Path) -> None:
    """To cut it and have it grow again would be work for each round, and its last blocks would be given anew."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=2)
    wal, sizes = tmp_path / "gateway.db-wal", list[int]()
    for n in range(1200):
        store.commit(Changes(mail=_bulk(1000 + n, 1).mail, mail_gone=[SeqSpan("mqtt/main", 999 + n, 999 + n)]))
        sizes.append(wal.stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[-1] < 300 * 2072
    store.close()


def test_only_the_limit_is_lifted_where_the_disk_has_room(tmp_path: Path) -> None:
    """The ballast would be of no use there, and be missing where the disk is full, too."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1, ballast_mb=1)
    store.commit(_bulk(1, 170))
    with pytest.raises(StoreFull):
        store.commit(_bulk(1000, 40))
    assert store.relieve()
    assert (tmp_path / "gateway.ballast").exists()
    store.close()


def test_what_is_in_memory_is_always_committed(tmp_path: Path) -> None:
    """Where a quarter more does not do: else nothing that drains could ever be committed behind it. It has an end all the same."""
    store = SqliteStore(tmp_path / "gateway.db", max_mb=1)
    store.commit(_bulk(1, 170))
    more = _bulk(1000, UNDER_WAY_BYTES * 3 // 4 // (4 * _KIB))
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    with pytest.raises(StoreFull):
        store.commit(more)
    assert store.relieve()
    store.commit(more)
    assert not store.spare()
    with pytest.raises(StoreFull):
        store.commit(_bulk(100_000, 8000))
    assert not store.relieve()
    store.close()


@pytest.mark.parametrize("free_rows", [0, 16_000])
def test_what_drains_is_committed_however_far_the_file_is_above_the_limit(free_rows: int, tmp_path: Path) -> None:
    """One that an earlier life was allowed, by a higher limit or by none; and where most of its pages are free, until they are not."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path)
    store.commit(_bulk(1, 24_000))
    if free_rows:
        store.commit(Changes(mail_gone=[SeqSpan("mqtt/main", 1, free_rows)]))
    store.close()
    store = SqliteStore(path, max_mb=1)
    for first in (100_000, 200_000):
        drains = Changes(mail=_bulk(first, free_rows // 2 + 60).mail, mail_gone=[SeqSpan("mqtt/main", 20_000, 20_009)])
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
    store.commit(_bulk(1, 170))
    assert (store.why_full(), store.recovered()) == ("", True)
    assert store.relieve()
    store.commit(_bulk(1000, 60))
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


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    with small_disk(tmp_path, mib=4) as disk:
        yield disk


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4 * _KIB)


def test_on_a_full_disk_the_ballast_lets_what_waits_through(disk: Path) -> None:
    """With no byte free, a commit raises StoreFull; when the ballast is freed it succeeds; the ballast comes back with the room."""
    store = SqliteStore(disk / "gateway.db", ballast_mb=1)
    store.commit(_bulk(1, 20))
    hog = disk / "hog"
    with pytest.raises(OSError, match="No space left"):
        _fill(hog)
    with pytest.raises(StoreFull, match=rf"^cannot commit to {store.path}: the disk is full; make room on the disk: ") as caught:
        store.commit(_bulk(100, 40))
    assert caught.value.why == "the disk is full"
    assert store.relieve()
    assert not store.relieve()
    store.commit(_bulk(100, 40))
    assert not store.recovered()
    hog.unlink()
    assert store.recovered()
    assert (disk / "gateway.ballast").stat().st_size == _KIB * _KIB
    store.close()


def test_on_a_disk_with_little_room_what_is_written_anew_and_anew_fills_nothing(disk: Path) -> None:
    """Its content is small, and so are all its files, before and after the disk was full. Ten times the disk is written."""
    store = SqliteStore(disk / "gateway.db", ballast_mb=1)
    for commit in range(40):
        store.commit(Changes(mail=_bulk(1, 200).mail, mail_gone=[SeqSpan("mqtt/main", 1, 200)]))
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
    store.commit(_bulk(1, 2000))
    store.close()
    with pytest.raises(StoreFull) as caught:
        back_up(store.path, disk / "copy.db")
    assert str(caught.value).startswith(f"cannot write {disk / 'copy.db.part'}: the disk is full; make room on the disk: ")
    assert "max_mb" not in str(caught.value)
    assert list(disk.iterdir()) == []
    back_up(store.path, backup)
    _filled(disk / "gateway.db", 30)
    before = (disk / "gateway.db").read_bytes()
    with pytest.raises(StoreFull, match=r"^cannot write .*: the disk is full; make room on the disk: .*$"):
        restore(backup, disk / "gateway.db", simulated=False)
    assert (disk / "gateway.db").read_bytes() == before


@pytest.mark.parametrize("loss_window_s", [0.0, 60.0])
def test_a_copy_of_the_files_between_commits_is_a_whole_store(tmp_path: Path, loss_window_s: float) -> None:
    """What the medium holds at any moment opens as some commit left it: never half of one."""
    store = SqliteStore(tmp_path / "gateway.db", loss_window_s=loss_window_s)
    for life in range(6):
        store.commit(Changes(mail=_bulk(life * 10, 10).mail, notes={"life": str(life)}))
        copy = tmp_path / f"copy{life}"
        copy.mkdir()
        for name in ("gateway.db", "gateway.db-wal"):
            shutil.copy(tmp_path / name, copy / name)
        with (copy / "gateway.db-wal").open("ab") as wal:
            wal.write(b"\x00half a frame" * 30)
        found = SqliteStore(copy / "gateway.db")
        assert found.notes() == {"life": str(life)}
        assert found.boxes()[0].count == 10 * (life + 1)
        assert found.check() == ""
        found.close()
    store.close()


def test_a_torn_commit_is_not_there(tmp_path: Path) -> None:
    """A -wal cut in the middle of its last commit opens as the commit before left it."""
    store = SqliteStore(tmp_path / "gateway.db")
    store.commit(Changes(notes={"n": "1"}))
    wal = tmp_path / "gateway.db-wal"
    size = wal.stat().st_size
    store.commit(Changes(mail=_bulk(1, 5).mail, notes={"n": "2"}))
    blob = wal.read_bytes()[: size + 3 * 4096]
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "gateway.db", copy / "gateway.db")
    (copy / "gateway.db-wal").write_bytes(blob)
    found = SqliteStore(copy / "gateway.db")
    assert found.notes() == {"n": "1"}
    assert found.boxes() == []
    found.close()
    store.close()


def test_a_commit_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """A row that cannot be kept takes the whole commit back, and the next one works."""
    store = SqliteStore(tmp_path / "gateway.db")
    bad = Changes(notes={"a": "1"}, mail=[MailRow("b/1", 1, 0, None)])  # type: ignore[arg-type]  # what a store must refuse
    with pytest.raises(StoreFailed, match=r"^cannot commit to .*NOT NULL constraint failed: mail\.message"):
        store.commit(bad)
    assert store.notes() == {}
    store.commit(Changes(notes={"a": "2"}))
    assert store.notes() == {"a": "2"}
    store.close()


def test_a_loss_window_syncs_at_least_once_in_it(tmp_path: Path) -> None:
    """With a window commits do not wait for the medium, but for the first after each window; with none each one does."""
    modes: list[int] = []
    for window_s in (0.0, 3600.0, 0.000001):
        store = SqliteStore(tmp_path / f"{window_s}.db", loss_window_s=window_s)
        writer = store._writer
        writer.set_commit_hook(lambda w=writer: modes.append(w.pragma("synchronous")) or False)
        store.commit(Changes(notes={"a": "1"}))
        writer.set_commit_hook(None)
        store.close()
    full, normal = 2, 1
    assert modes == [full, normal, full]


def test_a_commit_that_must_outlive_a_power_cut_is_synced_within_a_window_too(tmp_path: Path) -> None:
    """The one that records an act which must not be done twice; those after it are as the window says."""
    modes: list[int] = []
    store = SqliteStore(tmp_path / "gateway.db", loss_window_s=3600.0)
    writer = store._writer
    writer.set_commit_hook(lambda: modes.append(writer.pragma("synchronous")) or False)
    for changes in (Changes(notes={"a": "1"}), Changes(notes={"a": "2"}, sync=True), Changes(notes={"a": "3"})):
        store.commit(changes)
    writer.set_commit_hook(None)
    store.close()
    full, normal = 2, 1
    assert modes == [normal, full, normal]


def test_a_window_that_ends_in_an_idle_spell_is_noticed(tmp_path: Path) -> None:
    """Commits that no later commit would sync ask for one when their window is over, and for no more once it was made."""
    store = SqliteStore(tmp_path / "gateway.db", loss_window_s=3600.0)
    store.commit(Changes(notes={"a": "1"}))
    asked = [store.wants_sync()]
    store._synced_s -= 3601
    asked.append(store.wants_sync())
    store.commit(Changes(notes={"a": "2"}))
    asked.append(store.wants_sync())
    store.close()
    assert asked == [False, True, False]
