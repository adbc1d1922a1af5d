"""A machine whose clocks are turned by hand, and what an engine that goes by them waits for: for replays and for tests."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.runtime.engine import Engine


class ManualMachine:
    """A machine whose clocks are turned by hand: see `gateway.runtime.machine.Machine`."""

    def __init__(self, *, wall_ms: int, boot_ms: int = 1_000_000, voucher: str = "") -> None:
        self.boot_id = "boot-1"
        self.says = voucher
        """Who vouches for its wall clock; empty: nobody."""
        self._wall_ms = wall_ms
        self._boot_ms = boot_ms
        self._mono_ms = 1_000_000
        self._lock = threading.Lock()

    def wall_ms(self) -> int:
        return self._wall_ms

    def boot_ms(self) -> int:
        return self._boot_ms

    def mono_s(self) -> float:
        return self._mono_ms / 1000

    def voucher(self) -> str:
        return self.says

    def advance(self, seconds: float) -> None:
        """Let time pass, on all three clocks."""
        passed_ms = round(seconds * 1000)
        with self._lock:
            self._wall_ms += passed_ms
            self._boot_ms += passed_ms
            self._mono_ms += passed_ms

    def jump(self, seconds: float) -> None:
        """Set the wall clock."""
        with self._lock:
            self._wall_ms += round(seconds * 1000)

    def reboot(self, *, off_s: float, chip: bool, boot_s: float = 20.0) -> None:
        """Switch the machine off for so long, then let it take `boot_s` to start; without a clock chip its wall clock stands still
        meanwhile, and nobody vouches."""
        with self._lock:
            self.boot_id = f"boot-{int(self.boot_id.removeprefix('boot-')) + 1}"
            self.says = self.says if chip else ""
            self._boot_ms = round(boot_s * 1000)
            self._mono_ms = self._boot_ms
            self._wall_ms += round(((off_s if chip else 0.0) + boot_s) * 1000)


def waits_ms(engine: "Engine") -> list[int]:
    """In how many milliseconds each thing is due that the engine waits for: timers, retries, backoff. On the engine's thread."""
    now_s = engine.clock.mono_s()
    next_ms, retry_s = engine.timetable.first_ms(engine.commits.unsaved_wakes()), engine.turns.next_retry_s()
    seconds = [*engine.despatch.next_s(), *([] if retry_s is None else [retry_s])]
    timers = [] if next_ms is None else [next_ms - engine.clock.clock_ms()]
    return [*timers, *(round((at - now_s) * 1000) for at in seconds)]


def rests(engine: "Engine", look: Callable[[Callable[[], Any]], Any]) -> bool:
    """Whether the engine rests, by two looks: one may come in the middle of a round, with the rest of the round to run. `look` looks on the
    engine's thread."""
    first, resting = look(lambda: (engine.rounds, engine.resting))
    for _ in range(5):
        if not resting:
            return False
        rounds, resting = look(lambda: (engine.rounds, engine.resting))
        if rounds != first:
            return bool(resting)
    return False
