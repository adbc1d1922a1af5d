"""The ledger: what came out of the gateway, by message id and by what it says, kept across kills in a file."""

import json
import threading
from pathlib import Path
from typing import Any

POSITION = "gateway/trip/van/position"
TOGGLE = "gateway/toggle/hall"


class Ledger:
    """Each message that came out. Any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._numbers: dict[tuple[int, int], str] = {}
        """The id that each (trip, number of the fix in it) came out under."""
        self.repeats = 0
        """Messages that came again under the same id: at least once means that they may."""
        self.doubled = 0
        """Fixes that came out under two ids: that must not be."""
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            self._restore(line)
        self._file = path.open("a", encoding="utf-8")

    def enter(self, id: str, fields: dict[str, Any], *, retained: bool) -> None:
        """One position that came out. What the broker had kept is no repeat."""
        number = (int(fields["trip"]), int(fields["fixes"]))
        with self._lock:
            id = id or f"{number[0]}:{number[1]}"
            if retained and id in self._ids:
                return
            self._enter(id, number)
            self._file.write(f"{json.dumps([id, *number])}\n")
            self._file.flush()

    def numbers(self) -> dict[int, set[int]]:
        """The fixes that came out, by trip."""
        found: dict[int, set[int]] = {}
        with self._lock:
            for trip, number in self._numbers:
                found.setdefault(trip, set()).add(number)
        return found

    @property
    def distinct(self) -> int:
        """How many different ids came out."""
        return len(self._ids)

    def close(self) -> None:
        self._file.close()

    def _restore(self, line: str) -> None:
        try:
            id, trip, number = json.loads(line)
        except ValueError:
            return  # the last line, cut by a kill
        self._enter(id, (trip, number))

    def _enter(self, id: str, number: tuple[int, int]) -> None:
        if id in self._ids:
            self.repeats += 1
            return
        self._ids.add(id)
        self.doubled += number in self._numbers
        self._numbers[number] = id
