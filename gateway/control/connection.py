"""One client of the control socket: lines in, lines out, both bounded. On the control actor's thread."""

import json
import socket
from typing import Any

MOST_IN = 1024 * 1024
"""Bytes of the longest request."""
MOST_OUT = 256 * 1024
"""Bytes that may wait for a client; beyond it no request of his is read, and a tail leaves turns out."""
_CHUNK = 65536


class ControlClient:
    """One client, from its accept to its close."""

    def __init__(self, peer: socket.socket) -> None:
        peer.setblocking(False)
        self.peer = peer
        self.open = True
        self.asked = 0
        """How many of its requests have no answer yet."""
        self._in = b""
        self._out = bytearray()
        self._ended = False

    @property
    def sluggish(self) -> bool:
        """Whether the client takes its answers so slowly that no more of them may wait."""
        return len(self._out) >= MOST_OUT

    @property
    def wants_out(self) -> bool:
        return bool(self._out)

    @property
    def wants_in(self) -> bool:
        return self.open and not self._ended and not self.sluggish

    def read(self) -> list[bytes]:
        """Read the whole lines that came. One that is too long ends the connection, after an answer that says so."""
        try:
            chunk = self.peer.recv(_CHUNK)
        except BlockingIOError:
            return []
        except OSError:
            self.open = False
            return []
        if not chunk:
            self._ended = True
        *lines, self._in = (self._in + chunk).split(b"\n")
        if len(self._in) > MOST_IN:
            self._in, self._ended = b"", True
            self.say({"ok": False, "fault": "bad_request", "error": f"cannot read the request: it is longer than {MOST_IN} bytes"})
        return lines

    def say(self, answer: dict[str, Any]) -> None:
        """Add an answer to those that wait to be sent."""
        self._out += json.dumps(answer, separators=(",", ":"), ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"

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
            del self._out[:sent]

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to do for the client."""
        return not self.open or (self._ended and not self._out and not self.asked)

    def close(self) -> None:
        self.open = False
        self.peer.close()
