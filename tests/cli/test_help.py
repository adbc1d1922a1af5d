"""Help, and what was meant by a word that is no command and no option."""

import re

import pytest

from gateway import daemon
from gateway.cli.main import main
from gateway.console import exits

COMMANDS = ["run", "reload", "check", "demo", "show", "tell", "ask", "tail", "explain", "dead-letters", "resume", "events", "ports", "new"]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it said on either stream."""
    return (main(words), *capsys.readouterr())


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("shwo",), "there is no command 'shwo'; did you mean 'show'?"),
        (("Show",), "there is no command 'Show'; did you mean 'show'?"),
        (("aks", "twin/a", "read"), "there is no command 'aks'; did you mean 'ask'?"),
        (("dead-leters",), "there is no command 'dead-leters'; did you mean 'dead-letters'?"),
        (("rn", "--config", "g.toml"), "there is no command 'rn'; did you mean 'run'?"),
        (("--config", "g.toml", "chekc"), "there is no command 'chekc'; did you mean 'check'?"),
        (("--config=g.toml", "relaod"), "there is no command 'relaod'; did you mean 'reload'?"),
        (("status",), "there is no command 'status'; did you mean 'show'?"),
        (("xyzzy",), "there is no command 'xyzzy'; gateway help lists them"),
        (("",), "there is no command ''; gateway help lists them"),
        (("help", "shwo"), "there is no help on 'shwo'; did you mean 'show'?"),
        (("help", "passivatd"), "there is no help on 'passivatd'; did you mean 'passivated'?"),
        (("show", "--jsno"), "there is no option --jsno of gateway show; did you mean '--json'?"),
        (("explain", "--limt", "5", "x"), "there is no option --limt of gateway explain; did you mean '--limit'?"),
        (("tell", "a/b", "c", "d=1", "--timout=3"), "there is no option --timout of gateway tell; did you mean '--timeout'?"),
        (
            ("tell", "gpio/lamp", "switch", "--on=true"),
            "there is no option --on of gateway tell; a field of the message is written on=true",
        ),
        (("ask", "a/b", "c", "-x"), "there is no option -x of gateway ask; gateway help ask lists them"),
        (("--confg", "x", "show"), "there is no option --confg; did you mean '--config'?"),
        (("--json", "show"), "--json stands behind the command: gateway show --json"),
        (("--id=7", "tell"), "--id stands behind the command: gateway tell --id"),
        (("--all-of-it", "show"), "there is no option --all-of-it before the command; there is --config, --version, --help"),
        (("show", "a/b", "c/d"), "gateway show takes no 'c/d', that is one word too many; gateway help show says what it takes"),
    ],
)
def test_a_misspelt_word_is_told_what_was_meant(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], advice: str) -> None:
    """In one line, and nothing is done."""
    assert said(capsys, *words) == (2, "", f"gateway: {advice}\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("completion",), "source <(gateway completion bash)"),
        (("new", "actor"), "as in boiler_room"),
        (("dead-letters",), "gateway dead-letters show 7"),
        (("show",), "/etc/gateway/gateway.toml, else config/gateway.toml"),
        (("dead", "letter"), "a message that nobody could take"),
    ],
)
def test_help_says_how_it_is_used(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str) -> None:
    """An example, or the command that loads it; of several words too."""
    code, out, _ = said(capsys, "help", *words)
    assert (code, told in " ".join(out.replace("-\n", "-").split())) == (0, True), out


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("dead-letters", "retyr", "1"), "there is no 'retyr'; did you mean 'retry'?"),
        (("dead-letters", "x"), "there is no 'x'; there is list, show, retry, drop"),
        (("new", "actr", "depot"), "there is no 'actr'; did you mean 'actor'?"),
    ],
)
def test_a_misspelt_choice_is_told_what_was_meant(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], advice: str) -> None:
    """Behind how the command is used."""
    code, out, error = said(capsys, *words)
    assert (code, out, error.endswith(f"{advice}\n")) == (2, "", True)


def test_exit_codes_are_told_once_and_every_command_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    """All that there are, the daemon's too, from the table that the commands exit by."""
    code, told, _ = said(capsys, "help", "exits")
    assert code == 0
    constants = {name: value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    assert [int(number) for number in re.findall(r"^  (\d+) +\S", told, re.MULTILINE)] == sorted(constants.values())
    ours = {name: value for name, value in vars(daemon).items() if name in ("INTERNAL_FAULT", "NO_STORE", "BAD_CONFIG")}
    assert ours.items() <= constants.items()
    assert (daemon.GOOD_END, daemon.RUNS_ALREADY) == (exits.FINE, exits.NOT_NOW)
    assert set(exits.OF_FAULT.values()) <= exits.MEANINGS.keys()
    for name in COMMANDS:
        helped = said(capsys, "help", name)
        assert helped == said(capsys, name, "--help")
        assert helped[1].endswith("exit codes: gateway help exits\n")
        assert "exit codes of" not in helped[1]


def test_help_lists_the_commands_and_what_else_there_is_help_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Also where nothing was said at all, which is no command."""
    code, told, _ = said(capsys, "help")
    assert (code, [name for name in COMMANDS if f"\n    {name}" not in told]) == (0, [])
    assert "gateway help words" in " ".join(told.split())
    assert "gateway help exits" in " ".join(told.split())
    assert said(capsys) == (2, told, "")


def test_words_that_a_stranger_does_not_know_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, or one."""
    code, told, _ = said(capsys, "help", "words")
    assert code == 0
    for word in ("turn", "life", "passivated", "ordinary actor", "host-bound", "ballast", "journal", "local", "stage", "mailbox", "twin"):
        assert re.search(rf"^{word}  ", told, re.MULTILINE)
    assert max(map(len, told.splitlines())) <= 100
    assert said(capsys, "help", "turn")[1].startswith("turn            one message handled by one actor")
    assert said(capsys, "help", "dead letters")[1].startswith("dead letter     a message that nobody could take")
