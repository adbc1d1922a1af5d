"""A Modbus bus: it owns one serial line or connection, and asks each of its units for its values, one request at a time.

Units are read each at its own pace. One that does not answer is asked less and less often, so that a dead unit costs one timeout now and
then, and not the bus. What a unit refuses is said by its name; the other values of the unit are reported all the same.
"""

import logging
import math
from collections.abc import Sequence

from devices.backoff import Backoff
from devices.link import Link
from devices.modbus.frames import EXCEPTIONS, UnitAnswer, UnitRequest
from devices.modbus.ranges import Range, ranges_of
from devices.modbus.registers import value_of
from devices.modbus.settings import ModbusSettings, RegisterSettings, UnitSettings
from devices.modbus.simulator import BusWire, SimulatedWire
from devices.modbus.wire import open_wire
from devices.serial.holders import open_ports
from devices.sparing import SparingLog
from gateway.actors import GatewayError, Health
from gateway.actors.vocabulary import Report, Scalar
from gateway.actors.words import several

SILENT_MAX_S = 300.0
"""How long a unit that does not answer is left alone, at most, unless it is read less often anyway."""

_log = logging.getLogger(__name__)


class PolledUnit:
    """A unit with its ranges, and when it is asked next."""

    def __init__(self, name: str, settings: UnitSettings) -> None:
        self.name = name
        self.settings = settings
        self.ranges = ranges_of(settings.values, most=settings.most, gap=settings.gap)
        self.next_s = -math.inf
        self.silent = False
        """Whether it did not answer when it was asked last."""
        self._backoff = self._new_backoff()

    def answered(self, now_s: float) -> None:
        """Plan the next reading, on the unit's grid; places on it that have passed are left out."""
        self.silent = False
        self._backoff = self._new_backoff()
        every_s = self.settings.every_s
        passed = 0.0 if self.next_s == -math.inf else (now_s - self.next_s) // every_s
        self.next_s = (now_s if self.next_s == -math.inf else self.next_s) + (passed + 1) * every_s

    def missed(self, now_s: float) -> None:
        """Plan the next reading of a unit that did not answer: later each time."""
        self.silent = True
        self.next_s = now_s + self._backoff.next_s()

    def _new_backoff(self) -> Backoff:
        every_s = self.settings.every_s
        return Backoff(every_s, max(every_s, SILENT_MAX_S))


class ModbusBus(Link[ModbusSettings]):
    """The actor `modbus/<key>` of one bus, or of a simulated one in its place."""

    kind = "modbus"
    counters_said = {
        "timeouts": "requests without an answer",
        "exceptions": "requests that a unit refused",
        "refused": "readings the gateway refused",
        "lost": "times lost",
    }

    _wire: BusWire | None = None
    _units: Sequence[PolledUnit] = ()
    _asked_s = -math.inf
    _said = ""

    def prepare(self) -> None:
        self._sparing = SparingLog(_log, at_most=1)
        self._units = [PolledUnit(name, settings) for name, settings in self.settings.units.items()]

    def open(self) -> str:
        settings = self.settings
        self._wire = SimulatedWire(settings) if settings.simulate else open_wire(settings, self.host, me=self.host.me)
        self._said = ""
        return f"{self._wire.name} is open"

    @property
    def due_s(self) -> float:
        if not self.is_open or self.host.quiet:
            return math.inf
        return max(min((unit.next_s for unit in self._units), default=math.inf), self._asked_s + self.settings.spacing_s)

    def turn(self) -> None:
        """Read the unit that has waited longest for its turn, if it is due: one a turn, so that mail is not kept waiting."""
        if self.is_open and not self.host.quiet and self.clock() >= self.due_s:
            self._read(min(self._units, key=lambda unit: unit.next_s))

    def shut(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
            open_ports().give_back(self.host.me)

    def leave(self) -> None:
        self.shut()
        self.host.report(Health.CLOSED)

    def _read(self, unit: PolledUnit) -> None:
        values: dict[str, Scalar | None] = {}
        for at, span in enumerate(unit.ranges):
            answer = self._ask(UnitRequest(unit.settings.unit, span.area, span.first, span.size), paused=at > 0)
            if answer is None:
                self.host.count("timeouts")
                unit.missed(self.clock())
                self._complain("timeouts", unit, f"it does not answer within {self.settings.timeout_s:g} s; is it on, and is its number?")
                break
            if answer.exception:
                self._refuse(unit, span, answer.exception)
            else:
                values.update(_values(unit.settings, span, answer))
        else:
            unit.answered(self.clock())
        if values:
            self._send(unit, values)
        self._say()

    def _ask(self, request: UnitRequest, *, paused: bool) -> UnitAnswer | None:
        """Ask, after the silence that parts one request from another. Raises Missing where the wire is lost."""
        assert self._wire is not None
        self.host.beat("read")
        if paused:
            self.host.wait(self.settings.spacing_s)
        answer = self._wire.ask(request, timeout_s=self.settings.timeout_s)
        self._asked_s = self.clock()
        return answer

    def _refuse(self, unit: PolledUnit, span: Range, code: int) -> None:
        self.host.count("exceptions")
        word = EXCEPTIONS.get(code, f"exception {code}")
        what = f"{span.area} {span.first} to {span.first + span.size - 1} ({', '.join(span.names)})"
        self._complain(f"exception {code}", unit, f"cannot read {what}: it says {word!r}")

    def _complain(self, kind: str, unit: PolledUnit, text: str) -> None:
        self._sparing.warn(f"{kind} {unit.name}", f"{self.host.me}: unit {unit.settings.unit} ({unit.name}): {text}")

    def _send(self, unit: PolledUnit, values: dict[str, Scalar | None]) -> None:
        try:
            self.host.send(unit.settings.to, "report", Report(values=values))
        except GatewayError as error:
            self.host.count("refused")
            self._complain("refused", unit, str(error))

    def _say(self) -> None:
        """Say how the bus is, where that has changed: it is well while one of its units answers."""
        silent = [unit.name for unit in self._units if unit.silent]
        wire = self._wire.name if self._wire is not None else ""
        missing = f"; no answer from {', '.join(silent)}" if silent else ""
        said = f"{wire} is open, {several(len(self._units), 'unit')}{missing}"
        if said != self._said:
            self._said = said
            self.host.report(Health.FAULTY if len(silent) == len(self._units) else Health.OK, said)


def _values(settings: UnitSettings, span: Range, answer: UnitAnswer) -> dict[str, Scalar | None]:
    """The values that stand in the answer for a range."""
    words = UnitRequest(settings.unit, span.area, span.first, span.size).values(answer.content)
    found: dict[str, Scalar | None] = {}
    for name in span.names:
        value = settings.values[name]
        at = value.at - span.first
        found[name] = _value(value, words[at : at + value.size])
    return found


def _value(value: RegisterSettings, words: list[int]) -> Scalar | None:
    if value.is_switch:
        return bool(words[0] >> (value.bit or 0) & 1)
    said = value_of(words, value.type, order=value.words)
    if said is None or said in value.ignore or isinstance(said, str):
        return said if isinstance(said, str) else None
    number = said if value.scale == 1 and value.offset == 0 else said * value.scale + value.offset
    if value.precision is not None:
        return round(number, value.precision)
    return number if math.isfinite(number) else None
