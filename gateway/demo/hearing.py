"""What is heard of the gateway at its broker: into the ledger first, and only then for people to read.

All of it runs on the listener's thread, which nothing may end or hold up. So nothing is said from here: standard output may be a
terminal that stands still. The lines wait, and the main thread says them.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway.demo.ledger import DemoLedger

_WAIT_AT_MOST = 500


class _Fix(NamedTuple):
    trip: int
    number: int
    latitude_deg: float
    longitude_deg: float
    length_m: float


class Hearing:
    """Hears the positions of the trip and the presses of the toggle; what others publish under their topics is passed over."""

    def __init__(self, ledger: DemoLedger, seen: Callable[[int], None], *, root: str) -> None:
        """Begin to hear. `seen` is told how many presses the toggle has counted; `root` stands in front of all topics of this demo."""
        self._position_topic = f"{root}/gateway/demo/trip/van/position"
        self._toggle_topic = f"{root}/gateway/demo/toggle/hall"
        self._ledger = ledger
        self._seen = seen
        self._lock = threading.Lock()
        self._lines: deque[str] = deque()
        self._left_out = 0

    @property
    def topics(self) -> list[str]:
        """The topics to listen to."""
        return [self._position_topic, self._toggle_topic]

    def heard(self, message: Any) -> None:
        """Take one message (a `Heard` of the listener). It is in the ledger when this returns. Raises Failed where it cannot be."""
        if message.topic == self._position_topic and not message.retained:  # what the broker had kept for newcomers came out before
            self._position(message)
        elif message.topic == self._toggle_topic:
            self._presses(message)

    def take_lines(self) -> list[str]:
        """Take the lines about what was heard since the last time; where nobody has taken them for long, only the newest. Any thread."""
        with self._lock:
            lines, self._lines = list(self._lines), deque()
            left_out, self._left_out = self._left_out, 0
        return [f"… {left_out} lines left out", *lines] if left_out else lines

    def _position(self, message: Any) -> None:
        try:
            fix = _fix_in(json.loads(message.body))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            return
        self._ledger.enter(message.id, fix.trip, fix.number)
        self._tell(
            f"gps         fix {fix.latitude_deg:.5f} {fix.longitude_deg:.5f} → trip/van: "
            f"fix {fix.number}, {fix.length_m:.0f} m → {self._position_topic}"
        )

    def _presses(self, message: Any) -> None:
        try:
            fields = json.loads(message.body)
            presses, on = int(fields["presses"]), fields["on"] is True
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            return
        self._seen(presses)
        self._tell(f"button      → toggle/hall: {presses} presses, {'on' if on else 'off'} → gpio/lamp, {self._toggle_topic}")

    def _tell(self, line: str) -> None:
        with self._lock:
            self._lines.append(f"{time.strftime('%H:%M:%S')}  {line}")
            if len(self._lines) > _WAIT_AT_MOST:
                self._lines.popleft()
                self._left_out += 1


def _fix_in(fields: Any) -> _Fix:
    return _Fix(
        int(fields["trip"]), int(fields["fixes"]), float(fields["latitude_deg"]), float(fields["longitude_deg"]), float(fields["length_m"])
    )
