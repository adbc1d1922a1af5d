"""The log: fields in the journal where we run under systemd and systemd-python is there, plain lines elsewhere.

Source: systemd.exec(5), JOURNAL_STREAM; sd-daemon(3), the priorities <0> to <7>.
"""

import logging
import os
import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gateway.actors.errors import ANYTHING
from gateway.actors.words import printable
from gateway.harmless import harmless

KEPT = 30
_LONGEST = 10_000
"""Characters of what a record says, and of its exception, that are kept."""
_GOES_ON = "\n    "
"""Between two lines of one record."""
_LINE = re.compile(r"([0-9]{1,18}) ([a-z]+) ([^ ]+): (.*)")
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (logging.DEBUG, 7))


class LoggedFault(NamedTuple):
    """A warning or an error that was logged."""

    at_ms: int
    level: str
    logger: str
    text: str


def as_lines(faults: Sequence[LoggedFault]) -> str:
    """Faults as text, a line each."""
    return "\n".join(f"{fault.at_ms} {fault.level} {fault.logger}: {' '.join(fault.text.split())}" for fault in faults)


def from_lines(text: str) -> list[LoggedFault]:
    """The faults of a text that `as_lines` made; what cannot be read is left out."""
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return [LoggedFault(int(one[1]), one[2], one[3], one[4]) for one in found if one]


class RecentFaults(logging.Handler):
    """Keeps the last warnings and errors, since the journal of a Pi is often volatile."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: deque[LoggedFault] = deque(maxlen=KEPT)
        self.total = 0
        """How many there were in this life."""

    def emit(self, record: logging.LogRecord) -> None:
        self.total += 1
        self._kept.append(LoggedFault(int(record.created * 1000), record.levelname.lower(), record.name, _said(record)[:500]))

    def newest(self, count: int = KEPT) -> list[LoggedFault]:
        """The last warnings and errors, oldest first."""
        return list(self._kept)[-count:]


def _said(record: logging.LogRecord) -> str:
    """The text of a log record. What is logged may be anybody's: no text of it may end who logs it, or the commit that keeps it."""
    try:
        return printable(record.getMessage())
    except ANYTHING as error:  # the __str__ of what was logged is anybody's code
        return f"(what it says cannot be shown: {type(error).__name__}) {record.msg!s}"


class Bounded(logging.Filter):
    """Keeps a record to what a log can take: its length, and no line of it that looks like a record of its own. What it says, and the
    exception with it, may be anybody's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what is too long, and have its further lines set in."""
        record.msg, record.args = harmless(_shortened(_said(record))).replace("\n", _GOES_ON), None
        if record.exc_info:
            trace = printable(_shortened("".join(traceback.format_exception(*record.exc_info)).rstrip("\n")))
            record.exc_text = harmless(trace).replace("\n", _GOES_ON)
            record.exc_info = None
        return True


def _shortened(text: str) -> str:
    """The beginning and the end of a text that is too long."""
    left_out = len(text) - _LONGEST
    return f"{text[: _LONGEST // 2]} … ({left_out} characters left out) … {text[-_LONGEST // 2 :]}" if left_out > 0 else text


def set_up_logging(environ: Mapping[str, str] = os.environ) -> RecentFaults:
    """Log from info on, to where this host looks for logs; `set_level` changes how much."""
    faults = RecentFaults()
    root = logging.getLogger()
    root.handlers[:] = [_journal(environ) or _plain(environ), faults]
    root.handlers[0].addFilter(Bounded())  # once: it changes the record, and the other handler sees that
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False
    return faults


def set_level(name: str) -> None:
    """Set how much is logged: `debug`, `info`, `warning` or `error`."""
    logging.getLogger().setLevel(name.upper())


def _journal(environ: Mapping[str, str]) -> logging.Handler | None:
    """Make a handler that writes the journal's own fields; None where standard error is no journal, or systemd-python is missing."""
    if not _is_journal(environ.get("JOURNAL_STREAM", "")):
        return None
    try:
        from systemd.journal import JournalHandler  # noqa: PLC0415  # only under systemd
    except ImportError:
        return None
    handler: logging.Handler = JournalHandler(SYSLOG_IDENTIFIER="gateway")
    return handler


def _is_journal(stream: str) -> bool:
    """Whether `stream` (device:inode) is what standard error is connected to."""
    try:
        found = os.fstat(2)
    except OSError:
        return False
    return stream == f"{found.st_dev}:{found.st_ino}"


def _plain(environ: Mapping[str, str]) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    under_systemd = "JOURNAL_STREAM" in environ or "NOTIFY_SOCKET" in environ
    handler.setFormatter(_Prefixed() if under_systemd else _Timed())
    return handler


class _Prefixed(logging.Formatter):
    """Formats records as `<6>gateway.daemon: text`: the prefix is the priority, as systemd reads it, on each line."""

    def format(self, record: logging.LogRecord) -> str:
        prefix = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        text = f"{record.name}: {super().format(record)}"
        return "\n".join(f"<{prefix}>{line}" for line in text.split("\n"))


class _Timed(logging.Formatter):
    """Formats records as `12:00:00 warning gateway.daemon: text`."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{moment} {record.levelname.lower()} {record.name}: {super().format(record)}"
