"""`gateway complete WORDS`: how the last of some words may go on, as the running gateway knows. For shells: see `completion.py`.

It is called at a press of a key: it imports little, waits shortly, and where nobody answers there is nothing to say.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.cli.configured import default_config
from gateway.console.client import Client
from gateway.console.exits import FINE, Failed
from gateway.console.output import say
from gateway.console.place import find

_ONE = ("show", "tail", "listen", "explain", "resume", "export", "forget", "events")
TAKES = dict.fromkeys(_ONE, ("actor",)) | dict.fromkeys(("tell", "ask"), ("actor", "verb", "field")) | {"kinds": ("kind",)}
"""What stands behind a command, one after the other; of the last any number where it is a field."""
VALUED = ("--config", "--socket", "--after", "--limit", "--verb", "--timeout", "--id", "--field")
"""The options of these commands that another word belongs to."""
_PATIENCE_S = 1.0
_MOST = 200


def complete(words: Sequence[str]) -> int:
    """Print each way in which the last of the words may go on, on a line of its own."""
    *before, begin = words or [""]
    plain, options = _apart(before)
    try:
        names = _names(plain, begin, options)
    except (Failed, OSError, ValueError):
        return FINE
    if names:
        say("\n".join(names))
    return FINE


def _apart(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Split words into those that are no options, and the values of the options."""
    plain: list[str] = []
    options: dict[str, str] = {}
    left: Iterator[str] = iter(words)
    for word in left:
        name, given, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif name in VALUED:
            options[name] = value if given else next(left, "")
    return plain, options


def _names(plain: list[str], begin: str, options: dict[str, str]) -> list[str]:
    if not plain or plain[0] not in TAKES:
        return []
    takes, given = TAKES[plain[0]], plain[1:]
    what = takes[min(len(given), len(takes) - 1)]
    if what in ("actor", "kind") and given:
        return []
    if what == "kind":
        return _kinds(begin)
    config, socket = options.get("--config"), options.get("--socket")
    place = find(socket or None, config or default_config(), named=config is not None)
    with Client(place.path, advice=lambda: "") as client:
        found = _asked(client, what, given, begin)
    return [name for name in found if name.startswith(begin)]


def _kinds(begin: str) -> list[str]:
    """The installed kinds that people set up and write to: no gateway has to run."""
    from gateway.registry import installed, is_offered  # noqa: PLC0415  # reads the metadata of every package

    return [name for name in sorted(installed().names) if is_offered(name) and name.startswith(begin)]


def _asked(client: Client, what: str, given: list[str], begin: str) -> list[str]:
    """What the running gateway knows, asked for what is typed."""
    if what == "actor":
        names: list[str] = _ask(client, {"do": "names", "begin": begin, "limit": _MOST})["names"]
        return names
    verbs: dict[str, list[str]] = _ask(client, {"do": "verbs", "of": given[0]})["verbs"]
    if what == "verb":
        return list(verbs)
    there = {word.partition("=")[0] for word in given[2:]}
    return [f"{field}=" for field in verbs.get(given[1], []) if field not in there]


def _ask(client: Client, request: dict[str, Any]) -> dict[str, Any]:
    return client.ask(request, patience_s=_PATIENCE_S)
