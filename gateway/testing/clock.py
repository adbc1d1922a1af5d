"""A clock that a test turns: nothing passes by itself. And how long a test waits for what does not go by that clock."""

from gateway.runtime.clock import GatewayClock
from gateway.runtime.manual import ManualMachine

PATIENCE_S = 120.0
"""How long is waited for what must come: a limit for what never comes, far longer than a busy machine needs."""


class ManualClock(GatewayClock):
    """The gateway's clock on a machine that is turned by hand, from any thread. It outlives the engines that use it."""

    machine: ManualMachine

    def __init__(self, *, now_ms: int = 1_750_000_000_000, clock_ms: int = 1_000_000, voucher: str = "a time server") -> None:
        """`voucher` is who vouches for the wall clock, in words; empty: nobody does, until `sync`."""
        self.machine = ManualMachine(wall_ms=now_ms, voucher=voucher)
        super().__init__(self.machine, clock_ms=clock_ms)
        self.synced = bool(voucher)

    def advance(self, seconds: float) -> None:
        """Let time pass, on all three clocks."""
        self.machine.advance(seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a time server does: only the wall clock."""
        self.machine.jump(seconds)

    def reboot(self, *, off_s: float, chip: bool = False, boot_s: float = 20.0) -> None:
        """Cut the machine's power for so long, then let it take `boot_s` to start: between `Rig.crash` and `Rig.start`.

        Without a `chip` its wall clock stood still meanwhile, and nobody vouches for it, until `sync`.
        """
        self.machine.reboot(off_s=off_s, chip=chip, boot_s=boot_s)

    def sync(self, seconds: float = 0.0) -> None:
        """Set the wall clock forward by so many seconds (or back), as a time server that vouches for it. It is noticed within a second."""
        self.machine.jump(seconds)
        self.machine.says = "a time server"
