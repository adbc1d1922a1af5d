"""Frames that may begin with the same bytes each: where one is not where it should be, those bytes are looked for; where there are none, a
silence says where a frame begins."""

from devices.codecs.framings.framing import BufferedFraming


class BegunFraming(BufferedFraming):
    """What framings share whose frames begin with `begins`, or with nothing that tells them."""

    def __init__(self, *, begins: bytes, max_bytes: int, max_gap_s: float) -> None:
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

    def _lose(self) -> None:
        """Count that the begin of a frame was not where it should be, once until it is found."""
        if not self._lost:
            self._lost = True
            self.bad_frames += 1

    def _next(self, at: int) -> int:
        """Where the next frame begins, since none does at `at`; where none does, the first place at which one may."""
        self._lose()
        found = self._buffer.find(self._begins, at)
        return found if found >= 0 else len(self._buffer) - len(self._begins) + 1
