"""Longer runs of tests that take their seed and their length from the environment."""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.soak.targets import Tried

PROJECT = Path(__file__).parents[2]
PYTEST = (
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "--show-capture=no",
    "-p",
    "no:cacheprovider",
    *("-o", "log_cli=true", "-o", "log_cli_level=INFO"),
)
LIMIT_S = 24 * 3600
PROGRAMS_A_SECOND = 10
STATES_A_SECOND = 2
"""About so many on a machine of two cores that has something else to do."""
_KILLED = re.compile(r"seed \d+: (\d+) kills, (\d+) breaks of the broker; the meter said \d+.*?, (\d+) with repeats")


def programs(seconds: float, rng: random.Random) -> tuple[str, Tried]:
    """Random programs of actors, in memory and on the store."""
    wanted = max(10, int(seconds * PROGRAMS_A_SECOND))
    _, faults = _pytest("tests/runtime/test_society.py", f"--hypothesis-seed={rng.randrange(1 << 32)}", PROGRAMS=wanted)
    return f"{wanted:,} programs in memory, {wanted // 5:,} on the store", Tried(wanted, faults)


def kills(seconds: float, rng: random.Random) -> tuple[str, Tried]:
    """Storms upon a daemon between its devices and its broker, until the time is over."""
    killed, broken, heard, faults, end_s = 0, 0, 0, list[str](), time.monotonic() + seconds
    while time.monotonic() < end_s and not faults:
        said, faults = _pytest("tests/faults/test_daemon_killed.py", STORM_SEED=rng.randrange(1 << 32))
        for found in _KILLED.finditer(said):
            killed, broken, heard = killed + int(found[1]), broken + int(found[2]), heard + int(found[3])
    return f"{killed} kills of the daemon, {broken} ends of its broker, {heard:,} messages heard", Tried(killed, faults)


def cuts(seconds: float, rng: random.Random) -> tuple[str, Tried]:
    """Power cuts of a machine, and its disk with writes missing, of which a hundred at least."""
    states = max(100, int(seconds * STATES_A_SECOND))
    said, faults = _pytest("tests/system/test_reordered.py", CRASH_STATES=states, CRASH_SEED=rng.randrange(1 << 32))
    if skipped := re.search(r"SKIPPED \[\d+\] \S+ (.*)", said):
        return f"left out: {skipped[1]}", Tried(0, faults)
    return f"10 power cuts, {states:,} states of the disk with writes missing", Tried(states, faults)


RUNS: dict[str, Callable[[float, random.Random], tuple[str, Tried]]] = {"programs": programs, "kills": kills, "power cuts": cuts}


def _pytest(*asked: str, **environ: int) -> tuple[str, list[str]]:
    """Run tests; what they said, and, where one failed, how to have it again."""
    words = [*PYTEST, *asked]
    given = {name: str(value) for name, value in {"LIMIT_S": LIMIT_S, **environ}.items()}
    done = subprocess.run(words, cwd=PROJECT, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    again = " ".join(f"{name}={value}" for name, value in given.items())
    return done.stdout, [] if done.returncode == 0 else [f"{again} python -m pytest {' '.join(asked)}: {done.stdout[-3000:]}"]
