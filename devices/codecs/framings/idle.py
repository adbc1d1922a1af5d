"""Frames that end with a silence: devices that send a message without any end, and protocols like Modbus RTU.

A gap on a USB adapter is never shorter than its own timer (16 ms on FTDI's); what comes closer together is one frame.
"""

from devices.codecs.framings.framing import BufferedFraming


class Idle(BufferedFraming):
    """Takes what comes without a silence longer than the gap for one frame. `expire` gives the frame that a silence ends."""

    def __init__(self, *, max_bytes: int = 4096, max_gap_s: float = 0.05) -> None:
        super().__init__(max_bytes=max_bytes, max_gap_s=max_gap_s)

    def skip(self) -> None:
        super().skip()
        self._deaf = True

    def _cut(self, frames: list[bytes]) -> None:
        del frames
        if len(self._buffer) > self.max_bytes:
            self.overflows += 1
            self.skip()

    def _fall_silent(self, frames: list[bytes]) -> None:
        frames.append(bytes(self._buffer))
        self._buffer.clear()
