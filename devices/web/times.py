"""Times and spans of time in a query: `2h`, `2026-11-28T18:00:00Z`, milliseconds since 1970.

Source: ISO 8601; RFC 3339.
"""

import datetime
import re
import time

from devices.web.asking import number_in
from devices.web.problems import HttpProblem

_UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 366 * 86_400}
_SPAN = re.compile(r"(\d{1,9})(s|min|h|d|w|y)", re.ASCII)
_LONGEST = 40
_MOST_MS = 253_402_300_799_999
"""The end of the year 9999."""


def at_ms_of(name: str, said: str) -> int:
    """A time, in milliseconds since 1970, said as one, as a date and a time of day, or as so long ago. Raises HttpProblem."""
    if (at_ms := number_in(said, _MOST_MS)) is not None:
        return at_ms
    if (span := _SPAN.fullmatch(said[:_LONGEST])) is not None:
        return max(0, time.time_ns() // 1_000_000 - int(span[1]) * _UNITS_S[span[2]] * 1000)
    try:
        found = datetime.datetime.fromisoformat(said[:_LONGEST])
        at_s = (found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)).timestamp()
    except (ValueError, OverflowError):
        at_s = -1.0
    if at_s < 0:
        rule = "write how long ago, as in 15min, 2h or 7d, a time as in 2026-11-28T18:00:00Z, or milliseconds since 1970"
        raise HttpProblem("bad_request", f"{name} is {said[:_LONGEST]!r}: {rule}")
    return round(at_s * 1000)


def span_s_of(name: str, said: str, *, most_s: int) -> int:
    """So many seconds, said as a number or with a unit. Raises HttpProblem."""
    span = _SPAN.fullmatch(said[:_LONGEST])
    found = int(span[1]) * _UNITS_S[span[2]] if span is not None else number_in(said, most_s)
    if found is None or not 1 <= found <= most_s:
        raise HttpProblem("bad_request", f"{name} is {said[:_LONGEST]!r}: write seconds, or 5min, 2h or 1d")
    return found
