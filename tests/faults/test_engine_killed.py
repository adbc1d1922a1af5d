"""The engine, killed for good: SIGKILL at any moment, from outside and from one of its own turns."""

import contextlib
import json
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime.mail import read_header
from gateway.store.sqlite import SqliteStore

PROJECT = Path(__file__).parents[2]


class Life:
    """One process: of the engine with books, or of another module."""

    def __init__(self, path: Path | str, module: str = "tests.faults.engine_process") -> None:
        command = [sys.executable, "-m", module, str(path)]
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

    def read(self, lines: int, *, limit_s: float = 10) -> list[str]:
        """So many lines of what it says, or fewer when it dies; one that has not so much to say is killed after a while."""
        assert self.process.stdout
        with self._killed_after(limit_s):
            return [line for _ in range(lines) if (line := self.process.stdout.readline().strip())]

    def end(self) -> tuple[list[str], int]:
        """Wait for its end: the rest of what it says, and its code."""
        assert self.process.stdin
        assert self.process.stdout
        with self._killed_after(60):
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            said = self.process.stdout.read()  # not by communicate: it would not see what `read` has left in the buffer
            code = self.process.wait()
        self.process.stdout.close()
        return said.split("\n"), code

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.start()
        try:
            yield
        finally:
            watchdog.cancel()


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
    attempts: dict[str, int] = {}
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
                assert int(values[2]) > attempts.get(values[1], 0), f"{values[1]} was begun before, and does not say so"
                attempts[values[1]] = int(values[2])
    assert len(acknowledged) == 600
    for book in range(3):
        assert _words(path, f"book/{book}") == [f"w{n}" for n in range(600) if n % 3 == book]
    life = Life(path)
    life.write(["end"])
    rest, code = life.end()
    put.update(line.split()[2] for line in rest if line.startswith("put"))
    assert code == 0
    assert {f"w{n}" for n in range(600)} <= put.keys()


@pytest.mark.parametrize(("word", "lives_at_most"), [("break", 7), ("fuse", 11)])
def test_a_delivery_that_kills_the_process_is_isolated(tmp_path: Path, word: str, lives_at_most: int) -> None:
    """At once, or half a second after it was taken: some lives later it is a dead letter which says so.

    Nobody else is set aside for it, not even who tries everything once: ordinary mail is handled once, and all other deliveries made.
    """
    path = tmp_path / "gateway.db"
    others = [f"{n} {to}/{n % 3} w{n}" for to, first in (("book", 100), ("slip", 200)) for n in range(first, first + 30)]
    lines = [*others[:20], f"1 slip/x {word}", *others[20:], "end"]
    put, codes = Counter[str](), list[int]()
    while len(codes) < lives_at_most and codes[-1:] != [0]:
        life = Life(path)
        life.write(lines)
        said, code = life.end()
        codes.append(code)
        put.update(line.split()[2] for line in said if line.startswith("put"))
    assert codes[-1] == 0, f"it ended {len(codes)} times"
    assert set(codes[:-1]) == {-9}
    store = SqliteStore(path)
    (dead,) = store.dead(0, 10)
    assert (dead.box, dead.reason) == ("shelf/a", "the process ended 4 times while shelf/a did it, and lived without it")
    assert read_header(dead.message)[0][:4] == [read_header(dead.message)[0][0], "shelf/a", "put", "slip/x"]
    assert store.boxes() == []
    store.close()
    assert _words(path, "slip/x") == [word]
    for line in others:
        _, to, text = line.split()
        assert _words(path, to).count(text) == 1
        assert put[text] >= 1


def test_innocent_mail_outlives_kills_in_the_cautious_start(tmp_path: Path) -> None:
    """A process that is killed again and again just after its start: what runs alone then is not set aside for it, tried once or often."""
    path = tmp_path / "gateway.db"
    lines = [f"{n} slip/{n % 2} w{n}" for n in range(40)]
    for reads in range(1, 25):
        life = Life(path)
        life.write(lines)
        life.read(reads)
        life.process.kill()
        life.end()
    life = Life(path)
    life.write([*lines, "end"])
    assert life.end()[1] == 0
    store = SqliteStore(path)
    assert store.dead(0, 10) == []
    store.close()
    assert [_words(path, f"slip/{n}") for n in (0, 1)] == [[f"w{k}" for k in range(n, 40, 2)] for n in (0, 1)]
