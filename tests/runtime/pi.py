"""A Pi: a machine through its boots, with the gateway's clock on it."""

from gateway.runtime.clock import GatewayClock
from gateway.runtime.machine import SERVER
from gateway.testing.clock import ManualMachine

HOUR_S = 3600.0
YEAR_S = 365 * 86_400.0
WALL_MS = 1_750_000_000_000
START_MS = 5_000_000


class Pi:
    """A machine through its boots, with the gateway's clock on it."""

    def __init__(self, *, voucher: str = "") -> None:
        self.machine = ManualMachine(wall_ms=WALL_MS, voucher=voucher)
        self.notes = ("", "")
        self.clock = GatewayClock(self.machine, clock_ms=START_MS)
        self.clock.resume("")
        self.note()

    def note(self) -> None:
        """Note the clock, as the engine does."""
        self.notes = (self.clock.note(), self.clock.note_of_spans())

    def runs(self, seconds: float) -> None:
        """Time passes."""
        self.machine.advance(seconds)

    def synced(self, seconds: float = 0.0) -> None:
        """A time server sets the wall clock forward by so much, and the engine looks, and notes it."""
        self.machine.jump(seconds)
        self.machine.says = SERVER
        self.clock.watch()
        self.note()

    def boots(self, *, off_s: float, chip: bool = False, boot_s: float = 20.0) -> None:
        """The power goes, comes, and the gateway starts on what was noted last."""
        self.machine.reboot(off_s=off_s, chip=chip, boot_s=boot_s)
        self.restarts()

    def restarts(self) -> None:
        """The gateway alone starts again."""
        self.clock = GatewayClock(self.machine)
        self.clock.resume(*self.notes)

    @property
    def passed_s(self) -> float:
        """Seconds on the gateway's clock since the first start."""
        return (self.clock.clock_ms() - START_MS) / 1000
