"""Telegrams of meters: from a `/` to the line that begins with `!`, with the checksum that may stand on it. Many lines are one frame.

Source: IEC 62056-21, mode D; DSMR P1 Companion Standard 5.0.2, section 6.2.
"""

import re

from devices.codecs.framings.framing import OpenedFraming

_MARK = re.compile(rb"\n[/!]")
_LAST_LINE = 8
"""How many bytes may follow the `!` in its line: four digits, a CR, and some air."""


class Telegrams(OpenedFraming):
    """Takes what stands from `/` to the end of the line with `!`. A line that begins with `/` says that the telegram before was broken
    off."""

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 1.0) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._body_max = max(1, max_bytes - _LAST_LINE - 2)

    def _cut(self, frames: list[bytes]) -> None:
        at = 0
        while (after := self._next(at, frames)) is not None:
            at = after
        if not self._open:
            at = len(self._buffer)
        del self._buffer[:at]
        self._searched = max(0, self._searched - at)

    def _next(self, at: int, frames: list[bytes]) -> int | None:
        """Take the telegram that begins at or behind `at`, whole or broken; return where to look on, or None where more must come."""
        buffer = self._buffer
        if not self._open:
            begin = buffer.find(b"/", at)
            if begin < 0:
                return None
            self._open, self._searched = True, begin
            return begin
        mark = _MARK.search(buffer, self._searched, at + self._body_max + 2)
        body = (len(buffer) - 1 if mark is None else mark.start()) - at
        if body > self._body_max:
            self.overflows += 1
            self._open = False
            return at + self._body_max + 1
        if mark is None:
            self._searched = max(at, len(buffer) - 1)
            return None
        if mark[0] == b"\n/":
            self.bad_frames += 1
            self._searched = mark.start() + 1
            return mark.start() + 1
        return self._ended(at, mark, frames)

    def _ended(self, at: int, mark: re.Match[bytes], frames: list[bytes]) -> int | None:
        """Take the telegram whose `!` was found, once its line has ended."""
        end = self._buffer.find(b"\n", mark.end(), mark.end() + _LAST_LINE + 1)
        if end >= 0:
            frames.append(bytes(self._buffer[at:end]).rstrip(b"\r"))
        elif len(self._buffer) - mark.end() > _LAST_LINE:
            self.bad_frames += 1
            end = mark.end()
        else:
            self._searched = mark.start()
            return None
        self._open = False
        return end

    def _fall_silent(self, frames: list[bytes]) -> None:
        """Take a telegram of which only the end of its last line is missing: nothing comes behind it for a second or ten."""
        if self._open and self._buffer.startswith(b"\n!", self._searched):
            frames.append(bytes(self._buffer).rstrip(b"\r"))
            self._buffer.clear()
            self._open = False
        super()._fall_silent(frames)
        self._open = False
        self._searched = 0
