"""A disk that is full: a small file system of its own, and the whole daemon on it, from the meter to the broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import fill, small_disk
from tests.faults.field import QUIET, SAVES_AT_ITS_END, Field

FULL = "nothing is taken in: the disk is full"
SHORT = "only commands are taken in: the disk is full"
"""While there is something left of the reserve."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    with small_disk(tmp_path, mib=12) as disk:
        yield disk


def _on(disk: Path, folder: Path) -> Field:
    """A field whose daemon has its store on `disk`, with four megabytes of ballast."""
    field = Field(folder, options=(*QUIET, *SAVES_AT_ITS_END))
    daemon = field.daemon
    daemon.store = disk / "gateway.db"
    text = daemon.config.read_text().replace(str(folder / "gateway.db"), str(daemon.store)).replace("ballast_mb = 0", "ballast_mb = 4")
    daemon.config.write_text(text)
    return field


def _problems(field: Field) -> list[str]:
    found: list[str] = field.daemon.ask(do="health")["problems"]
    return found


def _has_room(field: Field) -> bool:
    """Whether the disk is full no more; on a busy machine something else may be said, of a source that waits."""
    return not {FULL, SHORT} & set(_problems(field))


def _leave_nothing(field: Field, disk: Path) -> None:
    """Take what the daemon gives back too, until it takes nothing in: SQLite gives some when it opens its file, or cuts its -wal."""

    def nothing() -> bool:
        fill(disk / "hog")
        return FULL in _problems(field)

    field.until(nothing)


def _stands_still(field: Field) -> bool:
    """Whether the meter repeats what it said, and hears nothing."""
    before = field.meter.acknowledged
    for _ in range(100):
        field.turn()
    return field.meter.acknowledged == before


def _check(field: Field) -> None:
    field.settle()
    field.until_heard()
    field.check(field.expected())
    field.check_heard(field.expected())


def test_on_a_full_disk_sources_wait_and_what_came_in_goes_out(disk: Path, tmp_path: Path) -> None:
    """The ballast is freed, so what was taken in is committed and published; `show` says why no more is. With room it all goes on."""
    with _on(disk, tmp_path) as field:
        field.until_more(lambda: field.meter.acknowledged, 200)
        fill(disk / "hog")
        field.until(lambda: SHORT in _problems(field))
        assert not (disk / "gateway.ballast").exists()
        assert "the store is full: what it kept in reserve is free now, so that what waits can be committed" in field.daemon.said()
        field.until(lambda: not field.daemon.ask(do="show", id="mqtt/main")["hosted"]["waiting"])
        shown = field.daemon.gateway("show")
        assert shown.returncode == 1
        assert f"not well:\n  {SHORT}\n" in shown.stdout
        (disk / "hog").unlink()
        field.until(lambda: _has_room(field))
        assert (disk / "gateway.ballast").stat().st_size == 4 * 1024 * 1024
        field.until_more(lambda: field.meter.acknowledged, 500)
        _check(field)


def test_without_a_byte_left_sources_wait_and_nothing_is_lost(disk: Path, tmp_path: Path) -> None:
    """The reserve is gone too. Killed and started again on the full disk, the daemon goes on when there is room."""
    with _on(disk, tmp_path) as field:
        field.until_more(lambda: field.meter.acknowledged, 200)
        fill(disk / "hog")
        field.until(lambda: not (disk / "gateway.ballast").exists())
        _leave_nothing(field, disk)
        field.kill()
        field.daemon.until_listening()
        _leave_nothing(field, disk)
        field.until(lambda: _stands_still(field))
        (disk / "hog").unlink()
        field.until(lambda: _has_room(field))
        field.until_more(lambda: field.meter.acknowledged, 500)
        _check(field)


def test_it_starts_on_a_full_disk_after_a_good_end(disk: Path, tmp_path: Path) -> None:
    """SQLite needs some bytes to open its file: the ballast gives them."""
    with _on(disk, tmp_path) as field:
        field.until_more(lambda: field.meter.acknowledged, 100)
        field.stop()
        fill(disk / "hog")
        field.daemon.again()
        assert not (disk / "gateway.ballast").exists()
        field.daemon.until_listening()
        _leave_nothing(field, disk)
        (disk / "hog").unlink()
        field.until(lambda: _has_room(field))
        _check(field)
