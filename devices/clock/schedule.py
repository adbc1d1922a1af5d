"""Schedules: a text such as `cron 0 7 * * mon-fri` → the moments it means. Pure: it asks no clock.

    at 7:30, daily at 7:30, 07:30   each day, on the wall of the zone
    cron 0 7 * * mon-fri            minute, hour, day of the month, month, day of the week, on the wall of the zone
    every 15 min                    s, min, h or days; counted from 1970-01-01 00:00 UTC, so every 15 min is at :00, :15, :30, :45
    at sunset                       dawn, sunrise, noon, sunset or dusk; noon is when the sun stands highest
    10 minutes before sunset        30 s after dawn

When the clocks change: a cron time that the wall leaves out (02:30 in spring) is due at the first moment after the gap; one that
the wall shows twice is due the first time only. So it is due exactly once, whatever the day. With a `*` in its minute or hour it
follows the time that passes instead: `cron 0 * * * *` is due each hour of a day of 23 or 25 hours.
Where the sun does not set, `at sunset` is not due that day.
Source: cron(8) of Debian, for what happens when the clocks change; cronsim follows it.
"""

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple, Protocol

from devices.clock.sun import EVENTS, PlaceOnEarth, sun_time

MISSED_AT_MOST = 1000
"""How many missed due times are told one by one."""

_UNITS_S = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
_SPAN = r"(?P<number>[1-9][0-9]{0,8}) +(?P<unit>[a-z]+?)s?"
_EVERY = re.compile(rf"every +{_SPAN}")
_SUN = re.compile(rf"(?:(?:at +)?|{_SPAN} +(?P<side>before|after) +)(?P<event>{'|'.join(EVENTS)})")
_TIME = re.compile(
    r"(?:(?:every +day|daily) +)?(?:at +)?(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::00)?(?: +(?:daily|every +day))?"
)
_OFFSET_AT_MOST_S = 12 * 3600
_EVERY_AT_MOST_S = 3650 * 86400
"""Ten years: beyond the year 9999 no calendar goes, and a job whose next time cannot be told would end all others."""
_DARK_DAYS = 370
"""A year and some days: where the sun does not rise in them, it never does."""
_FIRST_WINDOW_MS = 60_000


class DueTimes(Protocol):
    """When something is due, as a rule that can be asked for the next time."""

    def next_after(self, at_ms: int) -> int | None:
        """The first due time strictly later than `at_ms` (milliseconds since 1970); None: there is none."""


class Every(NamedTuple):
    """Due times at each whole multiple of `step_ms` since 1970."""

    step_ms: int

    def next_after(self, at_ms: int) -> int | None:
        return (at_ms // self.step_ms + 1) * self.step_ms


class Cron(NamedTuple):
    """Due times by a cron expression of five fields, on the wall of `zone`."""

    fields: str
    zone: tzinfo

    def next_after(self, at_ms: int) -> int | None:
        from cronsim import CronSim  # noqa: PLC0415  # only a job by cron needs it

        for found in CronSim(self.fields, datetime.fromtimestamp(at_ms // 1000, self.zone)):
            due_ms = round(found.timestamp()) * 1000
            if due_ms > at_ms:  # in the second of two equal hours, cronsim begins with the first
                return due_ms
        return None


class Sun(NamedTuple):
    """Due times by an event of the sun, so many seconds after it (before it, where they are negative)."""

    event: str
    offset_s: int
    place: PlaceOnEarth

    def next_after(self, at_ms: int) -> int | None:
        first = datetime.fromtimestamp(at_ms // 1000 - self.offset_s, UTC).date() - timedelta(days=2)
        for days in range(_DARK_DAYS):
            at_s = sun_time(self.event, self.place, first + timedelta(days=days))
            if at_s is not None and (at_s + self.offset_s) * 1000 > at_ms:
                return (at_s + self.offset_s) * 1000
        return None


def read_schedule(text: str, zone: tzinfo, place: PlaceOnEarth | None) -> DueTimes:
    """The schedule that `text` means. Raises ValueError."""
    words = " ".join(text.lower().split())
    if words.startswith("cron "):
        return _cron(words.removeprefix("cron "), zone)
    if time := _TIME.fullmatch(words):
        return _cron(f"{int(time['minute'])} {int(time['hour'])} * * *", zone)
    if every := _EVERY.fullmatch(words):
        step_s = _seconds(every)
        if step_s > _EVERY_AT_MOST_S:
            raise ValueError(f"cannot wait {every['number']} {every['unit']}s between two times: 3650 days are the most; write less")
        return Every(step_s * 1000)
    if sun := _SUN.fullmatch(words):
        return _by_the_sun(sun, place)
    forms = '"daily at 7:30", "cron 0 7 * * mon-fri", "every 15 min", "at sunset" or "10 min before sunset"'
    raise ValueError(f"cannot read {text!r} as a schedule: write it as in {forms}")


class Missed(NamedTuple):
    """The due times in a span, in order; only the last ones, where there are more than were asked for."""

    due_ms: tuple[int, ...]
    more: bool
    """Whether there were others before them."""


def missed(schedule: DueTimes, after_ms: int, until_ms: int, *, limit: int = MISSED_AT_MOST) -> Missed:
    """The last `limit` due times later than `after_ms`, `until_ms` included.

    It looks back step by step, so a schedule of seconds costs no more after a year than after an hour.
    """
    window_ms = _FIRST_WINDOW_MS
    while True:
        start_ms = max(after_ms, until_ms - window_ms)
        found = deque(_between(schedule, start_ms, until_ms), maxlen=limit + 1)
        if start_ms == after_ms or len(found) > limit:
            return Missed(tuple(found)[-limit:], len(found) > limit)
        window_ms *= 4


def _between(schedule: DueTimes, after_ms: int, until_ms: int) -> Iterator[int]:
    due_ms = schedule.next_after(after_ms)
    while due_ms is not None and due_ms <= until_ms:
        yield due_ms
        due_ms = schedule.next_after(due_ms)


def _cron(fields: str, zone: tzinfo) -> Cron:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415  # as above

    if len(fields.split()) != 5:
        raise ValueError(f"cannot read cron {fields!r}: it has {len(fields.split())} fields, not 5: minute hour day month weekday")
    try:
        CronSim(fields, datetime(2026, 1, 1, tzinfo=zone))
    except CronSimError as error:
        raise ValueError(f"cannot read cron {fields!r}: {str(error).lower()}; its fields are minute hour day month weekday") from None
    return Cron(fields, zone)


def _by_the_sun(found: re.Match[str], place: PlaceOnEarth | None) -> Sun:
    if place is None:
        raise ValueError(f"cannot tell when {found['event']} is: the place is not known; set latitude_deg and longitude_deg of the clock")
    offset_s = _seconds(found) if found["side"] else 0
    if offset_s > _OFFSET_AT_MOST_S:
        raise ValueError(f"cannot count {found['number']} {found['unit']} from {found['event']}: it is more than 12 hours; write less")
    return Sun(found["event"], -offset_s if found["side"] == "before" else offset_s, place)


def _seconds(span: re.Match[str]) -> int:
    unit = span["unit"] if span["unit"] in _UNITS_S else ""
    if not unit:
        raise ValueError(f"cannot read {span['unit']!r} as a unit of time: write s, min, h or days")
    return int(span["number"]) * _UNITS_S[unit]
