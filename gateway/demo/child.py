"""The gateway of the demo: a process of its own, started again whenever it is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from gateway.console.exits import Failed
from gateway.demo.folder import Folder

_END_S = 30.0
_AGAIN_S = 0.3
_HOPELESS = {70, 74, 75, 78}


class Child:
    """One gateway process at a time."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._log = folder.log.open("ab")
        self._process: subprocess.Popen[bytes]
        self.kills = 0
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def look(self) -> str:
        """Start it again where it has ended; what to say of that, or nothing. Raises Failed where starting again is no use."""
        code = self._process.poll()
        if code is None:
            return ""
        old = self.pid
        if code in _HOPELESS:
            raise Failed(f"the gateway ended with code {code}: {self._last_line()}; see {self._folder.log}")
        self.kills += 1
        time.sleep(_AGAIN_S)
        self._start()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the gateway (process {old}) {how}; started again as process {self.pid}"

    def stop(self) -> int:
        """Tell it to stop; what it exited with."""
        self._process.terminate()
        try:
            code = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._log.close()
        return code

    def _start(self) -> None:
        command = [sys.executable, "-m", "gateway.cli", "run", "--config", str(self._folder.config)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            process_group=0,  # Ctrl-C in the terminal is for the demo, which stops it in its turn
        )

    def _last_line(self) -> str:
        lines = self._folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"


def end_orphans(folder: Folder) -> list[int]:
    """End what a demo that was killed has left running on this folder: its gateway, its broker. The ids of what was ended."""
    marks = {str(folder.config), str(folder.broker / "mosquitto.conf")}
    ended = [pid for pid in _processes() if pid != os.getpid() and not marks.isdisjoint(_words(pid))]
    for pid in ended:
        _end(pid)
    return ended


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _words(pid: int) -> list[str]:
    """The command line of a process, when its parent is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []
    state, parent = stat.rpartition(")")[2].split()[:2]
    return words if parent == "1" and state != "Z" else []


def _end(pid: int) -> None:
    until_s = time.monotonic() + _END_S
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while time.monotonic() < until_s:
            os.kill(pid, 0)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
