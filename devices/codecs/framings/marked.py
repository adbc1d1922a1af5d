"""Frames between a mark of their begin and one of their end: STX and ETX, or any others. What stands between frames is none of theirs."""

from devices.codecs.framings.framing import OpenedFraming

STX, ETX = b"\x02", b"\x03"


class Marked(OpenedFraming):
    """Takes what stands between `begin` and `end`. A second begin before the end says that the first frame was broken off."""

    def __init__(self, begin: bytes = STX, end: bytes = ETX, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._begin = begin
        self._end = end
        self._slack = max(len(begin), len(end)) - 1

    def _cut(self, frames: list[bytes]) -> None:
        buffer, at = self._buffer, 0
        begin, end = buffer.find(self._begin, self._searched), buffer.find(self._end, self._searched)
        while True:
            if self._open and end >= 0 and (begin < 0 or end < begin):
                self._take(bytes(buffer[at:end]), frames)
                at = end + len(self._end)
                self._open = False
            elif begin >= 0:
                if self._open:
                    self._count(begin - at)
                at = begin + len(self._begin)
                self._open = True
            else:
                break
            if 0 <= begin < at:
                begin = buffer.find(self._begin, at)
            if 0 <= end < at:
                end = buffer.find(self._end, at)
        if self._open and len(buffer) - at > self.max_bytes + self._slack:
            self.overflows += 1
            self._open = False
        del buffer[: at if self._open else max(at, len(buffer) - len(self._begin) + 1)]
        self._searched = max(0, len(buffer) - self._slack)

    def _take(self, frame: bytes, frames: list[bytes]) -> None:
        if len(frame) > self.max_bytes:
            self.overflows += 1
        elif frame:
            frames.append(frame)

    def _count(self, size: int) -> None:
        """Count a frame that another one's begin broke off."""
        if size > self.max_bytes:
            self.overflows += 1
        else:
            self.bad_frames += 1

    def _fall_silent(self, frames: list[bytes]) -> None:
        super()._fall_silent(frames)
        self._open = False
        self._searched = 0
