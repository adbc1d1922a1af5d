"""A disk that hangs: a file system of its own that is held, and the whole daemon on it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess, ServiceSide
from tests.disks import disk_in_file, held


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    with disk_in_file(tmp_path, mib=24) as disk:
        yield disk


def test_the_watchdog_is_told_nothing_and_the_next_life_knows_why(disk: Path, tmp_path: Path) -> None:
    """STATUS does not wait for that disk, nor does `show`; the reason is kept where it does not hang, and outlives a kill."""
    reason = f"look at the disk of {disk}/gateway.db"
    with ServiceSide(tmp_path) as systemd:
        daemon = DaemonProcess(tmp_path, environ={"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "1500000"})
        daemon.config.write_text(daemon.config.read_text().replace(str(daemon.store), f"{disk}/gateway.db"))
        with daemon:
            systemd.until("WATCHDOG=1")
            with held(disk):
                daemon.ask(do="tell", to="twin/a", verb="report", payload={"values": {"n": 1}}, timeout_s=0.2)
                assert reason in systemd.until("STATUS=the engine has neither turned nor committed")
                since = len(systemd.heard)
                assert not daemon.ask(do="show")["show"]["healthy"]
                daemon.until(lambda: reason in daemon.ask(do="show")["show"]["last_fault"])
                systemd.until("STATUS=the engine", since=since)  # it goes on to say how long
                assert "WATCHDOG=1" not in systemd.heard[since:]
                assert reason in (tmp_path / "gateway.db.last-fault").read_text()
                daemon.signal(signal.SIGKILL)
            daemon.wait()
            (disk / "gateway.db.last-fault").unlink(missing_ok=True)  # it may have been written in the end
            daemon.again()
            words = (tmp_path / "gateway.db.last-fault").read_text().strip()
            assert f"the last life did not end well: killed: it was killed; its last words: {words}" in daemon.said()
            assert daemon.stop() == 0
