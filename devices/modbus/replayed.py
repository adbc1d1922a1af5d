"""A recorded bus, read as the bus would have read it: each answer by the request before it.

A request without an answer, and one that a unit refuses, are faults. What was written is no reading: the reading after it is one.
"""

from collections.abc import Iterable, Iterator

from devices.modbus.frames import RtuFrames, TcpFrames, UnitAnswer, UnitRequest, exception_word
from devices.modbus.ranges import SPLITS
from devices.modbus.reading import names_within, values_within
from devices.modbus.settings import ModbusSettings
from devices.modbus.wire import MOST_BYTES
from gateway.actors.inbound import Inbound
from gateway.actors.vocabulary import Report
from gateway.actors.wire import Piece, Replayed


def replayed(settings: ModbusSettings, wire: Iterable[Piece]) -> Iterator[Replayed]:
    """Give what the pieces of a wire come to, in their order."""
    bus, at_s = _RecordedBus(settings), 0.0
    for piece in wire:
        at_s = piece.at_s
        yield bus.asked(piece) if piece.way == "out" else bus.heard(piece)
    yield Replayed(at_s, (), bus.unanswered())


class _RecordedBus:
    """The request that waits for its answer, and what has come of that."""

    def __init__(self, settings: ModbusSettings) -> None:
        self._units = settings.units
        by_tcp = settings.host and settings.framing == "tcp" and not settings.simulate  # of simulated units a line's bytes are heard
        self._frames = TcpFrames() if by_tcp else RtuFrames()
        self._request: UnitRequest | None = None
        self._received = b""

    def asked(self, piece: Piece) -> Replayed:
        """Take note of a request."""
        faults = self.unanswered()
        self._request, self._received = self._frames.asked(piece.content), b""
        return Replayed(piece.at_s, (), faults)

    def heard(self, piece: Piece) -> Replayed:
        """Give what units say, once the answer is whole."""
        request = self._request
        if request is None or len(self._received) >= MOST_BYTES:
            return Replayed(piece.at_s, (), ())
        self._received = (self._received + piece.content)[:MOST_BYTES]
        answer = self._frames.found(self._received, request)
        if answer is None:
            return Replayed(piece.at_s, (), ())
        self._request = None
        if answer.exception:
            return Replayed(piece.at_s, (), self._refused(request, answer))
        return Replayed(piece.at_s, list(self._reports(request, answer)), ())

    def unanswered(self) -> list[str]:
        """What is to be said of a request that got no answer."""
        request, self._request = self._request, None
        return [] if request is None else [f"{self._said(request)}: it does not answer"]

    def _reports(self, request: UnitRequest, answer: UnitAnswer) -> Iterator[Inbound]:
        for unit in self._units.values():
            if unit.unit == request.unit and (names := names_within(unit, request)):
                yield Inbound(unit.to, "report", Report(values=values_within(unit, names, request, answer)))

    def _refused(self, request: UnitRequest, answer: UnitAnswer) -> list[str]:
        """The fault of a refusal; none where the bus asks for less instead."""
        asked = sum(len(names_within(unit, request)) for unit in self._units.values() if unit.unit == request.unit)
        if answer.exception in SPLITS and asked > 1:
            return []
        return [f"{self._said(request)}: it says {exception_word(answer.exception)!r}"]

    def _said(self, request: UnitRequest) -> str:
        names = ", ".join(name for name, unit in self._units.items() if unit.unit == request.unit) or "of no name here"
        return f"unit {request.unit} ({names}): {request.area} {request.first} to {request.first + request.size - 1}"
