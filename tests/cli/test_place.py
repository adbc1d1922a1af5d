"""Where a command looks for the gateway, and what it says where nobody answers or this user may not ask."""

import grp
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.console.client import Client
from gateway.console.exits import BAD_CONFIG, NO_GATEWAY, NOT_ALLOWED, Failed
from gateway.console.place import find
from tests.nobody import only_root, said_to_nobody

START = "start one (gateway run), or name its configuration with --config"


def found(folder: Path, text: str) -> Path:
    """The socket of a configuration with that text."""
    config = folder / "g.toml"
    config.write_text(text)
    return Path(find(None, config, named=True).path)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own, and nothing that a service manager would say."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        '[gateway]\ncontrol_socket = "/run/x.sock"\n[nonsense]\n',
        '\ufeffgateway = { name = "a", control_socket = "/run/x.sock" }\n',
        "gateway.control_socket = '/run/x.sock'\n",
        '[store]\npath = "control_socket"\n[gateway]  \n#control_socket = "/a"\n  control_socket = "/run/x.sock" # here\n[serial.a\n',
    ],
)
def test_it_is_the_one_that_the_configuration_names(folder: Path, text: str) -> None:
    """However it is written, and where the rest of the file has problems: the gateway that runs is to say which."""
    assert found(folder, text) == Path("/run/x.sock")


@pytest.mark.parametrize(
    "text",
    [
        "",
        '#control_socket = "/a"\n',
        "[gateway]\ncontrol_socket = 7\n",
        '[other]\ncontrol_socket = "/a"\n',
        '[other]\ncontrol_socket = "/a"\n[\n',
    ],
)
def test_where_the_configuration_names_none_it_is_the_one_of_this_folder(folder: Path, text: str) -> None:
    """As `gateway run` has it here."""
    assert found(folder, text) == folder / "var" / "gateway.sock"


def test_a_relative_one_and_one_at_home_are_meant_as_the_daemon_means_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the folder it was started in, and by the user's home; one of a user that there is not stays as it is."""
    monkeypatch.setenv("HOME", "/home/ann")
    assert found(folder, '[gateway]\ncontrol_socket = "a.sock"\n') == folder / "a.sock"
    assert found(folder, '[gateway]\ncontrol_socket = "~/a.sock"\n') == Path("/home/ann/a.sock")
    assert found(folder, '[gateway]\ncontrol_socket = "~nobody-of-that-name/a"\n') == folder / "~nobody-of-that-name" / "a"


def test_within_the_service_it_is_where_the_service_manager_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what the unit runs to reload it finds it."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/a:/run/b")
    assert found(folder, "") == Path("/run/a/gateway.sock")
    assert found(folder, '[gateway]\ncontrol_socket = "/run/x.sock"\n') == Path("/run/x.sock")
    assert find(Path("/given"), folder / "none.toml", named=True).path == "/given"


def test_a_configuration_that_was_named_and_is_not_there_is_no_other_one(folder: Path) -> None:
    """A message is not sent to whichever gateway happens to run."""
    with pytest.raises(Failed) as caught:
        find(None, folder / "typo.toml", named=True)
    assert str(caught.value) == f"cannot read {folder}/typo.toml: No such file or directory; mend the path behind --config"
    assert caught.value.code == BAD_CONFIG
    os.mkfifo(folder / "pipe")
    with pytest.raises(Failed, match="it is a pipe; mend the path behind --config"):
        find(None, folder / "pipe", named=True)
    assert find(None, folder / "typo.toml", named=False).path == str(folder / "var" / "gateway.sock")


def test_where_nobody_answers_the_path_is_named_and_what_to_do(folder: Path) -> None:
    """Also where one was killed, and where the path is no socket at all."""
    killed = folder / "killed.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(killed))
    (folder / "file").touch()
    for path in (folder / "none.sock", killed, folder / "file"):
        place = find(path, folder, named=False)
        with pytest.raises(Failed) as caught:
            Client(place.path, advice=place.advice)
        assert str(caught.value).startswith(f"no gateway answers at {path}; {START}")
        assert caught.value.code == NO_GATEWAY
    (folder / "own.toml").touch()
    place = find(None, Path("own.toml"), named=True)
    with pytest.raises(Failed, match=r"/var/gateway.sock; start one \(gateway run --config own.toml\)"):
        Client(place.path, advice=place.advice)


def test_a_path_that_no_socket_can_have_is_named() -> None:
    """It stands in a configuration, maybe."""
    with pytest.raises(Failed, match="AF_UNIX path too long; look at the gateway's log"):
        Client(Path("/tmp/" + "x" * 120))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter; pytest's are one's own."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@only_root
@pytest.mark.parametrize(
    ("folder_mode", "socket_mode", "group", "advice"),
    [
        (
            0o750,
            0o660,
            "users",
            "only the group users may; join it (sudo usermod --append --groups users nobody, then log in again), or use sudo",
        ),
        (
            0o755,
            0o660,
            "users",
            "only the group users may; join it (sudo usermod --append --groups users nobody, then log in again), or use sudo",
        ),
        (0o700, 0o660, "users", "only root may; use sudo"),
        (0o755, 0o600, "users", "only root may; use sudo"),
        (0o750, 0o660, "root", "only root may; use sudo"),
    ],
)
def test_who_may_not_ask_is_told_which_group_to_join(
    open_folder: Path, folder_mode: int, socket_mode: int, group: str, advice: str
) -> None:
    """Where the folder may not be entered too, as the service's: by whoever may."""
    path = open_folder / "run" / "gateway.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        for one, mode in ((path, socket_mode), (path.parent, folder_mode)):
            os.chown(one, 0, grp.getgrnam(group).gr_gid)
            one.chmod(mode)
        assert said_to_nobody(lambda: asked(path)) == f"{NOT_ALLOWED} cannot ask the gateway at {path}: {advice}"


def asked(path: Path) -> str:
    """What somebody is told who wants to ask at a socket, behind the exit code."""
    try:
        Client(path)
    except Failed as error:
        return f"{error.code} {error}"
    return "he may"
