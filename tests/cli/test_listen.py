"""`gateway listen`: what goes over the wire of a port, beside a gateway that reads it and without one."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemons import ROOT, DaemonProcess
from tests.waiting import until

PORT = '[serial.scale]\nport = "{port}"\ncodec = "json"\nto = "twin/{{device}}"\nack = "ok {{id}}"\n'
SIMULATED = '[serial.sham]\ncodec = "nmea"\nto = "trip/van"\nsimulate = {}\n[gpio.lamp]\ntype = "led"\npin = 17\nsimulate = true\n'


class Scale:
    """A device on a pseudo-terminal, which numbers its lines."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        self.port = os.ttyname(self._near)
        self.said = 0

    def say(self) -> None:
        """Say one line."""
        self.said += 1
        os.write(self.far, f'{{"device": "scale", "n": {self.said}, "id": "{self.said}"}}\n'.encode())

    def close(self) -> None:
        os.close(self.far)
        os.close(self._near)


class Listener:
    """The command, as a process, and what it printed."""

    def __init__(self, daemon: DaemonProcess, *words: str) -> None:
        command = [sys.executable, "-m", "gateway.cli", "listen", *words, "--config", str(daemon.config)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=daemon.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
        )
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._thread.join(30)
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def heard(self, way: str) -> bytes:
        """All bytes of one way, of a listener that prints JSON."""
        rows: list[dict[str, Any]] = [json.loads(line) for line in self.lines]
        return b"".join(bytes.fromhex(row["hex"]) for row in rows if row["way"] == way)


@pytest.fixture
def scale() -> Iterator[Scale]:
    scale = Scale()
    yield scale
    scale.close()


def _until_it_hears(scale: Scale, listener: Listener) -> None:
    def heard() -> bool:
        scale.say()
        return bool(listener.lines)

    until(heard, said=lambda: "nothing was heard")


def test_a_wire_is_heard_while_the_gateway_reads_it(tmp_path: Path, scale: Scale) -> None:
    """Both ways, and the gateway misses nothing; who listens no more is forgotten."""
    with DaemonProcess(tmp_path, PORT.format(port=scale.port)) as daemon:
        with Listener(daemon, "serial/scale", "--json") as listener, Listener(daemon, "serial/scale") as reader:
            _until_it_hears(scale, listener)
            _until_it_hears(scale, reader)
            last = scale.said
            until(lambda: f'"n": {last}'.encode() in listener.heard("in"), said=lambda: str(listener.lines))
            until(lambda: f"ok {last}\n".encode() in listener.heard("out"), said=lambda: str(listener.lines))
            row = next(line for line in reader.lines if "7b 22 64 65 76" in line)
            assert row[13:] == '← 7b 22 64 65 76 69 63 65 22 3a 20 22 73 63 61 6c  {"device": "scal'
        scale.say()
        daemon.until(lambda: daemon.ask(do="show", id="serial/scale")["hosted"]["counters"].get("lines") == scale.said)
        assert daemon.stop() == 0


def test_a_wire_is_heard_where_no_gateway_runs(tmp_path: Path, scale: Scale) -> None:
    """The port is opened with its settings, and only read."""
    daemon = DaemonProcess(tmp_path, PORT.format(port=scale.port) + SIMULATED)
    with Listener(daemon, "serial/scale", "--json") as listener:
        _until_it_hears(scale, listener)
        until(lambda: listener.heard("in").endswith(b"}\n"), said=lambda: str(listener.lines))
        assert listener.heard("in").startswith(b'{"device": "scale", "n": 1')
    for words, said in [
        ("serial/sham", "cannot listen to serial/sham: it is simulated: the simulator runs in the gateway; start that, then listen"),
        ("gpio/lamp", "cannot listen to gpio/lamp: a gpio has no wire with bytes on it"),
        ("serial/none", f"cannot listen to serial/none: {daemon.config} has no [serial.none]; gateway check says what it has"),
    ]:
        found = daemon.gateway("listen", words)
        assert (found.returncode, found.stderr.splitlines()[-1]) == (1, f"gateway: {said}")


def test_what_has_no_wire_is_named_by_the_gateway(tmp_path: Path) -> None:
    """With what there is to listen to."""
    with DaemonProcess(tmp_path, SIMULATED) as daemon:
        daemon.until_listening()
        said = "cannot listen to gpio/lamp: it has no wire with bytes on it; there is serial/sham"
        assert daemon.gateway("listen", "gpio/lamp").stderr == f"gateway: {said}\n"
        said = "cannot listen to serial/shma: there is no such device; did you mean 'serial/sham'?"
        assert daemon.gateway("listen", "serial/shma").stderr == f"gateway: {said}\n"
        with Listener(daemon, "serial/sham") as listener:
            until(lambda: any("$GP" in line or "$GN" in line for line in listener.lines), said=lambda: str(listener.lines))
        assert daemon.stop() == 0
