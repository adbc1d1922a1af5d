"""Settings of a program: what cannot work is refused with what to write, and a program that is not there is said by `gateway check`."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from devices.exec.settings import ExecSettings
from gateway.config import read

LIST = "no shell reads it: write each word by itself, command = "


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"command": "rtl_433 -F json"}, f'{LIST}["rtl_433", "-F", "json"]'),
        ({"command": "sh -c 'a b'"}, f'{LIST}["sh", "-c", "a b"]'),
        ({"command": "it's"}, f'{LIST}["it\'s"]'),
        ({"command": ["rtl_433 -F json"]}, f'{LIST}["rtl_433", "-F", "json"]'),
        (
            {"command": "rtl_433 | grep x"},
            "no shell reads it, so it can have no | or >; put the line into a script of its own, and write that script's full path",
        ),
        ({"command": []}, 'command is missing; write the program and its words, command = ["rtl_433", "-F", "json"], or simulate = true'),
        ({"command": [""]}, "the first word is the program, and it is empty; write its name"),
        ({"command": ["./my.sh"]}, "cannot find './my.sh' from everywhere; write its full path, or a name on the PATH"),
        ({"command": ["~/my.sh"]}, "cannot find '~/my.sh' from everywhere; write its full path, or a name on the PATH"),
        ({"command": ["a\0"]}, "cannot start a program with a NUL in its words; take it out"),
        ({"to": "twin"}, "'twin' is no actor id; write kind/key, or kind/{field} with a field of the JSON line"),
        ({"codec": "jsn"}, "codec: there is no codec 'jsn'; did you mean 'json'?"),
        ({"codec": "text", "to": "twin/{id}"}, 'to: {fields} need codec = "json"; a line of codec "text" has none'),
        ({"restart_min_s": 9, "restart_max_s": 8}, "'restart_max_s' is below 'restart_min_s'; swap them"),
    ],
)
def test_what_cannot_work_is_refused(wrong: dict[str, object], said: str) -> None:
    """With what to write in its place."""
    with pytest.raises(ValidationError) as caught:
        ExecSettings.model_validate({"command": ["true"], "to": "twin/it", **wrong})
    assert caught.value.errors()[0]["msg"] == f"Value error, {said}"


def check(folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """`gateway check` of a file."""
    path = folder / "gateway.toml"
    path.write_text(text)
    words = [sys.executable, "-m", "gateway.cli", "check", "--config", str(path)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_check_finds_a_program_that_is_not_there(tmp_path: Path) -> None:
    """With its line: the gateway could start without it, and it may be installed later."""
    found = check(tmp_path, '[exec.weather]\ncommand = ["rtl-433-of-nobody", "-F", "json"]\nto = "twin/{model}-{id}"\n')
    said = "cannot start rtl-433-of-nobody: there is no such program on the PATH; install it, or write its full path"
    assert found.returncode == 1
    assert found.stderr.splitlines() == [
        f"can start, but with 1 problem in {tmp_path}/gateway.toml",
        f"  2:11   exec.weather.command: {said}",
    ]
    assert check(tmp_path, '[exec.weather]\ncommand = ["cat"]\nto = "twin/a"\n').returncode == 0
    assert check(tmp_path, '[exec.weather]\ncommand = ["no-such"]\nto = "twin/a"\nsimulate = true\n').returncode == 0


def test_check_says_where_a_string_stands(tmp_path: Path) -> None:
    """As every mistake in the file."""
    found = check(tmp_path, '[exec.weather]\ncommand = "rtl_433 -F json"\nto = "twin/weather"\n')
    assert f'2:11   exec.weather.command: {LIST}["rtl_433", "-F", "json"]' in found.stderr


def test_a_simulated_gateway_simulates_its_programs(tmp_path: Path) -> None:
    """As every device that can be."""
    path = tmp_path / "gateway.toml"
    path.write_text('[gateway]\nsimulate = true\n[exec.weather]\ncommand = ["rtl_433"]\nto = "twin/weather"\n')
    (part,) = read(path).host_bound
    assert part.simulated
