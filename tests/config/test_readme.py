"""README's own examples: what a newcomer copies must work."""

import re
import sys
import types
from pathlib import Path

import pytest

from gateway.config import read

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_configuration_is_one(tmp_path: Path) -> None:
    """The example of a Pi's configuration has no problem."""
    path = tmp_path / "gateway.toml"
    path.write_text(blocks("toml")[0])
    configuration = read(path)
    assert [part.id for part in configuration.host_bound] == ["mqtt/main", "serial/gps", "serial/boiler", "gpio/bell", "gpio/lamp"]


def test_the_alarm_and_the_clock_are_a_configuration(tmp_path: Path) -> None:
    """The example of a freezer and of a lamp has no problem either."""
    path = tmp_path / "gateway.toml"
    path.write_text(blocks("toml")[1])
    configuration = read(path)
    ids = ["mqtt/main", "webhook/alerts", "serial/freezer", "gpio/lamp", "clock/main"]
    assert [part.id for part in configuration.host_bound] == ids


def test_the_weather_station_is_a_configuration(tmp_path: Path) -> None:
    """The example of a program has no problem, whether it is installed here or not."""
    path = tmp_path / "gateway.toml"
    path.write_text(blocks("toml")[2])
    assert [part.id for part in read(path).host_bound] == ["exec/weather"]


def test_the_actor_and_its_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The actor of one's own can be made, and the test below it passes; so does that of its changed state."""
    actor, test, changed, test_of_changed = blocks("python")
    run_with(actor, test, monkeypatch)
    state = re.compile(r"class Shelf\(State\):.*?(?=\n\n\n)", re.DOTALL)
    assert len(state.findall(actor)) == 1
    head = "from gateway.testing import Turns\nfrom depot import Depot\n"
    run_with(changed + state.sub("", actor), head + test_of_changed, monkeypatch)


def run_with(actor: str, test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test that imports the actor as the module `depot`."""
    depot = types.ModuleType("depot")
    monkeypatch.setitem(sys.modules, "depot", depot)
    exec(compile(actor, "README.md", "exec"), depot.__dict__)  # our own text
    exec(compile(test, "README.md", "exec"), {})  # our own text
