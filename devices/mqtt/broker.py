"""A broker for the demo, on this machine's loopback: mosquitto where it is installed, else iotcore, which comes by pip.

It is a child process, and ends with its `with` block. For anything but a demo, run a broker of your own.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.actors import GatewayError

_READY_S = 10.0
_LOOPBACK = "127.0.0.1"
_IOTCORE = """
import sys
from iotcore.iotcore import IotCoreBroker
IotCoreBroker(listen="127.0.0.1", port=int(sys.argv[1]), max_payload_size=262144).run_forever()
"""


class NoBroker(GatewayError, OSError):
    """No broker is installed, or it does not start."""


class DemoBroker:
    """Starts a broker at `port` of 127.0.0.1, with its files in `folder`. `protocol` is the version of MQTT to speak with it."""

    def __init__(self, folder: Path, *, program: str = "") -> None:
        self.folder = folder
        self.port = _free_port()
        self.program = program or _find_program()
        self.protocol = "3.1.1" if self.program == "iotcore" else "5"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "broker.log").open("wb") as log:
            self._process = subprocess.Popen(self._command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._until_ready()
        except NoBroker:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def _command(self) -> list[str]:
        if self.program == "iotcore":
            return [sys.executable, "-c", _IOTCORE, str(self.port)]
        config = self.folder / "mosquitto.conf"
        lines = [f"listener {self.port} {_LOOPBACK}", "allow_anonymous true", "max_inflight_messages 100", "log_dest stderr"]
        lines += ["persistence true", f"persistence_location {self.folder.absolute()}/"]
        lines += ["user root"] if os.geteuid() == 0 else []
        config.write_text("\n".join(lines) + "\n")
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
        if process is None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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
        with socket.create_connection((_LOOPBACK, port), timeout=0.5):
            return True
    except OSError:
        return False
