"""The door: how a request of the web reaches the gateway, in the words of the control socket, without the loop ever waiting for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

from gateway.actors.errors import Refused
from gateway.actors.hostbound import Host

Answer = dict[str, Any]
T = TypeVar("T")

_LOOK_S = 6.0
"""A little more than the control actor gives a look into the engine."""
_MARGIN_S = 2.0


class Busy(Exception):
    """Raised where as many requests are under way as may be: try again soon."""


class Closing(Exception):
    """Raised in a request that is still under way a while after the server began to end."""


class Door:
    """Takes requests to the gateway. On the server's loop, but `close`."""

    def __init__(self, host: Host, *, most: int) -> None:
        self.host = host
        self._most = most
        self._under_way = 0
        self._requests: set[asyncio.Timeout] = set()
        self._closes: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def ask(self, words: dict[str, Any]) -> Answer:
        """Ask, and return the answer, whether it is a yes or a no. Raises Busy."""
        if self._under_way >= self._most:
            raise Busy(f"{self._most} requests are under way; try again soon")
        self._under_way += 1
        give_up: Callable[[], None] = _nothing
        try:
            answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            try:
                give_up = self.host.request(words, self.calling(partial(_settle, answered)))
            except Refused as error:
                raise Busy(str(error)) from error
            async with asyncio.timeout(float(words.get("timeout_s", _LOOK_S)) + _MARGIN_S):
                answer: Answer = await answered
            give_up = _nothing
            return answer
        except TimeoutError:
            return {"ok": False, "fault": "outcome_unknown", "error": "the outcome is unknown: no answer came; look before you repeat it"}
        finally:
            self._under_way -= 1
            give_up()

    def calling(self, hear: Callable[[T], None]) -> Callable[[T], None]:
        """What calls `hear` on this loop, from any thread; it does nothing once the loop is closed."""
        loop = asyncio.get_running_loop()

        def call(answer: T) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(hear, answer)

        return call

    # --- the end

    def open(self) -> None:
        """Begin: from here on `close` is heard."""
        self._loop = asyncio.get_running_loop()
        self._closes = asyncio.Event()
        if self._closed:
            self._closes.set()

    @contextlib.asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """What stands in it is one request, from its head to its end. Raises Closing where the server does not wait for its end."""
        limit = asyncio.timeout(None)
        self._requests.add(limit)
        try:
            async with limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise Closing from None
            raise
        finally:
            self._requests.discard(limit)

    def end_requests(self, within_s: float) -> None:
        """Wait for requests under way so many seconds more, whatever they wait for themselves."""
        until_s = asyncio.get_running_loop().time() + within_s
        for limit in self._requests:
            limit.reschedule(until_s)

    def close(self) -> None:
        """Have the server end, and all streams with it. Any thread."""
        self._closed = True
        if self._loop is not None and self._closes is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._closes.set)

    async def closes_within(self, timeout_s: float) -> bool:
        """Wait until the server is to end, at most so many seconds; return whether it is. Streams wait so between two events."""
        if self._closes is None:
            return self._closed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._closes.wait()
        return self._closes.is_set()


def _settle(answered: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not answered.done():
        answered.set_result(answer)


def _nothing() -> None:
    """Give nothing up: it is answered."""
