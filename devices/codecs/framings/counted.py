"""Frames that say their size: a number of bytes, and then so many bytes. Where each begins with the same bytes, a lost begin is looked for;
else a silence says where one is."""

from typing import Literal

from devices.codecs.framings.begun import BegunFraming


class LengthPrefixed(BegunFraming):
    """Reads a size of `size_bytes` bytes behind `begins`, and takes as many bytes, and `adds` more, for the frame."""

    def __init__(
        self,
        *,
        size_bytes: int = 2,
        order: Literal["big", "little"] = "big",
        begins: bytes = b"",
        adds: int = 0,
        max_bytes: int = 4096,
        max_gap_s: float = 0.1,
    ) -> None:
        super().__init__(begins=begins, max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._size_bytes = size_bytes
        self._order: Literal["big", "little"] = order
        self._adds = adds

    def _cut(self, frames: list[bytes]) -> None:
        buffer, at = self._buffer, 0
        head = len(self._begins) + self._size_bytes
        while len(buffer) - at >= max(1, len(self._begins)):
            if not buffer.startswith(self._begins, at):
                at = self._next(at)
                continue
            if len(buffer) - at < head:
                break
            size = int.from_bytes(buffer[at + len(self._begins) : at + head], self._order) + self._adds
            if not 0 <= size <= self.max_bytes:
                self._lose()
                if not self._begins:
                    self._deaf = True
                    at = len(buffer)
                    break
                at += 1
                continue
            if len(buffer) - at < head + size:
                self._lost = False
                break
            if size:
                frames.append(bytes(buffer[at + head : at + head + size]))
            self._lost = False
            at += head + size
        del buffer[:at]
