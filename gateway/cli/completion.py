"""`gateway completion bash`: what bash needs to complete the words of `gateway`. `make install` puts it where bash looks.

Commands and options stand in it, so that they are there at once. Actors, verbs and fields are asked of the running gateway.
"""

from collections.abc import Iterable
from importlib.resources import files

from gateway.cli.complete import TAKES
from gateway.cli.help import Commands, options_of
from gateway.cli.words import WORDS
from gateway.console.exits import FINE
from gateway.console.output import say

_OF_FILES = ("add", "backup", "move", "restore")
"""The commands that a file stands behind."""
_FILES = ("FILE", "PATH", "DIR")
_CHOICES = {"dead-letters": "list show retry drop", "new": "actor", "completion": "bash"}
"""What may stand behind some commands."""


def completion(commands: Commands) -> int:
    """Print the script."""
    filled = (files("gateway.cli") / "patterns" / "completion.bash.in").read_text(encoding="utf-8")
    for name, text in _parts(commands).items():
        filled = filled.replace(f"@{name}@", text)
    say(filled.rstrip())
    return FINE


def _parts(commands: Commands) -> dict[str, str]:
    options = {name: options_of(parser) for name, parser in commands.items()}
    valued = {option: metavar for one in options.values() for option, metavar in one.items() if metavar}
    topics = [*commands, "exits", "words", *(word for word in WORDS if word.isalpha())]
    choices = {**_CHOICES, "help": " ".join(topics)}
    return {
        "commands": " ".join(commands),
        "files": "|".join(sorted(option for option, metavar in valued.items() if metavar in _FILES)),
        "values": "|".join(sorted(option for option, metavar in valued.items() if metavar not in _FILES)),
        "options": "\n".join(f'        {name}) known="{_written(one)}" ;;' for name, one in options.items()),
        "choices": "\n".join(f'        {name}) known="{words}" ;;' for name, words in choices.items()),
        "asked": "|".join(TAKES),
        "filed": "|".join(_OF_FILES),
    }


def _written(options: Iterable[str]) -> str:
    return " ".join("--help" if option == "-h" else option for option in options)
