"""A Modbus bus: it owns one serial line or connection, and asks each of its units for its values, one request at a time.

Units are read each at its own pace. One that does not answer is asked less and less often, so that a dead unit costs one timeout now and
then, and not the bus. What a unit refuses is said by its name; the other values of the unit are reported all the same.

A value is written at most once. It is read before, so that of a unit that is off it is known that nothing was written, and after, for a
unit may acknowledge what it does not keep. What came of a write whose answer is missing, the reading after it tells.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from devices.backoff import Backoff
from devices.link import ACT_WITHIN_S, Link, LinkFault
from devices.modbus.frames import BUSY, UnitAnswer, UnitRequest, UnitWrite, exception_word
from devices.modbus.ranges import SPLITS, Range, parts_of, ranges_of
from devices.modbus.reading import value_in, values_within
from devices.modbus.settings import ModbusSettings, UnitSettings
from devices.modbus.simulator import BusWire, SimulatedWire
from devices.modbus.wire import line_settings, open_wire
from devices.modbus.writing import WritePlace, place_of
from devices.serial.holders import open_ports
from devices.sparing import SparingLog
from gateway.actors import Delivery, Health, Inbound, Mode, Payload, Refused, Settings, verb
from gateway.actors.vocabulary import Report, Scalar, SetValue, SetValues
from gateway.actors.wire import Piece, Replayed
from gateway.actors.words import several

SILENT_MAX_S = 300.0
"""How long a unit that does not answer is left alone, at most, unless it is read less often anyway."""

_LOOK_AGAIN_S = 0.05
"""How long a unit that does not keep a new value yet is left alone before it is read again."""

_ODD_SHOWN = 16
_log = logging.getLogger(__name__)


class PolledUnit:
    """A unit with its ranges, and when it is asked next."""

    def __init__(self, name: str, settings: UnitSettings) -> None:
        self.name = name
        self.settings = settings
        self.ranges = ranges_of(settings.values, most=settings.most, gap=settings.gap)
        """What is read by one request each; less, once the unit has refused it as a whole."""
        self.next_s = -math.inf
        self.silent = False
        """Whether it did not answer when it was asked last."""
        self.refuses = ""
        """What it said to all that it was asked last; empty where it told something."""
        self._was_busy = False
        self._backoff = self._new_backoff()

    def answered(self, now_s: float, *, told: bool, refusal: int) -> None:
        """Plan the next reading, on the unit's grid; places on it that have passed are left out. It `told` something, or has refused all by
        an exception; one that is busy is asked once more before that is said."""
        self.silent = False
        busy = not told and refusal in BUSY
        if not busy or self._was_busy:
            self.refuses = "" if told else exception_word(refusal)
        self._was_busy = busy
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
    """Reads and writes the registers of the devices on one bus, or of simulated ones."""

    kind = "modbus"
    wired = True
    acts = ("write", "write_together")
    step_s: ClassVar[float] = 60.0
    """One request may wait for an answer that is owed, for a connection, to be sent, and for its own answer: each within `timeout_s`."""
    counters_said = {
        "timeouts": "requests without an answer",
        "splits": "ranges that a unit refused as a whole",
        "exceptions": "requests that a unit refused",
        "refused": "readings the gateway refused",
        "written": "values written",
        "unwritten": "values not written, or not known to be",
        "lost": "times lost",
    }

    _wire: BusWire | None = None
    _units: Sequence[PolledUnit] = ()
    _asked_s = -math.inf
    _said = ""

    @classmethod
    def wire(cls, settings: Settings) -> Iterator[bytes]:
        """The bytes that come over the line of a bus that no gateway has open: what others ask there, and are answered."""
        assert isinstance(settings, ModbusSettings)
        if settings.simulate:
            raise Refused("it is simulated: the simulator runs in the gateway; start that, then listen")
        if settings.host:
            raise Refused("over a connection of our own nobody says anything unless it is asked; start the gateway, then listen")
        from devices.serial.overheard import overheard  # noqa: PLC0415  # for people who listen only

        return overheard(line_settings(settings))

    @classmethod
    def replay(
        cls, settings: Settings, wire: Iterable[Piece], payload_of: Callable[[str, str], type[Payload] | None]
    ) -> Iterator[Replayed]:
        """What the bus would have reported of a recorded wire: what was asked on it, and answered."""
        from devices.modbus.replayed import replayed  # noqa: PLC0415  # for people who replay only

        assert isinstance(settings, ModbusSettings)
        del payload_of
        return replayed(settings, wire)

    def prepare(self) -> None:
        self._sparing = SparingLog(_log, at_most=1)
        self._units = [PolledUnit(name, settings) for name, settings in self.settings.units.items()]

    def open(self) -> str:
        settings = self.settings
        self._wire = SimulatedWire(settings, self.host) if settings.simulate else open_wire(settings, self.host, me=self.host.me)
        self._said = ""
        return "" if settings.host and not settings.simulate else f"{self._wire.name} is open"

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
        waiting, read = unit.ranges[::-1], list[Range]()
        told, refusal = False, 0
        while waiting:
            span = waiting.pop()
            answer = self._ask(request := UnitRequest(unit.settings.unit, span.area, span.first, span.size))
            if answer is None:
                self.host.count("timeouts")
                unit.missed(self.clock())
                self._complain("timeouts", unit, self._no_answer())
                break
            if answer.exception in SPLITS and len(span.names) > 1:
                self.host.count("splits")
                waiting += parts_of(span, unit.settings.values)[::-1]
                continue
            read.append(span)
            if answer.exception:
                self._refuse(unit, span, answer.exception)
                refusal = answer.exception
            else:
                told = True
                values.update(values_within(unit.settings, span.names, request, answer))
        else:
            if told:
                unit.ranges = read
            unit.answered(self.clock(), told=told, refusal=refusal)
        if values:
            self._send(unit.settings, unit.name, values)
        self._say()

    def _no_answer(self) -> str:
        """What to say of a unit from which no answer came, or something that is none."""
        odd = self._wire.odd if self._wire is not None else b""
        if odd:
            return f"what comes is no answer of it ({odd[:_ODD_SHOWN].hex(' ')}); are baud, parity and its number as it has them?"
        return f"it does not answer within {self.settings.timeout_s:g} s; is it on, and is its number?"

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=ACT_WITHIN_S)
    def write(self, asked: SetValue, delivery: Delivery) -> None:
        """Set one value of a unit; the answer says what the unit keeps. It is never tried a second time."""
        if (kept := self._written(asked.unit, {asked.name: asked.value}, delivery)) is not None:
            delivery.done({"value": kept[asked.name]})

    @verb(mode=Mode.AT_MOST_ONCE, act_within_s=ACT_WITHIN_S)
    def write_together(self, asked: SetValues, delivery: Delivery) -> None:
        """Set several values of a unit that stand next to each other, by one request; else as `write`."""
        if (kept := self._written(asked.unit, asked.values, delivery)) is not None:
            delivery.done({"values": kept})

    def _written(self, unit: str, values: Mapping[str, Scalar], delivery: Delivery) -> dict[str, Scalar | None] | None:
        """Write values, and return what the unit keeps; None where that failed, which the delivery is told."""
        try:
            kept = self._write(place_of(self.settings, unit, values), values)
        except LinkFault as fault:
            self._unwritten(delivery, str(fault))
            self.lose(fault)
        except Refused as error:
            self._unwritten(delivery, str(error))
        else:
            self.host.count("written", len(values))
            return kept
        return None

    def _unwritten(self, delivery: Delivery, why: str) -> None:
        self.host.count("unwritten")
        delivery.failed(why, retry=False)

    def _write(self, place: WritePlace, values: Mapping[str, Scalar]) -> dict[str, Scalar | None]:
        """Write values by one request, and return those that the unit keeps. Raises Refused, or a LinkFault, with what is known of the
        outcome."""
        reading = place.reading
        words = place.words(values, self._words(place, fate="nothing was written"))
        fate = "outcome unknown; look before you repeat it"
        try:
            answer = self._ask(UnitWrite(place.unit, reading.area, reading.first, words))
        except LinkFault as fault:
            raise type(fault)(f"cannot write {place.what}: {fault}; {fate}") from fault
        if answer is not None and answer.exception:
            self.host.count("exceptions")
            raise Refused(f"cannot write {place.what}: unit {place.unit} says {exception_word(answer.exception)!r}")
        held = self._words(place, wanted=words, fate="it was acknowledged" if answer is not None else fate)
        kept = {name: value_in(place.registers[name], part) for name, part in place.parts(held).items()}
        self._send(self.settings.units[place.name], place.name, kept)
        if missed := place.missed(held, words):
            asked, has = (", ".join(repr(one[name]) for name in missed) for one in (values, kept))
            what = f"{', '.join(missed)} of {place.name}"
            raise Refused(f"cannot write {asked} to {what}: unit {place.unit} keeps {has}; does it take this value, and now?")
        return kept

    def _words(self, place: WritePlace, *, wanted: tuple[int, ...] = (), fate: str) -> list[int]:
        """What stands at a place now. With `wanted` it is read until that stands there, for as long as a unit has for an answer.

        Raises Refused where the unit does not say it, and what `_ask` raises; `fate` is then what is known of the write."""
        until_s, reading = self.clock() + self.settings.timeout_s, place.reading
        while True:
            try:
                answer = self._ask(reading)
            except LinkFault as fault:
                raise type(fault)(f"cannot read {place.what}: {fault}; {fate}") from fault
            if answer is None:
                self.host.count("timeouts")
                raise Refused(f"cannot read {place.what}: unit {reading.unit} does not answer; {fate}")
            if answer.exception:
                self.host.count("exceptions")
                raise Refused(f"cannot read {place.what}: unit {reading.unit} says {exception_word(answer.exception)!r}; {fate}")
            words = reading.values(answer.content)
            if not wanted or not place.missed(words, wanted) or self.clock() >= until_s:
                return words
            time.sleep(_LOOK_AGAIN_S)

    def _ask(self, request: UnitRequest | UnitWrite) -> UnitAnswer | None:
        """Ask, after the silence that parts one request from another, whatever mail waits. Raises Missing where the wire is lost."""
        assert self._wire is not None
        self.host.beat("write" if isinstance(request, UnitWrite) else "read")
        pause_s = self._asked_s + self.settings.spacing_s - self.clock()
        if pause_s > 0:
            time.sleep(pause_s)
        answer = self._wire.ask(request, timeout_s=self.settings.timeout_s)
        self._asked_s = self.clock()
        if answer is not None:
            self.works()
        return answer

    def _refuse(self, unit: PolledUnit, span: Range, code: int) -> None:
        self.host.count("exceptions")
        what = f"{span.area} {span.first} to {span.first + span.size - 1} ({', '.join(span.names)})"
        self._complain(f"exception {code}", unit, f"cannot read {what}: it says {exception_word(code)!r}")

    def _complain(self, kind: str, unit: PolledUnit, text: str) -> None:
        self._sparing.warn(f"{kind} {unit.name}", f"{self.host.me}: unit {unit.settings.unit} ({unit.name}): {text}")

    def _send(self, unit: UnitSettings, name: str, values: dict[str, Scalar | None]) -> None:
        for refusal in self.host.send_all([Inbound(unit.to, "report", Report(values=values))]):
            self.host.count("refused")
            self._sparing.warn(f"refused {name}", f"{self.host.me}: unit {unit.unit} ({name}): {refusal.error}")

    def _say(self) -> None:
        """Say how the bus is, where that has changed: it is well while one of its units tells something."""
        silent = [unit.name for unit in self._units if unit.silent]
        wire = self._wire.name if self._wire is not None else ""
        missing = f"; no answer from {', '.join(silent)}" if silent else ""
        refusing = [f"{unit.name} ({unit.refuses})" for unit in self._units if unit.refuses and not unit.silent]
        missing += f"; all is refused by {', '.join(refusing)}" if refusing else ""
        said = f"{wire} is open, {several(len(self._units), 'unit')}{missing}"
        if said != self._said:
            self._said = said
            self.host.report(Health.FAULTY if len(silent) + len(refusing) == len(self._units) else Health.OK, said)
