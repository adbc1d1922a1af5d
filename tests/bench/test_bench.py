"""The benchmark itself works. It asserts nothing about time."""

import pytest

from tests.bench import engine, machine, pipeline, twins
from tests.bench.feeder import line_of
from tests.bench.side import Outcome, Plan

SMALL = Plan(lines=300, paced_s=0.2)
HEAD = "|  | gateway | naive script | shortest durable | gateway ÷ naive script | gateway ÷ shortest durable | goal |"


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """One small round of all pipelines."""
    return pipeline.compare(SMALL, rounds=1)


@pytest.mark.parametrize("side", list(pipeline.SIDES))
def test_every_line_arrives_once(side: str, outcomes: dict[str, list[Outcome]]) -> None:
    """Each pipeline publishes every line exactly once, with a body like the others', and ends cleanly on SIGTERM."""
    (outcome,) = outcomes[side]
    assert [(phase.lost, phase.doubled) for phase in (outcome.full, outcome.paced, outcome.slow)] == [(0, 0)] * 3
    assert 80 <= outcome.full.body_bytes <= 160
    assert outcome.exit_code == 0


def test_table_has_every_row(outcomes: dict[str, list[Outcome]]) -> None:
    """The table has a line for each row, and a column for each side, each ratio and the goal."""
    lines = pipeline.table(SMALL, outcomes).splitlines()
    assert lines[0] == HEAD
    assert [line.split("|")[1].strip() for line in lines[2:]] == [row.title for row in pipeline.rows(SMALL)]
    assert {line.count("|") for line in lines} == {8}


def test_a_line_is_about_100_bytes() -> None:
    """The feeder's lines are what the table says they are."""
    assert all(90 <= len(line_of(n)) <= 120 for n in (0, 9_999, 12_345))


def test_machine_says_what_it_is() -> None:
    """The line below the table names the kernel, the Python, the file system and what its fsync costs."""
    described = machine.describe()
    assert all(word in described for word in ("cores, Linux", "Python", "SQLite", "with fsync p50"))


def test_engine_table_has_both_rows() -> None:
    """The engine is measured with its mail there already, and fed by a thread; every turn is in SQLite's share too."""
    lines = engine.report(rounds=1, turns=500).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["mail is there already", "fed by a thread"]


def test_twins_table_counts_what_is_stored() -> None:
    """The table of the twins names how many there are, and how many are awake."""
    lines = twins.report(stored=1000, active=50).splitlines()
    assert lines[2].endswith("| 1000 |  |")
    assert lines[3] == "| twins awake | 50 |  |"
