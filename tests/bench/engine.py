"""The engine alone: durable turns a second, against SQLite's own rate for the very same rows in the very same groups.

Each turn changes the state of another actor, so that a group has as many rows as turns. What the engine committed is kept, and
written once more to a fresh file by nothing but apsw.

Why it ends where it ends: a row that is there already costs SQLite some steps of C, and here each row is a turn first. The actor's own
turn on a stage, with the state that its model checks, and that state's JSON take about a third of the time of the engine's thread. The
rest are the steps of Python that the contract asks for: admission and its bounds, the message's place, the mark for the commit, the
trail, the receipt, and once for each actor its way into memory. To bring a message in takes its thread as long as all of this (a
typed payload, an id, the bounds of what is under way, a receipt), and both share one interpreter: so a thread that feeds it halves it.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import apsw

from gateway.actors import Actor, HostBound, Payload, Stage, State, verb
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.runtime.settings import EngineSettings
from gateway.store import Changes, StateRow, Store
from gateway.store.sqlite import SqliteStore
from tests.bench import machine

TURNS = 20_000
ACTORS = 5_000
SOURCE = "source/bench"
TABLE = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE actor (id TEXT PRIMARY KEY, version INTEGER, state BLOB, timers BLOB, wake_ms INTEGER, ties BLOB);
"""


class Reading(Payload):
    """What a turn takes."""

    temperature_c: float
    humidity_pct: float


class Level(State):
    """What a turn changes."""

    count: int = 0
    temperature_c: float = 0.0
    humidity_pct: float = 0.0


class Gauge(Actor[Level]):
    """Counts and keeps the last reading."""

    @verb
    def take(self, reading: Reading, stage: Stage[Level]) -> None:
        """Keep it."""
        state = stage.state
        stage.state = state.changed(count=state.count + 1, temperature_c=reading.temperature_c, humidity_pct=reading.humidity_pct)


class Source(HostBound):
    """Whose name the messages come under; it is never made."""


class Recorder(SqliteStore):
    """A store that keeps what it committed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.commits: list[Changes] = []

    def commit(self, changes: Changes) -> None:
        super().commit(changes)
        self.commits.append(changes)


def engine_s(folder: Path, turns: int, *, fed_first: bool) -> tuple[float, list[list[StateRow]]]:
    """Seconds for all turns on SQLite, to the last receipt; and the rows of each commit."""
    store = Recorder(folder / "engine.db")
    span_s = turns_s(store, turns, fed_first=fed_first)
    store.close()
    return span_s, rows_of(store.commits)


def rows_of(commits: list[Changes]) -> list[list[StateRow]]:
    """The rows of states of each commit that has some."""
    return [rows for changes in commits if (rows := changes.states + changes.woken)]


def turns_s(store: Store, turns: int, *, fed_first: bool) -> float:
    """Seconds for all turns on an empty store, to the last receipt.

    `fed_first`: all mail is there before the engine starts, so that the thread which brings it costs nothing.
    """
    engine = Engine(store, [Gauge()], [(SOURCE, Source)], settings=EngineSettings(ingress_messages=turns + 1))
    source = Hosted(SOURCE, Source, Source, engine)
    if not fed_first:
        engine.start()
    start_s = time.perf_counter()
    for n in range(turns):
        receipt = source.send(f"gauge/g{n % ACTORS}", "take", Reading(temperature_c=20 + n % 97 / 10, humidity_pct=n % 53))
    if fed_first:
        start_s = time.perf_counter()
        engine.start()
    if not receipt.wait(60):
        raise TimeoutError(f"cannot measure the engine: {turns} turns were not committed in 60 s")
    span_s = time.perf_counter() - start_s
    engine.stop()
    source.dispose()
    return span_s


def sqlite_s(folder: Path, groups: list[list[StateRow]]) -> float:
    """Seconds that SQLite takes for the same rows in the same groups."""
    database = apsw.Connection(str(folder / "plain.db"))
    database.execute(TABLE).fetchall()
    start_s = time.perf_counter()
    for rows in groups:
        with database:
            database.executemany("INSERT OR REPLACE INTO actor VALUES (?, ?, ?, ?, ?, ?)", rows)
    span_s = time.perf_counter() - start_s
    database.close()
    return span_s


def measure(turns: int, *, fed_first: bool) -> tuple[float, float]:
    """(turns a second of the engine, rows a second of SQLite), on one disk, one after the other."""
    with tempfile.TemporaryDirectory(dir=machine.DISK, prefix="bench-") as folder:
        ours_s, groups = engine_s(Path(folder), turns, fed_first=fed_first)
        return turns / ours_s, sum(map(len, groups)) / sqlite_s(Path(folder), groups)


def report(rounds: int = 3, turns: int = TURNS) -> str:
    """The table."""
    lines = ["|  | turns a second | SQLite, same rows | ratio | goal |", "| --- | --: | --: | --: | --- |"]
    for title, fed_first, goal in (("mail is there already", True, 0.25), ("fed by a thread", False, 0.15)):
        pairs = [measure(turns, fed_first=fed_first) for _ in range(rounds)]
        ours, plain = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        ratio = statistics.median(mine / other for mine, other in pairs)
        lines.append(f"| {title} | {ours:.0f} | {plain:.0f} | {ratio:.2f} | ≥ {goal} |")
    return "\n".join(lines) + f"\n\nMedians of {rounds} rounds of {turns} durable turns of {ACTORS} actors, a row each."


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
