"""Restoring a backup over whatever is there, with a process that is killed anywhere in between."""

from pathlib import Path

import pytest

from gateway.config import StoreSettings
from gateway.service.opening import open_store
from gateway.service.restoring import restore
from gateway.store import Changes, MailRow
from gateway.store.backup import back_up
from gateway.store.sqlite import SqliteStore
from tests.dying import killed, killed_at_rename

PARTS = ("", "-wal", "-shm", ".commits")


def _backup(folder: Path) -> Path:
    """One with 200 messages."""
    _fill(folder / "first.db", 200, b"a")
    back_up(folder / "first.db", folder / "backup.db")
    return folder / "backup.db"


def _fill(path: Path, count: int, byte: bytes) -> None:
    """A store of a process that was killed: what was committed last is in its -wal only."""
    store = SqliteStore(path)
    for n in range(count):
        store.commit(Changes(mail=[MailRow("mqtt/main", n, 0, byte * 900)]))
    store.abandon()


def _found(path: Path) -> tuple[int, str, str]:
    """How many messages there are, and what is wrong."""
    store, fault = open_store(StoreSettings(path=path, ballast_mb=0), simulated=False)
    try:
        return len(store.mail("mqtt/main", -1, 100_000)), fault, store.check()
    finally:
        store.close()


@pytest.mark.parametrize("gone", [("",), ("", "-wal"), ("", "-wal", "-shm"), ("-wal",), ("", ".commits"), PARTS])
def test_nothing_of_what_was_there_is_left_over_a_backup(tmp_path: Path, gone: tuple[str, ...]) -> None:
    """Whichever of the older store's files are there: all of them give way, and stay under the name that is told."""
    path, backup = tmp_path / "gateway.db", _backup(tmp_path)
    _fill(path, 300, b"z")
    for part in gone:
        path.with_name(path.name + part).unlink()
    before = {part: path.with_name(path.name + part).read_bytes() for part in PARTS if part not in gone}
    replaced = restore(backup, path, simulated=False).replaced
    assert (replaced is None) is (not before)
    if replaced is not None:
        assert {part: replaced.with_name(replaced.name + part).read_bytes() for part in before} == before
    assert _found(path) == (200, "", "")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_restore_that_is_killed_has_happened_or_has_not(tmp_path: Path, number: int) -> None:
    """Behind any file that it renames: the next start has the whole older store, or the whole backup."""
    path, backup = tmp_path / "gateway.db", _backup(tmp_path)
    _fill(path, 300, b"z")
    died = killed(lambda: killed_at_rename(number, lambda: restore(backup, path, simulated=False)))
    assert died is (number <= 7)
    assert _found(path) in [(200, "", ""), (300, "", "")]
    assert restore(backup, path, simulated=False).replaced
    assert _found(path) == (200, "", "")
