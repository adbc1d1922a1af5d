"""A recorded wire, read as its port would have read it: the same framing, codec and removal of echoes, by the times of the record.

A record does not say when the port was opened: it is read as from an opening at its first byte on, and `settle_s` is left out.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from devices.codecs.choice import framing_of
from devices.codecs.framing import BadFrame
from devices.serial.echo import Echo
from devices.serial.faults import COUNTERS
from devices.serial.readings import Reading, reader_for
from devices.serial.settings import SerialSettings
from gateway.actors.inbound import Inbound
from gateway.actors.models import Payload
from gateway.actors.wire import Piece, Replayed

_PAST_S = 0.001
"""So long after the longest gap a silence is one."""


def replayed(settings: SerialSettings, wire: Iterable[Piece], payload_of: Callable[[str, str], type[Payload] | None]) -> Iterator[Replayed]:
    """Give what the pieces of a wire come to, in their order, and after the last one what its silence ends."""
    port = _RecordedPort(settings, lambda to: payload_of(to, settings.sends))
    for piece in wire:
        yield from port.fall_due(piece.at_s)
        if piece.way == "out":
            port.wrote(piece)
        else:
            yield port.take_in(piece)
    yield from port.fall_due(math.inf)


class _RecordedPort:
    """What a port knows of its line between two reads. The seconds are those of the record."""

    def __init__(self, settings: SerialSettings, payload_of: Callable[[str], type[Payload] | None]) -> None:
        self._settings = settings
        self._framer = framing_of(settings.framed, max_bytes=settings.max_line_bytes, max_gap_s=settings.max_gap_s)
        if settings.skips_first:
            self._framer.skip_first(0.0)
        self._reader = reader_for(settings, payload_of)
        self._echo = Echo(removes=settings.rs485_echo, baud=settings.baud, delay_s=settings.write_timeout_s)
        self._heard_s: float | None = None
        """When the last bytes came; None: the silence after them has been seen."""
        self._counted = self._counts()

    def wrote(self, piece: Piece) -> None:
        self._echo.wrote(piece.content, now_s=piece.at_s)

    def take_in(self, piece: Piece) -> Replayed:
        """Cut bytes into frames, and read those."""
        self._heard_s = piece.at_s
        chunk = self._echo.remove(piece.content, now_s=piece.at_s) if self._echo.removes else piece.content
        return self._read(self._framer.feed(chunk, piece.at_s) if chunk else (), piece.at_s)

    def fall_due(self, until_s: float) -> Iterator[Replayed]:
        """Give what is due before the second `until_s`: echoes that were none, and the end of half a frame."""
        while (due_s := self._echo.due_s) is not None and max(due_s, self._heard_s or 0.0) + _PAST_S < until_s:
            at_s = max(due_s, self._heard_s or 0.0) + _PAST_S
            yield self.take_in(Piece(at_s, "in", b""))
        if self._heard_s is None or until_s - self._heard_s <= self._framer.max_gap_s + _PAST_S:
            return
        at_s, self._heard_s = self._heard_s + self._framer.max_gap_s + _PAST_S, None
        yield self._read(self._framer.expire(at_s), at_s)
        try:
            yield Replayed(at_s, self._messages(self._reader.idle()), ())
        except BadFrame as error:
            yield Replayed(at_s, (), (str(error),))

    def _read(self, frames: Sequence[bytes], at_s: float) -> Replayed:
        said: list[Inbound] = []
        faults: list[str] = []
        for frame in frames:
            if self._echo.expects and not self._echo.removes and self._echo.is_own(frame, now_s=at_s):
                continue
            try:
                said += self._messages(self._reader.read(frame))
            except BadFrame as error:
                faults.append(f"{error}; the line was {frame[:60]!r}")
        return Replayed(at_s, said, [*faults, *self._newly_counted(), *(one.words for one in self._reader.take_remarks() if one.words)])

    def _messages(self, readings: Sequence[Reading]) -> list[Inbound]:
        """The messages of readings. Nobody waits for an acknowledgement."""
        sends = self._settings.sends
        return [Inbound(one.to, sends, one.payload, one.id, one.content, scope=one.to if one.id else "") for one in readings if one.to]

    def _newly_counted(self) -> list[str]:
        """What the framing has dropped since the last time."""
        before, self._counted = self._counted, self._counts()
        return [COUNTERS[name] for name, count in self._counted.items() for _ in range(count - before[name])]

    def _counts(self) -> dict[str, int]:
        framer = self._framer
        return {"overflows": framer.overflows, "gaps": framer.gaps, "bad_frames": framer.bad_frames}
