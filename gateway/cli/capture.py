"""`gateway capture`: what goes over the wire of a device, with its times, into a file of text.

One line a read or write: seconds since the first one, `in` or `out`, the bytes in hex. A line that begins with # is a remark. Each line
is in the file as soon as it is heard, so that a capture may be ended in any way.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TextIO

from gateway.cli.listen import wire_of
from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import complain, say, say_json, several
from gateway.console.place import SocketPlace


def capture(id: str, file: Path, place: SocketPlace, config: Path, *, as_json: bool) -> int:
    """Record what is heard, until interrupted or ended by SIGTERM. Raises Failed where `gateway listen` does, and where the file cannot be
    made."""
    _check_free(file)
    _end_in_order()
    with _Capture(id, file) as kept:
        try:
            with suppress(KeyboardInterrupt):
                for heard in wire_of(id, place, config):
                    kept.keep(heard)
        finally:
            kept.tell(as_json=as_json)
    return FINE


def _end_in_order() -> None:
    """Have SIGTERM end this command as Ctrl-C does, by KeyboardInterrupt: the file is closed, and what is in it told."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell has a command behind & ignore the first
        signal.signal(number, signal.default_int_handler)


class _Capture:
    """The file. It is made when the first byte is heard: a device that is not there leaves none."""

    def __init__(self, id: str, file: Path) -> None:
        self._id = id
        self._path = file
        self._file: TextIO | None = None
        self._begun_ms = 0
        self._at_ms = 0
        self._sizes = {"in": 0, "out": 0, "left_out": 0}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):  # it tries once more to write what it could not, which was told
                self._file.close()

    def keep(self, heard: dict[str, Any]) -> None:
        """Write a piece of the wire, or how many bytes are not among them. Raises Failed where the file cannot be written."""
        if "left_out" in heard:
            self._sizes["left_out"] += heard["left_out"]
            self._write(f"# {several(heard['left_out'], 'byte')} left out: they came faster than they could be recorded")
            return
        if self._file is None:
            self._begin(heard["at_ms"])
        self._at_ms = max(self._at_ms, heard["at_ms"])  # the clock of the wall may be put back meanwhile
        self._sizes[heard["way"]] += len(heard["hex"]) // 2
        self._write(f"{(self._at_ms - self._begun_ms) / 1000:.3f} {heard['way']} {heard['hex']}")

    def tell(self, *, as_json: bool) -> None:
        """Say what there is now."""
        sizes = self._sizes
        if as_json:
            say_json({"file": None if self._file is None else str(self._path), **sizes})
        elif self._file is None:
            complain(f"nothing was heard of {self._id}: there is no {self._path}")
        else:
            say(f"{self._path}: {several(sizes['in'], 'byte')} in, {several(sizes['out'], 'byte')} out")
        if sizes["left_out"]:
            complain(f"{several(sizes['left_out'], 'byte')} left out, each time with a remark in the file")

    def _begin(self, at_ms: int) -> None:
        try:
            self._file = self._path.open("x", encoding="ascii")
        except OSError as error:
            raise Failed(f"cannot capture to {self._path}: {error.strerror}", NO) from None
        self._begun_ms = self._at_ms = at_ms
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))
        self._write(f"# the wire of {self._id} since {since}: seconds, in or out, bytes in hex")

    def _write(self, line: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            raise Failed(f"cannot go on with {self._path}: {error.strerror}; what was captured before stands in it", NO) from None


def _check_free(file: Path) -> None:
    """Refuse before anything is heard: a capture replaces nothing. Raises Failed."""
    if os.path.lexists(file):
        raise Failed(f"cannot capture to {file}: it is there already; name a new file", NO)
    if not file.parent.is_dir():
        raise Failed(f"cannot capture to {file}: there is no folder {file.parent}; make it first", NO)
    if not os.access(file.parent, os.W_OK):
        raise Failed(f"cannot capture to {file}: {file.parent} cannot be written; name a file in a folder of yours", NO)
