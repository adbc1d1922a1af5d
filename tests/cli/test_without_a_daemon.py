"""The commands that need no gateway, and what the others say where none runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.registry import installed
from gateway.testing.clock import PATIENCE_S
from tests.daemons import ROOT

CONFIG = """
[gpio.lamp]
type = "led"
pin = 17
simulate = true
[webhook.alerts]
url = "http://127.0.0.1/"
[webhook.alerts.simulate]
"""


def run(*words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A command without a daemon."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
    )


def test_without_a_gateway_the_commands_say_so(tmp_path: Path) -> None:
    """69, with the socket that was tried."""
    found = run("show", "--socket", str(tmp_path / "none.sock"), folder=tmp_path)
    assert found.returncode == 69
    assert found.stderr == (
        f"gateway: no gateway answers at {tmp_path}/none.sock; start one (gateway run), or name its configuration with --config\n"
    )


def test_check_says_that_all_is_fine(tmp_path: Path) -> None:
    """How many devices, how many kinds."""
    (tmp_path / "g.toml").write_text(CONFIG)
    found = run("check", "--config", "g.toml", folder=tmp_path)
    kinds = len(installed().ordinary.names)
    assert (found.returncode, found.stdout) == (0, f"fine: 2 devices, {kinds} kinds of actors in g.toml\n")


def test_check_lists_every_problem_with_its_place(tmp_path: Path) -> None:
    """As the daemon would, with 78."""
    (tmp_path / "g.toml").write_text('[gpio.lamp]\ntype = "led"\npni = 17\n[gateway]\nnmae = "a"\n')
    found = run("--config", "g.toml", "check", folder=tmp_path)
    assert found.returncode == 78
    assert found.stderr.splitlines() == [
        "cannot start: 2 problems in g.toml",
        "  3:7   gpio.lamp.pni: no such key; did you mean 'pin'?",
        "  5:8   gateway.nmae: no such key; did you mean 'name'?",
    ]


def test_check_names_files_that_are_not_there(tmp_path: Path) -> None:
    """With 1: the gateway starts all the same, and looks for them again and again. One of systemd's credentials only the unit can see."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a"]
    words += ["-keyout", "a.key", "-out", "ca.pem"]
    subprocess.run(words, cwd=tmp_path, check=True, capture_output=True)
    text = f'[mqtt.main]\nusername = "a"\npassword_file = "{tmp_path}/none"\ntls = true\nca_file = "{tmp_path}/ca.pem"\n'
    (tmp_path / "g.toml").write_text(text + '[webhook.a]\nurl = "https://localhost/"\ntoken_file = "token"\n')
    found = run("check", "--config", "g.toml", folder=tmp_path)
    said = f"there is no file {tmp_path}/none; make it, or mend the path"
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"can start, but with 1 problem in g.toml\n  3:17   mqtt.main.password_file: {said}\n"
    found = run("check", "--config", "g.toml", "--json", folder=tmp_path)
    assert json.loads(found.stdout) == [{"line": 3, "column": 17, "key": "mqtt.main.password_file", "text": said}]
    (tmp_path / "none").write_text("hunter2")
    assert run("check", "--config", "g.toml", folder=tmp_path).returncode == 0


def test_the_shipped_demo_configuration_is_fine(tmp_path: Path) -> None:
    """It can be run by itself."""
    found = run("check", "--config", str(ROOT / "config" / "demo.toml"), folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")


def test_version_is_one_line(tmp_path: Path) -> None:
    """For those who report a bug."""
    found = run("--version", folder=tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("gateway")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tell toggle/hall", "gateway tell needs verb; gateway help tell says what it takes"),
        ("tell", "gateway tell needs to, verb; gateway help tell says what it takes"),
        ("backup", "gateway backup needs FILE; gateway help backup says what it takes"),
        ("explain twin/a --limit x", "--limit: 'x' is no whole number; gateway help explain says what it takes"),
        ("demo --seconds x", "--seconds: 'x' is no number; gateway help demo says what it takes"),
        ("show --json=3", "--json takes no value, and '3' is given; gateway help show says what it takes"),
        ("--config", "--config needs a value; gateway help says what it takes"),
        ("completion xsh", "SHELL: there is no 'xsh'; there is bash"),
    ],
)
def test_words_that_are_wrong_are_told_in_a_line(tmp_path: Path, words: str, said: str) -> None:
    """With where to read on. A message needs no payload."""
    found = run(*words.split(), folder=tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (2, "", f"gateway: {said}\n")


def test_schema_is_json(tmp_path: Path) -> None:
    """An editor can complete the configuration with it."""
    found = json.loads(run("schema", folder=tmp_path).stdout)
    assert "serial" in found["properties"]


def test_ports_never_fails(tmp_path: Path) -> None:
    """With ports it lists them, without it says what to do."""
    found = run("ports", folder=tmp_path)
    assert found.returncode in (0, 1)
    assert 'port = "' in found.stdout or "no serial ports; plug an adapter in" in found.stdout
    listed = json.loads(run("ports", "--json", folder=tmp_path).stdout)
    assert all({"kind", "place", "about", "block", "notes"} <= thing.keys() for thing in listed)
