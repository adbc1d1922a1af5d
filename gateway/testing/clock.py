"""A clock that a test turns: nothing passes by itself. And how long a test waits for what does not go by that clock."""

import threading

PATIENCE_S = 60.0
"""How long is waited for what must come: a limit for what never comes, far longer than a busy machine needs."""


class ManualClock:
    """The three readings of `gateway.runtime.clock.Clock`, turned by hand from any thread. It outlives the engines that use it."""

    def __init__(self, *, now_ms: int = 1_750_000_000_000, clock_ms: int = 1_000_000) -> None:
        self._now_ms = now_ms
        self._clock_ms = clock_ms
        self._mono_ms = 1_000_000
        self._lock = threading.Lock()

    def advance(self, seconds: float) -> None:
        """Let time pass: on all three."""
        passed_ms = round(seconds * 1000)
        with self._lock:
            self._now_ms += passed_ms
            self._clock_ms += passed_ms
            self._mono_ms += passed_ms

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a time server does: only the wall clock."""
        with self._lock:
            self._now_ms += round(seconds * 1000)

    def now_ms(self) -> int:
        return self._now_ms

    def clock_ms(self) -> int:
        return self._clock_ms

    def mono_s(self) -> float:
        return self._mono_ms / 1000

    def resume(self, note: str) -> None:
        """Go on from an earlier life: never before where it was."""
        if note:
            with self._lock:
                self._clock_ms = max(self._clock_ms, int(note))

    def note(self) -> str:
        return str(self._clock_ms)
