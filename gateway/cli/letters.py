"""`gateway dead-letters` and `gateway resume`: messages nobody could take, actors that are paused, and what becomes of them."""

from typing import Any, NamedTuple

from gateway.cli.nearest import ask_of
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, Failed
from gateway.console.output import moment, pretty, say, say_json, table

_PAGE = 500
_DIGITS = 18
"""A number of a dead letter has so many at most."""


class LetterPlace(NamedTuple):
    """Which dead letter is meant."""

    letter: int
    host: str = ""
    """Whose it is; empty: this host's own, or that of an actor which hosts share."""

    @property
    def said(self) -> str:
        return f"host/{self.host}/{self.letter}" if self.host else str(self.letter)


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


def show_all_letters(client: Client, *, as_json: bool) -> int:
    """Print the dead letters of all hosts, each as the words after `show`, `retry` and `drop` name it; and who does not answer."""
    answer = client.ask({"do": "letters", "hosts": True, "limit": _PAGE})
    found = [{"letter": f"host/{one['host']}/{one['n']}" if one["host"] else str(one["n"]), **one} for one in answer["letters"]]
    if as_json:
        say_json({"letters": found, "more": answer["more"], "silent": answer["silent"]})
        return NO if answer["silent"] else FINE
    rows = ([one["letter"], moment(one["at_ms"]), f"{one['to']} {one['verb']}", one["reason"], one["id"]] for one in found)
    say(table(rows, indent="") if found else "no dead letters")
    for host in answer["more"]:
        say(f"more of {host or 'shared actors'}: retry or drop some, or look there")
    for one in answer["silent"]:
        say(f"not those of {one['host'] or 'shared actors'}: {one['why']}")
    if found:
        say("gateway dead-letters show, retry or drop, with what stands first in a line")
    return NO if answer["silent"] else FINE


def show_letter(client: Client, place: LetterPlace, *, as_json: bool) -> int:
    """Print one dead letter, with its payload."""
    found = client.ask({"do": "letter", **place._asdict()})["letter"]
    if as_json:
        say_json(found)
    else:
        say(pretty(found, indent=0))
    return FINE


def decide(client: Client, verb: str, which: list[str], *, as_json: bool) -> int:
    """Retry or drop some of the dead letters, or all."""
    places = [LetterPlace(one["n"]) for one in _all(client)] if which == ["all"] else [place_of(word) for word in which]
    for place in places:
        client.ask({"do": verb, **place._asdict()})
    done = {"retry": "delivered again", "drop": "dropped"}[verb]
    if as_json:
        say_json({verb: [place.letter if not place.host else place.said for place in places]})
    else:
        say(f"{done}: dead letter {', '.join(place.said for place in places)}" if places else "no dead letters")
    return FINE


def resume(client: Client, id: str, *, skip: bool, as_json: bool) -> int:
    """Let a paused actor go on."""
    ask_of(client, id, {"do": "resume", "id": id, "skip": skip})
    if as_json:
        say_json({"resumed": id, "skipped": skip})
    else:
        say(f"resumed: {id}, {'without' if skip else 'with'} the message it was paused at")
    return FINE


def place_of(word: str) -> LetterPlace:
    """Read which dead letter a word names: 7, or host/pi-barn/7. Raises Failed."""
    where, _, number = word.rpartition("/")
    if (
        not (number.isascii() and number.isdigit())
        or len(number) > _DIGITS
        or (where and not (where.startswith("host/") and where.count("/") == 1))
    ):
        raise Failed(f"{word!r} is no number of a dead letter; gateway dead-letters lists them", 2)
    return LetterPlace(int(number), where.removeprefix("host/"))


def _all(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = client.ask({"do": "letters", "after": found[-1]["n"] if found else 0, "limit": _PAGE})
        found += answer["letters"]
        if not answer["more"]:
            return found
