"""`gateway show ID --since TIME`: what the values of a twin were."""

import json
import time
from collections.abc import Iterator

import pytest

from gateway.cli.chart import chart
from gateway.cli.past import seconds_ago
from gateway.console.exits import Failed
from tests.daemons import DaemonProcess

ANSWER = {"value": "temp_c", "unit": "°C", "step_s": 60, "rows": [[60_000 * at, at - 0.5, at, at + 0.5, 60] for at in (0, 1, 2, 4)]}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon whose boiler has said three values, twice."""
    with DaemonProcess(tmp_path_factory.mktemp("p"), "[actors.twin]\npublish_to = ''\n") as running:
        running.until_listening()
        for temp in (20.5, 21.5):
            running.gateway("tell", "twin/boiler", "report", json.dumps({"values": {"temp_c": temp, "on": True, "mode": "eco"}}))
        running.gateway("tell", "twin/text", "report", json.dumps({"values": {"mode": "eco"}}))
        yield running
        assert running.stop() == 0


def test_a_chart_for_each_value(daemon: DaemonProcess) -> None:
    """Each number and each boolean has a chart with its least, its mean and its greatest; a text has none."""
    found = daemon.gateway("show", "twin/boiler", "--since", "2h")
    assert found.returncode == 0, found.stderr
    assert "temp_c, °C: least 20.5, mean 21, greatest 21.5, of 2 readings" in found.stdout
    assert "on: least 1, mean 1, greatest 1, of 2 readings" in found.stdout
    assert "mode" not in found.stdout


def test_what_is_no_number_any_more(daemon: DaemonProcess) -> None:
    """A thermometer that says ERR now, or nothing, has been one: what it said before is what somebody looks for then."""
    for said in (20.5, 21.5, "ERR"):
        daemon.gateway(
            "tell", "twin/broken", "report", json.dumps({"values": {"temp_c": said, "wind_mps": None if said == "ERR" else said}})
        )
    found = daemon.gateway("show", "twin/broken", "--since", "2h")
    assert found.returncode == 0, found.stderr
    assert "temp_c, °C: least 20.5, mean 21, greatest 21.5, of 2 readings" in found.stdout
    assert "wind_mps, m/s: least 20.5, mean 21, greatest 21.5, of 2 readings" in found.stdout
    rows = daemon.gateway("show", "twin/broken", "--since", "2h", "--csv").stdout.splitlines()
    assert [row.split(",")[0] for row in rows] == ["value", "temp_c", "temp_c", "wind_mps", "wind_mps"]


def test_one_value_as_csv(daemon: DaemonProcess) -> None:
    """Each reading is one line of CSV, with its time for programs and for people."""
    found = daemon.gateway("show", "twin/boiler", "--since", "2h", "--value", "temp_c", "--csv")
    head, *rows = found.stdout.splitlines()
    assert head == "value,at_ms,at,reading"
    assert [row.split(",")[0] for row in rows] == ["temp_c", "temp_c"]
    assert [row.split(",")[3] for row in rows] == ["20.5", "21.5"]


def test_for_programs(daemon: DaemonProcess) -> None:
    """With --json each value is an answer of the verb `history`."""
    found = json.loads(daemon.gateway("show", "twin/boiler", "--since", "1d", "--value", "on", "--json").stdout)
    assert [(one["value"], sum(row[4] for row in one["rows"])) for one in found] == [("on", 2)]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (
            ("twin/boiler", "--since", "yesterday"),
            "gateway: cannot look back 'yesterday': say how long, as in 90s, 15min, 2h, 7d, 3w or 1y\n",
        ),
        (("twin/boiler", "--value", "tmp"), "gateway: twin/boiler has no value 'tmp'; it has temp_c, on, mode\n"),
        (
            ("gpio/lamp", "--since", "2h"),
            "gateway: cannot show what gpio/lamp was: only twins keep it; say which, as in gateway show twin/boiler --since 2h\n",
        ),
        (("twin/text", "--since", "2h"), "gateway: twin/text has no number and no boolean yet\n"),
    ],
)
def test_what_cannot_be_shown(daemon: DaemonProcess, words: tuple[str, ...], error: str) -> None:
    """What cannot be shown is said in one line."""
    found = daemon.gateway("show", *words)
    assert (found.returncode != 0, found.stderr) == (True, error)


def test_a_chart() -> None:
    """The higher the mean, the higher its column; where there is no reading, there is no column."""
    lines = chart(ANSWER, unicode=True).splitlines()
    assert lines == [
        "temp_c, °C: least -0.5, mean 1.75, greatest 4.5, of 240 readings",
        "4 ┤    █",
        "  ┤    █",
        "  ┤  ▅ █",
        "  ┤ ▃█ █",
        "0 ┤▁██ █",
        f"   {_clock(0)} {_clock(240)}",
    ]
    assert chart(ANSWER, unicode=False).isascii() is False  # the unit
    assert chart({**ANSWER, "unit": ""}, unicode=False).isascii()


def test_a_chart_over_a_change_of_the_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In autumn 02:30 stands twice on the wall, an hour from each other; in spring an hour lacks."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        ends = [
            chart({**ANSWER, "rows": [[at_ms + at * 60_000, at, at, at, 1] for at in (0, 60)]}, unicode=True).splitlines()[-1].split()
            for at_ms in (1_792_888_200_000, 1_774_744_200_000)
        ]
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ends == [["02:30", "CEST", "02:30", "CET"], ["01:30", "CET", "03:30", "CEST"]]


def test_a_chart_of_a_meter_that_has_counted_for_long() -> None:
    """All digits before the point are there: the least and the greatest of a day differ in the last ones only."""
    rows = [[at_s * 1000, 1_000_000 + at_s, 1_000_000 + at_s, 1_000_000 + at_s, 60] for at_s in (0, 60)]
    lines = chart({**ANSWER, "value": "energy_wh", "unit": "Wh", "rows": rows}, unicode=True).splitlines()
    assert lines[0] == "energy_wh, Wh: least 1000000, mean 1000030, greatest 1000060, of 120 readings"
    assert [lines[1].split()[0], lines[5].split()[0]] == ["1000060", "1000000"]


def test_an_empty_chart() -> None:
    """Where nothing is kept, it says so."""
    assert chart({**ANSWER, "rows": []}, unicode=True) == "temp_c, °C: nothing is kept of that time"


def _clock(at_s: int) -> str:
    return time.strftime("%H:%M", time.localtime(at_s))


def test_an_error_has_no_title_above_it(daemon: DaemonProcess) -> None:
    """Whoever writes the table into a file finds it empty, and the error on the screen."""
    found = daemon.gateway("show", "twin/boiler", "--since", "2h", "--value", "nothing", "--csv")
    assert (found.returncode != 0, found.stdout) == (True, "")


def test_back() -> None:
    """How long to look back is a number with its unit."""
    assert [seconds_ago(text) for text in ("90s", "15min", "2 h", "7d")] == [90, 900, 7200, 604_800]
    with pytest.raises(Failed, match="cannot look back '9999999y': the longest is 100y"):
        seconds_ago("9999999y")
    with pytest.raises(Failed):
        seconds_ago("2")
