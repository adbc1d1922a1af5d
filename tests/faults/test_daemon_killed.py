"""The whole daemon, killed for good in mid-stream: serial in and MQTT in, its broker stopped and started.

What is asked of the gateway, and of nobody else: mosquitto has its own losses when it is killed, and a sender that has no ids
can double a message at its broker. `field.py` and each test say how those are kept apart from ours.

Other seeds: STORM_SEED=17 python -m pytest tests/faults/test_daemon_killed.py
"""

import logging
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.field import QUIET, SAVES_AT_ITS_END, SAVES_NOW_AND_THEN, Field

SEEDS = [int(seed) for seed in os.environ.get("STORM_SEED", "1,2,3").split(",")]
KILLS = int(os.environ.get("STORM_KILLS", "18"))
"""For each seed."""
MOST = 3.2
"""A life lasts up to 10 ** MOST messages: a power of ten at random, so that short lives are as many as long ones."""

log = logging.getLogger(__name__)


class Storm:
    """Kills at random moments, counted in messages."""

    def __init__(self, field: Field, rng: random.Random) -> None:
        self._field = field
        self._rng = rng
        self._streams: list[Callable[[], int]] = [
            lambda: field.meter.acknowledged,
            lambda: field.ear.heard,
            *(lambda device=sender.device: len(field.ear.numbers[device]) for sender in field.senders),
        ]

    def live(self) -> None:
        """Until a random number of messages of a random stream has passed; now and then not even until it is up."""
        if self._rng.random() < 0.1:
            self._field.until(self._field.daemon.said)
        else:
            self._field.until_more(self._rng.choice(self._streams), self._some(MOST))

    def live_alone(self) -> None:
        """The same while the broker is away: only the meter is heard."""
        self._field.until_more(self._streams[0], self._some(2.5))

    def break_broker(self, *, kill: bool = False) -> None:
        """Stop the broker and start it again, with or without a kill of the daemon while it is away."""
        self._field.stop_broker(kill=kill)
        if self._rng.random() < 0.6:
            self.live_alone()
        if self._rng.random() < 0.5:
            self._field.kill()
            if self._rng.random() < 0.5:
                self.live_alone()
        self._field.start_broker()

    def _some(self, most: float) -> int:
        return round(10 ** self._rng.uniform(0, most))


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_in_mid_stream_each_number_arrives_and_is_counted_once(tmp_path: Path, seed: int) -> None:
    """Each number of every device is heard, under one message id; the running counts are 1 to N; state and disk say the same.

    The broker is stopped by SIGTERM: it then keeps every session, and all that it has acknowledged.
    """
    rng, began_s = random.Random(seed), time.monotonic()
    with Field(tmp_path, options=(*QUIET, *SAVES_AT_ITS_END)) as field:
        storm = Storm(field, rng)
        while field.kills < KILLS:
            storm.live()
            if rng.random() < 0.4:
                field.restart()
                storm.live()
            field.kill()
            if rng.random() < 0.25:
                storm.live()
                storm.break_broker()
        field.settle()
        field.until_heard()
        log.info("seed %d: %s, in %.0f s", seed, repr(field), time.monotonic() - began_s)
        field.check(field.expected())
        field.check_heard(field.expected())


def test_with_the_broker_killed_too_each_number_is_counted_once(tmp_path: Path) -> None:
    """By its id: what the broker took from us and lost is not ours, so its log is the witness that it had every running count.

    What it lost of the sender's is said again in the end, all of it, as one does who is not sure: a number that was counted is known
    by its id. A sender without ids cannot do that, and there is none here.
    """
    seed = SEEDS[0]
    rng, began_s = random.Random(seed), time.monotonic()
    with Field(tmp_path, plain=False, options=SAVES_NOW_AND_THEN) as field:
        storm = Storm(field, rng)
        while field.breaks < 10:
            storm.live()
            if rng.random() < 0.5:
                field.kill()
                storm.live()
            else:
                field.restart()
            storm.break_broker(kill=True)
        field.settle()
        for number in range(field.senders[0].made):
            field.senders[0].say(number)
        field.settle()
        field.until_counted()
        log.info("seed %d: %s, in %.0f s", seed, repr(field), time.monotonic() - began_s)
        field.check(field.expected())
        field.check_broker(field.expected())
