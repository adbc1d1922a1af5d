"""A framing: a stream of bytes → whole frames, whatever the pieces it arrives in. One file each; lines have theirs in `codecs/framing.py`.

What every framing keeps to:
- The frames, and what is counted, follow from the bytes and their times, not from how the bytes were cut into chunks.
- No more than one frame of `max_bytes` waits, and the work is linear in the bytes.
- After garbage it finds the begin of a frame again, and counts what was lost: `overflows` (longer than the limit), `gaps` (broken off, and
  silence after it), `bad_frames` (what can be no frame).
"""

from typing import Protocol

from devices.codecs.framing import FIRST_QUIET_S


class Framing(Protocol):
    """Cuts chunks of bytes into frames. Not thread-safe; never raises.

    `now_s` is any clock that never runs backwards. Use one that stands still while nobody listens to the line, so that bytes
    which waited in the kernel are not taken for a silence.
    """

    max_bytes: int
    """Longest frame."""
    max_gap_s: float
    """Longest silence inside a frame, in seconds."""
    overflows: int
    gaps: int
    bad_frames: int

    @property
    def due_s(self) -> float | None:
        """When `expire` must be called, on the caller's clock; None where nothing waits."""

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Take what was read at `now_s`; return the frames that are whole now, without what marks their begins and ends."""

    def expire(self, now_s: float) -> list[bytes]:
        """Take note of the time: what has been silent for longer than the gap is dropped, or is whole."""

    def skip(self) -> None:
        """Drop the partial frame, and what follows it up to where a frame surely begins."""

    def skip_first(self, now_s: float) -> None:
        """As `skip`, at the opening of a line on which somebody may be in mid-frame: a silence of FIRST_QUIET_S is a begin, too."""

    def clear(self) -> None:
        """Begin afresh: the next byte is the first of a frame."""


class BufferedFraming:
    """The part of a framing that all of them share: the bytes that wait, and the silences between."""

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        self.max_bytes = max_bytes
        self.max_gap_s = max_gap_s
        self.overflows = 0
        self.gaps = 0
        self.bad_frames = 0
        self._buffer = bytearray()
        self._last_s = 0.0
        self._deaf = False
        """Whether all bytes are dropped until the line is silent."""
        self._skipping = False
        """Whether bytes are dropped until a frame surely begins."""
        self._first = False
        """Whether a long silence ends the skipping, too."""

    @property
    def due_s(self) -> float | None:
        """When `expire` must be called, on the caller's clock; None where nothing waits."""
        return self._last_s + self.max_gap_s if self._waits() else None

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Take what was read at `now_s`; return the frames that are whole now."""
        frames = self.expire(now_s)
        self._look_back(chunk, now_s)
        self._last_s = now_s
        if not self._deaf:
            self._buffer += chunk
            self._cut(frames)
        return frames

    def expire(self, now_s: float) -> list[bytes]:
        """Take note of the time: what has been silent for longer than the gap is dropped, or is whole."""
        frames: list[bytes] = []
        silent_s = now_s - self._last_s
        if silent_s > self.max_gap_s:
            if self._deaf:
                self.clear()
            if self._buffer:
                self._fall_silent(frames)
            if self._first and silent_s > FIRST_QUIET_S:
                self._first = self._skipping = False
        return frames

    def skip(self) -> None:
        """Drop the partial frame, and what follows it up to where a frame surely begins."""
        self.clear()

    def skip_first(self, now_s: float) -> None:
        """As `skip`; a silence of FIRST_QUIET_S is a begin, too."""
        self.skip()
        self._first = True
        self._last_s = now_s

    def clear(self) -> None:
        """Begin afresh: the next byte is the first of a frame."""
        self._buffer.clear()
        self._deaf = self._skipping = self._first = False

    def _waits(self) -> bool:
        return bool(self._buffer)

    def _look_back(self, chunk: bytes, now_s: float) -> None:
        """Look whether what comes now belongs to what was dropped before it. Mostly nobody can tell."""

    def _cut(self, frames: list[bytes]) -> None:
        """Move the frames that are whole from the buffer to `frames`."""
        raise NotImplementedError

    def _fall_silent(self, frames: list[bytes]) -> None:
        """Deal with the bytes that wait, after which nothing came: they were broken off."""
        del frames
        if self._waits():
            self.gaps += 1
        self._buffer.clear()


class OpenedFraming(BufferedFraming):
    """A framing whose frames have a begin of their own. What stands between frames is none of theirs."""

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._open = False
        """Whether the buffer holds a frame from its begin, or from behind it."""
        self._searched = 0
        """How far the buffer was searched for what comes next."""

    def clear(self) -> None:
        super().clear()
        self._open = False
        self._searched = 0

    def _waits(self) -> bool:
        return self._open
