"""Simulated units: a bus on which each unit of the settings answers with plausible numbers, which go up and down."""

import math
import struct
import time
from collections.abc import Iterator
from typing import Protocol

from devices.modbus.frames import RtuFrames, UnitAnswer, UnitRequest, UnitWrite
from devices.modbus.registers import words_of
from devices.modbus.settings import ModbusSettings, RegisterSettings, UnitSettings
from devices.serial.line import Listened

_PERIOD_S = 60.0
_USUAL = {"v": 230.0, "hz": 50.0, "c": 21.0, "factor": 0.95, "kwh": 1234.0, "w": 400.0, "a": 1.7}
"""Around what a value moves, by the end of its name."""


class BusWire(Protocol):
    """What a bus asks: a real wire, or a simulated one."""

    name: str
    odd: bytes
    """What came for the last request and was no answer to it."""

    def ask(self, request: UnitRequest | UnitWrite, *, timeout_s: float) -> UnitAnswer | None:
        """The answer to a request; None where it does not come in time."""

    def close(self) -> None:
        """Close it."""


class SimulatedWire:
    """Answers for the units of the settings, and keeps what is written; others are silent, and registers that nobody named are 0."""

    name = "a simulated bus"
    odd = b""

    def __init__(self, settings: ModbusSettings, host: Listened) -> None:
        """`host` knows who listens: they hear what a serial line would carry."""
        self._host = host
        self._frames = RtuFrames()
        self._units = list(settings.units.values())
        self._written: dict[tuple[int, str, int], int] = {}
        """What was written, by unit, area and place."""

    def ask(self, request: UnitRequest | UnitWrite, *, timeout_s: float) -> UnitAnswer | None:
        del timeout_s
        answer = self._answer(request)
        for tap in self._host.taps:
            tap("out", self._frames.packed(request))
            if answer is not None:
                tap("in", self._frames.answered(request, answer.content))
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def _answer(self, request: UnitRequest | UnitWrite) -> UnitAnswer | None:
        units = [unit for unit in self._units if unit.unit == request.unit]
        if not units:
            return None
        if isinstance(request, UnitWrite):
            self._written.update({(request.unit, request.area, at): word for at, word in enumerate(request.words, request.first)})
            return UnitAnswer(b"")
        held = {at: word for unit in units for at, word in _held(unit, request.area, time.time())}
        written = {at: word for (unit, area, at), word in self._written.items() if (unit, area) == (request.unit, request.area)}
        said = [written.get(at, held.get(at, 0)) for at in range(request.first, request.first + request.size)]
        if request.area in ("holding", "input"):
            return UnitAnswer(struct.pack(f">{len(said)}H", *said))
        bits = sum(bit << at for at, bit in enumerate(said))
        return UnitAnswer(bits.to_bytes(request.answer_bytes, "little"))


def _held(unit: UnitSettings, area: str, now_s: float) -> Iterator[tuple[int, int]]:
    """Each register, or bit, of a unit that has a value, with what stands in it now."""
    for name, value in unit.values.items():
        if value.area == area:
            yield from enumerate(_words(name, value, now_s), value.at)


def _words(name: str, value: RegisterSettings, now_s: float) -> list[int]:
    turned = math.sin(now_s * math.tau / _PERIOD_S)
    if value.is_switch:
        return [(turned > 0) << (value.bit or 0)]
    around = _USUAL.get(name.rpartition("_")[2], 10.0)
    number = around + (now_s % 86_400 / 3600 if name.endswith("_kwh") else around * turned / 50)
    return words_of((number - value.offset) / value.scale, value.type, order=value.words, length=value.length)
