"""`gateway complete WORDS`: how the last of some words may go on, as the running gateway knows, else the configuration.
For shells: see `completion.py`.

It is called at a press of a key: it imports little, waits shortly, and where nobody answers there is nothing to say.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.cli.configured import default_config
from gateway.cli.named_ids import named_ids
from gateway.console.client import Client
from gateway.console.exits import FINE, Failed
from gateway.console.output import say
from gateway.console.place import find

_ONE = ("show", "tail", "listen", "capture", "explain", "resume", "export", "forget", "events")
TAKES = dict.fromkeys(_ONE, ("actor",)) | dict.fromkeys(("tell", "ask"), ("actor", "verb", "field")) | {"kinds": ("kind",)}
"""What stands behind a command, one after the other; of the last any number where it is a field."""
VALUED = ("--config", "--socket", "--since", "--value", "--after", "--limit", "--verb", "--timeout", "--id", "--field")
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
    found: list[str] = []
    with suppress(Failed, OSError), Client(place.path, advice=lambda: "") as client:
        found = [name for name in _asked(client, what, given, begin) if name.startswith(begin)]
    return found or ([] if socket else _in_file(Path(config or default_config()), what, given, begin))


def _in_file(config: Path, what: str, given: list[str], begin: str) -> list[str]:
    """What the configuration names: those whom nobody has written to yet, and all where no gateway runs."""
    if what == "actor":
        return [id for id in named_ids(config) if id.startswith(begin)]
    verbs = _verbs_of(given[0].partition("/")[0])
    if what == "verb":
        return [name for name in sorted(verbs) if name.startswith(begin)]
    there = {word.partition("=")[0] for word in given[2:]}
    return [f"{field}=" for field in verbs.get(given[1], []) if field not in there and field.startswith(begin)]


def _verbs_of(kind: str) -> dict[str, list[str]]:
    """The verbs of an installed kind that people may use, with the fields that each takes."""
    from gateway.actors import By  # noqa: PLC0415  # takes its time, and is needed where no gateway runs
    from gateway.registry import installed  # noqa: PLC0415  # as above

    kinds = installed()
    if kind not in kinds.names:
        return {}
    found = kinds.host_bound.load(kind) if kind in kinds.host_bound.names else kinds.ordinary.load(kind)
    return {name: list(row.payload.model_fields) for name, row in found.verbs.items() if row.by is By.OUTSIDE}


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
