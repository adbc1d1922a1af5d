"""`gateway new actor`: what it writes runs at once, and what it refuses says why."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.cli.new import new as begin
from gateway.cli.new import usual_folder
from gateway.config import read
from gateway.registry import of_classes
from tests.daemons import ROOT, DaemonProcess
from tests.nobody import only_root, said_to_nobody
from tests.waiting import until

ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}


def run(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A command in a folder."""
    return subprocess.run([*words], capture_output=True, text=True, check=False, timeout=100, cwd=folder, env=ENVIRON)


def new(*words: str, folder: Path, what: str = "actor") -> "subprocess.CompletedProcess[str]":
    """`gateway new actor`, or device, for a configuration that there is not: else it would write into an installed gateway's folder."""
    config = folder / "none" / "gateway.toml"
    return run(sys.executable, "-m", "gateway.cli", "new", what, *words, "--config", str(config), folder=folder)


@pytest.mark.parametrize(("what", "more"), [("actor", ()), ("actor", ("--host-bound",)), ("device", ())])
def test_what_it_writes_passes_its_own_test_and_every_check(tmp_path: Path, what: str, more: tuple[str, ...]) -> None:
    """Its test, ruff's rules and form, and mypy's strictest; as does one whose class cannot give the kind's name."""
    for name in ("BoilerRoom", "room_2", "x_y", "a" * 24):
        made = new(name, *more, folder=tmp_path, what=what)
        assert made.returncode == 0, made.stderr
    there = tmp_path / "actors"
    assert len(list(there.iterdir())) == 8
    for words in (
        ("-m", "pytest", "-q", "-p", "no:cacheprovider", "."),
        ("-m", "ruff", "check", "--isolated", "--select", "E,F,W,I,UP,B,N,RUF,BLE,SIM,RET,PLW", "."),
        ("-m", "ruff", "format", "--isolated", "--check", "."),
        ("-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}/mypy", "."),
    ):
        checked = run(sys.executable, *words, folder=there)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    hosted = more or what == "device"
    (tmp_path / "gateway.toml").write_text("[room_2.north]\npath = '/tmp/x'\n" if hosted else "[actors.room_2]\nmost = 7\n")
    found = read(tmp_path / "gateway.toml", registry=of_classes())
    assert ([part.id for part in found.host_bound], len(found.actors)) == ((["room_2/north"], 0) if hosted else ([], 4))


def test_what_it_says_next_is_true(tmp_path: Path) -> None:
    """Each command it names works as it stands."""
    with DaemonProcess(tmp_path) as daemon:
        made = daemon.gateway("new", "actor", "boiler_room")
        assert made.stdout.startswith(f"wrote {tmp_path}/actors/boiler_room.py\nwrote {tmp_path}/actors/test_boiler_room.py\n\nnext:\n")
        (test, asked) = (re.search(rf"{word} +(.*)", made.stdout) for word in ("test it", "try it  "))
        assert test
        assert asked
        assert "load it" not in made.stdout
        assert f"  start it     gateway run --config {daemon.config}\n" in made.stdout
        assert "systemctl" not in made.stdout, "a second gateway beside the service would be refused, and this one is not the service"
        ran = subprocess.run(test[1], shell=True, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path, env=ENVIRON)
        assert ran.returncode == 0, ran.stdout
        assert not list(tmp_path.rglob(".pytest_cache"))
        assert daemon.gateway("check").returncode == 0
        assert daemon.stop() == 0
        daemon.again()
        daemon.until_listening()
        answer = json.loads(daemon.gateway(*asked[1].split()[1:], "--json").stdout)
        assert answer["units"] == 3
        assert daemon.stop() == 0


def test_a_device_with_its_settings_its_simulator_and_its_test_is_under_eighty_lines(tmp_path: Path) -> None:
    """And runs in a gateway as it is, simulated: its twin hears of it."""
    with DaemonProcess(tmp_path) as daemon:
        made = daemon.gateway("new", "device", "boiler_room")
        texts = [path.read_text() for path in (tmp_path / "actors").glob("*.py")]
        assert (len(texts), sum(len(text.splitlines()) for text in texts) < 80) == (2, True)
        assert '[boiler_room.north]   path = "/sys/class/thermal/thermal_zone0/temp"   to = "twin/north"' in made.stdout
        daemon.write('[boiler_room.north]\npath = "/none"\nto = "twin/north"\nevery_s = 0.1\nsimulate = true\n')
        assert daemon.stop() == 0
        daemon.again()
        daemon.until_listening()
        until(lambda: "temperature_c" in daemon.gateway("show", "twin/north").stdout)
        answer = json.loads(daemon.gateway("ask", "boiler_room/north", "measure", "--json").stdout)
        assert 15 <= answer["values"]["temperature_c"] <= 25
        assert daemon.stop() == 0


def test_a_device_that_cannot_be_called_so_is_refused(tmp_path: Path) -> None:
    """As a device."""
    made = new("Polled", folder=tmp_path, what="device")
    said = "gateway: cannot name a device 'polled': the word has a meaning of its own in Python or here; choose another\n"
    assert (made.returncode, made.stderr) == (2, said)


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("class", "the word has a meaning of its own in Python or here; choose another", 2),
        ("State", "the word has a meaning of its own in Python or here; choose another", 2),
        ("test_x", "the word has a meaning of its own in Python or here; choose another", 2),
        ("../x", "write letters, digits and _ (as in boiler_room), a letter first, at most 24", 2),
        ("2nd", "write letters, digits and _ (as in boiler_room), a letter first, at most 24", 2),
        ("a__b", "write letters, digits and _ (as in boiler_room), a letter first, at most 24", 2),
        ("übung", "write letters, digits and _ (as in boiler_room), a letter first, at most 24", 2),
        ("a" * 25, "write letters, digits and _ (as in boiler_room), a letter first, at most 24", 2),
        ("twin", "there is a kind of that name already; choose another", 1),
        ("store", "there is a kind of that name already; choose another", 1),
        ("json", "there is a Python module of that name, which would hide it; choose another", 1),
        ("pydantic", "there is a Python module of that name, which would hide it; choose another", 1),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str, said: str, code: int) -> None:
    """With the reason, and nothing is written."""
    made = new(name, folder=tmp_path)
    shown = name.lower()
    assert (made.returncode, made.stderr) == (code, f"gateway: cannot name an actor {shown!r}: {said}\n")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    """Neither the actor nor its test."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test_yard.py").write_text("mine")
    made = new("yard", "--in", "mine", folder=tmp_path)
    said = "gateway: cannot write mine/test_yard.py: it is there already; choose another name, or move it away\n"
    assert (made.returncode, made.stderr) == (1, said)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["test_yard.py"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """And what to do."""
    (tmp_path / "file").write_text("")
    made = new("yard", "--in", "file/in", folder=tmp_path)
    assert (made.returncode, made.stderr) == (1, "gateway: cannot write file/in: Not a directory; name a folder with --in, or use sudo\n")


def test_the_folder_that_the_configuration_names_is_the_usual_one(tmp_path: Path) -> None:
    """For programs it says what it wrote; whatever the umask, only its owner can write it."""
    (tmp_path / "g.toml").write_text('[gateway]\nactors = "own"\n')
    words = f"umask 000; {sys.executable} -m gateway.cli new actor yard --json --config {tmp_path}/g.toml"
    made = run("sh", "-c", words, folder=tmp_path)
    files = [tmp_path / "own" / "yard.py", tmp_path / "own" / "test_yard.py"]
    assert json.loads(made.stdout) == {"kind": "yard", "files": [str(path) for path in files]}
    assert {path.stat().st_mode & 0o777 for path in (*files, tmp_path / "own")} == {0o644, 0o755}


@only_root
def test_a_folder_that_this_user_may_not_enter_or_write_is_named() -> None:
    """As the service's is, whose actors only root may write."""
    with tempfile.TemporaryDirectory(dir="/tmp") as path:
        Path(path).chmod(0o755)
        closed, config = Path(path, "closed"), Path(path, "closed", "gateway.toml")
        closed.mkdir(mode=0o700)
        begin("actor", "depot", Path(path, "open"), config=config, as_json=False)
        advice = "Permission denied; name a folder with --in, or use sudo"
        for folder in (Path(path), closed, closed / "actors"):
            made = said_to_nobody(lambda folder=folder: begin("actor", "depot", folder, config=config, as_json=False))
            assert made == f"Failed: cannot write {folder}/depot.py: {advice}"
        assert said_to_nobody(lambda: usual_folder(config)) == "actors"
