"""A port on a bench, and a line that can be pulled out: real pseudo-terminals throughout."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.serial.port import SerialPort
from devices.serial.settings import SerialSettings
from devices.serial.simulated_line import SimulatedLine
from gateway.actors import Health
from gateway.testing import Bench

Open = Callable[..., Bench]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[SimulatedLine]:
    """A simulated line under a name that stays."""
    with SimulatedLine(tmp_path / "serial" / "by-id" / "usb-simulated") as line:
        yield line


@pytest.fixture
def open_port(line: SimulatedLine) -> Iterator[Open]:
    """Put a port on a bench: `open_port(codec="json", to="twin/{device}")` is at the other end of `line`, and open. Its first line is read,
    unless `skip_first=None` leaves that to the codec."""
    with contextlib.ExitStack() as stack:

        def opened(*, commit: bool = True, **settings: object) -> Bench:
            read = SerialSettings.model_validate({"port": line.path, "to": "twin/t", "skip_first": False, **settings})
            bench = stack.enter_context(Bench(SerialPort("bench", read), commit=commit))
            bench.until(lambda: bench.health)
            return bench

        yield opened


def is_well(bench: Bench) -> bool:
    """Whether the last thing it said is that it is OK."""
    return bench.health[-1][0] is Health.OK


def texts(bench: Bench) -> list[str]:
    """The lines that were sent, in order."""
    return [sent.payload.text for sent in bench.sent]
