"""A process of its own with the real engine and a collection, for tests that kill it: `python -m tests.faults.collection_process FILE`.

It asks for the count before all else, waits, and prints `count NUMBER`. Then it reads keys from its standard input, one a line, adds each
under the key as the outside's id, and prints `ack KEY` after the commit. On `end` it asks once more, and stops well.
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any

from gateway.actors import Actor, HostBound, Reply
from gateway.actors.collection import Collection, Entry, Page
from gateway.runtime.engine import Engine
from gateway.runtime.hosted import Hosted
from gateway.store.sqlite import SqliteStore

PARTS = "collection/parts"


class Source(HostBound):
    """The process itself."""


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _count(source: Hosted) -> None:
    """Ask for the count, and wait for the answer."""
    said = threading.Event()

    def say(reply: Reply) -> None:
        _say(f"count {reply.body['count']}" if isinstance(reply.body, dict) else f"refused {reply.reason}")
        said.set()

    source.ask(PARTS, "count", on_reply=say)
    said.wait()


def main() -> None:
    """One life."""
    store = SqliteStore(Path(sys.argv[1]))
    actors: list[Actor[Any]] = [Collection(), Page()]
    engine = Engine(store, actors, [("source/a", Source)], fatal=lambda error: os._exit(70))
    source = Hosted("source/a", Source, Source, engine)
    engine.start(lambda id: source.give)
    source.start()
    _count(source)
    for line in sys.stdin:
        key = line.rstrip("\n")
        if key == "end":
            break
        source.send(PARTS, "add", Entry(key=key, value=f"part/{key}"), id=key, on_commit=lambda _, key=key: _say(f"ack {key}"))  # type: ignore[misc]
    _count(source)
    source.close()
    engine.stop()
    store.close()


if __name__ == "__main__":
    main()
