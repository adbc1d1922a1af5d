"""A tail: the turns of each commit, streamed to a client that may be slow. What it cannot take is counted and left out."""

from collections.abc import Callable, Iterator
from typing import Any

from gateway.control.outpour import Outpour
from gateway.control.pending import Asker
from gateway.control.redaction import redacted_json
from gateway.runtime.batch import Turned

MOST_WAITING = 5000
"""Turns that may wait between the engine and the client."""
MOST_PAYLOAD = 2000


class Tail(Outpour[Turned]):
    """The stream of turns to one client."""

    most_waiting = MOST_WAITING

    def __init__(self, connection: Asker, n: Any, *, prefix: str, verb: str, wake: Callable[[], None]) -> None:
        super().__init__(connection, n, wake=wake)
        self._prefix = prefix
        self._verb = verb

    def observe(self, turns: list[Turned]) -> None:
        """Add the turns of one commit to the stream. On the engine's thread."""
        prefix, verb = self._prefix, self._verb
        for turn in turns:
            if turn.message.to.startswith(prefix) and verb in ("", turn.message.verb):
                self.add(turn)
        self._wake()

    def say(self, item: Turned) -> Iterator[dict[str, Any]]:
        yield {"turn": _shown(item)}


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
