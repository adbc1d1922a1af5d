"""Schedules: what each text means, in every zone and under every sun."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock.schedule import DueTimes, Missed, missed, read_schedule
from devices.clock.sun import EVENTS, PlaceOnEarth

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu"), UTC]
HOME = PlaceOnEarth(52.52, 13.405)
SVALBARD = PlaceOnEarth(78.22, 15.65)

MOMENTS = st.integers(946_684_800_000, 4_102_444_800_000)
"""From 2000 to 2100."""
SCHEDULES = st.sampled_from(
    [
        "cron 0 7 * * mon-fri",
        "cron 30 2 * * *",
        "cron 15 2 * * sun",
        "cron 0,30 1,2,3 * * *",
        "cron */20 * * * *",
        "cron 0 * * * *",
        "cron 0 0 29 2 *",
        "cron 0 12 L * *",
        "cron 0 0 1 1 *",
        "daily at 7:30",
        "every 90 s",
        "every 15 min",
        "every 7 days",
        "at sunrise",
        "10 minutes before sunset",
        "30 min after dawn",
        "noon",
    ]
)


def local(text: str, zone: tzinfo = BERLIN, *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp() * 1000)


def dues(text: str, after: str, until: str, zone: tzinfo = BERLIN) -> list[str]:
    """The due times between two moments on the wall, as the wall shows them."""
    found = missed(read_schedule(text, zone, HOME), local(after, zone), local(until, zone)).due_ms
    return [datetime.fromtimestamp(due / 1000, zone).isoformat() for due in found]


@settings(max_examples=150)
@given(SCHEDULES, st.sampled_from(ZONES), MOMENTS)
def test_the_next_is_strictly_later_and_nothing_is_between(text: str, zone: tzinfo, at_ms: int) -> None:
    """From any moment before it the next due time is the same one: none is left out, none comes again."""
    schedule = read_schedule(text, zone, HOME)
    due_ms = schedule.next_after(at_ms)
    assert due_ms is not None
    assert due_ms > at_ms
    assert due_ms % 1000 == 0
    assert schedule.next_after((at_ms + due_ms) // 2) == due_ms or due_ms - at_ms == 1
    assert schedule.next_after(due_ms - 1) == due_ms


@settings(max_examples=60)
@given(SCHEDULES, st.sampled_from(ZONES), MOMENTS, st.integers(1, 30), st.integers(1, 20))
def test_what_was_missed_is_what_would_have_been_due(text: str, zone: tzinfo, at_ms: int, days: int, limit: int) -> None:
    """Looking back gives the last of what going on step by step gives."""
    schedule, until_ms = read_schedule(text, zone, HOME), at_ms + days * 3_600_000
    stepped = []
    due_ms = schedule.next_after(at_ms)
    while due_ms is not None and due_ms <= until_ms:
        stepped.append(due_ms)
        due_ms = schedule.next_after(due_ms)
    assert missed(schedule, at_ms, until_ms, limit=limit) == Missed(tuple(stepped[-limit:]), len(stepped) > limit)


@settings(max_examples=100)
@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59), st.dates(date(2020, 1, 1), date(2037, 12, 1)))
def test_a_time_of_day_comes_once_each_day(zone: tzinfo, hour: int, minute: int, day: date) -> None:
    """Whatever the clocks do in these weeks: as many due times as days, and each on its own day."""
    schedule = read_schedule(f"cron {minute} {hour} * * *", zone, None)
    begin = datetime.combine(day, datetime.min.time(), tzinfo=zone)
    found = missed(schedule, int(begin.timestamp()) * 1000 - 1, int((begin + timedelta(days=30)).timestamp()) * 1000 - 1).due_ms
    days = [datetime.fromtimestamp(due / 1000, zone).date() for due in found]
    assert days == [day + timedelta(days=number) for number in range(30)]


@pytest.mark.parametrize(
    ("zone", "day", "text", "at"),
    [
        ("Europe/Berlin", "2026-03-29", "cron 30 2 * * *", ["2026-03-29T03:00:00+02:00"]),
        ("Europe/Berlin", "2026-10-25", "cron 30 2 * * *", ["2026-10-25T02:30:00+02:00"]),
        ("America/New_York", "2026-03-08", "cron 30 2 * * *", ["2026-03-08T03:00:00-04:00"]),
        ("America/New_York", "2026-11-01", "cron 30 1 * * *", ["2026-11-01T01:30:00-04:00"]),
        ("Australia/Lord_Howe", "2026-10-04", "cron 15 2 * * *", ["2026-10-04T02:30:00+11:00"]),
        ("Australia/Lord_Howe", "2026-04-05", "cron 45 1 * * *", ["2026-04-05T01:45:00+11:00"]),
        (
            "Europe/Berlin",
            "2026-10-25",
            "cron 0 1-3 * * *",
            [f"2026-10-25T0{hour}" for hour in ("1:00:00+02:00", "2:00:00+02:00", "3:00:00+01:00")],
        ),
    ],
)
def test_when_the_clocks_change_it_is_due_once(zone: str, day: str, text: str, at: list[str]) -> None:
    """A time that the wall leaves out comes right after the gap; one that it shows twice comes the first time."""
    assert dues(text, f"{day}T00:30", f"{day}T12:00", ZoneInfo(zone)) == at


def test_in_the_second_of_two_equal_hours_the_first_is_over() -> None:
    """Asked at 02:10 winter time, 02:30 is tomorrow's: today's was before the clocks were set back."""
    due_ms = read_schedule("cron 30 2 * * *", BERLIN, None).next_after(local("2026-10-25T02:10", fold=1))
    assert due_ms == local("2026-10-26T02:30")


def test_each_hour_means_each_hour_that_passes() -> None:
    """With a * it follows the time: 25 hours have 25 full hours."""
    assert len(dues("cron 0 * * * *", "2026-10-24T23:59", "2026-10-25T23:59")) == 25
    assert len(dues("cron 0 * * * *", "2026-03-28T23:59", "2026-03-29T23:59")) == 23


def test_leap_days_come_in_leap_years() -> None:
    """29 February 2096 is followed by 2104: 2100 is none."""
    schedule = read_schedule("cron 0 0 29 2 *", UTC, None)
    assert schedule.next_after(local("2096-03-01", UTC)) == local("2104-02-29", UTC)


def test_every_counts_from_the_epoch() -> None:
    """So a quarter of an hour is one on every wall, whenever the gateway was started."""
    assert dues("every 15 min", "2026-06-01T07:01", "2026-06-01T07:31") == ["2026-06-01T07:15:00+02:00", "2026-06-01T07:30:00+02:00"]
    assert dues("every 2 hours", "2026-06-01T00:00", "2026-06-01T05:00") == ["2026-06-01T02:00:00+02:00", "2026-06-01T04:00:00+02:00"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at sunrise", "2026-06-21T04:43"),
        ("at sunset", "2026-06-21T21:33"),
        ("10 minutes before sunset", "2026-06-21T21:23"),
        ("dawn", "2026-06-21T03:53"),
        ("30 min after dusk", "2026-06-21T22:53"),
        ("at noon", "2026-06-21T13:08"),
    ],
)
def test_the_sun_of_berlin(text: str, expected: str) -> None:
    """The almanac's times of the longest day, to two minutes."""
    (found,) = dues(text, "2026-06-21T00:00", "2026-06-21T23:59")
    off = datetime.fromisoformat(found) - datetime.fromisoformat(expected).replace(tzinfo=BERLIN)
    assert abs(off) <= timedelta(minutes=2), found


@settings(max_examples=40)
@given(st.sampled_from(EVENTS), st.floats(-55, 55), st.floats(-180, 180), st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))
def test_between_the_polar_circles_the_sun_is_never_a_day_late(event: str, latitude: float, longitude: float, at: datetime) -> None:
    """At every longitude an event follows the last one by a day, give or take ten minutes: no date line swallows one."""
    schedule = read_schedule(event, UTC, PlaceOnEarth(latitude, longitude))
    first = schedule.next_after(int(at.replace(tzinfo=UTC).timestamp()) * 1000)
    assert first is not None
    second = schedule.next_after(first)
    assert second is not None
    assert abs(second - first - 86_400_000) < 600_000


def test_where_the_sun_does_not_set_it_is_not_due() -> None:
    """On Svalbard no sunset is due from April to August; the next one is the first of the autumn."""
    due_ms = read_schedule("at sunset", UTC, SVALBARD).next_after(local("2026-05-01", UTC))
    assert due_ms is not None
    assert datetime.fromtimestamp(due_ms / 1000, UTC).date().isoformat()[:7] == "2026-08"
    assert missed(read_schedule("sunset", UTC, SVALBARD), local("2026-05-01", UTC), local("2026-08-01", UTC)).due_ms == ()


def test_at_the_pole_there_is_a_noon() -> None:
    """Where the sun rises once a year, and its events are a matter of taste, a job at noon still comes each day."""
    schedule: DueTimes = read_schedule("noon", UTC, PlaceOnEarth(90.0, 0.0))
    assert len(missed(schedule, 0, 10 * 86_400_000).due_ms) == 10


def test_a_year_of_seconds_is_looked_back_on_at_once() -> None:
    """Only the last ones are reckoned: the limit bounds the work, not the time that was missed."""
    found = missed(read_schedule("every 1 s", UTC, None), 0, 31_536_000_000)
    assert (len(found.due_ms), found.due_ms[-1], found.more) == (1000, 31_536_000_000, True)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "tomorrow",
            'cannot read \'tomorrow\' as a schedule: write it as in "daily at 7:30", "cron 0 7 * * mon-fri", "every 15 min", "at '
            'sunset" or "10 min before sunset"',
        ),
        ("cron 0 7 * *", "cannot read cron '0 7 * *': it has 4 fields, not 5: minute hour day month weekday"),
        ("cron 0 25 * * *", "cannot read cron '0 25 * * *': bad hour; its fields are minute hour day month weekday"),
        ("cron 0 0 31 2 *", "cannot read cron '0 0 31 2 *': bad day-of-month; its fields are minute hour day month weekday"),
        ("every 999999999 days", "cannot wait 999999999 days between two times: 3650 days are the most; write less"),
        ("every 3 weeks", "cannot read 'week' as a unit of time: write s, min, h or days"),
        ("at sunset", "cannot tell when sunset is: the place is not known; set latitude_deg and longitude_deg of the clock"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, error: str) -> None:
    """The text, what is wrong with it, and what to write."""
    with pytest.raises(ValueError) as caught:
        read_schedule(text, UTC, None)
    assert str(caught.value) == error


def test_half_a_day_is_the_most_before_or_after_the_sun() -> None:
    """More would be another day's event."""
    with pytest.raises(ValueError) as caught:
        read_schedule("13 hours after noon", UTC, HOME)
    assert str(caught.value) == "cannot count 13 hour from noon: it is more than 12 hours; write less"


@pytest.mark.parametrize(
    "text", ["07:30", "7:30", "at 7:30", "daily at 7:30", "Daily at 07:30", "every day at 7:30", "7:30 daily", "07:30:00"]
)
def test_a_time_of_day_is_due_each_day(text: str) -> None:
    """As people write it; on the wall of the zone, in summer too."""
    schedule = read_schedule(text, BERLIN, None)
    for day in (date(2026, 1, 5), date(2026, 7, 6)):
        before = datetime.combine(day, datetime.min.time(), BERLIN)
        due_ms = schedule.next_after(round(before.timestamp() * 1000))
        assert due_ms is not None
        assert datetime.fromtimestamp(due_ms / 1000, BERLIN).isoformat()[:16] == f"{day}T07:30"


@pytest.mark.parametrize("text", ["7", "24:00", "7:60", "at 7", "07:3", "7:30 7:30"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    """With what can be written."""
    with pytest.raises(ValueError, match='"daily at 7:30"'):
        read_schedule(text, BERLIN, None)
