"""Patterns of actors in a configuration: each must fit somebody."""

from pathlib import Path

import pytest

from gateway.config import read
from gateway.registry import installed
from tests.config.test_problems import problems_of

FILE = '[mqtt.main]\ncommands = [{}]\n[gpio.lamp]\ntype = "led"\npin = 17\n'


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("togle/*", "there is no kind 'togle'; did you mean 'toggle'?"),
        ("tog?/*", "there is no kind 'tog?'; there is alarm, "),
        ("toggle/*@presed", "toggle has no verb 'presed'; did you mean 'pressed'?"),
        ("gpio/lmp@switch", "the file has no such device; did you mean 'gpio/lamp'?"),
        ("serial/*", "the file has no such device; add [serial.…]"),
        ("gpio/*@presed", "gpio has no verb 'presed'; "),
        ("toggle/hall@publish", "toggle has no verb 'publish'; "),
    ],
)
def test_a_pattern_that_fits_nobody_is_told(tmp_path: Path, pattern: str, said: str) -> None:
    """At its place in the list, with what is there."""
    problem = problems_of(FILE.format(f'"*", "{pattern}"'), tmp_path, installed())
    assert problem.strip().startswith(f"2:18   mqtt.main.commands[1]: '{pattern}' fits nobody: {said}")


def test_patterns_that_may_fit_somebody_are_taken(tmp_path: Path) -> None:
    """Of a kind in the box, of devices in the file, of children whatever they are."""
    patterns = ["*", "*@read", "toggle/*", "t*/*@pressed", "gpio/l*@switch", "toggle/*@publish", "trips/home", "*/x/toggle/*"]
    path = tmp_path / "gateway.toml"
    path.write_text(FILE.format(", ".join(f'"{one}"' for one in patterns)))
    [section] = [part.settings for part in read(path).host_bound if part.id == "mqtt/main"]
    assert section.patterns() == [(f"commands.{n}", pattern) for n, pattern in enumerate(patterns)]


def test_what_is_no_pattern_is_told(tmp_path: Path) -> None:
    """With what one looks like."""
    problem = problems_of(FILE.format('"toggle"'), tmp_path, installed())
    assert problem.strip().startswith(
        "2:13   mqtt.main.commands[0]: cannot use 'toggle' as a pattern of actors: write kind/key, with * for"
    )
