"""A process of its own with the real engine, for tests that kill it: `python -m tests.faults.engine_process FILE`, or URL
of a PostgreSQL database.

It reads words from its standard input, one a line, `book/key text`, sends each under its line's number as the outside's id,
and prints `ack NUMBER` after the commit. `kill` in a turn ends the process at once, `break` in the hands of the shelf does, and `fuse`
there does a while later. On `end` it drains its mail and stops well.
"""

import os
import signal
import sys
import threading
from pathlib import Path

from gateway.actors import Actor, Delivery, HostBound, Payload, Stage, State, verb
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.store import Store
from gateway.store.sqlite import SqliteStore

FUSE_S = 0.5


class Word(Payload):
    """One word."""

    text: str


class Page(State):
    """What was written."""

    words: tuple[str, ...] = ()


class Book(Actor[Page]):
    """Writes down; `kill` ends the process; all else goes to the shelf too."""

    @verb
    def write(self, word: Word, stage: Stage[Page]) -> None:
        if word.text == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        stage.state = stage.state.changed(words=(*stage.state.words, word.text))
        stage.tell("shelf/a", "put", word)


class Slip(Book):
    """A book that tries everything once."""

    attempts = 1


class Shelf(HostBound):
    """Says on the standard output what it was given, and how often it was tried."""

    @verb
    def put(self, word: Word, delivery: Delivery) -> None:
        _say(f"put {delivery.message.id} {word.text} {delivery.attempt}")
        if word.text == "break":
            os.kill(os.getpid(), signal.SIGKILL)
        if word.text == "fuse":
            delivery.keep()
            threading.Timer(FUSE_S, os.kill, (os.getpid(), signal.SIGKILL)).start()


class Source(HostBound):
    """The process itself."""


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _opened(place: str) -> Store:
    if "://" not in place:
        return SqliteStore(Path(place))
    from gateway.store.postgres.postgres import PostgresStore  # noqa: PLC0415  # psycopg need not be there

    return PostgresStore(place)


def main() -> None:
    """One life."""
    store = _opened(sys.argv[1])
    kinds: list[tuple[str, type[HostBound]]] = [("shelf/a", Shelf), ("source/a", Source)]
    engine = Engine(store, [Book(), Slip()], kinds, fatal=lambda error: os._exit(70))
    hosted = {id: Hosted(id, kind, kind, engine) for id, kind in kinds}
    engine.start(lambda id: hosted[id].give)
    for actor in hosted.values():
        actor.start()
    _say("ready")
    for line in sys.stdin:
        if line == "end\n":
            break
        number, to, text = line.split()
        hosted["source/a"].send(to, "write", {"text": text}, id=number, on_commit=lambda _, n=number: _say(f"ack {n}"))  # type: ignore[misc]
    pause = threading.Event()
    while not engine.inspect(lambda: engine.resting and not engine.room.outboxes["shelf/a"].waiting):
        pause.wait(0.01)
    for actor in hosted.values():
        actor.close()
    engine.stop()
    store.close()


if __name__ == "__main__":
    main()
