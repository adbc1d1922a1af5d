"""The files that a gateway has: who may read them, and what is left of one that could not be written."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.service.last_words import write_whole
from gateway.store import Changes
from gateway.store.sqlite import SqliteStore
from tests.daemons import DaemonProcess
from tests.disks import fill, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    with small_disk(tmp_path, mib=1) as disk:
        yield disk


def _modes(folder: Path, names: str) -> dict[str, str]:
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.glob(names)}


def test_what_a_full_disk_did_not_take_is_not_left_behind(disk: Path) -> None:
    """The old text stays, and nothing is beside it."""
    path = disk / "gateway.db.life"
    assert write_whole(path, "old")
    fill(disk / "hog")
    assert not write_whole(path, "x" * 10_000)
    assert sorted(one.name for one in disk.iterdir()) == ["gateway.db.life", "hog"]
    assert path.read_text() == "old\n"


def test_a_store_is_read_by_its_owner_and_group_alone(tmp_path: Path) -> None:
    """Whatever the umask of whoever makes it; what lies beside it follows. An older one keeps its mode: somebody may have chosen it."""
    path = tmp_path / "gateway.db"
    store = SqliteStore(path)
    store.commit(Changes(notes={"a": "b"}))
    assert set(_modes(tmp_path, "gateway.db*").values()) == {"0o640"}
    store.close()
    path.chmod(0o644)
    SqliteStore(path).close()
    assert _modes(tmp_path, "gateway.db") == {"gateway.db": "0o644"}


def test_nothing_that_a_gateway_makes_is_read_by_others(tmp_path: Path) -> None:
    """Run by hand with the usual umask it makes files as the service does."""
    daemon = DaemonProcess(tmp_path, through=("sh", "-c", 'umask 022; exec "$@"', "sh"))
    with daemon:
        made = _modes(tmp_path, "gateway.db*")
        assert {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.life", "gateway.db.lock"} <= set(made)
        assert {name: mode for name, mode in made.items() if int(mode, 8) & 0o027} == {}
