"""A pymodbus server as the judge, by TCP and behind a pseudo-terminal."""

import os
import select
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devices.serial.simulated_line import SimulatedLine
from tests.daemons import ROOT
from tests.devices.modbus.judge import UNIT


@contextmanager
def judge(framer: str) -> Iterator[int]:
    """Run the judge; the port it serves."""
    command = [sys.executable, "-m", "tests.devices.modbus.judge", framer]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def polled(port: int, table: str, first: int, count: int) -> list[str]:
    """What mbpoll reads of the judge: `count` values of a table of its own, from `first` on, counted from 1."""
    if shutil.which("mbpoll") is None:
        pytest.skip("no mbpoll here: apt install mbpoll")
    words = [
        "mbpoll",
        "-m",
        "tcp",
        "-p",
        str(port),
        "-a",
        str(UNIT),
        "-t",
        table,
        "-r",
        str(first),
        "-c",
        str(count),
        "-1",
        "-q",
        "127.0.0.1",
    ]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [line.partition("]:")[2].split() for line in said.splitlines() if line.startswith("[")]
    return [row[0] for row in rows]


@pytest.fixture(scope="module")
def tcp_judge() -> Iterator[int]:
    with judge("socket") as port:
        yield port


@pytest.fixture(scope="module")
def rtu_judge() -> Iterator[int]:
    with judge("rtu") as port:
        yield port


class Cable:
    """Carries bytes between a line and a judge. `noise` goes before each answer; with `echo`, our own bytes come back first; `spoilt`
    answers have a wrong bit."""

    def __init__(self, line: SimulatedLine, port: int) -> None:
        self.noise = b""
        self.echo = self.spoilt = False
        self.dead = b""
        """The units that hear nothing."""
        self._line = line
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="cable")
        self._thread.start()

    def close(self) -> None:
        os.close(self._end)
        self._thread.join(10)
        self._socket.close()
        os.close(self._ended)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._line._master, self._socket, self._ended], [], [])
            if self._ended in ready:
                return
            if self._line._master in ready:
                asked = self._line.hear()
                if self.echo:
                    self._line.send(asked)
                if asked and asked[0] not in self.dead:
                    self._socket.sendall(asked)
            if self._socket in ready:
                answer = bytearray(self._socket.recv(4096))
                if self.spoilt and answer:
                    answer[-1] ^= 1
                self._line.send(self.noise + answer)


@pytest.fixture
def line() -> Iterator[SimulatedLine]:
    with SimulatedLine() as line:
        yield line


@pytest.fixture
def cable(line: SimulatedLine, rtu_judge: int) -> Iterator[Cable]:
    cable = Cable(line, rtu_judge)
    yield cable
    cable.close()
