"""A pulse counter whose gateway is killed: what it loses is what the pin had not told yet, and nothing counts twice."""

import os
import random
from pathlib import Path

import pytest

from tests.daemons import DaemonProcess

METER = """
[gpio.water]
type = "button"
pin = 17
debounce_ms = 0.0
press_to = "pulses/water"
press_every_s = {every_s}
simulate = {{ panel = "{panel}" }}
"""
SEEDS = [int(seed) for seed in os.environ.get("STORM_SEED", "1,2").split(",")]


class Meter:
    """A meter on the wire of a simulated pin, and the daemon that counts its pulses."""

    def __init__(self, folder: Path, every_s: float) -> None:
        self._fifo = folder / "panel" / "gpio17.press"
        self.daemon = DaemonProcess(folder, METER.format(every_s=every_s, panel=folder / "panel"))
        self.made = 0
        """All pulses that it ever made."""

    def pulse(self, count: int) -> None:
        """Make so many pulses. They are on the wire when this returns, and may not have been seen."""
        wire = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        try:
            for _ in range(count):
                os.write(wire, b"on\noff\n")
                self.made += 1
        finally:
            os.close(wire)

    def counted(self) -> int:
        """What the counter says: that is on disk."""
        found = self.daemon.ask(do="ask", to="pulses/water", verb="read", payload={}, timeout_s=60)
        return int(found["body"]["pulses"])

    def seen(self) -> int:
        """How many changes the pin has seen in this life of the gateway."""
        return int(self.daemon.ask(do="show", id="gpio/water")["hosted"]["counters"].get("edges", 0))

    def again(self) -> None:
        """Start the daemon again, and wait for its pin and its socket."""
        self.daemon.again()
        self.wait()

    def wait(self) -> None:
        self.daemon.until_listening()
        self.daemon.until(lambda: "gpio/water is ok" in self.daemon.said())


def test_a_kill_loses_what_the_pin_had_not_told_and_nothing_else(tmp_path: Path) -> None:
    """The first pulse is told at once, the others with the next word, an hour later here: a kill before that loses only those."""
    meter = Meter(tmp_path, every_s=3600)
    with meter.daemon:
        meter.wait()
        meter.pulse(1)
        meter.daemon.until(lambda: meter.counted() == 1)
        meter.pulse(40)
        meter.daemon.until(lambda: meter.seen() == 82)
        meter.daemon.kill()
        meter.again()
        assert meter.counted() == 1
        meter.pulse(1)
        meter.daemon.until(lambda: meter.counted() == 2)


def test_an_orderly_end_loses_none(tmp_path: Path) -> None:
    """What the pin has not told is its last word."""
    meter = Meter(tmp_path, every_s=3600)
    with meter.daemon:
        meter.wait()
        meter.pulse(41)
        meter.daemon.until(lambda: meter.seen() == 82)
        assert meter.daemon.stop() == 0
        meter.again()
        assert meter.counted() == 41


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_the_count_neither_goes_back_nor_counts_twice(tmp_path: Path, seed: int) -> None:
    """What was ever read of it is there after the kill; what was made is never less."""
    rng, meter = random.Random(seed), Meter(tmp_path, every_s=0.05)
    with meter.daemon:
        meter.wait()
        for _ in range(5):
            read = meter.counted()
            until = read + rng.randrange(1, 60)
            while meter.counted() < until:
                meter.pulse(rng.randrange(1, 20))
                read = max(read, meter.counted())
            meter.pulse(rng.randrange(1, 20))
            meter.daemon.kill()
            meter.again()
            assert read <= meter.counted() <= meter.made
        before = meter.counted()
        meter.pulse(100)
        meter.daemon.until(lambda: meter.counted() == before + 100)
