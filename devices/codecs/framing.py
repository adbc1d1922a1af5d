"""Framing: a stream of bytes → whole lines, whatever the pieces it arrives in.

A line ends with LF; a CR before it is not part of it, nor are those behind it: some devices end their lines with LF and CR. Empty lines
are none. Three things may go wrong, and each has a
counter: a line grows past its limit (`overflows`: dropped up to its delimiter), a line stops half-way and nothing follows
(`gaps`: dropped; what comes later begins a new line, unless it goes on with a number), and bytes that are skipped on purpose belong to no
line.
"""

from collections.abc import Callable
from typing import TypeVar

from gateway.actors.errors import ANYTHING, GatewayError
from gateway.actors.words import described

T = TypeVar("T")

FIRST_QUIET_S = 10.0
"""So long a silence after an opening says that nobody was in mid-frame. A restart may fall into a shorter pause."""

_IN_NUMBERS = b"0123456789.,+-"
_NUMBER_ENDS = frozenset(_IN_NUMBERS)
_NUMBER_GOES_ON = frozenset(b"0123456789.,")

CODEC_FAULT = "codec_fault"
"""The fault of a frame at which its codec raised what it never should."""


class BadFrame(GatewayError, ValueError):
    """Raised where a frame cannot be decoded: it is dropped and counted, and the last good state stays."""

    def __init__(self, fault: str, text: str) -> None:
        super().__init__(text)
        self.fault = fault
        """What is wrong with it, in one word of a counter's name: `checksum`, `not_json`, `not_text`, `too_deep` ..."""


def decoded(codec: Callable[[bytes], T], frame: bytes) -> T:
    """What a codec makes of a frame. Raises BadFrame, and nothing else, whatever the codec raises: a fault of it costs this frame only."""
    try:
        return codec(frame)
    except BadFrame:
        raise
    except ANYTHING as error:  # here it is decided: codecs are many, and the port or the session must go on
        raise BadFrame(CODEC_FAULT, f"cannot read a frame: its codec raised {described(error)}; report it, with the frame") from error


class Torn:
    """Knows whether what comes after a silence is the rest of a frame that was dropped: 678.9 that stopped behind its first digit would be
    taken for 78.9. It is where a number was broken off and goes on. Words in front of one that stop like this again are a prompt; a number
    alone is none, and may stop behind the same digits twice."""

    __slots__ = ("_before", "dropped")

    def __init__(self) -> None:
        self.dropped = b""
        """What was dropped last, where it may go on; asked for at each read, and so no property."""
        self._before = b""

    def note(self, dropped: bytes) -> None:
        """A part of a frame was dropped, for nothing came any more."""
        is_torn = dropped[-1] in _NUMBER_ENDS and (dropped != self._before or not dropped.strip(_IN_NUMBERS + b" \t\r\n"))
        self._before, self.dropped = dropped, dropped if is_torn else b""

    def forget(self) -> None:
        """What comes next is a begin."""
        self.dropped = b""

    def goes_on(self, chunk: bytes, silent_s: float) -> bool:
        """Whether what came after so many seconds is to be dropped up to the next delimiter. Asked once."""
        if not (self.dropped and chunk):
            return False
        self.dropped = b""
        return silent_s <= FIRST_QUIET_S and chunk[0] in _NUMBER_GOES_ON


class LineFramer:
    """Cuts chunks of bytes into lines. Not thread-safe; never raises; keeps at most `max_bytes` of a line.

    `now_s` is any clock that never runs backwards. Use one that stands still while nobody listens to the line, so that bytes
    which waited in the kernel are not taken for a gap.
    """

    __slots__ = ("_first", "_last_s", "_partial", "_skipping", "_torn", "bad_frames", "gaps", "max_bytes", "max_gap_s", "overflows")

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        self.max_bytes = max_bytes
        """Longest line, without its CR and LF."""
        self.max_gap_s = max_gap_s
        """Longest silence inside a line, in seconds."""
        self.overflows = 0
        self.gaps = 0
        self.bad_frames = 0
        """No bytes make a bad line."""
        self._partial = b""
        self._last_s = 0.0
        self._skipping = False
        self._first = False
        """Whether a silence ends the skipping, too."""
        self._torn = Torn()

    @property
    def due_s(self) -> float | None:
        """When `expire` must be called, on the caller's clock; None where nothing waits."""
        return self._last_s + self.max_gap_s if self._partial else None

    def feed(self, chunk: bytes, now_s: float) -> list[bytes]:
        """Take what was read at `now_s`; return the lines that are whole now, without their ends."""
        if self._partial or self._first or self._torn.dropped:
            self.expire(now_s)
            if self._torn.goes_on(chunk, now_s - self._last_s):
                self.skip_first(now_s)
        self._last_s = now_s
        if self._skipping and not (chunk := self._skip(chunk)):
            return []
        before = self._partial
        crs = b"\r" in chunk or before.endswith(b"\r")
        text = chunk.replace(b"\r\n", b"\n") if crs else chunk
        lines = text.split(b"\n")
        lines[0] = before + lines[0]
        if crs and (b"\n\r" in text or lines[0].startswith(b"\r")):
            lines = [line.lstrip(b"\r") for line in lines]
        self._partial = lines.pop()
        if lines and chunk.startswith(b"\n") and before.endswith(b"\r"):
            lines[0] = lines[0].removesuffix(b"\r")
        if len(before) + len(chunk) > self.max_bytes:
            lines = self._within(lines)
        return [line for line in lines if line] if b"" in lines else lines

    def expire(self, now_s: float) -> list[bytes]:
        """Drop a partial line that has been silent for longer than the gap. No line is whole by silence."""
        silent_s = now_s - self._last_s
        if self._partial and silent_s > self.max_gap_s:
            self._torn.note(self._partial)
            self._partial = b""
            self.gaps += 1
        if self._first and silent_s > max(FIRST_QUIET_S, self.max_gap_s):
            self._first = self._skipping = False
        return []

    def skip(self) -> None:
        """Drop the partial line, and what follows it up to the next delimiter."""
        self._partial = b""
        self._skipping = True

    def skip_first(self, now_s: float) -> None:
        """As `skip`, at the opening of a port on which a device may be in mid-line: a silence of FIRST_QUIET_S is a begin, too."""
        self.skip()
        self._first = True
        self._last_s = now_s

    def clear(self) -> None:
        """Begin afresh: the next byte is the first of a line."""
        self._partial = b""
        self._torn.forget()
        self._skipping = self._first = False

    def _skip(self, chunk: bytes) -> bytes:
        """The part of `chunk` that comes after the next delimiter."""
        _, found, rest = chunk.partition(b"\n")
        self._skipping = not found
        self._first = self._first and self._skipping
        return rest

    def _within(self, lines: list[bytes]) -> list[bytes]:
        """The lines that are not too long; the others are counted, the unfinished one too."""
        if lines and max(map(len, lines)) > self.max_bytes:
            kept = [line for line in lines if len(line) <= self.max_bytes]
            self.overflows += len(lines) - len(kept)
            lines = kept
        if len(self._partial) - self._partial.endswith(b"\r") > self.max_bytes:
            self.overflows += 1
            self.skip()
        return lines
