"""The gateway of the demo: a process of its own, started again whenever it is killed, and killed with the demo."""

import signal
import subprocess
import sys
import time

from gateway.console.exits import Failed
from gateway.demo.folder import Folder
from gateway.demo.leash import leashed
from gateway.service.lock import AlreadyRunning, Lock

_END_S = 30.0
_GONE_S = 20.0
"""How long the gateway of an earlier demo may take to end after its kill -9: the disk may have it in its hand."""
_AGAIN_S = 0.3
_HOPELESS = {70, 74, 75, 78}


class Child:
    """Runs the demo's gateway, one process at a time."""

    def __init__(self, folder: Folder) -> None:
        """Start the gateway. On the main thread. Raises Failed where another gateway has the folder's store."""
        self._folder = folder
        _await_store(folder)
        self._log = folder.log.open("ab")
        self._process: subprocess.Popen[bytes]
        self.kills = 0
        self._start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def look(self) -> str:
        """Start the gateway again where it has ended; return what to say of that, or nothing. Raises Failed where starting again is no
        use."""
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
        """Tell the gateway to stop; return what it exited with."""
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
            leashed(command, signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            process_group=0,  # Ctrl-C in the terminal is for the demo, which stops it in its turn
        )

    def _last_line(self) -> str:
        lines = self._folder.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"


def _await_store(folder: Folder) -> None:
    """Wait until no process has the store."""
    until_s = time.monotonic() + _GONE_S
    while True:
        try:
            Lock(folder.store).release()
        except AlreadyRunning as error:
            if time.monotonic() > until_s:
                raise Failed(str(error)) from None
            time.sleep(_AGAIN_S)
        else:
            return
