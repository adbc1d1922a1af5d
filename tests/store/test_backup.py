"""A backup of a store: whole, read back, made while the store is written to; and what is kept before a newer shape."""

import datetime
import threading
from pathlib import Path

import apsw
import pytest

from gateway.actors.errors import StoreCorrupt, StoreFailed
from gateway.service.nightly import NightlyBackup
from gateway.store import Changes, MailRow
from gateway.store.backup import back_up, look_into
from gateway.store.checksums import connect
from gateway.store.migrations import STEPS
from gateway.store.sqlite import SqliteStore
from tests.waiting import until


def _mail(first: int, count: int) -> Changes:
    return Changes(mail=[MailRow("mqtt/main", n, 0, b"x" * 500) for n in range(first, first + count)], notes={"last": str(first + count)})


def _flip(path: Path, at: int) -> None:
    blob = bytearray(path.read_bytes())
    blob[at] ^= 16
    path.write_bytes(bytes(blob))


def test_a_backup_of_a_store_that_is_written_to_is_what_one_commit_left(tmp_path: Path) -> None:
    """Commits go on between its pages; it holds those up to one of them, and nothing of a later one."""
    store = SqliteStore(tmp_path / "gateway.db")
    store.commit(_mail(0, 2000))
    commits = iter(range(1, 10_000))
    found = back_up(store.path, tmp_path / "copy.db", pause=lambda: store.commit(_mail(2000 * next(commits), 2000)))
    assert next(commits) > 3, "there were commits meanwhile"
    store.close()
    copy = SqliteStore(tmp_path / "copy.db")
    assert (copy.boxes()[0].count, copy.notes(), found.rows["mail"]) == (2000, {"last": "2000"}, 2000)
    copy.close()
    assert not list(tmp_path.glob("copy.db.part*"))


def test_what_is_corrupt_is_not_backed_up(tmp_path: Path) -> None:
    """No file is left that would pass for a backup."""
    store = SqliteStore(tmp_path / "gateway.db")
    store.commit(_mail(0, 300))
    store.close()
    _flip(store.path, store.path.stat().st_size // 2)
    with pytest.raises(StoreCorrupt, match="its checksum is wrong"):
        back_up(store.path, tmp_path / "copy.db")
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_that_the_disk_has_changed_is_found_out(tmp_path: Path) -> None:
    """At a look into it, which restoring begins with."""
    store = SqliteStore(tmp_path / "gateway.db")
    store.commit(_mail(0, 300))
    back_up(store.path, tmp_path / "copy.db")
    store.close()
    _flip(tmp_path / "copy.db", 100_000)
    with pytest.raises(StoreCorrupt, match=r"(?s)cannot (use|read) .*/copy\.db: .*(unable to get the page|its checksum is wrong)"):
        look_into(tmp_path / "copy.db")


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    """Whatever it is."""
    SqliteStore(tmp_path / "gateway.db").close()
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(StoreFailed, match=r"cannot write .*/mine: there is such a file already; give the backup another name"):
        back_up(tmp_path / "gateway.db", tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_name_that_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    """SQLite knows names in UTF-8; those of other systems, as on an old stick, are not of it."""
    SqliteStore(tmp_path / "s.db").close()
    for name in ("\udcff.db", "a\0b.db"):
        with pytest.raises(StoreFailed, match="its name, or a folder's, is no UTF-8; give it another one"):
            connect(tmp_path / name)
    with pytest.raises(StoreFailed, match="is no UTF-8"):
        back_up(tmp_path / "s.db", tmp_path / "\udcff.db")


def test_before_a_newer_shape_the_older_one_is_kept_and_named_to_the_older_program(tmp_path: Path) -> None:
    """The file of an older program is backed up as it is; a program that does not know the newer one says what to go back to."""
    path = tmp_path / "gateway.db"
    older = apsw.Connection(str(path))
    older.execute(f"{STEPS[0]}; PRAGMA user_version = 1; INSERT INTO note VALUES ('life', '7')")
    older.close()
    store = SqliteStore(path)
    assert store.notes() == {"life": "7"}
    store.close()
    kept = tmp_path / "gateway.db.shape-1"
    assert (look_into(kept).shape, look_into(kept).rows["note"]) == (1, 1)
    newer = apsw.Connection(str(path))
    newer.pragma("user_version", 99)
    newer.close()
    with pytest.raises(StoreFailed, match=f"shape is number 99, .*; install the newer one again, or go back .*: gateway restore {kept}$"):
        SqliteStore(path)


def test_each_day_has_one_backup_and_the_newest_are_kept(tmp_path: Path) -> None:
    """Two are wanted: the third day drops the first. What else lies in the folder stays."""
    store = SqliteStore(tmp_path / "gateway.db")
    nightly = NightlyBackup(store.path, 2, lambda: None)
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "gateway-mine.db").write_text("mine")
    for day in (1, 1, 2, 3):
        store.commit(_mail(day * 100, 1))
        assert nightly.make(datetime.date(2026, 1, day))
    store.close()
    names = sorted(one.name for one in (tmp_path / "backups").iterdir())
    assert names == ["gateway-2026-01-02.db", "gateway-2026-01-03.db", "gateway-mine.db"]
    assert look_into(tmp_path / "backups" / "gateway-2026-01-03.db").rows["mail"] == 3


def test_a_backup_is_made_after_three_at_night_once_the_clock_is_trusted(tmp_path: Path) -> None:
    """Not before, and not while nobody vouches for the clock: what it looked at says so."""
    store = SqliteStore(tmp_path / "gateway.db")
    night = datetime.datetime(2026, 1, 31, 3, 0).astimezone()
    looked = threading.Event()
    for now, made in ((None, False), (night - datetime.timedelta(minutes=1), False), (night, True)):
        looked.clear()

        def look(now: datetime.datetime | None = now) -> datetime.datetime | None:
            looked.set()
            return now

        nightly = NightlyBackup(store.path, 2, look)
        nightly.start()
        assert looked.wait(60)
        if made:
            until((tmp_path / "backups" / "gateway-2026-01-31.db").exists)
        nightly.stop()
        assert (tmp_path / "backups").exists() is made
    store.close()


def test_a_backup_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    """And the next that can takes it back."""
    store = SqliteStore(tmp_path / "gateway.db")
    (tmp_path / "backups").write_text("in the way")
    nightly = NightlyBackup(store.path, 2, lambda: None)
    assert not nightly.make(datetime.date(2026, 1, 31))
    assert nightly.fault.startswith("there is no backup of 2026-01-31: ")
    (tmp_path / "backups").unlink()
    assert nightly.make(datetime.date(2026, 1, 31))
    assert nightly.fault == ""
    store.close()
