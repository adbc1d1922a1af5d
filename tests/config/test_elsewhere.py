"""What other hosts serve, in the file of one: their devices are not in it, and what hosts share has no device of its own."""

from pathlib import Path

import pytest

from gateway.actors import Settings
from gateway.config import read
from gateway.registry import installed
from tests.config.test_problems import problems_of

LINK = '[link]\nurl = "postgresql://gateway@db.local/gateway"\nhost = "pi-barn"\n'
BROKER = '[mqtt.main]\nhost = "localhost"\n'
HALL = "host/pi-barn/toggle/hall"
LAMP = '[gpio.lamp]\ntype = "led"\npin = 6\n'
BELL = '[gpio.bell]\ntype = "button"\npin = 5\npress_to = "{}"\n'


def settings_of(text: str, folder: Path, kind: str) -> Settings:
    """The settings that an ordinary kind is made with."""
    path = folder / "gateway.toml"
    path.write_text(text)
    [actor] = [actor for actor in read(path).actors if actor.kind == kind]
    made = actor if hasattr(actor, "settings") else actor.make()
    settings: Settings = made.settings
    return settings


@pytest.mark.parametrize("to", ["host/pi-house/gpio/lamp", "host/pi-house/toggle/hall", "host/pi-barn/gpio/other"])
@pytest.mark.parametrize("ours", ["", '[gpio.ours]\ntype = "led"\npin = 6\n'])
def test_what_another_host_has_is_not_looked_for_in_this_file(tmp_path: Path, to: str, ours: str) -> None:
    """Here a job and a button act there, in a file with pins of its own and in one without."""
    verb = "switch" if "gpio" in to else "set"
    job = f'[clock.main]\n[[clock.main.jobs]]\nname = "on"\nat = "07:00"\nto = "{to}"\nverb = "{verb}"\npayload = {{ on = true }}\n'
    path = tmp_path / "gateway.toml"
    path.write_text(f'{LINK}{ours}{job}[actors.toggle]\noutputs = {{ hall = ["host/pi-house/gpio/lamp"] }}\n')
    assert read(path).host_bound[0].id == "link/main"


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("host/pi-house/togle/hall", "there is no kind 'togle'; did you mean 'toggle'?"),
        ("host/pi-house/serial/gps", "cannot send 'pressed' to serial: it has no such verb; "),
        ("host/pi-house", "cannot send to host/pi-house: "),
    ],
)
def test_what_no_host_can_take_is_told(tmp_path: Path, to: str, said: str) -> None:
    """The kind and the verb are known here as well."""
    assert said in problems_of(LINK + BELL.format(to), tmp_path, installed())


def test_other_hosts_want_a_link(tmp_path: Path) -> None:
    """Without one nothing gets there."""
    problem = problems_of(BELL.format("host/pi-house/toggle/hall"), tmp_path, installed())
    assert "gpio.bell.press_to: cannot send to host/pi-house/toggle/hall: this gateway is not linked with others; give it a" in problem


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("tripp", "there is no kind 'tripp'; did you mean 'trip'?"),
        ("serial", "'serial' is a kind of devices, and these belong to each host; take it out, and write to one as host/NAME/serial/KEY"),
    ],
)
def test_a_kind_that_hosts_cannot_share_is_told(tmp_path: Path, kind: str, said: str) -> None:
    """At its place in the list; else what is for it would wait for ever, or be refused at each message."""
    problem = problems_of(f'{LINK}kinds = ["toggle", "{kind}"]\n', tmp_path, installed())
    assert problem.strip() == f"4:20   link.kinds[1]: {said}"


@pytest.mark.parametrize("serves", [True, False])
@pytest.mark.parametrize("section", ["", "[actors.trip]\nlost_after_s = 60\n"])
def test_what_hosts_share_publishes_at_no_broker_unless_told(tmp_path: Path, section: str, serves: bool) -> None:
    """A broker is of one host, and no default chooses one; what is not shared publishes as ever."""
    text = f'{LINK}kinds = ["trip"]\nserves = {str(serves).lower()}\n{BROKER}{section}'
    assert getattr(settings_of(text, tmp_path, "trip"), "publish_to") == ""  # noqa: B009  # of the kind's own settings
    assert getattr(settings_of(text, tmp_path, "twin"), "publish_to") == "mqtt/main"  # noqa: B009


def test_what_hosts_share_publishes_at_the_broker_of_a_host_that_is_named(tmp_path: Path) -> None:
    """By the name of the host, the same on each of them."""
    text = f'{LINK}kinds = ["trip"]\n[actors.trip]\npublish_to = "host/pi-barn/mqtt/main"\n'
    assert getattr(settings_of(text, tmp_path, "trip"), "publish_to") == "host/pi-barn/mqtt/main"  # noqa: B009


@pytest.mark.parametrize(
    ("section", "path", "to"),
    [
        ('[actors.trip]\npublish_to = "mqtt/main"\n', "actors.trip.publish_to", "mqtt/main"),
        ('[actors.toggle]\noutputs = { hall = ["host/pi-barn/gpio/lamp", "gpio/lamp"] }\n', "actors.toggle.outputs.hall[1]", "gpio/lamp"),
        (f"[actors.rule.x]\nof = 'twin/x'\nsilent = true\ntell = {{ to = '{HALL}', verb = 'pressed' }}\n", "actors.rule.x.of", "twin/x"),
    ],
)
def test_what_hosts_share_has_no_device_of_one(tmp_path: Path, section: str, path: str, to: str) -> None:
    """Whoever serves it has not that device, and each message to it would be a dead letter."""
    link = f'{LINK}kinds = ["trip", "toggle", "rule"]\n{BROKER}{LAMP}'
    problem = problems_of(link + section, tmp_path, installed())
    assert f"{path}: cannot send to {to}: any of several hosts serves " in problem
    assert problem.strip().splitlines()[0].endswith(f", and that is of one; write host/NAME/{to}")


@pytest.mark.parametrize("url", ["postgresql://gateway:geheim@db.local/gateway", "postgres://db.local/gateway?user=a&password=geheim"])
def test_a_password_in_the_url_is_refused(tmp_path: Path, url: str) -> None:
    """As in the URL of a store, and it is not said again."""
    problem = problems_of(f'[link]\nurl = "{url}"\nhost = "pi-barn"\n', tmp_path, installed())
    assert problem.strip() == (
        "2:7   link.url: a password does not belong in this file; write it into one of its own, and say its name: 'password_file'"
    )


def test_a_pattern_may_fit_actors_of_other_hosts(tmp_path: Path) -> None:
    """Who may be told what by MQTT."""
    path = tmp_path / "gateway.toml"
    path.write_text(f'{LINK}{BROKER}commands = ["host/pi-house/gpio/*", "host/*", "toggle/*"]\n')
    assert len(read(path).host_bound) == 2
