"""Plain words are read without argparse, as argparse reads them; and a command imports nothing that it does not need."""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.commands import _options, _parser
from gateway.cli.plain import PLAIN, read_plain
from gateway.console.exits import BAD_INPUT, FINE, NO, UNWRITTEN
from tests.daemons import ROOT, DaemonProcess

HEAVY = (
    "argparse",
    "asyncio",
    "gateway.actors",
    "gateway.config",
    "logging",
    "pathlib",
    "pydantic",
    "shutil",
    "ssl",
    "subprocess",
    "tomllib",
)
"""What takes long to import, on a Pi tens of milliseconds each, and no command that asks the gateway needs."""
LOOK = f"""
import sys
from gateway.cli import main
code = main(sys.argv[1:])
print(code, *(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""


def loaded(*words: str) -> list[str]:
    """The exit code of a command, and what it imported of `HEAVY`. -S: a checkout's own import hook would load pathlib."""
    ended = subprocess.run([sys.executable, "-S", "-c", LOOK, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return ended.stderr.splitlines()[-1].split()


CONFIG = '[gpio.lamp]\ntype = "led"\npin = 17\nsimulate = true\n'
NEVER = "twin/never-written-to"
FROM_THE_GATEWAY = [str(code) for code in (FINE, NO, UNWRITTEN, BAD_INPUT)]
"""The exit codes that say that it has answered."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A gateway that somebody asks, whose socket is not where it usually is."""
    with DaemonProcess(tmp_path_factory.mktemp("p"), CONFIG) as running:
        running.until_listening()
        running.until(lambda: "gpio/lamp is ok" in running.said())
        yield running
        assert running.stop() == 0


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["show", "gpio/lamp"],
        ["show", "twin"],
        ["tell", "gpio/lamp", "switch", "on=true"],
        ["ask", "gpio/lamp", "read"],
        ["ask", "gpio/lamp", "reda"],
        ["explain", "gpio/lamp"],
        ["dead-letters"],
        ["dead-letters", "show", "7"],
        ["resume", NEVER],
        ["export", NEVER],
        ["forget", NEVER, "--yes"],
        ["events"],
    ],
    ids=" ".join,
)
def test_a_command_imports_nothing_that_it_does_not_need(words: list[str], daemon: DaemonProcess) -> None:
    """Where the socket is said, and where it stands in the configuration: TOML takes its time, but then it is needed."""
    code, *heavy = loaded(*words, "--socket", str(daemon.socket))
    assert (code in FROM_THE_GATEWAY, heavy) == (True, [])
    code, *heavy = loaded("--config", str(daemon.config), *words)
    assert (code in FROM_THE_GATEWAY, heavy) == (True, ["tomllib"])


def test_neither_does_one_that_nobody_answers(tmp_path: Path) -> None:
    """It says so at once; only the service, where it is installed, is asked how it is."""
    (tmp_path / "g.toml").write_text('[gateway]\nname = "a"\n')
    assert loaded("tell", "gpio/lamp", "switch", "--config", str(tmp_path / "g.toml")) == ["69"]


PLAIN_WORDS = [
    ["reload"],
    ["show"],
    ["show", "twin/a", "--json"],
    ["show", "--machine", "twin"],
    ["show", "--after=twin/a", "--limit", "7", "--all", "twin*"],
    ["tell", "gpio/lamp", "switch", "on=true", "for_s=3"],
    ["tell", "gpio/lamp", "switch", "--id", "a b", "--timeout", "2.5", "on=true"],
    ["tell", "gpio/lamp", "switch", '{"on": true}', "--json"],
    ["ask", "twin/a", "read", "-"],
    ["ask", "--field", "values.t", "twin/a", "read"],
    ["tail"],
    ["tail", "twin/", "--verb", "report"],
    ["explain", "m1", "--limit=3"],
    ["dead-letters"],
    ["dead-letters", "retry", "1", "2"],
    ["dead-letters", "drop", "all", "--json"],
    ["resume", "twin/a", "--skip"],
    ["export", "twin/a", "--socket", "/run/x.sock"],
    ["forget", "twin/a", "--yes"],
    ["events", "account/*", "--after", "12"],
    ["--config", "g.toml", "show"],
    ["--config", "g.toml", "show", "--config", "h.toml"],
    ["show", "--config=g.toml"],
]


@pytest.mark.parametrize("words", PLAIN_WORDS, ids=" ".join)
def test_plain_words_are_read_as_argparse_reads_them(words: list[str]) -> None:
    """Wherever the options stand."""
    plain = read_plain(words)
    assert plain is not None
    by_argparse = {name: str(value) if isinstance(value, Path) else value for name, value in vars(_options(words)).items()}
    del by_argparse["version"]  # stands before a command
    assert vars(plain) == by_argparse


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["check"],
        ["show", "--help"],
        ["show", "-h"],
        ["show", "--lim", "3"],
        ["show", "--limit"],
        ["show", "--limit", "many"],
        ["show", "--limit", "-1"],
        ["show", "--json=yes"],
        ["show", "a", "b"],
        ["show", "--socket", ""],
        ["show", "--", "a"],
        ["tell", "gpio/lamp"],
        ["tell", "a/b", "c", "--timeout", "0"],
        ["tell", "a/b", "c", "--timeout", "nan"],
        ["tell", "a/b", "c", "-5"],
        ["dead-letters", "lst"],
        ["--config", "g.toml"],
        ["--config"],
        ["--json", "show"],
        ["shwo"],
    ],
    ids=" ".join,
)
def test_words_that_are_not_plain_are_left_to_argparse(words: list[str]) -> None:
    """It knows what to say of them."""
    assert read_plain(words) is None


@pytest.mark.parametrize("command", list(PLAIN))
def test_a_command_has_the_same_words_by_both(command: str) -> None:
    """Each option with its default, each word in its order, and whom it calls."""
    takes, (_, parsers) = PLAIN[command], _parser()
    actions = [action for action in parsers[command]._actions if not isinstance(action, argparse._HelpAction)]
    options = {action.option_strings[0]: action.default for action in actions if action.option_strings}
    options.pop("--config")
    assert options == {"--socket": None, "--json": False} | {f"--{name}": default for name, default in takes.options.items()}
    named = {action.dest: (action.nargs, action.default) for action in actions if not action.option_strings}
    assert list(named.items()) == [
        *((name, (None, None)) for name in takes.must),
        *((name, ("?", default)) for name, default in takes.may.items()),
        *([(takes.rest, ("*", named[takes.rest][1]))] if takes.rest else []),
    ]
    assert parsers[command].get_default("run") is takes.run
