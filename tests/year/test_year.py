"""A year of a gateway takes no more of its machine than its second month did, loses nothing, and no counter of it is near its end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.year.year import FAR, MONTH_DAYS

DAYS = 360
EVERY_S = 7200
HISTORY_MB = 0.15
_KEPT_IDS = 1000
_BEFORE_A_SWEEP = 1000
"""Ids that are forgotten leave the disk so many at a time."""
_STARTS = DAYS // MONTH_DAYS + 1
_MB = 1_000_000
AS_THE_UNIT = {"MALLOC_ARENA_MAX": "1"}
"""Each life has threads of its own here, and each would keep some memory of its own."""


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What became of the year, in a process of its own: what it takes of memory is told by no other test."""
    words = [sys.executable, "-m", "tests.year", "--json", "--days", f"{DAYS}", "--every", f"{EVERY_S}", "--history-mb", f"{HISTORY_MB}"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], timeout=540, env=AS_THE_UNIT)
    assert ended.returncode == 0, ended.stderr
    year: dict[str, Any] = json.loads(ended.stdout)
    return year


def test_nothing_is_lost_or_doubled(found: dict[str, Any]) -> None:
    """Over twelve restarts, four of them kills with a boot that does not know the time."""
    assert found["counted"] == found["reported"] == DAYS * 86_400 // EVERY_S
    assert found["cents"] == found["paid_cents"]
    assert found["letters"] == 2 * DAYS + 1  # one each day, its timer's, and the one that waited before
    assert found["missing"] == 0
    assert [month["mail"] for month in found["months"]] == [0] * (DAYS // MONTH_DAYS)


def test_memory_is_flat(found: dict[str, Any]) -> None:
    """The last month has what the second had."""
    second, last = found["months"][1], found["months"][-1]
    assert last["resident_bytes"] - second["resident_bytes"] < 5 * _MB, found["months"]


def test_what_is_kept_is_bounded(found: dict[str, Any]) -> None:
    """Histories by their megabytes, ids by their number; the journal has the events of accounts that live, and the store nothing else."""
    months = found["months"]
    a_month = months[1]["events"] - months[0]["events"]
    assert [month["events"] for month in months] == [a_month * month["month"] for month in months]
    assert max(month["seen"] for month in months) <= _KEPT_IDS * 9 // 8 + _BEFORE_A_SWEEP
    assert max(month["history_bytes"] for month in months) <= 1.25 * HISTORY_MB * _MB
    events = 200 * (months[-1]["events"] - months[1]["events"])  # each is a row, with its index
    assert months[-1]["store_bytes"] - months[1]["store_bytes"] < events + 2 * HISTORY_MB * _MB, months


def test_counters_far_beyond_two_billion_go_on(found: dict[str, Any]) -> None:
    """Starts, places in mailboxes, events, dead letters, commits, milliseconds of the gateway's clock."""
    assert found["life"] == FAR + _STARTS
    assert found["last_event"] > FAR + found["months"][-1]["events"]
    assert found["last_dead"] == FAR + DAYS // MONTH_DAYS
    assert found["last_seq"] > FAR + 1
    assert found["commits"] > FAR + DAYS * 86_400 // EVERY_S
    assert found["clock_ms"] > FAR * 1000 + DAYS * 86_400_000
