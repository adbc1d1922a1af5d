"""Echo: a two-wire RS485 adapter reads back every byte that it sends. `Echo` takes our own bytes out of what is read.

Bytes of a device may stand before the echo (it spoke first), and an echo may come in pieces. Where nothing is to be
removed (`removes` false), the same class notices whole lines of ours that come back, so that the fault can be named.

Source: libmodbus#380, where such an adapter made each request look like its own reply.
"""

from collections import deque

PATIENCE_S = 1.0
"""How long after its writing an echo may still come."""
REMEMBERED = 8
"""How many lines of ours are looked for where nothing is removed."""


class Echo:
    """The bytes that a port wrote and expects to read back. Not thread-safe."""

    def __init__(self, *, removes: bool, baud: int = 9600, delay_s: float = 0.0) -> None:
        """Make an empty one. `delay_s`: how long our bytes may wait before they are on the wire."""
        self.removes = removes
        self.missing = 0
        """How many times our bytes did not come back, though the port is set to remove them."""
        self._patience_s = PATIENCE_S + delay_s
        self._byte_s = 11 / baud
        self._expected: deque[tuple[bytes, float]] = deque(maxlen=None if removes else REMEMBERED)
        self._held = b""

    @property
    def expects(self) -> bool:
        """Whether bytes that we wrote may still come back."""
        return bool(self._expected)

    @property
    def due_s(self) -> float | None:
        """When held bytes must be let go, on the monotonic clock; None where none are held."""
        if not self._held:
            return None
        return self._expected[0][1] if self._expected else 0.0

    def wrote(self, content: bytes, *, now_s: float) -> None:
        """Expect the bytes `content` back, because they were written."""
        self._expire(now_s)
        until_s = now_s + self._patience_s + len(content) * self._byte_s
        ours = [content] if self.removes else content.splitlines()[-REMEMBERED:]
        self._expected.extend((piece, until_s) for piece in ours)

    def remove(self, chunk: bytes, *, now_s: float) -> bytes:
        """The bytes of `chunk` that are not our own. An echo that has begun is held back until it is whole or late."""
        self._expire(now_s)
        held, self._held = self._held + chunk, b""
        kept = b""
        while self._expected and held:
            ours = self._expected[0][0]
            before, found, after = held.partition(ours)
            if not found:
                begun = _overlap(held, ours)
                self._held = held[len(held) - begun :]
                return kept + held[: len(held) - begun]
            self._expected.popleft()
            kept += before
            held = after
        return kept + held

    def is_own(self, frame: bytes, *, now_s: float) -> bool:
        """Whether `frame` is a line that we wrote a moment ago."""
        self._expire(now_s)
        return any(frame == ours for ours, _ in self._expected)

    def clear(self) -> None:
        """Expect no bytes back any more."""
        self._expected.clear()
        self._held = b""

    def _expire(self, now_s: float) -> None:
        while self._expected and now_s > self._expected[0][1]:
            self._expected.popleft()
            self.missing += self.removes


def _overlap(held: bytes, ours: bytes) -> int:
    """The length of the longest end of `held` that is a beginning of `ours`."""
    return next((n for n in range(min(len(held), len(ours) - 1), 0, -1) if held.endswith(ours[:n])), 0)
