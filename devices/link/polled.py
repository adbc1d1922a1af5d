"""A polled device: something that says its values when it is asked, every so many seconds: a sensor on a bus, a file of the kernel.

    class Thermometer(Polled[ThermometerSettings]):
        units = {"temperature_c": "Cel"}

        def read(self) -> Values:
            return {"temperature_c": int(self.settings.path.read_text()) / 1000}

Each reading goes as a report to `to`, mostly a twin. The readings stand on a grid: a slow one is not followed by a late one, and one that
takes longer than its period costs those that it covers, which are counted (`skipped`), and never made up for.
A reading that raises is counted (`read_faults`) and said at most once a minute; after `bad_reads` in a row the device is let go and
opened again, as every link. `gateway ask KIND/NAME measure` reads it now.
"""

import logging
import math
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from pydantic import Field, field_validator

from devices.link.faults import Faulty, LinkFault, of_system
from devices.link.link import Link
from devices.sparing import SparingLog
from gateway.actors import Delivery, GatewayError, Inbound, Settings, verb
from gateway.actors.errors import ANYTHING
from gateway.actors.ids import check_id_or_none
from gateway.actors.vocabulary import Report, Scalar
from gateway.actors.words import described, several

Values = Mapping[str, Scalar | None]
"""What a reading says: by name, with the unit in the name (`temperature_c`); None: it cannot be told now. Empty: nothing this time."""

MEASURE_WITHIN_S = 1.0
"""Whoever asks wants to know now."""


class PolledSettings(Settings):
    """What each polled device takes; a device adds keys of its own."""

    to: str = Field(default="", max_length=256)
    """Actor id that gets each reading as a `report`; empty: nobody."""
    every_s: float = Field(default=10.0, ge=0.05, le=86_400)
    """Seconds from one reading to the next."""
    simulate: bool = False
    """True: nothing of this host is touched, its simulator is read."""

    @field_validator("to")
    @classmethod
    def _is_id(cls, to: str) -> str:
        return check_id_or_none(to)

    def addresses(self) -> list[tuple[str, str, str]]:
        """Where the readings go."""
        return [("to", self.to, "report")] if self.to else []


P = TypeVar("P", bound=PolledSettings)


class Polled(Link[P]):
    """The actor of one polled device. Override `read`, `simulator`, and `open` and `shut` where something is to be held open."""

    units: ClassVar[Mapping[str, str]] = {}
    """The units of its values, as in SenML, where their names do not say them."""
    bad_reads: ClassVar[int] = 3
    """After how many bad readings in a row it is let go and opened again."""
    counters_said = {"read_faults": "readings that failed", "skipped": "readings left out, for one took too long"}

    _read: Callable[[], Values | Report]
    _next_s = math.inf
    _failed = 0
    _opened = ""
    """What was opened, in words, until the first reading."""
    _log: SparingLog

    # --- what a device overrides

    def read(self) -> Values | Report:
        """Read the device: its values, or a report where their times, units or qualities are known. Whatever it raises is a bad reading;
        `Missing` says at once that the device is gone."""
        raise NotImplementedError(f"{type(self).__name__} has no read(); write one")

    def report_of(self, values: Values) -> Report | None:
        """Make the report of a reading; None where there is nothing to say. What it raises makes a bad reading too."""
        return Report(values=dict(values), units={name: self.units[name] for name in values if name in self.units})

    def simulator(self) -> Callable[[], Values | Report]:
        """Make what is read in place of the device where `simulate` is true."""
        raise Faulty(f"cannot simulate {self.host.me}: it has no simulator; leave simulate out")

    # --- its life

    def prepare(self) -> None:
        self._log = SparingLog(logging.getLogger(__name__), at_most=1)

    def begin(self) -> str:
        """Open the device or its simulator, and read it at once: only a reading shows that it works."""
        simulated = self.settings.simulate
        self._read = self.simulator() if simulated else self.read
        self._opened = "simulated" if simulated else self.open()
        self._next_s, self._failed = self.clock(), 0
        return ""

    @property
    def due_s(self) -> float:
        return self._next_s if self.is_open and not self.host.quiet else math.inf

    def turn(self) -> None:
        if self.clock() >= self.due_s:
            self._read_now()
            self._plan()

    @verb(act_within_s=MEASURE_WITHIN_S)
    def measure(self, delivery: Delivery) -> None:
        """Read it now: report the values, and answer with them."""
        try:
            values = self._read_now()
        except LinkFault as fault:
            delivery.failed(str(fault), retry=False)
            self.lose(fault)
            return
        if isinstance(values, str):
            delivery.failed(values, retry=False)
        else:
            delivery.done({"values": dict(values)})

    def _read_now(self) -> Mapping[str, Scalar | None] | str:
        """Read the device and report its values; return them, or why they could not be read. Raises LinkFault where it is lost by that."""
        self.host.beat("read")
        try:
            found = self._read()
            report = found if isinstance(found, Report) else self.report_of(found) if found else None
        except LinkFault:
            raise
        except ANYTHING as error:  # here it is decided: a driver may raise anything, and each means a bad reading
            return self._bad(error)
        if self._opened:
            self.works(f"{self._opened}, read every {self.settings.every_s:g} s")
        self._failed, self._opened = 0, ""
        if report is not None and self.settings.to:
            self._send(report)
        return {} if report is None else report.values

    def _bad(self, error: BaseException) -> str:
        self._failed += 1
        self.host.count("read_faults")
        why = str(error) if isinstance(error, GatewayError) else described(error)
        fault = of_system(error, "read it") if isinstance(error, OSError) else Faulty(f"cannot read it: {why}")
        if self._failed >= self.bad_reads:
            raise type(fault)(f"{fault}; {several(self._failed, 'reading')} in a row failed, it is opened again") from error
        self._log.warn(type(error).__name__, f"{self.host.me}: {fault}")
        return str(fault)

    def _send(self, report: Report) -> None:
        for refusal in self.host.send_all([Inbound(self.settings.to, "report", report)]):
            self.host.count("refused")
            self._log.warn("refused", f"{self.host.me}: {refusal.error}")

    def _plan(self) -> None:
        """Plan the next reading: the next place on the grid that has not passed."""
        every_s = self.settings.every_s
        passed = int((self.clock() - self._next_s) / every_s)
        if passed > 0:
            self.host.count("skipped", passed)
        self._next_s += (passed + 1) * every_s
