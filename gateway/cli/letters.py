"""`gateway dead-letters` and `gateway resume`: messages nobody could take, actors that are paused, and what becomes of them."""

from typing import Any

from gateway.cli.nearest import ask_of
from gateway.console.client import Client
from gateway.console.exits import FINE, Failed
from gateway.console.output import moment, pretty, say, say_json, table

_PAGE = 500


def show_letters(client: Client, *, as_json: bool) -> int:
    """Print all dead letters, oldest first."""
    found = _all(client)
    if as_json:
        say_json(found)
    elif not found:
        say("no dead letters")
    else:
        rows = ([str(one["n"]), moment(one["at_ms"]), f"{one['to']} {one['verb']}", one["reason"], one["id"]] for one in found)
        say(table(rows, indent=""))
        say("gateway dead-letters show N, retry N, drop N (or all); gateway explain with the id at the end of a line")
    return FINE


def show_letter(client: Client, n: int, *, as_json: bool) -> int:
    """Print one dead letter, with its payload."""
    found = client.ask({"do": "letter", "letter": n})["letter"]
    if as_json:
        say_json(found)
    else:
        say(pretty(found, indent=0))
    return FINE


def decide(client: Client, verb: str, which: list[str], *, as_json: bool) -> int:
    """Retry or drop some of the dead letters, or all."""
    numbers = [one["n"] for one in _all(client)] if which == ["all"] else [number_of(word) for word in which]
    for n in numbers:
        client.ask({"do": verb, "letter": n})
    done = {"retry": "delivered again", "drop": "dropped"}[verb]
    if as_json:
        say_json({verb: numbers})
    else:
        say(f"{done}: dead letter {', '.join(map(str, numbers))}" if numbers else "no dead letters")
    return FINE


def resume(client: Client, id: str, *, skip: bool, as_json: bool) -> int:
    """Let a paused actor go on."""
    ask_of(client, id, {"do": "resume", "id": id, "skip": skip})
    if as_json:
        say_json({"resumed": id, "skipped": skip})
    else:
        say(f"resumed: {id}, {'without' if skip else 'with'} the message it was paused at")
    return FINE


def number_of(word: str) -> int:
    """Read the number of a dead letter from a word. Raises Failed."""
    if not word.isdigit():
        raise Failed(f"{word!r} is no number of a dead letter; gateway dead-letters lists them", 2)
    return int(word)


def _all(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.ask({"do": "letters", "after": found[-1]["n"] if found else 0, "limit": _PAGE})
        found += answer["letters"]
        if not answer["more"]:
            return found
