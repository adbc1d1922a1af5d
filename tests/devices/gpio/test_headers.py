"""The real pins, as far as a machine without a GPIO chip goes: what lgpio is asked, and in which order."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program said of its chip."""
    runtime, chip = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("dev") / "gpiochip0"
    chip.touch()
    environment = {**os.environ, "RUNTIME_DIRECTORY": str(runtime), "PYTHONPATH": str(ROOT)}
    environment.pop("LG_WD", None)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("chip_of_the_air.py")), str(chip)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "No module named 'lgpio'" in done.stderr:
        pytest.skip("lgpio is not installed")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["directory"] == str(runtime)
    return answer


def test_lgpio_leaves_no_trace_of_its_import(said: dict[str, Any]) -> None:
    """The working directory, LG_WD and the runtime directory are as before."""
    assert (said["cwd kept"], said["LG_WD"], said["left"]) == (True, None, [])


def test_a_relay_is_claimed_with_its_level_and_freed_as_it_is(said: dict[str, Any]) -> None:
    """No claim as an input goes before it, none comes after it: the whole life of an active-low relay that is left on."""
    assert said["relay"] == [["output", 17, 1], ["write", 17, 0], ["free", 17]]
    assert said["relay health"] == ["ok", "GPIO 17 (relay) on gpiochip0 (pinctrl-bcm2711)"]


def test_a_button_is_claimed_with_its_pull(said: dict[str, Any]) -> None:
    """The pull up (32) is there when the line is claimed, and stays when it is watched."""
    assert said["button"][:2] == [["input", 5, 32], ["alert", 5, 32]]
    assert said["button"][-1] == ["free", 5]


def test_the_notify_thread_outlives_a_callback_that_fails(said: dict[str, Any]) -> None:
    """Fault 16, on lgpio's own thread: the next edges arrive."""
    assert (said["callback faults"], said["notify thread lives"]) == (1, True)


def test_a_busy_line_is_named(said: dict[str, Any]) -> None:
    """Fault 19, in lgpio's words."""
    assert said["busy"] == [["faulty", "cannot claim GPIO 22: GPIO busy"], ["ok", "GPIO 22 (led) on gpiochip0 (pinctrl-bcm2711)"]]
