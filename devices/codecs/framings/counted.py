"""Frames that say their size: a number of bytes, and then so many bytes. Where each begins with the same bytes, a lost begin is looked for;
else a silence says where one is."""

from typing import Literal

from devices.codecs.framings.framing import BufferedFraming


class LengthPrefixed(BufferedFraming):
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
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._size_bytes = size_bytes
        self._order: Literal["big", "little"] = order
        self._begins = begins
        self._adds = adds
        self._lost = False
        """Whether the begin of a frame is being looked for, and that has been counted."""

    def skip(self) -> None:
        super().skip()
        self._deaf = not self._begins
        self._lost = True

    def clear(self) -> None:
        super().clear()
        self._lost = False

    def _waits(self) -> bool:
        return bool(self._buffer) and not self._lost

    def _cut(self, frames: list[bytes]) -> None:
        buffer, at = self._buffer, 0
        head = len(self._begins) + self._size_bytes
        while len(buffer) - at >= max(1, len(self._begins)):
            if not buffer.startswith(self._begins, at):
                self._lose()
                found = buffer.find(self._begins, at)
                at = found if found >= 0 else len(buffer) - len(self._begins) + 1
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

    def _lose(self) -> None:
        """Count that the begin of a frame was not where it should be, once until it is found."""
        if not self._lost:
            self._lost = True
            self.bad_frames += 1
