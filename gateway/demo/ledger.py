"""The ledger: what came out of the gateway, by message id and by what it says, kept across kills in a file."""

import json
import threading
from pathlib import Path

from gateway.console.exits import Failed


class DemoLedger:
    """The file with each message that came out of the gateway. Any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._ids: set[str] = set()
        self._numbers: dict[tuple[int, int], str] = {}
        """The id that each (trip, number of the fix in it) came out under."""
        self.repeats = 0
        """Messages that came again under the same id: at least once means that they may."""
        self.doubled = 0
        """Fixes that came out under two ids: that must not be."""
        self._file = path.open("a+b", buffering=0)
        self._file.seek(0)
        written = self._file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._file.truncate(len(whole))  # what a kill or a full disk has cut is no entry, and the next is no part of it
        for line in whole.splitlines():
            self._restore(line)

    def enter(self, id: str, trip: int, number: int) -> None:
        """Write down one position that came out. It is in the file when this returns. Raises Failed where it cannot be."""
        with self._lock:
            id = id or f"{trip}:{number}"
            self._write(f"{json.dumps([id, trip, number])}\n".encode())
            self._enter(id, (trip, number))

    def numbers(self) -> dict[int, set[int]]:
        """The numbers of the fixes that came out, by trip."""
        found: dict[int, set[int]] = {}
        with self._lock:
            for trip, number in self._numbers:
                found.setdefault(trip, set()).add(number)
        return found

    @property
    def distinct(self) -> int:
        """How many different message ids came out."""
        return len(self._ids)

    def close(self) -> None:
        self._file.close()

    def _write(self, line: bytes) -> None:
        try:
            written = self._file.write(line)
        except OSError as error:
            raise Failed(f"cannot write {self.path}: {error.strerror}; make it possible, and start the demo again") from None
        if written != len(line):
            raise Failed(f"cannot write {self.path}: there was room for a part of a line only; make more, and start the demo again")

    def _restore(self, line: bytes) -> None:
        try:
            id, trip, number = json.loads(line)
            self._enter(str(id), (int(trip), int(number)))
        except (ValueError, TypeError):
            return  # no line of ours

    def _enter(self, id: str, number: tuple[int, int]) -> None:
        if id in self._ids:
            self.repeats += 1
            return
        self._ids.add(id)
        self.doubled += number in self._numbers
        self._numbers[number] = id
