"""The host's own clock and zone: read for real."""

import os
import time
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from devices.clock.clock import Clock
from devices.clock.wall import WallClock
from devices.clock.zones import host_zone, read_local, shown, zone_of
from gateway.actors.vocabulary import Hold
from gateway.testing import Bench
from tests.devices.clock.conftest import clock_settings
from tests.waiting import within


def test_a_real_clock_lets_go_on_time() -> None:
    """A tenth of a second by the wall, and not much more."""

    def held_s() -> float:
        with Bench(Clock("main", clock_settings(wait_for_sync=False))) as bench:
            began_s = time.monotonic()
            delivery = bench.tell("hold", Hold(for_s=0.1, body={"late_s": "{late_s}"}))
            assert delivery.wait() == "done"
            assert time.monotonic() - began_s >= 0.09
            late_s: float = delivery.body["late_s"]
            assert late_s >= 0.0
            return 0.1 + late_s

    within(2.0, held_s)


def test_time_passes_forward() -> None:
    """What delays are measured with."""
    wall = WallClock()
    assert wall.mono_s() <= wall.mono_s()
    assert abs(wall.now_ms() - time.time() * 1000) < 5000


def test_the_host_s_zone_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """By $TZ where that is set, else by /etc/localtime; one that there is not is passed over."""
    monkeypatch.setenv("TZ", "America/New_York")
    assert str(zone_of("")) == "America/New_York"
    monkeypatch.setenv("TZ", "Nowhere/At-All")
    assert str(host_zone()) in {"UTC", os.path.realpath("/etc/localtime").partition("zoneinfo/")[2] or "localtime"}


def test_a_time_on_the_wall() -> None:
    """Read and shown in the same zone; what the clocks leave out in spring is an hour later, of two equal times it is the first."""
    berlin = ZoneInfo("Europe/Berlin")
    assert shown(read_local("2026-06-03T07:00", berlin), berlin) == "2026-06-03 07:00"
    assert shown(read_local("2026-06-03T07:00:05", berlin), UTC) == "2026-06-03 05:00:05"
    assert shown(read_local("2026-03-29T02:30", berlin), berlin) == "2026-03-29 03:30"
    assert shown(read_local("2026-10-25T02:30", berlin), UTC) == "2026-10-25 00:30"
