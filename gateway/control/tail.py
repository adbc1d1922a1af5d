"""A tail: the turns of each commit, streamed to a client that may be slow. What it cannot take is counted and left out."""

from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.control.connection import ControlClient
from gateway.control.redaction import redacted_json
from gateway.runtime.batch import Turned

MOST_WAITING = 5000
"""Turns that may wait between the engine and the client."""
MOST_PAYLOAD = 2000


class Tail:
    """The stream of turns to one client. `observe` runs on the engine's thread and only appends; the rest runs on the control actor's."""

    def __init__(self, connection: ControlClient, n: Any, *, prefix: str, verb: str, wake: Callable[[], None]) -> None:
        self.connection = connection
        self._n = n
        self._prefix = prefix
        self._verb = verb
        self._wake = wake
        self._waiting: deque[Turned] = deque()
        self._left_out = 0
        """Only the engine's thread counts up, and only the other says how many: taken apart, no count is lost between them."""
        self._said_left_out = 0

    def observe(self, turns: list[Turned]) -> None:
        """Add the turns of one commit to the stream. On the engine's thread."""
        prefix, verb = self._prefix, self._verb
        for turn in turns:
            if turn.message.to.startswith(prefix) and verb in ("", turn.message.verb):
                if len(self._waiting) < MOST_WAITING:
                    self._waiting.append(turn)
                else:
                    self._left_out += 1
        self._wake()

    @property
    def pours_on(self) -> bool:
        """Whether the stream has more, and the client can take it."""
        return bool(self._waiting) and self.connection.open and not self.connection.sluggish

    def pour(self) -> None:
        """Send the client what it can take of the stream."""
        while self._waiting and not self.connection.sluggish:
            self.connection.say({"n": self._n, "ok": True, "turn": _shown(self._waiting.popleft())})
        left_out = self._left_out - self._said_left_out
        if left_out and not self._waiting:
            self._said_left_out += left_out
            self.connection.say({"n": self._n, "ok": True, "left_out": left_out})


def _shown(turn: Turned) -> dict[str, Any]:
    message = turn.message
    payload = redacted_json(message.payload.to_json())  # nobody who looks over a shoulder is to learn a secret
    shown = {
        "id": message.id,
        "to": message.to,
        "verb": message.verb,
        "sender": message.sender,
        "payload": payload if len(payload) <= MOST_PAYLOAD else payload[:MOST_PAYLOAD] + "…",
        "batch": turn.batch,
    }
    return {**shown, "outcome": turn.outcome} if turn.outcome else shown
