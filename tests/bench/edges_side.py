"""Some of the hosts at the edge of `edges.py`, as a process: `python -m tests.bench.edges_side URL FIRST COUNT`; each is a thread that
hands in, looks for answers and deletes them, as a link does.
"""

import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gateway.actors.messages import Message
from gateway.actors.models import Nothing
from gateway.runtime.mail import encode
from gateway.store.postgres.shared.edge import EdgePost, Letter
from tests.bench.engine import Reading
from tests.bench.runners import runner
from tests.bench.told import answer_as_told

_BUSY_S, _IDLE_S = 0.05, 0.25
"""As in gateway/fleet/link.py: while an answer is awaited, and else."""


class BenchedEdge:
    """One host at the edge."""

    def __init__(self, url: str, n: int) -> None:
        self._name = f"pi-{n}"
        self._actor = n
        self._post = EdgePost(url, None, self._name)
        self._place = 0
        self.lags_s: list[float] = []

    def _letters(self, count: int, *, asks: bool) -> list[Letter]:
        letters = []
        for _ in range(count):
            self._place += 1
            id = f"{self._name}-{self._place}"
            if asks:
                message = Message(id, runner(self._actor, 0), "say", Nothing(), reply_to=f"host/{self._name}/runner/a")
            else:
                message = Message(id, f"gauge/{self._name}", "take", Reading(temperature_c=20.5, humidity_pct=self._place % 100))
            letters.append(Letter(self._place, id, "", message.to, encode(message)))
        return letters

    def flood(self, count: int) -> None:
        """Hand many in at once, as after a week without the database."""
        self._post.hand_in(self._letters(count, asks=False))

    def pace(self, seconds: float, *, asks: bool) -> None:
        """Hand one message in each second, and look for answers; note how long each answer took."""
        self.lags_s = []
        asked: deque[float] = deque()
        begin_s = time.monotonic() + self._actor % 100 / 100
        due_s = [begin_s + second for second in range(int(seconds))]
        look_s = begin_s
        while due_s or asked:
            now_s = time.monotonic()
            if due_s and now_s >= due_s[0]:
                due_s.pop(0)
                self._post.hand_in(self._letters(1, asks=asks))
                if asks:
                    asked.append(now_s)
                    look_s = now_s + _BUSY_S
            elif now_s >= look_s:
                if found := self._post.read():
                    self.lags_s += [time.monotonic() - asked.popleft() for _ in found]
                    self._post.delete([n for n, _ in found])
                look_s = now_s + (_BUSY_S if asked else _IDLE_S)
            time.sleep(max(0.0, min([look_s, *due_s[:1]]) - time.monotonic()))


class EdgesSide:
    """What the hosts do at each word."""

    def __init__(self, url: str, first: str, count: str) -> None:
        self._edges = [BenchedEdge(url, n) for n in range(int(first), int(first) + int(count))]

    def flood(self, count: int) -> float:
        """Each hands in so many; when the last was there, by the machine's monotonic clock."""
        self._together(lambda edge: edge.flood(count))
        return time.monotonic()

    def pace(self, seconds: float, asks: bool) -> list[float]:
        """Each hands in one a second; seconds that the answers took."""
        self._together(lambda edge: edge.pace(seconds, asks=asks))
        return [lag_s for edge in self._edges for lag_s in edge.lags_s]

    def _together(self, do: Callable[[BenchedEdge], None]) -> None:
        with ThreadPoolExecutor(len(self._edges)) as threads:
            list(threads.map(do, self._edges))


if __name__ == "__main__":
    answer_as_told(EdgesSide(*sys.argv[1:]))
