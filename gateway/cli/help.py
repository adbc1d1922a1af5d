"""`gateway help`: of a command, of the exit codes, of the words; and what was meant by a word that is no command or option."""

import argparse
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import NoReturn

from gateway.console import exits
from gateway.console.exits import FINE, USAGE, Failed
from gateway.console.output import say

Commands = Mapping[str, argparse.ArgumentParser]
MORE = "gateway help COMMAND: more of one. gateway help words: what turn, twin, life and the like mean. gateway help exits: the exit codes."
_WIDTH = 100
_ELSEWHERE = {
    "status": "show",
    "list": "show",
    "ls": "show",
    "get": "ask",
    "read": "ask",
    "send": "tell",
    "set": "tell",
    "publish": "tell",
    "log": "tail",
    "logs": "tail",
    "watch": "tail",
    "sniff": "listen",
    "monitor": "listen",
    "hexdump": "listen",
    "letters": "dead-letters",
    "history": "events",
    "start": "run",
    "config": "check",
    "validate": "check",
    "devices": "kinds",
    "actors": "kinds",
    "verbs": "kinds",
    "types": "kinds",
    "unpause": "resume",
    "dump": "backup",
    "save": "backup",
    "version": "--version",
}
"""What people call it elsewhere."""


def show_help(topic: str, parser: argparse.ArgumentParser, commands: Commands) -> int:
    """Print the help of a command, `exits`, `words`, one of the words; without a topic, of all. Raises Failed where there is no such
    topic."""
    from gateway.cli.words import WORDS  # noqa: PLC0415  # nobody else needs it

    command = topic.partition(" ")[0]  # gateway help new actor
    if not topic or command in commands:
        say((commands[command] if topic else parser).format_help().rstrip())
    elif topic == "exits":
        say(exits.text())
    elif topic == "words":
        say("\n".join(_told(word, WORDS[word]) for word in WORDS))
    elif topic in WORDS or topic.rstrip("s") in WORDS:
        word = topic if topic in WORDS else topic.rstrip("s")
        say(_told(word, WORDS[word]))
    else:
        raise Failed(f"there is no help on {topic!r}; {_meant(topic, [*commands, 'exits', 'words', *WORDS])}", USAGE)
    return FINE


def check_command(words: Sequence[str], commands: Commands) -> None:
    """Raise Failed where the words name no command that there is, or an option of a command before it."""
    left = iter(words)
    for word in left:
        name, given, _ = word.partition("=")
        if not word.startswith("-"):
            if word not in commands:
                raise Failed(f"there is no command {word!r}; {_meant(word, commands, elsewhere=True)}", USAGE)
            return
        if "--config".startswith(name) and len(name) > 2:
            if not given:
                next(left, None)
        elif not any(option.startswith(name) for option in ("--version", "--help", "-h")):
            raise Failed(_no_option(name, ["--config", "--version", "--help"], commands), USAGE)


def check_rest(rest: Sequence[str], command: str, commands: Commands, *, fields: bool) -> NoReturn:
    """Raise Failed for words that a command does not take: an option that it does not have, or one word too many.

    `fields`: whether it takes name=value words, which are no options.
    """
    option, given, value = next((word for word in rest if word.startswith("-")), "").partition("=")
    if not option:
        raise Failed(f"gateway {command} takes no {rest[0]!r}, that is one word too many; gateway help {command} says what it takes", USAGE)
    near = _near_option(option, options_of(commands[command]))
    if near:
        advice = f"did you mean '{near}'?"
    elif fields and given:
        advice = f"a field of the message is written {option.lstrip('-')}={value}"
    else:
        advice = f"gateway help {command} lists them"
    raise Failed(f"there is no option {option} of gateway {command}; {advice}", USAGE)


def one_of(*known: str) -> Callable[[str], str]:
    """A type for argparse: one of these words; whoever writes another is told which was meant."""

    def read(word: str) -> str:
        if word not in known:
            raise argparse.ArgumentTypeError(f"there is no {word!r}; {_meant(word, known)}")
        return word

    return read


def _no_option(option: str, known: Collection[str], commands: Commands) -> str:
    near = _near_option(option, known)
    if near:
        return f"there is no option {option}; did you mean '{near}'?"
    behind = [name for name in commands if option in options_of(commands[name])]
    if behind:
        example = behind[0] if "show" not in behind else "show"
        return f"{option} stands behind the command: gateway {example} {option}"
    return f"there is no option {option} before the command; there is {', '.join(known)}"


def options_of(parser: argparse.ArgumentParser) -> dict[str, str]:
    """The options of a command, by its usage; each with the name of its value, empty where it has none."""
    words = parser.format_usage().replace("[", " [ ").replace("]", " ] ").split()
    return {word: behind if behind not in "[]" else "" for word, behind in pairwise([*words, "]"]) if word.startswith("-")}


def _meant(word: str, known: Collection[str], *, elsewhere: bool = False) -> str:
    """What was probably meant by a word that is not known."""
    near = (_ELSEWHERE.get(word.lower(), "") if elsewhere else "") or _near(word, known)
    if near:
        return f"did you mean '{near}'?"
    return "gateway help lists them" if len(known) > 8 else f"there is {', '.join(known)}"


def _near_option(option: str, known: Collection[str]) -> str:
    """The option that was probably meant; empty where none is near. The dashes, which all have, make none nearer."""
    near = _near(option.lstrip("-"), [one.lstrip("-") for one in known if one.startswith("--")], least=0.7)
    return f"--{near}" if near else ""


def _near(word: str, known: Collection[str], *, least: float = 0.6) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  # only where somebody mistyped

    return next(iter(get_close_matches(word.lower(), list(known), n=1, cutoff=least)), "")


def _told(word: str, meaning: str) -> str:
    from textwrap import fill  # noqa: PLC0415  # nobody else needs it

    return fill(meaning, _WIDTH, initial_indent=f"{word:<16}", subsequent_indent=" " * 16)
