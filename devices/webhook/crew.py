"""The crew: threads that post, one request each, so that the actor's own thread never waits for a server.

They are daemon threads: one that hangs in a name server's silence at the end is left behind, and says nothing any more.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable

from devices.webhook.line import KEEP_S, HttpLine
from devices.webhook.outcomes import PostOutcome
from devices.webhook.posts import PostRequest

Job = tuple[int, PostRequest]
"""A number that the outcome comes back under, and what to post."""


class Crew:
    """A group of threads that post: as many as work needs, at most `size`. Methods are the actor's thread's; `wake` is called on theirs."""

    def __init__(self, name: str, size: int, make_line: Callable[[], HttpLine], wake: Callable[[], None]) -> None:
        self._name = name
        self._size = size
        self._make_line = make_line
        self._wake = wake
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._ended: deque[tuple[int, PostOutcome]] = deque()
        self._threads: list[threading.Thread] = []
        self._lines: list[HttpLine] = []
        self._under_way = 0
        self._lock = threading.Lock()
        self._closed = False

    @property
    def idle(self) -> int:
        """How many more jobs can be taken."""
        return self._size - self._under_way

    @property
    def due_s(self) -> float:
        """Monotonic second at which the next request has taken too long."""
        return min((line.due_s for line in self._lines), default=float("inf"))

    def post(self, number: int, request: PostRequest) -> None:
        """Have one request posted by a thread of the crew."""
        self._under_way += 1
        if len(self._threads) < self._under_way:
            self._hire()
        self._jobs.put((number, request))

    def ended(self) -> list[tuple[int, PostOutcome]]:
        """The jobs that have ended since the last call."""
        found = []
        while self._ended:
            found.append(self._ended.popleft())
        self._under_way -= len(found)
        return found

    def cut_late(self) -> None:
        """End the requests that have taken too long."""
        now_s = time.monotonic()
        for line in self._lines:
            if line.due_s <= now_s:
                line.cut()

    def close(self, timeout_s: float) -> None:
        """End all requests, whatever is under way; block at most `timeout_s` seconds."""
        with self._lock:
            self._closed = True
        for line in self._lines:
            line.cut()
        for _ in self._threads:
            self._jobs.put(None)
        until_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def _hire(self) -> None:
        line = self._make_line()
        self._lines.append(line)
        thread = threading.Thread(target=self._work, args=(line,), name=f"{self._name} {len(self._lines)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    # --- a thread of the crew

    def _work(self, line: HttpLine) -> None:
        while not self._closed:
            try:
                job = self._jobs.get(timeout=KEEP_S)
            except queue.Empty:
                line.close()  # nobody needs it
                continue
            if job is None or not self._may_begin(line):
                break
            self._tell(job[0], line.post(job[1]))
        line.close()

    def _may_begin(self, line: HttpLine) -> bool:
        """Whether a job may begin. Under the lock, so that a cut at the end is never undone."""
        with self._lock:
            if not self._closed:
                line.begin()
                self._wake()  # the actor now knows when this one is late
            return not self._closed

    def _tell(self, number: int, outcome: PostOutcome) -> None:
        with self._lock:
            if not self._closed:  # else whoever would hear of it is gone, and its descriptor may be another's
                self._ended.append((number, outcome))
                self._wake()
