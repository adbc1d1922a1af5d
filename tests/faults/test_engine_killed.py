"""The engine, killed for good: SIGKILL at any moment, from outside and from one of its own turns."""

import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

from gateway.runtime.mail import read_header
from gateway.store.sqlite import SqliteStore

PROJECT = Path(__file__).parents[2]


class Life:
    """One process."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-m", "tests.faults.engine_process", str(path)]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def write(self, lines: list[str]) -> None:
        """Send it words; it may be dead by now."""
        assert self.process.stdin
        try:
            self.process.stdin.write("".join(f"{line}\n" for line in lines))
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def read(self, lines: int) -> list[str]:
        """So many lines of what it says, or fewer when it dies."""
        assert self.process.stdout
        return [line for _ in range(lines) if (line := self.process.stdout.readline().strip())]

    def end(self) -> tuple[list[str], int]:
        """Wait for its end: the rest of what it says, and its code."""
        try:
            said, _ = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
        return said.split("\n"), self.process.returncode


def _words(path: Path, book: str) -> list[str]:
    store = SqliteStore(path)
    row = store.load(book)
    store.close()
    return json.loads(row.state)["words"] if row else []


def test_mail_that_kills_the_process_is_isolated(tmp_path: Path) -> None:
    """After some restarts it is a dead letter which says so; its neighbours, before and behind it, are handled once and lose nothing."""
    path = tmp_path / "gateway.db"
    lines = ["1 book/a one", "2 book/b two", "3 book/a kill", "4 book/b three", "5 book/a four", "end"]
    codes = []
    for _ in range(12):
        life = Life(path)
        life.write(lines)
        _, code = life.end()
        codes.append(code)
        if code == 0:
            break
    assert codes[-1] == 0
    assert set(codes[:-1]) == {-9}
    assert (_words(path, "book/a"), _words(path, "book/b")) == (["one", "four"], ["two", "three"])
    store = SqliteStore(path)
    (dead,) = store.dead(0, 10)
    assert dead.reason == "the process ended 4 times while book/a handled it"
    assert read_header(dead.message)[0][:3] == ["3", "book/a", "write"]
    assert store.boxes() == []
    store.close()


def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    """A source that sends again what was not acknowledged: each word is written once, in order, and put at least once."""
    path = tmp_path / "gateway.db"
    rng = random.Random(7)
    words = [f"{n} book/{n % 3} w{n}" for n in range(600)]
    acknowledged: set[str] = set()
    put: Counter[str] = Counter()
    for killed in (True, True, True, True, False):
        life = Life(path)
        life.write([line for line in words if line.split()[0] not in acknowledged] + ([] if killed else ["end"]))
        said = life.read(rng.randrange(1, 400)) if killed else []
        if killed:
            life.process.kill()
        rest, _ = life.end()
        for line in [*said, *rest]:
            word, *values = line.split() or [""]
            if word == "ack":
                acknowledged.add(values[0])
            elif word == "put":
                put[values[1]] += 1
    assert len(acknowledged) == 600
    for book in range(3):
        assert _words(path, f"book/{book}") == [f"w{n}" for n in range(600) if n % 3 == book]
    life = Life(path)
    life.write(["end"])
    rest, code = life.end()
    put.update(line.split()[2] for line in rest if line.startswith("put"))
    assert code == 0
    assert {f"w{n}" for n in range(600)} <= put.keys()
