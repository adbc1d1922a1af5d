"""The budget of writing as `gateway show` tells it, and how long a card lasts."""

import re
from pathlib import Path

import pytest

from gateway.cli.show import left_out, written_a_day
from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess


def test_show_tells_of_the_budget_of_writing(tmp_path: Path) -> None:
    """How much may be written in a day, and what comes in now."""
    with DaemonProcess(tmp_path, store="budget_mb_a_day = 50") as daemon:
        assert re.search(r"budget +50\.0 MB +a day; every reading comes in now\n", daemon.gateway("show").stdout)
        assert daemon.ask(do="show")["show"]["budget"] == {"bytes_a_day": 50_000_000, "apart_s": 0.0, "thinned": 0, "most_of": ""}


def test_more_than_the_budget_is_noticed_by_what_the_kernel_counts(tmp_path: Path) -> None:
    """Each commit writes some pages to the disk."""
    with DaemonProcess(tmp_path, store="budget_mb_a_day = 1") as daemon:
        told = {"to": "twin/boiler", "verb": "report", "payload": {"values": {"temp_c": 1}}, "timeout_s": PATIENCE_S}

        def comes_less_often() -> bool:
            assert daemon.ask(do="tell", **told)["ok"]
            view = daemon.ask(do="show")["show"]
            if view["store"]["bytes"] > 2_000_000 and not view["written_bytes"]:
                pytest.skip("what is written here is counted by nobody: the folder of tests is in memory")
            return bool(view["budget"]["apart_s"])

        daemon.until(comes_less_often)
        assert "store.budget_mb_a_day = 1: readings of the same come in less often" in daemon.said()


@pytest.mark.parametrize(
    ("thinned", "apart_s", "said"),
    [
        (0, 0.0, "a day; every reading comes in now"),
        (234, 0.0, "a day; every reading comes in now, 234 were left out, most of serial/gps"),
        (234, 30.0, "a day; readings of the same come up to 30 s apart now, 234 were left out, most of serial/gps"),
    ],
)
def test_what_is_left_out_for_the_budget_is_told(thinned: int, apart_s: float, said: str) -> None:
    """How many readings, and most of whom."""
    budget = {"bytes_a_day": 50_000_000, "apart_s": apart_s, "thinned": thinned, "most_of": "serial/gps" if thinned else ""}
    assert left_out(budget) == [["budget", "50.0 MB", said]]


def test_how_long_a_card_lasts_is_told_once_enough_was_counted() -> None:
    """Of a database's disk nothing is known here."""
    view = {"uptime_s": 43_200.0, "written_bytes": 8_000_000_000, "store": {"path": "/proc/self/status", "url": ""}}
    assert written_a_day(view) == "about 16.0 GB a day; a cheap card of 32.0 GB would last about 2.7 years at that rate"
    assert written_a_day({**view, "store": {"path": "", "url": "postgresql://db/gateway"}}) == "about 16.0 GB a day"
    assert written_a_day({**view, "uptime_s": 60.0}) == ""
