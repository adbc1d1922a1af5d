"""Serving: uvicorn with its loop on a thread of its own, and the bounds of what strangers can have it hold."""

import asyncio
import logging
import socket
import struct
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from devices.web.app import make_app
from devices.web.door import Door
from devices.web.settings import WebSettings
from gateway.actors.hostbound import Host
from gateway.actors.words import described

log = logging.getLogger(__name__)

_KEEP_ALIVE_S = 30
_LOOK_S = 1.0
_GRACE_S = 3
"""How long uvicorn waits for requests at its end: a little longer than they are given here, or it would end them without a word."""
_ENDING_S, _UNREAD_S = 2.0, 1.5
"""How long requests are given at the end, and clients to take what waits for them."""
_HEAD_BYTES = 32_768
_AT_ONCE = struct.pack("ii", 1, 0)
"""A connection that is closed so is reset. Source: socket(7), SO_LINGER."""


class Serving:
    """One run of the server. Methods are the actor's thread's."""

    def __init__(self, settings: WebSettings, host: Host, listener: socket.socket) -> None:
        self.fault = ""
        """What ended it, where nobody asked it to end."""
        self._listener = listener
        self._door = Door(host, most=settings.requests)
        limits = {"most_connections": settings.connections, "head_s": settings.head_s, "host": host}
        config = uvicorn.Config(
            make_app(settings, self._door),
            http=type("Limited", (LimitedConnection,), limits),
            loop="asyncio",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_HEAD_BYTES,
        )
        self._server = QuietServer(config, self._door)
        self._thread = threading.Thread(target=self._run, name=f"{host.me} http", daemon=True)
        self._host = host

    def start(self) -> None:
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still serves."""
        return self._thread.is_alive()

    def close(self, timeout_s: float) -> None:
        """End it, and block until it has ended, at most `timeout_s` seconds."""
        self._door.close()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._server.serve([self._listener]))
        except BaseException as error:  # the actor decides: it is made anew
            self.fault = described(error)
            log.error("%s: the server has ended", self._host.me, exc_info=error)
        finally:
            self._listener.close()
            self._host.wake()


class QuietServer(uvicorn.Server):
    """uvicorn's server, that waits for the door to close where uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config, door: Door) -> None:
        super().__init__(config)
        self._door = door

    async def main_loop(self) -> None:
        seconds = 0
        self._door.open()
        while not await self._door.closes_within(_LOOK_S):
            seconds += 1
            await self.on_tick(10 * seconds)  # it counts tenths
        self._door.end_requests(_ENDING_S)


class LimitedConnection(H11Protocol):
    """One connection, that cannot be kept without saying something: a head has to come whole in time, and there are so many at most."""

    most_connections = 0
    head_s = 0.0
    host: Host

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._late: asyncio.TimerHandle | None = None
        self._slow: asyncio.TimerHandle | None = None
        if len(self.connections) > self.most_connections:
            self._drop()
            return
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._had_head()
        elif self._late is None and (before is None or before.response_complete):
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._had_head()
        self._taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that the client takes nothing of what it is sent; if that lasts, it is let go."""
        super().pause_writing()
        self._slow = self.loop.call_later(self.head_s, self._end_slow)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    def shutdown(self) -> None:
        """Begin the end of the server: whoever still takes nothing after a while is let go."""
        super().shutdown()
        self.loop.call_later(_UNREAD_S, self._end_unread)

    def _end_unread(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._end_slow()

    def _taken(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None

    def _end_slow(self) -> None:
        self._slow = None
        self._drop()

    def _expect_head(self) -> None:
        self._late = self.loop.call_later(self.head_s, self._end_late)

    def _had_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end_late(self) -> None:
        self._late = None
        self._drop()

    def _drop(self) -> None:
        """Let the client go, and what it has not taken with it: else the system would go on for minutes to offer it that."""
        self.host.count("dropped")
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()
