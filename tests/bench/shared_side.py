"""One of the hosts of `shared.py`, as a process: `python -m tests.bench.shared_side URL NAME BATCH_TURNS`. It serves its
share of the actors, and keeps what it commits, to make the same commits once more.
"""

import sys
import threading
import time
from collections.abc import Callable

from gateway.actors.ids import group_of
from gateway.runtime.hosted import Hosted
from gateway.runtime.settings import EngineSettings
from gateway.service.sharing import Sharing
from gateway.store import Changes
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.store import GroupedStore
from tests.bench.engine import SOURCE, Gauge, Source
from tests.bench.replay import Replay
from tests.bench.runners import RUNNERS, Runner
from tests.bench.told import answer_as_told

ASKS = 200
_PATIENCE_S = 60.0


class SharedRecorder(GroupedStore):
    """A store that keeps what it committed, and knows when the last of it was on disk, by the machine's monotonic clock."""

    commits: list[Changes]
    last_s = 0.0

    def commit(self, changes: Changes) -> None:
        super().commit(changes)
        if changes.states or changes.woken or changes.post or changes.post_gone:
            self.commits.append(changes)
            self.last_s = time.monotonic()


class HostSide:
    """What the host does at each word."""

    def __init__(self, url: str, name: str, batch_turns: str) -> None:
        self._place, self._name = SharedPlace(url), name
        self._lives: list[SharedRecorder] = []
        self._sharing = Sharing(self._joined, [Gauge(), Runner()], settings=EngineSettings(batch_turns=int(batch_turns)))
        self._replay: Replay | None = None
        self._sharing.start()

    def _joined(self, before: int, clean: bool) -> SharedRecorder:
        store = SharedRecorder(self._place, self._name, before=before, clean=clean, lease_s=10.0)
        store.commits = []
        self._lives.append(store)
        return store

    def groups(self) -> int:
        """How many groups it has."""
        return len(self._sharing.groups)

    def turns(self) -> int:
        """How many turns it has run."""
        return self._sharing.turns

    def asks(self, whom: str) -> list[float]:
        """Milliseconds of asks: `here`, to actors of its own; `there`, to others."""
        return _asks_ms(self._sharing, lambda group: (group in self._sharing.groups) is (whom == "here"))

    def stop(self) -> float:
        """Serve no more; when the last commit was on disk."""
        self._sharing.stop()
        return max(life.last_s for life in self._lives)

    def numbers(self) -> list[int]:
        """The numbers of the messages that its commits delete."""
        return [n for life in self._lives for changes in life.commits for n in changes.post_gone]

    def prepare(self, make: Callable[..., Replay], url: str, n: int) -> None:
        """Be about to make its commits once more, in another database."""
        self._replay = make(url, n, [changes for life in self._lives for changes in life.commits])

    def replay(self) -> tuple[float, float]:
        """Make them; the monotonic seconds of begin and end."""
        assert self._replay is not None
        first_s = time.monotonic()
        self._replay.run()
        return first_s, time.monotonic()


def _asks_ms(sharing: Sharing, serves: Callable[[int], bool]) -> list[float]:
    """Ask one actor after the other of those whose groups fit, each when the one before has answered: milliseconds of each."""
    engine = sharing.engine
    assert engine is not None
    asker = Hosted(SOURCE, Source, Source, engine)
    whom = [id for id in (f"runner/r{n}" for n in range(RUNNERS)) if serves(group_of(id))][:ASKS]
    spans_ms = []
    for id in whom:
        answered = threading.Event()
        start_s = time.perf_counter()
        asker.ask(id, "say", on_reply=lambda reply, answered=answered: answered.set())  # type: ignore[misc]
        if not answered.wait(_PATIENCE_S):
            raise TimeoutError(f"cannot measure asks: {id} did not answer in {_PATIENCE_S:.0f} s")
        spans_ms.append((time.perf_counter() - start_s) * 1000)
    return spans_ms


if __name__ == "__main__":
    answer_as_told(HostSide(*sys.argv[1:]))
