"""The words of the commands that ask the running gateway, read without argparse where they are plain.

A person waits for each of these, and scripts call them by the hundred; argparse, with the parsers of all commands, takes longer to load
than everything else that they need. So words that are in order are read here. All others go to argparse, which says what is wrong with
them: an option that is not known, or not written out, a number that is none, a word too few or too many, `--help`.
`commands.py` has the same words for argparse, with their help; a test holds the two together.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gateway.cli import asking
from gateway.cli.asking import Options

TIMEOUT_S = 10.0
ACTS = ("list", "show", "retry", "drop")
_THERE = {"config": None, "socket": None, "json": False}
"""The options of each of these commands, with their defaults."""


class Words(NamedTuple):
    """What stands behind a command."""

    run: Callable[[Options], int]
    must: tuple[str, ...] = ()
    may: dict[str, str] = {}
    """A word that may be left out, with what it is then."""
    rest: str = ""
    """The name of any number of words behind these."""
    options: dict[str, Any] = {}
    """Each option with its default, which says what is behind it: nothing (False), a number, or a text."""


def _message(run: Callable[[Options], int], **option: str) -> Words:
    return Words(run, ("to", "verb"), rest="payload", options={"timeout": TIMEOUT_S, **option})


_SHOW = {"machine": False, "hosts": False, "all": False, "since": "", "value": "", "csv": False, "after": "", "limit": 100}
PLAIN = {
    "reload": Words(asking.reload),
    "show": Words(asking.show, may={"what": ""}, options=_SHOW),
    "tell": _message(asking.tell, id=""),
    "ask": _message(asking.ask, field=""),
    "tail": Words(asking.tail, may={"prefix": ""}, options={"verb": ""}),
    "explain": Words(asking.explain, ("id",), options={"limit": 50, "hosts": False}),
    "dead-letters": Words(asking.letters, may={"act": "list"}, rest="which", options={"hosts": False}),
    "resume": Words(asking.resume, ("id",), options={"skip": False}),
    "export": Words(asking.export, ("id",)),
    "forget": Words(asking.forget, ("id",), options={"yes": False}),
    "events": Words(asking.events, may={"whose": ""}, options={"after": 0, "limit": 100}),
}


def read_plain(words: Sequence[str]) -> Options | None:
    """The options of a command that asks the gateway; None where the words are not plain, or are another command's."""
    before = 2 if words and words[0] == "--config" else 0
    command = words[before] if len(words) > before else ""
    if command not in PLAIN:
        return None
    takes = PLAIN[command]
    options = _THERE | takes.options
    try:
        given = _take_options([*words[:before], *words[before + 1 :]], options)
        named = _named(given, takes)
    except ValueError:
        return None
    return Options(run=takes.run, command=command, **options, **named)


def _take_options(words: Sequence[str], options: dict[str, Any]) -> list[str]:
    """Put the values of options in the place of their defaults; return the other words. Raises ValueError where one is not plain."""
    plain: list[str] = []
    left = iter(words)
    for word in left:
        if not word.startswith("-") or word == "-":
            plain.append(word)
            continue
        name, given, text = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in options:
            raise ValueError(word)
        default = options[name]
        if isinstance(default, bool) and not given:
            options[name] = True
        else:
            options[name] = _value(text if given else next(left, ""), default)
    return plain


def _value(text: str, default: Any) -> Any:
    """The value of an option, of its default's type. Raises ValueError where it is none, or no plain one."""
    if not text or text.startswith("-") or isinstance(default, bool):
        raise ValueError(text)
    if isinstance(default, float):
        return seconds(text)
    return int(text) if isinstance(default, int) else text


def seconds(text: str) -> float:
    """Read a time to wait, up to an hour. Raises ValueError where it is none."""
    found = float(text)
    if not 0 < found <= 3600:
        raise ValueError(text)
    return found


def _named(given: list[str], takes: Words) -> dict[str, Any]:
    """The words that are no options, by their names. Raises ValueError where there are too few or too many."""
    names = [*takes.must, *takes.may]
    known, rest = given[: len(names)], given[len(names) :]
    if len(known) < len(takes.must) or (rest and not takes.rest):
        raise ValueError(given)
    named: dict[str, Any] = takes.may | dict(zip(names, known, strict=False))
    if named.get("act", ACTS[0]) not in ACTS:
        raise ValueError(given)
    return named | ({takes.rest: rest} if takes.rest else {})
