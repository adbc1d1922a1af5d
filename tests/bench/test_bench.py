"""The benchmark itself works. It asserts nothing about time."""

import pytest

from tests.bench import announcing, edges, engine, machine, pipeline, postgres, shared, twins, web
from tests.bench.feeder import line_of
from tests.bench.peers import MQTT, SERIAL, SIDES
from tests.bench.side import Loss, Outcome, Plan
from tests.postgres import why_no_postgres

SMALL = Plan(lines=300, paced_s=0.2, faulty_s=0.6, outage_s=0.3)
BRIEF = SMALL._replace(silence_s=3.0)
"""For those of whom nobody asks here what they lose."""
OF_OURS = ["gateway", "naive script", "shortest durable"]
"""The pipelines that are in this repository."""
HEAD = "|  | gateway | naive script | shortest durable | gateway ÷ naive script | gateway ÷ shortest durable | goal |"


@pytest.fixture(scope="module", params=[SERIAL, MQTT])
def outcomes(request: pytest.FixtureRequest) -> dict[str, list[Outcome]]:
    """One small round of all pipelines of ours."""
    ours, *others = OF_OURS
    return pipeline.compare(SMALL, 1, [ours], request.param) | pipeline.compare(BRIEF, 1, others, request.param)


@pytest.mark.parametrize("side", OF_OURS)
def test_every_line_arrives_once(side: str, outcomes: dict[str, list[Outcome]]) -> None:
    """Each pipeline publishes every line exactly once, with a body like the others', and ends cleanly on SIGTERM."""
    (outcome,) = outcomes[side]
    assert [(phase.lost, phase.doubled) for phase in (outcome.full, outcome.paced, outcome.slow)] == [(0, 0)] * 3
    assert 80 <= outcome.full.body_bytes <= 160
    assert outcome.exit_code == 0


def test_ours_loses_nothing_in_an_outage(outcomes: dict[str, list[Outcome]]) -> None:
    """The broker is away in mid-stream; what waits comes later. (The shortest ends of it, and loses what its port held.)"""
    (outcome,) = outcomes["gateway"]
    assert outcome.cut == Loss(0, outcome.cut.doubled)


def test_who_is_not_installed_is_left_out_and_named() -> None:
    """And who takes no lines from that source."""
    assert pipeline.there(MQTT, ["gateway", "mqtt-io"]) == ["gateway"]
    assert "mqtt-io" in pipeline._left_out(MQTT, ["gateway", "mqtt-io"])
    assert pipeline._left_out(SERIAL, OF_OURS) == ""
    assert all(SIDES[side].version() for side in OF_OURS)


def test_table_has_every_row(outcomes: dict[str, list[Outcome]]) -> None:
    """The table has a line for each row, and a column for each side, each ratio and the goal."""
    lines = pipeline.table(SMALL, outcomes).splitlines()
    assert lines[0] == HEAD
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["version", *(row.title for row in pipeline.rows(SMALL))]
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


def test_each_twin_is_announced_with_one_message() -> None:
    """The table of the announcements counts what is said of the twins and of the gateway."""
    lines = announcing.report(rounds=1, twins=5).splitlines()
    assert lines[2] == "| messages for 5 twins and the gateway | 6 | 6 |"


def test_postgres_table_has_both_rows() -> None:
    """The engine, the store without it and the shortest statement write the same rows, each in a database of its own."""
    if why_no_postgres():
        pytest.skip(why_no_postgres())
    lines = postgres.report(rounds=1, turns=500).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["mail is there already", "fed by a thread"]


def test_table_of_hosts_has_both_ways_and_the_asks() -> None:
    """Hosts in processes of their own, the store and the shortest statement write the same rows, each in a database of its own."""
    if why_no_postgres():
        pytest.skip(why_no_postgres())
    lines = shared.report(rounds=1, turns=300, hosts=[2]).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == [f"{case.title}, 2" for case in shared.CASES]
    assert [line.split("|")[1].strip() for line in lines[-4:-2]] == ["to an actor of the same host", "to an actor of another host"]


def test_table_of_edges_has_each_kind_of_message() -> None:
    """Edges hand in at once, report and ask; all of it is handled, and each ask answered."""
    if why_no_postgres():
        pytest.skip(why_no_postgres())
    lines = edges.report(edges=8, seconds=2, of_each=20).splitlines()
    assert [line.split("|")[1].split()[3:5] for line in lines[2:5]] == [["20", "at"], ["a", "report"], ["an", "ask"]]
    assert lines[-2].startswith("8 edges, 2 hosts that serve: ")


def test_twins_table_counts_what_is_stored() -> None:
    """The table of the twins names how many there are, and how many are awake."""
    lines = twins.report(stored=1000, active=50).splitlines()
    assert lines[2].endswith("| 1000 |  |")
    assert lines[3] == "| twins awake | 50 |  |"


def test_web_tables_have_every_side() -> None:
    """Requests are measured bare, idle and under load; memory without the server, and with streams."""
    rows = web.rates(0.2, rounds=1, load=200).splitlines()[2:]
    assert [row.split("|")[1].split(",")[0].strip() for row in rows] == ["bare starlette", "gateway", "gateway"]
    assert rows[0].split("|")[3].strip() == "1.00"
    assert [row.split("|")[1].strip() for row in web.memory((0, 2)).splitlines()[2:]] == [
        "without [web]",
        "[web], 0 event streams",
        "[web], 2 event streams",
    ]
