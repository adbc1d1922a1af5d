"""A trip for its followers: how it stands, at once and whenever that changes, as server-sent events; and the way it has come.

    GET api/trips/brave-otter/events        data: {"state": {"phase": "moving", "latest": {…}, …}}
    GET api/trips/brave-otter/way           GeoJSON

Each event has all that anybody may know of the trip, so it needs no id: who was away for a while has missed nothing but the way, and asks
for that. What a trip answers to `read` says which fields of its state anybody may know.
"""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from devices.web.events import HEARTBEAT_S, RETRY_MS, STREAM_HEAD
from devices.web.live import Live, OpenStream, client_gone, page_of
from devices.web.problems import HttpProblem
from devices.web.routing import EVENT_STREAM, open_to_all
from devices.web.trips import trip_of, trips_reply
from gateway.actors.following import LookAnew

MOST_POINTS = 2000
"""As many points a way has on a page: more than a screen can show apart."""
_PACE_S = 0.2


async def way(request: Request) -> Response:
    """The way that a trip has come, as GeoJSON, thinned to what a screen can show. Of a shared one, for whoever knows its name."""
    found = await trips_reply(request, await trip_of(request), "geojson", {"most_points": MOST_POINTS})
    return Response(found["text"], media_type=found["type"])


async def events(request: Request) -> Response:
    """How a trip stands, now and from now on. Of a shared one, for whoever knows its name."""
    live: Live = request.app.live
    trip = await trip_of(request)
    listening = live.listen([trip], "")
    try:
        shown = await trips_reply(request, trip, "read", {})
    except BaseException:
        listening.end()
        raise
    if request.method == "HEAD":
        listening.end()
        return Response(headers=STREAM_HEAD)
    return TripStream(request, listening, trip, shown)


class TripStream(Response):
    """One follower's stream, from its first event to its end."""

    def __init__(self, request: Request, listening: OpenStream, trip: str, shown: dict[str, Any]) -> None:
        self.background = None
        self._request = request
        self._listening = listening
        self._live, self._following, self._news = listening
        self._trip = trip
        self._shown = shown
        self._gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hears = asyncio.ensure_future(self._await_end(receive))
        try:
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(k.encode(), v.encode()) for k, v in STREAM_HEAD.items()]}
            )
            await _send(send, b"retry: %d\n\n" % RETRY_MS)
            page = await page_of(self._following)  # what was committed since `read` is in it, and `take` goes on from here
            for one in page.states:
                self._shown = {**self._shown, **self._known(one.state)}
            await self._say(send)
            while not (self._gone or self._live.closing):
                await self._await_news(send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except (
            HttpProblem,
            TimeoutError,
        ):  # the trip is forgotten, or whoever followed may no more: when they come back they are told which
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            hears.cancel()
            self._listening.end()

    async def _await_news(self, send: Send) -> None:
        """Say how the trip stands when that has changed; after a while in which it has not, look whether it may still be followed."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._news.wait()
        except TimeoutError:
            await trip_of(self._request)
            await _send(send, b":\n\n")
            return
        self._news.clear()
        try:
            states = [one.state for committed in self._following.take() for one in committed.states]
        except LookAnew:
            self._shown = await trips_reply(self._request, self._trip, "read", {})
            states = []
            await self._say(send)
        if any(state is None for state in states):
            await trip_of(self._request)  # it has ended for good, unless it has begun again
        if states:
            self._shown = {**self._shown, **self._known(states[-1])}
            await self._say(send)
            await asyncio.sleep(_PACE_S)

    def _known(self, state: bytes | None) -> dict[str, Any]:
        """What of a state anybody may know; nothing where there is none."""
        fields = json.loads(state or b"{}")
        return {name: fields[name] for name in self._shown if name in fields}

    async def _say(self, send: Send) -> None:
        await _send(send, b"data: %b\n\n" % json.dumps({"state": self._shown}).encode())

    async def _await_end(self, receive: Receive) -> None:
        """Note that the client has gone."""
        await client_gone(receive)
        self._gone = True
        self._news.set()


async def _send(send: Send, content: bytes) -> None:
    await send({"type": "http.response.body", "body": content, "more_body": True})


routes = [
    open_to_all("/api/trips/{slug}/way", way),
    open_to_all("/api/trips/{slug}/events", events)._replace(media=EVENT_STREAM),
]
