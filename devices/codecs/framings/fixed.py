"""Frames of one size. Where each begins with the same bytes, a lost begin is looked for; else a silence says where one is."""

from devices.codecs.framings.begun import BegunFraming


class Fixed(BegunFraming):
    """Cuts into frames of `max_bytes`, which begin with `begins`."""

    def __init__(self, *, max_bytes: int, begins: bytes = b"", max_gap_s: float = 0.1) -> None:
        super().__init__(begins=begins, max_bytes=max_bytes, max_gap_s=max_gap_s)

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
