"""A broker for the demo, on this machine's loopback: mosquitto where it is installed, else iotcore, which comes by pip.

It is a child process, and ends with its `with` block. For anything but a demo, run a broker of your own.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.actors import GatewayError

_READY_S = 10.0
_GONE_S = 10.0
"""How long the broker of an earlier block, whose process was killed, may take to write its store and end."""
_LOOPBACK = "127.0.0.1"
_IOTCORE = """
import sys
from iotcore.iotcore import IotCoreBroker
IotCoreBroker(listen="127.0.0.1", port=int(sys.argv[1]), max_payload_size=262144).run_forever()
"""


class NoBroker(GatewayError, OSError):
    """Raised where no broker is installed, or it does not start."""


class DemoBroker:
    """A broker process at `port` of 127.0.0.1, with its files in `folder`. `protocol` is the version of MQTT to speak with it.

    mosquitto keeps what it has promised to deliver in its folder, so a broker that is killed and started again delivers it.
    """

    def __init__(self, folder: Path, *, program: str = "", through: Callable[[list[str]], list[str]] = list) -> None:
        """Start the broker. `through` gives the command to run in place of the broker's own, which must end up under the same process
        id."""
        self.folder = folder
        self.port = _free_port()
        self.program = program or _find_program()
        self.protocol = "3.1.1" if self.program == "iotcore" else "5"
        self._through = through
        self._process: subprocess.Popen[bytes] | None = None
        self._claim = -1

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._claim = self._claimed()
        (self.folder / "broker.log").unlink(missing_ok=True)
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    @property
    def pid(self) -> int:
        """The broker's process id; 0 where it does not run."""
        return self._process.pid if self._process else 0

    def look(self) -> str:
        """Start the broker again, at the same port, where it has ended; return what to say of that, or nothing. Raises NoBroker."""
        if self._process is None or self._process.poll() is None:
            return ""
        old = self.pid
        self._start()
        return f"the broker (process {old}) has ended; started again as process {self.pid}"

    def _claimed(self) -> int:
        """A lock on the folder that the broker inherits: the kernel drops it when both we and our broker have ended."""
        descriptor = os.open(self.folder / "broker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        until_s = time.monotonic() + _GONE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until_s:
                    os.close(descriptor)
                    raise NoBroker(
                        f"cannot start the demo's broker: another one runs in {self.folder}; end that, or use another folder"
                    ) from None
                time.sleep(0.05)
            else:
                return descriptor

    def _start(self) -> None:
        command = self._through(self._command())
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._claim,),
                process_group=0,  # Ctrl-C in the terminal is for whoever started us
            )
        self._until_ready()

    def _command(self) -> list[str]:
        if self.program == "iotcore":
            return [sys.executable, "-c", _IOTCORE, str(self.port)]
        config = self.folder / "mosquitto.conf"
        lines = [f"listener {self.port} {_LOOPBACK}", "allow_anonymous true", "max_inflight_messages 1000", "log_dest stderr"]
        lines += ["persistence true", f"persistence_location {self.folder.absolute()}/", "autosave_on_changes true", "autosave_interval 1"]
        lines += ["user root"] if os.geteuid() == 0 else []
        config.write_bytes(os.fsencode("\n".join(lines) + "\n"))  # in the bytes of the path, whatever the locale
        return [self.program, "-c", str(config.absolute())]

    def _until_ready(self) -> None:
        assert self._process is not None
        deadline_s = time.monotonic() + _READY_S
        while time.monotonic() < deadline_s:
            try:
                self._process.wait(0.05)
            except subprocess.TimeoutExpired:
                if _listens(self.port):
                    return
            else:
                break
        raise NoBroker(f"cannot start the demo's broker: {self.program} does not listen; see {self.folder / 'broker.log'}")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        os.close(self._claim)


def _find_program() -> str:
    """The path of mosquitto, or "iotcore". Raises NoBroker."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found:
        return found

    if find_spec("iotcore"):
        return "iotcore"
    raise NoBroker("cannot start the demo's broker: there is neither mosquitto nor iotcore; apt install mosquitto, or pip install iotcore")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((_LOOPBACK, port), timeout=0.5):  # noqa: TID251  # it is one address
            return True
    except OSError:
        return False
