"""`gateway capture`: the wire of a port in a file, beside a gateway that reads it and without one."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_listen import PORT, SIMULATED, Scale
from tests.daemons import ROOT, DaemonProcess
from tests.waiting import until


@pytest.fixture
def scale() -> Iterator[Scale]:
    scale = Scale()
    yield scale
    scale.close()


def _capture(daemon: DaemonProcess, file: Path, *, id: str = "serial/scale") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gateway.cli", "capture", id, str(file), "--config", str(daemon.config)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=daemon.folder, env=environment)


def _rows(file: Path) -> list[tuple[float, str, bytes]]:
    """Whole lines of a capture: seconds, way, bytes."""
    whole = file.read_text().rpartition("\n")[0].splitlines() if file.exists() else []
    split = [line.split(" ") for line in whole if not line.startswith("#")]
    return [(float(at), way, bytes.fromhex(content)) for at, way, content in split]


def _heard(file: Path, way: str) -> bytes:
    return b"".join(content for _, said, content in _rows(file) if said == way)


def _until_captured(scale: Scale, file: Path) -> None:
    def captured() -> bool:
        scale.say()
        return bool(_rows(file))

    until(captured, said=lambda: "nothing was captured")
    last = f'"n": {scale.said}'.encode()
    until(lambda: last in _heard(file, "in"), said=lambda: str(_rows(file)))


def _interrupt(process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> str:
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err.replace("no gateway runs: serial/scale is read here\n", "")) == (0, "")
    return out


def test_a_wire_is_captured_while_the_gateway_reads_it(tmp_path: Path, scale: Scale) -> None:
    """Both ways with their times, which never go back; the gateway misses nothing; Ctrl-C is its orderly end."""
    file = tmp_path / "scale.txt"
    with DaemonProcess(tmp_path, PORT.format(port=scale.port)) as daemon:
        process = _capture(daemon, file)
        _until_captured(scale, file)
        until(lambda: f"ok {scale.said}\n".encode() in _heard(file, "out"), said=lambda: str(_rows(file)))
        said = _interrupt(process)
        daemon.until(lambda: daemon.ask(do="show", id="serial/scale")["hosted"]["counters"].get("lines") == scale.said)
        assert daemon.stop() == 0
    times = [at for at, _, _ in _rows(file)]
    assert times[0] == 0
    assert times == sorted(times)
    assert said == f"{file}: {len(_heard(file, 'in'))} bytes in, {len(_heard(file, 'out'))} bytes out\n"
    assert file.read_text().startswith("# the wire of serial/scale since 20")


def test_a_disk_that_fills_up_is_told(tmp_path: Path, scale: Scale) -> None:
    """In one line, with what to make of the file; here the file may not grow any further."""
    file = tmp_path / "scale.txt"
    with DaemonProcess(tmp_path, PORT.format(port=scale.port)) as daemon:
        words = [sys.executable, "-m", "gateway.cli", "capture", "serial/scale", str(file), "--config", str(daemon.config)]
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'ulimit -f 1; exec "$0" "$@"', *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=daemon.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        )

        def ended() -> bool:
            scale.say()
            return process.poll() is not None

        until(ended, said=lambda: "it goes on")
        said = process.communicate()[1]
    assert (process.returncode, said) == (1, f"gateway: cannot go on with {file}: File too large; what was captured before stands in it\n")


def test_a_wire_is_captured_where_no_gateway_runs(tmp_path: Path, scale: Scale) -> None:
    """The port is opened with its settings, and only read. A capture that runs behind & is ended well by kill, too."""
    file = tmp_path / "scale.txt"
    process = _capture(DaemonProcess(tmp_path, PORT.format(port=scale.port)), file)
    _until_captured(scale, file)
    assert _interrupt(process, signal.SIGTERM)
    assert _heard(file, "in").startswith(b'{"device": "scale", "n": 1')
    assert _heard(file, "out") == b""


def test_a_capture_replaces_nothing_and_leaves_no_empty_file(tmp_path: Path) -> None:
    """What cannot be captured is said at once, and what was there stays as it was."""
    daemon = DaemonProcess(tmp_path, SIMULATED)
    there, new, nowhere = tmp_path / "there.txt", tmp_path / "new.txt", tmp_path / "none" / "new.txt"
    there.write_text("mine")
    for words, said in [
        (("serial/sham", there), f"cannot capture to {there}: it is there already; name a new file"),
        (("serial/sham", nowhere), f"cannot capture to {nowhere}: there is no folder {nowhere.parent}; make it first"),
        (("gpio/lamp", new), "cannot listen to gpio/lamp: a gpio has no wire with bytes on it"),
    ]:
        found = daemon.gateway("capture", *map(str, words))
        assert (found.returncode, found.stderr.splitlines()[-1]) == (1, f"gateway: {said}")
    assert there.read_text() == "mine"
    assert not new.exists()
