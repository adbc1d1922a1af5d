"""Blocks of lines whose last line is known by its name and holds one byte: VE.Direct's `Checksum`. The frame is all of it, for the sum goes
over all; that byte may be any, a line end too.

Source: Victron Energy, VE.Direct Protocol 3.33, "Message format" and "Data integrity".
"""

from devices.codecs.framings.framing import BufferedFraming

CHECKSUM = b"\r\nChecksum\t"


class Blocks(BufferedFraming):
    """Cuts one byte behind each `end`."""

    def __init__(self, end: bytes = CHECKSUM, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._end = end
        self._searched = 0

    def skip(self) -> None:
        super().skip()
        self._skipping = True

    def clear(self) -> None:
        super().clear()
        self._searched = 0

    def _waits(self) -> bool:
        return bool(self._buffer) and not self._skipping

    def _cut(self, frames: list[bytes]) -> None:
        buffer, whole = self._buffer, len(self._end) + 1
        begin, at = 0, buffer.find(self._end, self._searched)
        while 0 <= at <= len(buffer) - whole:
            if self._skipping:
                self._skipping = self._first = False
            elif at + whole - begin > self.max_bytes:
                self.overflows += 1
            else:
                frames.append(bytes(buffer[begin : at + whole]))
            begin = at + whole
            at = buffer.find(self._end, begin)
        if not self._skipping and len(buffer) - begin > self.max_bytes:
            self.overflows += 1
            self._skipping = True
        if self._skipping:
            begin = max(begin, at if at >= 0 else len(buffer) - whole + 2)
        del buffer[:begin]
        self._searched = max(0, len(buffer) - whole + 1)

    def _fall_silent(self, frames: list[bytes]) -> None:
        super()._fall_silent(frames)
        self._searched = 0
