"""One client of the control socket: requests in, answers out, both bounded. On the control actor's thread."""

import json
import select
import socket
import struct
import time
from collections import deque
from typing import Any

MOST_IN = 1024 * 1024
"""Bytes of the longest request."""
MOST_OUT = 256 * 1024
"""Bytes that may wait for a client; beyond it no request of his is read, and a tail leaves turns out."""
MOST_ASKED = 64
"""Requests of one client that may be without an answer; beyond it no request of his is read."""
_CHUNK = 65536


class ControlClient:
    """One client, from its accept to its close."""

    host = None
    """What it sends is sent in the control actor's name."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self.peer = peer
        self.open = True
        self.asked = 0
        """How many of its requests have no answer yet."""
        self.follows = False
        """Whether it has a tail."""
        self.active_s = time.monotonic()
        """When it last said a whole request, or took something of an answer."""
        self._requests: deque[bytes] = deque()
        """Whole lines that nobody has looked at yet."""
        self._in = bytearray()
        self._out = bytearray()
        self._ended = False

    @property
    def is_root(self) -> bool:
        """Whether the client runs as root."""
        credentials = self.peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, user, _ = struct.unpack("3i", credentials)
        return bool(user == 0)

    @property
    def sluggish(self) -> bool:
        """Whether the client takes its answers so slowly that no more of them may wait."""
        return len(self._out) >= MOST_OUT

    @property
    def wants_out(self) -> bool:
        return bool(self._out)

    @property
    def wants_in(self) -> bool:
        return self.open and not self._ended and not self._requests and self._may_ask

    @property
    def has_requests(self) -> bool:
        """Whether a request of it may be looked at now."""
        return bool(self._requests) and self.open and self._may_ask

    @property
    def _may_ask(self) -> bool:
        return not self.sluggish and self.asked < MOST_ASKED

    @property
    def idle(self) -> bool:
        """Whether nothing of it is under way."""
        return not (self.asked or self.follows or self._requests)

    @property
    def gone(self) -> bool:
        """Whether the client has hung up, and hears no answer any more. One that only says no more, as a pipe's end does, has not."""
        poll = select.poll()
        poll.register(self.peer, 0)
        return bool(poll.poll(0))

    def read(self) -> None:
        """Take in what came. A request that is too long ends the connection, after an answer that says so."""
        try:
            chunk = self.peer.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.open = False
            return
        if not chunk:
            self._ended = True
        first, *more = chunk.split(b"\n")
        self._in += first
        if more:
            self._requests.append(bytes(self._in))
            self._requests.extend(more[:-1])
            self._in = bytearray(more[-1])
        if len(self._in) > MOST_IN:
            self._in, self._ended = bytearray(), True
            self.say({"ok": False, "fault": "bad_request", "error": f"cannot read the request: it is longer than {MOST_IN} bytes"})

    def next_request(self) -> bytes:
        """The oldest request that nobody has looked at."""
        self.active_s = time.monotonic()
        return self._requests.popleft()

    def say(self, answer: dict[str, Any]) -> None:
        """Add an answer to what waits for it; where that is no JSON, because it is nested without end, say so."""
        try:
            text = _as_json(answer)
        except (ValueError, RecursionError) as error:
            text = _as_json({"n": answer.get("n"), "ok": False, "fault": "internal", "error": f"cannot write the answer as JSON: {error}"})
        self._out += text.encode("utf-8", "replace") + b"\n"

    def flush(self) -> None:
        """Send what the client takes now."""
        while self._out and self.open:
            try:
                sent = self.peer.send(self._out[:_CHUNK])
            except BlockingIOError:
                return
            except OSError:
                self.open = False
                return
            self.active_s = time.monotonic()
            del self._out[:sent]

    def end(self, fault: str, error: str) -> None:
        """Say why it is let go, as far as it takes that, and close."""
        self.say({"ok": False, "fault": fault, "error": error})
        self.flush()
        self.close()

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do for it."""
        if not self.open or self._requests or not self._ended:
            return not self.open
        return not (self._out or self.asked) or self.gone

    def close(self) -> None:
        self.open = False
        self.peer.close()


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False, default=str)
