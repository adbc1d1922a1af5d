"""A reload that comes while the gateway starts: it is done when there is something to reload, and ends nothing."""

import signal
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess, ServiceSide

HUNG_UP_ON = """import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "gateway.daemon":
            os.kill(os.getpid(), signal.SIGHUP)

sys.meta_path.insert(0, Finder())
"""
"""A sitecustomize.py by which the process gets a SIGHUP as soon as it loads the daemon."""


@pytest.mark.parametrize("words", [["run"], ["run", "--json"]], ids=["plain", "by argparse"])
def test_a_signal_that_comes_before_the_daemon_is_loaded_reloads_later(tmp_path: Path, words: list[str]) -> None:
    """By either way in which the command is read."""
    (tmp_path / "sitecustomize.py").write_text(HUNG_UP_ON)
    with DaemonProcess(tmp_path, environ={"PYTHONPATH": str(tmp_path)}, words=words) as daemon:
        daemon.until(lambda: "reloaded: nothing has changed" in daemon.said())
        assert daemon.stop() == 0


def test_signals_at_every_moment_of_a_start_end_nothing(tmp_path: Path) -> None:
    """From the first one that Python itself lets through until it serves; and the service manager hears READY after the last."""
    with ServiceSide(tmp_path) as systemd:
        daemon = DaemonProcess(tmp_path, environ={"NOTIFY_SOCKET": str(systemd.path)})
        daemon.start()
        daemon.until(lambda: _holds(daemon.pid, signal.SIGHUP))
        while "READY=1" not in "".join(systemd.heard):
            daemon.signal(signal.SIGHUP)
        daemon.until(lambda: "reloaded: nothing has changed" in daemon.said())
        heard = len(systemd.heard)
        daemon.signal(signal.SIGHUP)
        systemd.until("READY=1", since=heard)
        assert daemon.stop() == 0


def _holds(pid: int, number: int) -> bool:
    """Whether a process holds a signal back."""
    status = Path(f"/proc/{pid}/status").read_text()
    held = next(line for line in status.splitlines() if line.startswith("SigBlk:"))
    return bool(int(held.split()[1], 16) >> (number - 1) & 1)
