"""Completion: what bash makes of a word that was begun, in a real bash on a real terminal, with a gateway that runs."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.commands import _parser
from gateway.cli.complete import TAKES, VALUED
from gateway.cli.help import options_of
from tests.daemons import ROOT, DaemonProcess, install_kinds

CONFIG = '[gpio.lamp]\ntype = "led"\npin = 17\nsimulate = true\n[gpio.lift]\ntype = "button"\npin = 18\nsimulate = true\n'
LIMIT_S = 60.0
READY = "ready> "


class Bash:
    """An interactive bash that has read the script, and somebody who types."""

    def __init__(self, folder: Path, daemon: DaemonProcess) -> None:
        program = folder / "gateway"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gateway.cli "$@"\n')
        program.chmod(0o755)
        (folder / "script").write_text(daemon.gateway("completion", "bash").stdout)
        self._seen = ""
        self._looks = 0
        self._master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 1000, 0, 0))  # no line is too long for it
        environ = {"PATH": f"{folder}:{os.environ['PATH']}", "TERM": "dumb", "PS1": READY, "HOME": str(folder), "INPUTRC": "/dev/null"}
        words = ["bash", "--norc", "--noprofile", "-i"]
        self._process = subprocess.Popen(
            words, stdin=terminal, stdout=terminal, stderr=terminal, env=environ, cwd=folder, start_new_session=True
        )
        os.close(terminal)
        self.until(READY)
        self._type("bind 'set page-completions off'; bind 'set completion-query-items 0'; source script; echo sourc''ed\n")
        self.until("sourced")
        self._type("""bind -x '"\\C-t": printf "<%d:%s>" $((++looks)) "$READLINE_LINE"'; echo bou''nd\n""")
        self.until("bound")

    def __enter__(self) -> "Bash":
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait(10)
        os.close(self._master)

    def completed(self, line: str) -> str:
        """What the line is after one press of Tab."""
        return self._look(f"{line}\t")

    def choices(self, line: str) -> list[str]:
        """What is offered at the second press of Tab."""
        self._look(f"{line}\t\t")
        shown = self._seen.replace("\a", "").split("\r\n", 1)[1].split(READY)[0]
        return sorted(shown.split())

    def _look(self, keys: str) -> str:
        """What the line is after some keys; it is empty again then."""
        self._seen = ""
        self._looks += 1
        self._type(f"{keys}\x14")
        found = self.until_matches(f"<{self._looks}:([^>]*)>")
        self._type("\x15")
        return found

    def until(self, words: str) -> None:
        """Wait until it has shown these words."""
        self.until_matches(f"({re.escape(words)})")

    def until_matches(self, pattern: str) -> str:
        """Wait until what it has shown matches; the first group."""
        deadline = time.monotonic() + LIMIT_S
        while not (found := re.search(pattern, self._seen)):
            assert time.monotonic() < deadline, f"bash never showed {pattern}; it showed {self._seen!r}"
            if select.select([self._master], [], [], 1.0)[0]:
                self._seen += os.read(self._master, 65536).decode()
        return found[1]

    def _type(self, text: str) -> None:
        os.write(self._master, text.encode())


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A gateway with two pins and some actors."""
    if shutil.which("bash") is None:
        pytest.skip("no bash on this host")
    folder = tmp_path_factory.mktemp("c")
    kinds = install_kinds(folder, counter="tests.daemon.kinds:Counter", fuse="tests.daemon.kinds:Fuse")
    with DaemonProcess(folder, CONFIG, environ=kinds) as running:
        running.until_listening()
        for id in ("counter/a", "counter/b:north", "counter/b:south", "fuse/only"):
            assert running.gateway("tell", id, "load" if id.startswith("fuse") else "add").returncode == 0
        yield running
        assert running.stop() == 0


@pytest.fixture(scope="module")
def bash(daemon: DaemonProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bash]:
    """One bash for all of these tests."""
    with Bash(tmp_path_factory.mktemp("bash"), daemon) as shell:
        yield shell


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("gateway sho", "gateway show "),
        ("gateway dead", "gateway dead-letters "),
        ("gateway dead-letters re", "gateway dead-letters retry "),
        ("gateway help exp", "gateway help exp"),
        ("gateway show --mach", "gateway show --machine "),
        ("gateway ask gpio/lamp switch --ti", "gateway ask gpio/lamp switch --timeout "),
        ("gateway check --config scr", "gateway check --config script "),
        ("gateway kinds webh", "gateway kinds webhook "),
        ("gateway nonsense x", "gateway nonsense x"),
    ],
)
def test_commands_and_options_are_completed_by_what_they_are(bash: Bash, line: str, completed: str) -> None:
    """Nobody need run for that."""
    assert bash.completed(line) == completed


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("show co", "show counter/"),
        ("show gpio/la", "show gpio/lamp "),
        ("tell fuse/", "tell fuse/only "),
        ("tell counter/b", "tell counter/b:"),
        ("tell counter/b:n", "tell counter/b:north "),
        ("ask gpio/lamp sw", "ask gpio/lamp switch "),
        ("ask gpio/lamp switch o", "ask gpio/lamp switch on="),
        ("ask --timeout 3 gpio/lamp switch o", "ask --timeout 3 gpio/lamp switch on="),
        ("ask gpio/lamp switch on=t", "ask gpio/lamp switch on=t"),
        ("resume fu", "resume fuse/"),
        ("show nobody/", "show nobody/"),
        ("tell nobody/x ad", "tell nobody/x ad"),
    ],
)
def test_the_rest_is_asked_of_the_gateway(bash: Bash, daemon: DaemonProcess, line: str, completed: str) -> None:
    """Which actors there are, what they can be told, and with which fields; of the gateway that the line names."""
    command, rest = line.split(" ", 1)
    ours = f"gateway {command} --config {daemon.config} "
    assert bash.completed(ours + rest) == ours + completed.split(" ", 1)[1]


def test_what_there_is_to_choose_from(bash: Bash, daemon: DaemonProcess) -> None:
    """At the second press; what the gateway keeps for itself is not among it."""
    assert bash.choices(f"gateway show --config {daemon.config} ") == ["counter/", "fuse/", "gpio/lamp", "gpio/lift"]
    assert bash.choices(f"gateway ask --config {daemon.config} gpio/lamp ") == ["dim", "pulse", "read", "switch", "turned"]


def test_where_no_gateway_answers_there_is_nothing_to_say(daemon: DaemonProcess, tmp_path: Path) -> None:
    """Not an error either: somebody is in the middle of a line."""
    environ = {"PYTHONPATH": str(ROOT)}
    for words in (["show", "--socket", str(tmp_path / "none"), "tw"], ["show", "--config", str(tmp_path / "none"), "tw"], ["tell"], []):
        command = [sys.executable, "-m", "gateway.cli", "complete", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=environ)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_a_gateway_the_file_says_who_there_is(tmp_path: Path) -> None:
    """Its devices, alarms and rules, and whoever they are about; what each can be told, by its kind."""
    (tmp_path / "g.toml").write_text(
        '[gpio.lamp]\npin = 17\n[serial.a]\nto = "twin/{device}"\n[serial.b]\nto = "twin/boiler"\n[mqtt.main]\n[[mqtt.main.subscribe]]\n'
        'topic = "x"\nto = "twin/shed"\n[actors.rule.fan]\nof = "twin/attic"\ntell = {to = "gpio/fan", verb = "switch"}\n'
        '[actors.alarm.rules.cold]\nof = "twin/shed"\n[actors.toggle.outputs]\nhall = ["gpio/lamp"]\n[actors.twin]\nmost = 5\n'
        '[gateway]\ncontrol_socket = "none.sock"\n'
    )

    def ways(*words: str) -> list[str]:
        command = [sys.executable, "-m", "gateway.cli", "complete", *words[:1], "--config", "g.toml", *words[1:]]
        environ = {"PYTHONPATH": str(ROOT)}
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30, env=environ, cwd=tmp_path).stdout.split()

    assert ways("show", "") == [
        *("alarm/cold", "gpio/fan", "gpio/lamp", "mqtt/main", "rule/fan", "serial/a", "serial/b", "toggle/hall"),
        *("twin/attic", "twin/boiler", "twin/shed"),
    ]
    assert ways("tell", "twin/b") == ["twin/boiler"]
    assert ways("ask", "gpio/lamp", "") == ["dim", "pulse", "read", "switch", "turned"]
    assert ways("tell", "gpio/lamp", "pulse", "se") == ["seconds="]
    assert ways("tell", "gpio/lamp", "pulse", "seconds=1", "") == ways("tell", "nobody/x", "") == []
    (tmp_path / "g.toml").write_text("[gpio.lamp\n")
    assert ways("show", "g") == []


def test_it_knows_each_option_that_takes_a_word_and_each_command_that_takes_an_actor() -> None:
    """As the parser itself has them."""
    commands = _parser()[1]
    valued = {option for name in TAKES for option, metavar in options_of(commands[name]).items() if metavar}
    assert set(VALUED) == valued
    usage = {name: parser.format_usage().replace("[", " ").replace("]", " ").split() for name, parser in commands.items()}
    actors = {name for name, words in usage.items() if {"to", "prefix"} & set(words) or words[-1] == "ID" or words[-2:] == ["ID", "FILE"]}
    assert actors | {"kinds"} == set(TAKES)
