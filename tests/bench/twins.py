"""A million stored twins, ten thousand of them awake: what they take in memory, how fast one wakes, how fast the engine starts.

The store is built once, then measured in a process of its own. What is stored is what `Twin` stores: two values, long silent.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from gateway.actors import HostBound
from gateway.actors.vocabulary import Report
from gateway.business.twin import Twin, TwinSettings
from gateway.business.twin_state import TwinState
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.store import Changes, StateRow
from gateway.store.sqlite import SqliteStore
from tests.bench import machine

STORED = 1_000_000
ACTIVE = 10_000
WOKEN = 500
SOURCE = "source/bench"
REPORT = Report(values={"temperature_c": 21.5, "humidity_pct": 44.0})


class Source(HostBound):
    """Whose name the reports come under; it is never made."""


class Found(NamedTuple):
    """What was measured."""

    stored: int
    active: int
    store_mb: float
    start_s: float
    growth_mb: float
    wake_p50_ms: float
    awake_p50_ms: float


def build(path: Path, stored: int) -> None:
    """A store of so many twins."""
    store = SqliteStore(path)
    for start in range(0, stored, ACTIVE):
        store.commit(Changes(states=[_row(n) for n in range(start, min(start + ACTIVE, stored))]))
    store.close()


def measure(path: Path, stored: int, active: int) -> Found:
    """Start an engine on it, wake `active` twins, then time some more."""
    before_mb = _rss_mb()
    start_s = time.perf_counter()
    store = SqliteStore(path)
    engine = Engine(store, [Twin(TwinSettings(publish_to=""))], [(SOURCE, Source)])
    engine.start()
    engine.inspect(lambda: None, timeout_s=20)
    ready_s = time.perf_counter() - start_s
    source = Hosted(SOURCE, Source, Source, engine)
    for n in range(active):
        receipt = source.send(_id(n), "report", REPORT)
    if not receipt.wait(60):
        raise TimeoutError(f"cannot measure the twins: {active} reports were not committed in 60 s")
    growth_mb = _rss_mb() - before_mb
    asleep = random.Random(1).sample(range(active, stored), WOKEN)
    wake_ms = [_round_trip_ms(source, n) for n in asleep]
    awake_ms = [_round_trip_ms(source, n) for n in asleep]
    engine.stop()
    size_mb = store.size_bytes() / 1e6
    store.close()
    return Found(stored, active, size_mb, ready_s, growth_mb, statistics.median(wake_ms), statistics.median(awake_ms))


def report(stored: int = STORED, active: int = ACTIVE) -> str:
    """The table."""
    with tempfile.TemporaryDirectory(dir=machine.DISK, prefix="bench-") as folder:
        path = Path(folder) / "twins.db"
        build(path, stored)
        command = [sys.executable, "-m", "tests.bench.twins", "--store", str(path), "--stored", str(stored), "--active", str(active)]
        answer = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, stdout=subprocess.PIPE, text=True).stdout
    found = Found(**json.loads(answer))
    return "\n".join(
        (
            "|  |  | goal |",
            "| --- | --: | --- |",
            f"| twins stored ({found.store_mb:.0f} MB on disk) | {found.stored} |  |",
            f"| twins awake | {found.active} |  |",
            f"| RSS growth, MB | {found.growth_mb:.1f} | < 64 |",
            f"| a report to a sleeping twin, to its commit, p50 ms | {found.wake_p50_ms:.2f} | < 1 |",
            f"| the same once it is awake, p50 ms | {found.awake_p50_ms:.2f} |  |",
            f"| start of the engine on this store, s | {found.start_s:.3f} | < 2 |",
        )
    )


def main() -> None:
    """Measure a store that is there (`--store`), or build one and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--stored", type=int, default=STORED)
    parser.add_argument("--active", type=int, default=ACTIVE)
    options = parser.parse_args()
    if options.store:
        found = measure(options.store, options.stored, options.active)
        sys.stdout.write(json.dumps(found._asdict()) + "\n")
    else:
        sys.stdout.write(report(options.stored, options.active) + "\n")


def _row(n: int) -> StateRow:
    at_ms = 1_750_000_000_000 + n
    values = {
        "temperature_c": {"value": 20 + n % 97 / 10, "unit": "Cel", "at_ms": at_ms, "quality": "good"},
        "humidity_pct": {"value": 40 + n % 53 / 10, "unit": "%RH", "at_ms": at_ms, "quality": "good"},
    }
    state = TwinState(online=False, last_seen_ms=at_ms, count=1 + n % 1000, values=values)
    return StateRow(_id(n), TwinState.VERSION, state.to_json(), None, None)


def _id(n: int) -> str:
    return f"twin/d{n:07}"


def _round_trip_ms(source: Hosted, n: int) -> float:
    """From the send to the receipt, milliseconds."""
    start_s = time.perf_counter()
    source.send(_id(n), "report", REPORT).wait(10)
    return (time.perf_counter() - start_s) * 1000


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
