"""Jobs of a clock, in a whole gateway: on time, after a restart, after a power cut, after the wall clock was set."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock.clock import Clock
from devices.clock.jobs import ClockJob
from devices.clock.schedule import missed
from devices.clock.simulator import TurnedClock
from gateway.actors import Health, Reply
from gateway.testing import Bench
from tests.devices.clock.conftest import DAY_S, HOUR_S, SEVEN_MS, House, clock_settings

FACTS = {"due_ms": "{due_ms}", "late_s": "{late_s}", "missed": "{missed}"}
DAILY = {"at": "cron 0 7 * * *", "payload": FACTS}
HOURLY = {"at": "every 1 hour", "payload": FACTS}
DAY_MS = 86_400_000
HOUR_MS = 3_600_000

Build = Callable[..., House]


def test_a_job_fires_at_its_time(house: Build) -> None:
    """Not a second before; its target is told, and its actor remembers."""
    built = house(DAILY)
    built.ready()
    built.turn(HOUR_S - 1)
    assert built.heard(0) == []
    built.turn(1)
    (heard,) = built.heard(1)
    assert (heard.due_ms, heard.late_s, heard.missed) == (SEVEN_MS, 0.0, 0)
    assert built.rig.state("job/main:wakeup").last_due_ms == SEVEN_MS


def test_it_says_when_each_job_is_due_next(house: Build) -> None:
    """On the wall of its zone, the next one first."""
    built = house({**DAILY, "name": "late"}, {"name": "soon", "at": "every 15 min"}, timezone="Europe/Berlin")
    built.ready()
    assert built.detail() == "next: soon 2026-06-03 08:15, late 2026-06-04 07:00"
    assert built.rig.ask("clock/main", "read").body == {
        "next_ms": {"soon": SEVEN_MS - 45 * 60_000, "late": SEVEN_MS + 22 * HOUR_MS},
        "held": 0,
        "trusted": True,
    }
    built.turn(900)
    built.rig.until(lambda: built.detail() == "next: soon 2026-06-03 08:30, late 2026-06-04 07:00")


@pytest.mark.parametrize(
    ("misfire", "told"),
    [
        ("once", [(SEVEN_MS + 2 * DAY_MS, 3600.0, 2)]),
        ("all", [(SEVEN_MS, 176400.0, 0), (SEVEN_MS + DAY_MS, 90000.0, 0), (SEVEN_MS + 2 * DAY_MS, 3600.0, 0)]),
        ("skip", []),
    ],
)
def test_what_was_missed_while_it_was_off(house: Build, misfire: str, told: list[tuple[int, float, int]]) -> None:
    """Three mornings, found an hour after the last: one message for all, one for each, or none; late ones are told so."""
    built = house({**DAILY, "misfire": misfire})
    built.ready()
    built.rig.stop()
    built.turn(2 * DAY_S + 2 * HOUR_S)
    built.rig.start()
    built.ready()
    assert [(one.due_ms, one.late_s, one.missed) for one in built.heard(len(told))] == told
    if misfire == "skip":
        built.counted("skipped", 3)
    built.turn(22 * HOUR_S + HOUR_S)
    assert built.heard(len(told) + 1)[-1].due_ms == SEVEN_MS + 3 * DAY_MS


def test_what_fell_due_a_moment_ago_is_on_time(house: Build) -> None:
    """A restart of half a minute over the due time misses nothing, whatever misfire says."""
    built = house({**DAILY, "misfire": "skip"})
    built.ready()
    built.rig.stop()
    built.turn(HOUR_S + 30)
    built.rig.start()
    assert [(one.due_ms, one.late_s) for one in built.heard(1)] == [(SEVEN_MS, 30.0)]


def test_one_on_time_stands_for_those_before_it(house: Build) -> None:
    """With once, two missed hours and the present one are one message, which is not late."""
    built = house(HOURLY)
    built.ready()
    built.rig.stop()
    built.turn(3 * HOUR_S + 5)
    built.rig.start()
    assert [(one.due_ms, one.late_s, one.missed) for one in built.heard(1)] == [(SEVEN_MS + 2 * HOUR_MS, 5.0, 2)]


def test_all_is_bounded(house: Build) -> None:
    """A month of minutes: the last thousand are told."""
    built = house({"at": "every 1 min", "payload": FACTS, "misfire": "all"})
    built.ready()
    built.rig.stop()
    built.turn(30 * DAY_S)
    built.rig.start()
    heard = built.heard(1000)
    assert (heard[-1].due_ms, heard[0].due_ms) == (built.wall.now_ms(), built.wall.now_ms() - 999 * 60_000)


def test_a_power_cut_neither_loses_nor_doubles_a_due_time(house: Build) -> None:
    """Killed at any moment around seven, it has fired once for this morning when it is back."""
    built = house(DAILY)
    for day in range(1, 6):
        built.ready()
        built.turn(HOUR_S if day == 1 else DAY_S)
        built.rig.crash()
        built.turn(5)
        built.rig.start()
        built.heard(day)
        built.turn(-5)  # the wall clock of a machine that lost its power may come back a little early, too
        built.wall.jump(0)
    assert [one.due_ms for one in built.heard(5)] == [SEVEN_MS + day * DAY_MS for day in range(5)]


def test_a_clock_set_back_fires_nothing_twice(house: Build) -> None:
    """Set back by a day after seven, the next is tomorrow's: this morning has been."""
    built = house(DAILY)
    built.ready()
    built.turn(HOUR_S)
    built.heard(1)
    built.wall.jump(-DAY_S)
    built.counted("jumps", 1)
    built.turn(DAY_S)
    built.ready()
    assert len(built.heard(1)) == 1
    built.turn(DAY_S)
    assert [one.due_ms for one in built.heard(2)] == [SEVEN_MS, SEVEN_MS + DAY_MS]


def test_a_clock_set_back_over_a_restart_fires_nothing_twice(house: Build) -> None:
    """What fired last is on disk: the wall clock may be anything when the gateway is back."""
    built = house(DAILY)
    built.ready()
    built.turn(HOUR_S)
    built.heard(1)
    built.rig.stop()
    built.wall.jump(-HOUR_S)
    built.rig.start()
    built.ready()
    built.turn(HOUR_S)
    built.turn(DAY_S)
    assert [one.due_ms for one in built.heard(2)] == [SEVEN_MS, SEVEN_MS + DAY_MS]


def test_a_clock_that_was_fifty_years_ahead_silences_nothing(house: Build) -> None:
    """Wrong by fifty years, it fires once; set right, it goes on tomorrow morning, and not in fifty years."""
    built = house(DAILY)
    built.ready()
    built.wall.jump(50 * 365 * DAY_S)
    built.heard(1)
    built.wall.jump(-50 * 365 * DAY_S)
    built.counted("jumps", 2)
    built.rig.until(lambda: built.detail() == "next: wakeup 2026-06-03 07:00")
    built.turn(HOUR_S)
    assert built.heard(2)[-1].due_ms == SEVEN_MS


def test_a_clock_set_forward_is_late(house: Build) -> None:
    """What it passed over is missed, and told so."""
    built = house(DAILY)
    built.ready()
    built.wall.jump(3 * HOUR_S)
    assert [(one.due_ms, one.late_s) for one in built.heard(1)] == [(SEVEN_MS, 7200.0)]


def test_a_job_is_there_before_the_clock_was_set(house: Build, wall: TurnedClock) -> None:
    """It can be looked at and run by hand; what was due meanwhile, by a clock that was wrong, is not missed."""
    wall.synced = False
    built = house(HOURLY)
    built.rig.until(lambda: built.rig.state("job/main:wakeup") is not None and built.rig.state("job/main:wakeup").to)
    assert built.rig.ask("job/main:wakeup", "run").ok
    assert len(built.heard(1)) == 1
    state = built.rig.state("job/main:wakeup")
    assert (state.runs, state.fired, state.from_ms) == (1, 0, 0)
    built.turn(5 * HOUR_S)
    wall.synchronise()
    built.rig.until(lambda: built.detail().startswith("next"))
    built.turn(HOUR_S)
    assert [one.missed for one in built.heard(2)] == [0, 0]


def test_nothing_fires_before_the_clock_was_set(house: Build, wall: TurnedClock) -> None:
    """A Pi boots in the past; when the time server has spoken, what is due is due."""
    wall.synced = False
    built = house(DAILY)
    hosted = built.rig.hosted["clock/main"]
    built.rig.until(lambda: built.detail().startswith("waits"))
    assert built.detail() == (
        "waits: the host's clock was not set by a time server yet; wait_for_sync = false where there is none; jobs: wakeup (cron 0 7 * * *)"
    )
    assert hosted.health is Health.OK
    built.turn(2 * HOUR_S)
    built.rig.settle()
    assert built.heard(0) == []
    wall.synchronise()
    built.rig.until(lambda: built.detail().startswith("next"))
    built.ready()
    built.turn(23 * HOUR_S)
    assert built.heard(1)[0].due_ms == SEVEN_MS + DAY_MS


def test_where_there_is_no_time_server_it_need_not_wait(house: Build, wall: TurnedClock) -> None:
    """wait_for_sync = false: the host keeps time by itself."""
    wall.synced = False
    built = house(DAILY, wait_for_sync=False)
    built.ready()
    built.turn(HOUR_S)
    built.heard(1)


def test_a_job_with_a_new_time_begins_anew(house: Build) -> None:
    """What would have been due under it before it was written was not missed; the old time is forgotten."""
    built = house(DAILY)
    built.ready()
    built.rig.stop()
    built.turn(3 * HOUR_S)
    built.settings = clock_settings({**DAILY, "at": "cron 30 8 * * *"})
    built.rig.start()
    built.ready()
    assert built.heard(0) == []
    assert built.detail() == "next: wakeup 2026-06-04 08:30"


def test_a_payload_that_does_not_fit_is_said_at_once(house: Build) -> None:
    """Long before it is due; the other jobs go on."""
    built = house({**DAILY, "payload": {"tex": "x"}}, {**HOURLY, "name": "other"})
    hosted = built.rig.hosted["clock/main"]
    built.rig.until(lambda: hosted.health is Health.FAULTY)
    assert built.detail() == "job wakeup: cannot read the payload of ring to bell/tower: tex: no such field; did you mean 'text'?"
    built.turn(HOUR_S)
    assert built.heard(1)[0].due_ms == SEVEN_MS
    built.counted("failed", 1)


def test_a_fault_that_is_over_is_forgotten(wall: TurnedClock) -> None:
    """What could not be told once is said until the next due time was."""
    with Bench(Clock("main", clock_settings(HOURLY), wall=wall)) as bench:
        bench.until(lambda: bench.sent)
        bench.sent[0].receipt.callback(Reply(of="m", body={"from_ms": wall.now_ms(), "fault": ""}))  # type: ignore[misc, arg-type]
        bench.until(lambda: bench.health[-1][0] is Health.OK)
        wall.turn(HOUR_S)
        bench.until(lambda: len(bench.sent) == 2)
        assert bench.tell("reply", Reply(of=bench.sent[1].id, ok=False, reason="no such bell")).wait() == "done"
        bench.until(lambda: bench.health[-1] == (Health.FAULTY, "job wakeup: no such bell"))
        wall.turn(HOUR_S)
        bench.until(lambda: len(bench.sent) == 3)
        assert bench.health[-1][0] is Health.FAULTY
        wall.turn(HOUR_S)
        bench.until(lambda: len(bench.sent) == 4 and bench.health[-1][0] is Health.OK)


def test_run_rings_the_bell_now(house: Build) -> None:
    """`gateway tell job/main:evening run`, to try it out."""
    built = house(DAILY)
    built.ready()
    built.rig.tell("job/main:wakeup", "run")
    assert built.heard(1)[0].late_s == 0.0


def test_a_sun_that_does_not_set_is_said(house: Build) -> None:
    """In June nobody on Svalbard waits for tonight's sunset: the clock says until when there is none."""
    built = house({"at": "at sunset"}, latitude_deg=78.22, longitude_deg=15.65)
    built.ready()
    assert built.detail().startswith("next: wakeup 2026-08-2")
    assert built.detail().endswith(" (no sunset before)")


def test_a_job_whose_actor_does_not_answer_is_asked_again(wall: TurnedClock) -> None:
    """It does not fire until it is known what it fired last; that is said, and a late answer counts."""
    with Bench(Clock("main", clock_settings(DAILY), wall=wall)) as bench:
        bench.until(lambda: len(bench.sent) == 1)
        wall.turn(10)
        bench.until(lambda: len(bench.sent) == 2)
        fault = "job wakeup: job/main:wakeup has not answered for 10 s; it is asked again"
        bench.until(lambda: bench.health[-1] == (Health.FAULTY, fault))
        asked = bench.sent[1]
        assert (asked.to, asked.verb, asked.payload["schedule"]) == ("job/main:wakeup", "define", "cron 0 7 * * * in UTC")
        assert asked.receipt.callback is not None
        asked.receipt.callback(Reply(of="m", body={"from_ms": wall.now_ms(), "fault": ""}))  # type: ignore[arg-type]  # the bench keeps it so
        bench.until(lambda: bench.health[-1] == (Health.OK, "next: wakeup 2026-06-03 07:00"))


def test_where_too_much_is_under_way_it_fires_a_second_later(wall: TurnedClock) -> None:
    """A due time is not dropped, and its id says that it is the same one."""
    with Bench(Clock("main", clock_settings(DAILY), wall=wall)) as bench:
        bench.until(lambda: bench.sent)
        bench.sent[0].receipt.callback(Reply(of="m", body={"from_ms": wall.now_ms(), "fault": ""}))  # type: ignore[misc, arg-type]
        bench.until(lambda: bench.health[-1][0] is Health.OK)
        bench.full = True
        wall.turn(HOUR_S)
        bench.until(lambda: "2026-06-04" in bench.health[-1][1])
        bench.full = False
        wall.turn(1)
        bench.until(lambda: len(bench.sent) == 2)
        fired = bench.sent[1]
        assert (fired.to, fired.verb, fired.id) == ("job/main:wakeup", "fire", f"wakeup@{SEVEN_MS}")
        assert fired.payload["late_s"] == 1.0


@settings(max_examples=60)
@given(st.sampled_from(["once", "all", "skip"]), st.lists(st.integers(1, 400_000), min_size=1, max_size=30))
def test_each_due_time_is_told_stood_for_or_skipped_once(misfire: str, hops_ms: list[int]) -> None:
    """However seldom the clock looks: none is left out, none counts twice, and they come in order."""
    section = clock_settings({"at": "every 7 s", "misfire": misfire})
    job = ClockJob("main", section.jobs[0], section)
    job.begin(SEVEN_MS)
    now_ms, skipped = SEVEN_MS, 0
    for hop_ms in hops_ms:
        now_ms += hop_ms
        skipped += job.fall_due(now_ms)
    told = [firing.due_ms for firing in job.firings]
    assert told == sorted(set(told))
    due = len(missed(job.schedule, SEVEN_MS, now_ms, limit=10_000).due_ms)
    assert len(told) + sum(firing.missed for firing in job.firings) + skipped == due
    assert job.next_ms is not None
    assert job.next_ms > now_ms
