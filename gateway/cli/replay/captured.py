"""A file that `gateway capture` has made, read line by line.

Its first remark names the device, and when its first second was. Where that is missing, as in a file that somebody wrote by hand, the
device must be named, and the record begins with 2025.
"""

import calendar
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gateway.actors.wire import Piece, Way
from gateway.console.exits import BAD_INPUT, NO, Failed
from gateway.console.output import complain

_HEAD = re.compile(rb"# the wire of (\S+) since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ):")
_LINE = re.compile(rb"(\d{1,8}(?:\.\d{1,9})?) (in|out) ((?:[0-9a-fA-F]{2})+)")
_WAYS: dict[bytes, Way] = {b"in": "in", b"out": "out"}
_BEGIN_MS = 1_735_689_600_000
"""1 January 2025: two replays of one file begin at the same time, whatever that is."""
_LINE_BYTES = 2 * 1024 * 1024
"""Longer than any line of a capture."""


class Head(NamedTuple):
    """What the first line of a capture says."""

    id: str
    """The device; empty where it is not said."""
    begin_ms: int
    """Wall time of the first second, milliseconds since 1970."""


def head_of(file: Path) -> Head:
    """Read the head of a capture. Raises Failed where it cannot be read."""
    if file.exists() and not file.is_file():
        raise Failed(f"cannot replay {file}: it is no plain file, and is read more than once; copy it into one", NO)
    try:
        with file.open("rb") as lines:
            found = _HEAD.match(lines.readline(_LINE_BYTES))
    except OSError as error:
        raise Failed(f"cannot replay {file}: {error.strerror}", NO) from None
    if found is None:
        return Head("", _BEGIN_MS)
    id, since = found[1].decode(errors="replace"), found[2].decode()
    try:
        begin_ms = calendar.timegm(time.strptime(since, "%Y-%m-%dT%H:%M:%SZ")) * 1000
    except ValueError:
        raise Failed(f"cannot replay {file}: line 1: {since} is no time; write one as in 2025-06-01T12:00:00Z", BAD_INPUT) from None
    return Head(id, max(0, begin_ms))


def check(file: Path, look: Callable[[], None]) -> None:
    """Read a capture to its end before anything is made of it, and say what is left out of it; `look` is called at each line. Raises
    Failed as `pieces` does."""
    for _ in pieces(file, tell=complain):
        look()


def pieces(file: Path, *, tell: Callable[[str], None] = lambda text: None) -> Iterator[Piece]:
    """Give what went over the wire. A line at the end that was cut off is left out: `tell` is told. Raises Failed at any other that is
    none."""
    at_s = 0.0
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_LINE_BYTES), b""), 1):
                text = line.strip()
                if not text or text.startswith(b"#"):
                    continue
                found = _LINE.fullmatch(text)
                if found is None and not line.endswith(b"\n") and not lines.peek(1):
                    tell(f"{file}: line {number} is cut off, and left out")
                    return
                if found is None:
                    shown = text[:40].decode(errors="replace")
                    why = f"line {number} is {shown!r}, not SECONDS in HEX or SECONDS out HEX; mend the line, or take it out"
                    raise Failed(f"cannot replay {file}: {why}", BAD_INPUT)
                if float(found[1]) < at_s:
                    why = f"line {number} is of second {float(found[1]):g}, and the one before of {at_s:g}; times only rise"
                    raise Failed(f"cannot replay {file}: {why}", BAD_INPUT)
                at_s = float(found[1])
                yield Piece(at_s, _WAYS[found[2]], bytes.fromhex(found[3].decode()))
    except OSError as error:
        raise Failed(f"cannot replay {file}: {error.strerror}", NO) from None
