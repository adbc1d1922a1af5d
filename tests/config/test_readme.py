"""The examples of README and its chapters: what a newcomer copies must work."""

import json
import re
import sys
import types
from pathlib import Path

import pytest

from devices.codecs.choice import codec_of, framing_of
from devices.codecs.framings.settings import FRAMINGS
from devices.codecs.installed import codec_names
from devices.serial.settings import SerialSettings
from gateway.actors.points import Points
from gateway.config import read
from tests.guide import GUIDE, PAGES, block_with, blocks, chapter, page


def test_the_configuration_is_one(tmp_path: Path) -> None:
    """The example of a Pi's configuration has no problem."""
    path = tmp_path / "gateway.toml"
    path.write_text(blocks(chapter("On your Pi"), "toml")[0])
    configuration = read(path)
    assert [part.id for part in configuration.host_bound] == ["mqtt/main", "serial/gps", "serial/boiler", "gpio/bell", "gpio/lamp"]


def test_it_can_be_pasted_at_the_end(tmp_path: Path) -> None:
    """The example, and each of the seven things to build, may stand below all that the installed file has."""
    installed = (PAGES["start"].parents[1] / "gateway.toml").read_text()
    _, broker, *_ = re.split(r"^```(?:toml)?$", chapter("Seven things to build"), flags=re.MULTILINE)
    things = [broker + "".join(blocks(thing, "toml")) for thing in chapter("Seven things to build").split("\n### ")[1:]]
    assert len(things) == 7
    for number, block in enumerate([blocks(chapter("On your Pi"), "toml")[0], *things]):
        path = tmp_path / f"{number}.toml"
        path.write_text(f"{installed}\n{block}")
        assert read(path).host_bound[0].id == "mqtt/main"


def test_the_three_recipes_are_one_configuration(tmp_path: Path) -> None:
    """What stands on the front page can stand in one file."""
    path = tmp_path / "gateway.toml"
    path.write_text("".join(blocks(page("README"), "toml")))
    ids = {"serial/gps", "gpio/bell", "gpio/lamp", "gpio/door", "mqtt/main", "web/local", "serial/attic"}
    assert ids < {part.id for part in read(path).host_bound}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    """To a file of this tree, and to a chapter in it."""
    for target in re.findall(r"\]\(([^)]+)\)", page(name)):
        path, _, anchor = target.partition("#")
        if not path.startswith("http"):
            found = PAGES[name].parent / path if path else PAGES[name]
            assert found.exists(), target
            heads = re.findall(r"^#+ (.*)$", found.read_text(), flags=re.MULTILINE) if anchor else []
            assert not anchor or anchor in [re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads], target


def test_the_alarm_and_the_clock_are_a_configuration(tmp_path: Path) -> None:
    """The example of a freezer and of a lamp has no problem either."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[webhook.alerts]"))
    configuration = read(path)
    ids = ["mqtt/main", "webhook/alerts", "serial/freezer", "gpio/lamp", "clock/main"]
    assert [part.id for part in configuration.host_bound] == ids


def test_the_web_server_is_a_configuration(tmp_path: Path) -> None:
    """The example of what is answered over HTTP has no problem."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[web]"))
    assert [part.id for part in read(path).host_bound] == ["web/local"]


def test_the_weather_station_is_a_configuration(tmp_path: Path) -> None:
    """The example of a program has no problem, whether it is installed here or not."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[exec.weather]"))
    assert [part.id for part in read(path).host_bound] == ["exec/weather"]


def test_the_sensors_are_a_configuration(tmp_path: Path) -> None:
    """The example of sensors that the kernel reads has no problem, whether they are there or not."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[sensor.boiler]"))
    assert [part.id for part in read(path).host_bound] == ["sensor/boiler", "sensor/attic", "sensor/soil"]


def test_the_services_that_tell_people_are_a_configuration(tmp_path: Path) -> None:
    """The recipes for webhooks have no problem; each is posted in tests/devices/webhook/test_webhook_recipes.py."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[webhook.discord]"))
    names = ["discord", "telegram", "ntfy", "slack", "pushover"]
    assert [part.id for part in read(path).host_bound] == [f"webhook/{name}" for name in names]


def test_the_meter_is_a_configuration(tmp_path: Path) -> None:
    """The example of a water meter has no problem."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("pulses/water"))
    assert [part.id for part in read(path).host_bound] == ["gpio/water"]


def rows(head: str) -> list[list[list[str]]]:
    """The rows of the table under a head, each cell as the code in it."""
    table = GUIDE.split(f"{head}\n|---|---|---|\n")[1].split("\n\n")[0]
    return [[re.findall(r"`([^`]*)`", cell) for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


def as_bytes(text: str) -> bytes:
    """The bytes that the page writes as a text with escapes."""
    return text.encode().decode("unicode_escape").encode("latin-1")


def has_port(tmp_path: Path, line: str) -> SerialSettings:
    """The settings of a port with one line of the file more."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'[serial.a]\nport = "/dev/a"\nto = "meter/a"\nverb = "measured"\n{line}\n[gateway]\nactors = "kinds"\n')
    (tmp_path / "kinds").mkdir(exist_ok=True)
    (tmp_path / "kinds" / "meter.py").write_text(METER)
    (part,) = read(path).host_bound
    assert isinstance(part.settings, SerialSettings)
    return part.settings


METER = """
from gateway.actors import Actor, Payload, Stage, State, verb


class Anything(Payload):
    text: str = ""


class Meter(Actor[State]):
    kind = "meter"

    @verb
    def measured(self, said: Anything, stage: Stage[State]) -> None:
        pass
"""


@pytest.mark.parametrize("row", rows("| in the file | the device says | and that is |"), ids=lambda row: row[0][0])
def test_each_codec_reads_what_the_table_says(row: list[list[str]], tmp_path: Path) -> None:
    """The line stands in the file, and what the device says is what the page says that it is."""
    (line,), said, found, *_ = row
    codec = codec_of(has_port(tmp_path, line).codec)
    for text in said:
        read = codec.decode(as_bytes(text))
        assert "{" not in "".join(found) or read == json.loads(found[0])


@pytest.mark.parametrize("row", rows("| in the file | on the wire | frames |"), ids=lambda row: row[0][0])
def test_each_framing_cuts_as_the_table_says(row: list[list[str]], tmp_path: Path) -> None:
    """The line stands in the file, and the bytes on the wire are the frames that the page says."""
    (line,), (wire,), frames = row
    framing = framing_of(has_port(tmp_path, line).framing, max_bytes=64, max_gap_s=1.0)
    assert [*framing.feed(as_bytes(wire), 0.0), *framing.expire(10.0)] == [as_bytes(frame) for frame in frames]


def test_the_tables_have_every_codec_and_framing() -> None:
    """None is left out."""
    named = [re.findall(r'(?:= |name = )"(\w+)"', row[0][0])[0] for row in rows("| in the file | the device says | and that is |")]
    assert set(named) == set(codec_names())
    named = [re.findall(r'(?:= |name = )"(\w+)"', row[0][0])[0] for row in rows("| in the file | on the wire | frames |")]
    assert named == list(FRAMINGS)


def test_the_actor_and_its_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The actor of one's own can be made, and the test below it passes; so does that of its changed state."""
    actor, test, changed, test_of_changed, seldom = blocks(page("own-actor"), "python")
    run_with(actor, test, monkeypatch)
    state = re.compile(r"class Shelf\(State\):.*?(?=\n\n\n)", re.DOTALL)
    assert len(state.findall(actor)) == 1
    head = "from gateway.testing import Turns\nfrom depot import Depot\n"
    run_with(changed + state.sub("", actor), head + test_of_changed, monkeypatch)
    head = "from depot import Farm, Level\n"
    run_with(seldom, f"{head}assert Farm().apart_s('level', '') == 60 and Level(tank='a', litres=1).tells.of == 'a'", monkeypatch)


def run_with(actor: str, test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test that imports the actor as the module `depot`."""
    depot = types.ModuleType("depot")
    monkeypatch.setitem(sys.modules, "depot", depot)
    exec(compile(actor, "own-actor.md", "exec"), depot.__dict__)  # our own text
    exec(compile(test, "own-actor.md", "exec"), {})  # our own text


def test_the_table_of_values_and_the_rule_are_a_configuration(tmp_path: Path) -> None:
    """The example of a boiler and its pump has no problem, and says what the boiler's values are."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[serial.boiler.values]"))
    configuration = read(path)
    points = Points(configuration.points).of("twin/boiler")
    assert {name: (point.unit, point.device_class) for name, point in points.items()} == {
        "temperature_c": ("°C", "temperature"),
        "pressure_bar": ("bar", "pressure"),
        "burner": ("", "running"),
    }


def test_the_modbus_is_a_configuration(tmp_path: Path) -> None:
    """The example of a bus has no problem, and says what the values of its units are."""
    path = tmp_path / "gateway.toml"
    path.write_text(block_with("[modbus.house]"))
    points = Points(read(path).points)
    assert {name: point.unit for name, point in points.of("twin/boiler").items()} == {"flow_c": "°C", "burner": ""}
    assert points.of("twin/heatpump")["energy_import_kwh"].device_class == "energy"
