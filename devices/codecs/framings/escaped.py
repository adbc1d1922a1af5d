"""The transport of SML: a file between an escape sequence that begins it and one that ends it, with a checksum behind.

    1b1b1b1b 01010101 ... 1b1b1b1b 1a NN CC CC

Four 1b in the file are written as eight. So of a run of 1b as many eights as there are belong to the file; where four more follow, those
are an escape. A frame is all of it, for the checksum goes over all: `sml.py` unpacks it.

Source: BSI TR-03109-1, Anlage IV, Feinspezifikation "Drahtgebundene LMN-Schnittstelle", Teil b, section 8.
"""

import re

from devices.codecs.framings.framing import OpenedFraming

ESCAPE = b"\x1b" * 4
BEGIN = ESCAPE + b"\x01" * 4
END_BYTES = 8
_MARK = re.compile(rb"\x1b{4}(?:\x1a|\x01{4})")


class EscapedFiles(OpenedFraming):
    """Takes what stands from a begin to an end and its checksum. A second begin says that the file before was broken off."""

    def _cut(self, frames: list[bytes]) -> None:
        at = 0
        while (after := self._next(at, frames)) is not None:
            at = after
        if not self._open:
            at = max(at, len(self._buffer) - len(BEGIN) + 1)
        del self._buffer[:at]
        self._searched = max(0, self._searched - at)

    def _next(self, at: int, frames: list[bytes]) -> int | None:
        """Take the file that begins at or behind `at`, whole or broken; return where to look on, or None where more must come."""
        buffer = self._buffer
        if not self._open:
            begin = buffer.find(BEGIN, at)
            if begin < 0:
                return None
            self._open, self._searched = True, begin + len(BEGIN)
            return begin
        mark = _MARK.search(buffer, self._searched, at + self.max_bytes)
        size = (len(buffer) + 1 if mark is None else mark.start() + END_BYTES) - at
        if size > self.max_bytes:
            self.overflows += 1
            self._open = False
            return at + self.max_bytes - len(BEGIN) + 1
        if mark is None:
            self._searched = max(at + len(BEGIN), len(buffer) - len(BEGIN) + 1)
            return None
        if not self._is_escape(mark.start(), at + len(BEGIN)):
            self._searched = mark.start() + len(ESCAPE)
            return at
        return self._marked(at, mark, frames)

    def _marked(self, at: int, mark: re.Match[bytes], frames: list[bytes]) -> int | None:
        """Take the file that an end or another begin was found behind."""
        if mark[0] == BEGIN:
            self.bad_frames += 1
            self._searched = mark.end()
            return mark.start()
        end = mark.start() + END_BYTES
        if end > len(self._buffer):
            self._searched = mark.start()
            return None
        frames.append(bytes(self._buffer[at:end]))
        self._open = False
        return end

    def _is_escape(self, at: int, begin: int) -> bool:
        """Whether the four 1b at `at` are an escape, and no part of the file that stands from `begin` on."""
        first = at
        while first > begin and self._buffer[first - 1] == ESCAPE[0]:
            first -= 1
        return (at - first + len(ESCAPE)) % (2 * len(ESCAPE)) >= len(ESCAPE)

    def _fall_silent(self, frames: list[bytes]) -> None:
        super()._fall_silent(frames)
        self._open = False
        self._searched = 0
