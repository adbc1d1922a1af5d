"""SQLite when the medium, the file or the power lets us down."""

import os
import random
import shutil
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from gateway.actors import StoreFailed
from gateway.actors.errors import StoreCorrupt
from gateway.store import Changes, MailRow
from gateway.store.migrations import STEPS
from gateway.store.sqlite import SqliteStore
from tests.store.filling import bulk, filled


def _read_all(path: Path) -> int:
    """Open it, read every row, write one."""
    store = SqliteStore(path)
    try:
        found = store.check()
        if found:
            raise StoreCorrupt(f"cannot use {path}: {found}")
        rows = len(store.mail("mqtt/main", 0, 10_000))
        store.commit(bulk(100_000, 1))
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
    store.commit(bulk(1, 3))
    gone = Path(f"{path}{part}")
    copy = gone.read_bytes()
    gone.rename(tmp_path / "away")
    if replaced:
        gone.write_bytes(copy)
    with pytest.raises(StoreCorrupt) as caught:
        store.commit(bulk(4, 1))
    assert str(caught.value) == f"cannot commit to {path}: its files were taken away or replaced; a new start takes what is there now"
    store.close()


def test_a_second_opening_keeps_what_is_there(tmp_path: Path) -> None:
    """Steps that were taken are not taken again."""
    filled(tmp_path / "gateway.db", 3)
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
    filled(path)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreCorrupt):
        _read_all(path)


@pytest.mark.parametrize("seed", range(12))
def test_flipped_bits_raise_nothing_but_our_errors(tmp_path: Path, seed: int) -> None:
    """Whatever bits the medium turns, it works or it says StoreFailed: no other error gets out."""
    path = tmp_path / "gateway.db"
    filled(path, 100)
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
    filled(path, 100)
    blob = bytearray(path.read_bytes())
    blob[random.Random(seed).randrange(len(blob))] ^= 1 << seed % 8
    path.write_bytes(bytes(blob))
    try:
        store = SqliteStore(path)
    except StoreCorrupt:
        return
    with suppress(StoreCorrupt):
        assert (store.mail("mqtt/main", 0, 10_000) == bulk(1, 100).mail) is True  # a diff of what differs would take minutes
    with suppress(StoreCorrupt):
        store.close()


@pytest.mark.parametrize("loss_window_s", [0.0, 60.0])
def test_a_copy_of_the_files_between_commits_is_a_whole_store(tmp_path: Path, loss_window_s: float) -> None:
    """What the medium holds at any moment opens as some commit left it: never half of one."""
    store = SqliteStore(tmp_path / "gateway.db", loss_window_s=loss_window_s)
    for life in range(6):
        store.commit(Changes(mail=bulk(life * 10, 10).mail, notes={"life": str(life)}))
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
    store.commit(Changes(mail=bulk(1, 5).mail, notes={"n": "2"}))
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
