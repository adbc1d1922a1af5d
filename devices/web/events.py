"""Events: what each commit makes of actors, as server-sent events, and before it how they stand.

    GET api/events?of=twin/*,trip/van

    event: snapshot      how the actors stand, on one event or several: {"states": [{"id", "kind", "version", "state"}, …],
                         "begin": true, "end": true}. Forget at the begin what you had of them. At the end it has an id.
    event: commit        what one commit made of them: {"states": […]}; the state of an actor that has ended is null.

The id of an event is the place behind its commit. Who comes back with it as `Last-Event-ID`, as a browser does by itself, gets what was
committed since; where that is not kept any more, or the gateway has begun a new life, a snapshot, whose begin says so as "anew". Where many
commits wait for one stream, they are one event with the last state of each actor.
Source: the HTML standard, "Server-sent events".
"""

import asyncio
import json
from collections.abc import Iterable, Iterator
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devices.web.live import Live, OpenStream, client_gone, folded, page_of
from devices.web.problems import HttpProblem
from devices.web.routing import EVENT_STREAM, Needs, look
from gateway.actors.following import Committed, LookAnew, NewState, StatesPage

RETRY_MS = 2000
"""How soon a browser is to come back whose stream has ended."""
HEARTBEAT_S = 15.0
"""A stream that has said nothing for so long says so, for proxies, and for whoever waits for its end."""
_PACE_S = 0.1
"""At most once in so long a stream says what is new: people cannot read faster, and many streams share one processor."""
_PIECE_BYTES = 32_768
"""So much is made ready for one client at a time."""
_MOST_PATTERNS = 32
_MOST_PLACE = 100


async def events(request: Request) -> Response:
    """What each commit makes of the actors that fit the patterns `of`, until the client goes."""
    live: Live = request.app.live
    of, since = _patterns_of(request), _place_of(request)
    try:
        listening = live.listen(of, since)
    except ValueError as error:
        raise HttpProblem("bad_request", f"of: {error}") from None
    if request.method == "HEAD":
        listening.end()
        return Response(headers=STREAM_HEAD)
    stream = EventStream(request, listening)
    try:
        await stream.begin(since)
    except BaseException:
        listening.end()
        raise
    return stream


def _patterns_of(request: Request) -> list[str]:
    of = [pattern for pattern in request.query_params.get("of", "").split(",") if pattern]
    if not of:
        raise HttpProblem("bad_request", "say which actors you follow, by patterns of their ids: api/events?of=twin/*,trip/van")
    if len(of) > _MOST_PATTERNS:
        raise HttpProblem("bad_request", f"of has {len(of)} patterns, and {_MOST_PATTERNS} are the most: * stands for any text")
    return of


def _place_of(request: Request) -> str:
    """Where the client was: a browser says it in a header, a program may say it in the query as well."""
    said: str = request.headers.get("last-event-id") or request.query_params.get("since", "")
    return said[:_MOST_PLACE]


class EventStream(Response):
    """One stream, from its first event to its end."""

    def __init__(self, request: Request, listening: OpenStream) -> None:
        self.background = None
        self._request = request
        self._listening = listening
        self._live, self._following, self._news = listening
        self._first: Iterable[bytes] = ()
        self._after = ""
        """Where the next page of the snapshot begins; empty: it is whole."""
        self._gone = False

    async def begin(self, since: str) -> None:
        """Find the first event: what was committed since, or how everything stands. Raises HttpProblem where it cannot be said."""
        anew = ""
        if since:
            try:
                self._first = _events(folded(self._following.take()))
            except LookAnew as error:
                anew = str(error)
            else:
                return
        self._first = self._said(await self._page(""), begin=True, anew=anew)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hears = asyncio.ensure_future(self._await_end(receive))
        try:
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(k.encode(), v.encode()) for k, v in STREAM_HEAD.items()]}
            )
            await self._send(send, chain((b"retry: %d\n\n" % RETRY_MS,), self._first))
            self._first = ()
            try:
                while self._after:
                    await self._send(send, self._said(await self._page(self._after), begin=False))
                await self._pour(send)
            except (LookAnew, HttpProblem, TimeoutError):  # it takes too slowly, or may no more: when it comes back it is told which
                self._live.door.host.count("streams_cut")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            hears.cancel()
            self._listening.end()

    async def _pour(self, send: Send) -> None:
        """Say what is new until the client has gone or the server ends. Raises LookAnew, and HttpProblem where the client may no more."""
        loop = asyncio.get_running_loop()
        check_s = loop.time() + HEARTBEAT_S
        while not (self._gone or self._live.closing):
            if loop.time() >= check_s:
                check_s = loop.time() + HEARTBEAT_S
                self._request.app.access.check(self._request, Needs.READING)
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._news.wait()
            except TimeoutError:
                await self._send(send, (b":\n\n",))
                continue
            self._news.clear()
            if taken := self._following.take():
                await self._send(send, _events(folded(taken)))
                await asyncio.sleep(_PACE_S)

    async def _await_end(self, receive: Receive) -> None:
        """Note that the client has gone."""
        await client_gone(receive)
        self._gone = True
        self._news.set()

    async def _page(self, after: str) -> StatesPage:
        try:
            page = await page_of(self._following, after)
        except TimeoutError:
            raise HttpProblem("timeout", "the engine did not turn, or its commit does not end; try again") from None
        if page.fault:
            raise HttpProblem("failed", page.fault)
        return page

    def _said(self, page: StatesPage, *, begin: bool, anew: str = "") -> Iterator[bytes]:
        """A page of the snapshot as an event, in parts."""
        self._after = page.after
        marks = [b'"begin":true'] if begin else []
        marks += [b'"anew":%b' % json.dumps(anew).encode()] if anew else []
        marks += [] if page.after else [b'"end":true']
        place = b"" if page.after else b"id: %b\n" % self._following.place.encode()
        return chain((b"%bevent: snapshot\ndata: {%b" % (place, b"".join(b"%b," % mark for mark in marks)),), _states(page.states))

    async def _send(self, send: Send, parts: Iterable[bytes]) -> None:
        """Send parts in pieces, the next one when the client has taken the one before: so much waits for a slow one, and no more."""
        for piece in _pieces(parts):
            await send({"type": "http.response.body", "body": piece, "more_body": True})


STREAM_HEAD = {"content-type": f"{EVENT_STREAM}; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no"}


def _events(taken: Iterable[Committed]) -> Iterator[bytes]:
    """Commits as events, in parts."""
    for committed in taken:
        yield b"id: %b\nevent: commit\ndata: {" % committed.place.encode()
        yield from _states(committed.states)


def _states(states: Iterable[NewState]) -> Iterator[bytes]:
    """The end of an event: its states, in parts."""
    yield b'"states":['
    for place, state in enumerate(states):
        yield b",%b" % state.json if place else state.json
    yield b"]}\n\n"


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same, put together to pieces that are sent at once."""
    piece, size = list[bytes](), 0
    for part in parts:
        piece.append(part)
        size += len(part)
        if size >= _PIECE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)


routes = [look("/api/events", events, of={"type": "string"}, since={"type": "string"})._replace(media=EVENT_STREAM)]
