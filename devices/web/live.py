"""Live streams: who listens to events, and what wakes all of them at once. On the server's loop, but `Live.wake`.

However many streams there are, a commit costs the engine one call: it wakes the loop, and each stream reads the feed from where it stands.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from starlette.types import Receive

from devices.web.door import Door
from devices.web.problems import HttpProblem
from gateway.actors.following import Committed, Following, NewState, StatesPage

LOOK_S = 30.0
"""How long a look at how actors stand may take: while the disk refuses, it waits."""
_CLOSES_S = 3600.0
_FOLDS_ABOVE = 20
"""Where more commits than that wait for one stream, they become one event, with the last state of each actor."""


class OpenStream(NamedTuple):
    """The place of one stream among all that may be open, and what it follows. It is free again after `end`."""

    live: "Live"
    following: Following
    news: asyncio.Event
    """Set whenever there may be something new."""

    def end(self) -> None:
        """Follow no more."""
        self.following.end()
        self.live.leave(self.news)


class Live:
    """All streams of the server."""

    def __init__(self, door: Door, *, most: int) -> None:
        self.door = door
        self._most = most
        self.closing = False
        """Whether the server ends, and all streams with it."""
        self._news: set[asyncio.Event] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = False
        self._end: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._news)

    def listen(self, of: Sequence[str], since: str) -> OpenStream:
        """Begin a stream of actors, woken with all other streams. Raises HttpProblem where as many are open as may be.

        It looks whether there is a place and takes it in one step: whatever its caller waits for comes behind that. Raises ValueError where
        a pattern can fit no actor.
        """
        if len(self._news) >= self._most:
            said = f"{self._most} event streams are open, and no more may be: web.streams; close one, or try again later"
            raise HttpProblem("busy", said)
        self._loop = asyncio.get_running_loop()
        if self._end is None:
            self._end = self._loop.create_task(self._end_with_server())
        listening = OpenStream(self, self.door.host.follow(of, self.wake, since), asyncio.Event())
        self._news.add(listening.news)
        return listening

    def leave(self, news: asyncio.Event) -> None:
        """Take part no more."""
        self._news.discard(news)

    def wake(self) -> None:
        """Have every stream look. Any thread."""
        if not self._woken and self._loop is not None:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and its streams with it
                self._loop.call_soon_threadsafe(self._spread)

    def _spread(self) -> None:
        self._woken = False  # first: what comes from here on wakes anew
        for news in self._news:
            news.set()

    async def _end_with_server(self) -> None:
        while not await self.door.closes_within(_CLOSES_S):
            pass
        self.closing = True
        self._spread()


async def client_gone(receive: Receive) -> None:
    """Wait until the client has hung up, or sends a body that is too long or does not end: it is served no more then."""
    with contextlib.suppress(HttpProblem):
        while (await receive())["type"] != "http.disconnect":
            pass


async def page_of(following: Following, after: str = "") -> StatesPage:
    """A page of how the actors stand that are followed. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    come: asyncio.Future[StatesPage] = loop.create_future()

    def take(page: StatesPage) -> None:
        if not come.done():
            come.set_result(page)

    def on_page(page: StatesPage) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(take, page)

    following.look(on_page, after)
    async with asyncio.timeout(LOOK_S):
        return await come


def folded(taken: Sequence[Committed]) -> Sequence[Committed]:
    """Commits as they are to be told: where many wait, one with the last state of each actor, as of the last of them."""
    if len(taken) <= _FOLDS_ABOVE:
        return taken
    last: dict[str, NewState] = {}
    for committed in taken:
        for state in committed.states:
            last.pop(state.id, None)
            last[state.id] = state
    return [taken[-1]._replace(states=list(last.values()))]
