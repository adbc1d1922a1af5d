"""Reading: what a good file comes to."""

import socket
from pathlib import Path

import pytest

from gateway.config import ConfigProblems, Configuration, read
from tests.config.kinds import Diary, DiarySettings, Parity, Pin, Plain, Wire, WireSettings, kinds


def configured(text: str, tmp_path: Path) -> Configuration:
    """What `text` comes to with the kinds of these tests."""
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    return read(path, registry=kinds())


def test_an_empty_file_is_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything has a default: no devices, every ordinary kind, the store in var/ of the working directory."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.chdir(tmp_path)
    found = configured("", tmp_path)
    assert found.host_bound == ()
    assert [type(actor) for actor in found.actors] == [Diary, Plain]
    assert found.gateway.name == socket.gethostname()
    assert found.store.path == tmp_path / "var/gateway.db"
    assert found.gateway.control_socket == tmp_path / "var/gateway.sock"


def test_systemd_says_where_things_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a unit with StateDirectory and RuntimeDirectory, the store and the socket are there (the first, where there are several)."""
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/gateway:/var/lib/other")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/gateway")
    found = configured("", tmp_path)
    assert found.store.path == Path("/var/lib/gateway/gateway.db")
    assert found.gateway.control_socket == Path("/run/gateway/gateway.sock")


def test_devices_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    """The order of the sections is the order of start, across kinds."""
    found = configured("[wire.b]\ndevice='/dev/b'\n[gpio.bell]\npin=4\n[wire.a]\ndevice='/dev/a'\n", tmp_path)
    assert [part.id for part in found.host_bound] == ["wire/b", "gpio/bell", "wire/a"]
    assert [part.kind for part in found.host_bound] == [Wire, Pin, Wire]


def test_values_become_the_types_of_the_model(tmp_path: Path) -> None:
    """Text becomes a path or a choice, a list a tuple, a whole number a float: reading is strict, and no stricter than TOML."""
    text = (
        "[wire.a]\ndevice='/dev/a'\nparity='even'\nwake=[1,2]\nsettle_s=2\npin='x'\npassword_file='/etc/p'\nrules=[{to='diary/{name}'}]\n"
    )
    (part,) = configured(text, tmp_path).host_bound
    settings = part.settings
    assert isinstance(settings, WireSettings)
    assert (settings.device, settings.parity, settings.wake, settings.settle_s) == (Path("/dev/a"), Parity.EVEN, (1, 2), 2.0)
    assert settings.password_file == Path("/etc/p")


def test_ordinary_actors_get_their_settings(tmp_path: Path) -> None:
    """A kind that declares a settings model is made with the settings of its section."""
    diary, plain = configured("[actors.diary]\npages = 3\n", tmp_path).actors
    assert isinstance(diary, Diary)
    assert diary.settings == DiarySettings(pages=3)
    assert isinstance(plain, Plain)


def test_a_whole_configuration_is_frozen(tmp_path: Path) -> None:
    """Nobody changes a configuration in flight."""
    found = configured("", tmp_path)
    with pytest.raises(AttributeError, match="cannot assign to field 'actors'"):
        found.actors = ()  # type: ignore[misc]  # that it is refused is the point


def test_what_actors_keep_for_themselves_is_no_address(tmp_path: Path) -> None:
    """A subscription to an actor's own timer would fire it: it is refused where it stands, with what may be sent."""
    path = tmp_path / "gateway.toml"
    path.write_text('[mqtt.main]\n[[mqtt.main.subscribe]]\ntopic = "x"\nto = "twin/door"\nverb = "silent"\n')
    with pytest.raises(ConfigProblems) as raised:
        read(path)
    assert (
        "cannot send 'silent' to twin: only the actor itself may send it; there is describe, expect, forget, history, read, report, set"
        in str(raised.value)
    )
