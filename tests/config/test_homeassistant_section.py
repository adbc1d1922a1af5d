"""Tests of [homeassistant] in a file: one line turns it on, and brings what it needs into other sections."""

from pathlib import Path

import pytest

from gateway.business.homeassistant import HomeAssistant
from gateway.business.homeassistant.settings import HomeAssistantSettings
from gateway.config import ConfigProblems, Configuration, read
from tests.guide import blocks, page

BROKER = '[mqtt.main]\nhost = "localhost"\nprefix = "gateway/pi"\n'


def read_text(text: str, folder: Path) -> Configuration:
    path = folder / "gateway.toml"
    path.write_text(text)
    return read(path)


def problems(text: str, folder: Path) -> str:
    with pytest.raises(ConfigProblems) as caught:
        read_text(text, folder)
    return str(caught.value)


def test_one_line_turns_it_on(tmp_path: Path) -> None:
    """Its connection listens to what Home Assistant says, the gateway's figures are published, and devices are read."""
    found = read_text(f"{BROKER}[homeassistant]\n", tmp_path)
    assert {part.id for part in found.host_bound} == {"mqtt/main", "statistics/homeassistant"}
    mqtt = next(part.settings for part in found.host_bound if part.id == "mqtt/main")
    assert [(one.topic, one.to, one.verb) for one in mqtt.subscribe] == [  # type: ignore[attr-defined]  # an MqttSettings
        ("homeassistant/status", "homeassistant/main", "status")
    ]
    assert found.shown is not None
    assert found.shown.readers == ("homeassistant/main",)
    assert found.shown.brokers["mqtt/main"].status == "gateway/pi/status"


def test_without_the_line_nothing_is_different(tmp_path: Path) -> None:
    """Nobody reads devices, and nothing is subscribed to."""
    found = read_text(BROKER, tmp_path)
    assert [part.id for part in found.host_bound] == ["mqtt/main"]
    assert found.shown is None


def test_the_only_connection_is_meant_whatever_it_is_called(tmp_path: Path) -> None:
    """Of several it is mqtt/main, or the one that is named."""
    found = read_text('[mqtt.house]\nhost = "localhost"\n[homeassistant]\nprefix = "ha"\n', tmp_path)
    mqtt = next(part.settings for part in found.host_bound if part.id == "mqtt/house")
    assert [(one.topic, one.to) for one in mqtt.subscribe] == [("ha/status", "homeassistant/house")]  # type: ignore[attr-defined]  # as above


def test_a_simulated_gateway_stays_apart(tmp_path: Path) -> None:
    """What it publishes, announcements too, stands below another root: no real Home Assistant hears it."""
    found = read_text(f"[gateway]\nsimulate = true\n{BROKER}[homeassistant]\n", tmp_path)
    assert found.shown is not None
    names = found.shown.brokers["mqtt/main"]
    assert (names.root, names.prefix, names.online) == ("simulated/", "simulated/gateway/pi", "online, simulated")
    assert names.whole("homeassistant/device/x/config") == "simulated/homeassistant/device/x/config"


def test_the_gateway_has_a_value_for_each_of_its_connections(tmp_path: Path) -> None:
    """Whether each device is there, beside its own figures."""
    found = read_text(f'{BROKER}[gpio.lamp]\ntype = "relay"\npin = 17\n[homeassistant]\n', tmp_path)
    assert found.shown is not None
    host = next(device for device in found.shown.devices.values() if device.is_host)
    links = [point.name for point in host.points if point.device_class == "connectivity"]
    assert sorted(links) == ["gpio/lamp", "mqtt/main"]


def test_no_connection_is_a_problem_that_says_what_to_add(tmp_path: Path) -> None:
    """Nothing could be announced."""
    assert "homeassistant.broker: cannot send to mqtt/main: the file has no [mqtt.…]; add [mqtt.main]" in problems(
        "[homeassistant]\n", tmp_path
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[homeassistant]\nbroker = "mqtt/mian"\n', "the file has no such device; did you mean 'mqtt/main'?"),
        ("[actors.homeassistant]\n", "it stands for itself; write [homeassistant]"),
        ('[homeassistant]\nprefx = "x"\n', "no such key; did you mean 'prefix'?"),
        ('[homeassistant]\nprefix = "a/#"\n', "homeassistant.prefix"),
        ('[homeassistant]\nbroker = "main"\n', "homeassistant.broker"),
        ('[homeassistant]\nbroker = "gpio/x"\n', "homeassistant.broker"),
        ("[homeassistant]\nbroker = 5\n", "homeassistant.broker"),
        ("[[homeassistant]]\n", "write [homeassistant]"),
        ('[homeassistant.values."twin/boiler"]\nx = {class = "temperature", unit = "bar"}\n', "does not take the unit 'bar'"),
        ('[homeassistant.values."twin/boiler"]\nx = {icon = "fire"}\n', "icon"),
        ('[homeassistant.values.boiler]\nx = {icon = "mdi:fire"}\n', "boiler"),
        ("homeassistant = true\n", "homeassistant"),
        ('homeassistant = "on"\n', "homeassistant"),
    ],
)
def test_mistakes_in_it_are_named(text: str, words: str, tmp_path: Path) -> None:
    """Each at its key."""
    found = problems((text + BROKER) if text.startswith("homeassistant") else BROKER + text, tmp_path)
    assert words in found
    assert "Traceback" not in found


def test_readme_s_examples_are_configurations(tmp_path: Path) -> None:
    """The one line beside a broker, and the one with everything."""
    line, whole = (block for block in blocks(page("recipes"), "toml") if "[homeassistant" in block)
    assert read_text(BROKER + line, tmp_path).shown is not None
    settings = next(actor.settings for actor in read_text(whole, tmp_path).actors if isinstance(actor, HomeAssistant))
    assert isinstance(settings, HomeAssistantSettings)
    assert not settings.shows("twin/boiler", "raw_1")
    assert settings.value("twin/boiler", "flow").name == "Vorlauf"
