"""Frames that end with a delimiter: CR alone, CR and LF, or any bytes. Empty frames are none.

Lines that end with LF, as most do, have a framer of their own, which is faster: `codecs/framing.py`.
"""

from typing import ClassVar

from devices.codecs.framing import Torn
from devices.codecs.framings.framing import BufferedFraming


class Delimited(BufferedFraming):
    """Cuts at each `delimiter`. `drops` is no part of a frame where it stands at its begin: the LF of a device that sends CR and LF all the
    same."""

    is_text: ClassVar[bool] = True
    """Whether what is between the delimiters is text, in which a number may be torn."""

    def __init__(self, delimiter: bytes, *, drops: bytes = b"", max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._delimiter = delimiter
        self._drops = drops
        self._kept = len(delimiter) - 1
        """How many bytes at the end may be the begin of a delimiter."""
        self._searched = 0
        self._torn = Torn()

    def skip(self) -> None:
        super().skip()
        self._skipping = True

    def clear(self) -> None:
        super().clear()
        self._searched = 0
        self._torn.forget()

    def _waits(self) -> bool:
        return bool(self._buffer) and not self._skipping and self._buffer != self._drops

    @property
    def _most(self) -> int:
        """The longest frame, as it is on the line."""
        return self.max_bytes

    def _read(self, piece: bytes) -> bytes | None:
        """The frame that stands between two delimiters; None where it is none."""
        return piece

    def _cut(self, frames: list[bytes]) -> None:
        buffer, delimiter = self._buffer, self._delimiter
        begin, at = 0, buffer.find(delimiter, self._searched)
        while at >= 0:
            if self._skipping:
                self._skipping = self._first = False
            else:
                self._take(bytes(buffer[begin:at]).removeprefix(self._drops), frames)
            begin = at + len(delimiter)
            at = buffer.find(delimiter, begin)
        del buffer[:begin]
        if not self._skipping and len(buffer) > self._most + self._kept + len(self._drops):
            self.overflows += 1
            self._skipping = True
        if self._skipping:
            del buffer[: max(0, len(buffer) - self._kept)]
        self._searched = max(0, len(buffer) - self._kept)

    def _take(self, piece: bytes, frames: list[bytes]) -> None:
        if len(piece) > self._most:
            self.overflows += 1
        elif piece:
            frame = self._read(piece)
            if frame is None:
                self.bad_frames += 1
            elif len(frame) > self.max_bytes:
                self.overflows += 1
            elif frame:
                frames.append(frame)

    def _look_back(self, chunk: bytes, now_s: float) -> None:
        if self.is_text and self._torn.goes_on(chunk, now_s - self._last_s):
            self.skip_first(now_s)

    def _fall_silent(self, frames: list[bytes]) -> None:
        if self._waits():
            self._torn.note(bytes(self._buffer))
        super()._fall_silent(frames)
        self._searched = 0
