"""Frames of one size. Where each begins with the same bytes, a lost begin is looked for; else a silence says where one is."""

from devices.codecs.framings.framing import BufferedFraming


class Fixed(BufferedFraming):
    """Cuts into frames of `max_bytes`, which begin with `begins`."""

    def __init__(self, *, max_bytes: int, begins: bytes = b"", max_gap_s: float = 0.1) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)
        self._begins = begins
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
        while len(buffer) - at >= max(1, len(self._begins)):
            if not buffer.startswith(self._begins, at):
                at = self._next(at)
                continue
            self._lost = False
            if len(buffer) - at < self.max_bytes:
                break
            frames.append(bytes(buffer[at : at + self.max_bytes]))
            at += self.max_bytes
        del buffer[:at]

    def _next(self, at: int) -> int:
        """Where the next frame begins; where none does, the first place at which one may."""
        if not self._lost:
            self._lost = True
            self.bad_frames += 1
        found = self._buffer.find(self._begins, at)
        return found if found >= 0 else len(self._buffer) - len(self._begins) + 1
