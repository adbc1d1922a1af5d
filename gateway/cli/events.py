"""`gateway events`: what event-sourced actors have recorded, in the order of the commits."""

import json
from collections.abc import Iterator
from typing import Any

from gateway.console.client import Client
from gateway.console.exits import FINE, NO, USAGE, Failed
from gateway.console.output import moment, say, say_json, table

_PAGE = 200
_TIMEOUT_S = 10.0


def events(client: Client, whose: str, *, after: int, limit: int, as_json: bool) -> int:
    """Print the events of one actor (`account/ann`), of a kind (`account`), of ids that begin so (`account/a*`), or all."""
    if after < 0 or limit < 1:
        raise Failed("--after must be 0 or more, and --limit 1 or more", USAGE)
    found = list(_read(client, _wanted(whose), after, limit))
    if not found and whose:
        _check_kind(client, whose)
    if as_json:
        say_json(found)
    elif found:
        say(table((_row(event) for event in found), indent=""))
    else:
        say("no events")
    if len(found) == limit and not as_json:
        say(f"more, maybe: gateway events{f' {whose}' if whose else ''} --after {found[-1]['n']}")
    return FINE


def _check_kind(client: Client, whose: str) -> None:
    """Raise Failed where nothing of this gateway can have recorded an event of that name: as one without events looks a slip of the pen."""
    kind, is_whole, _ = whose.partition("/")
    if kind.rstrip("*") in client.ask({"do": "show"})["show"].get("elsewhere", ()):
        raise Failed(f"cannot show events of {kind.rstrip('*')}: the hosts that share it record them; ask an actor of it", NO)
    if is_whole or not kind.endswith("*"):
        client.ask({"do": "list", "prefix": f"{kind}/", "limit": 1})  # which knows what kinds there are, and which was meant


def _wanted(whose: str) -> dict[str, str]:
    if whose.endswith("*"):
        return {"prefix": whose.removesuffix("*")}
    if whose and "/" not in whose:
        return {"prefix": f"{whose}/"}
    return {"actor": whose}


def _read(client: Client, wanted: dict[str, str], after: int, limit: int) -> Iterator[dict[str, Any]]:
    """Read the events page by page, so that no answer is too large."""
    left, more = limit, True
    while more and left > 0:
        payload = {**wanted, "after": after, "limit": min(left, _PAGE)}
        request = {"do": "ask", "to": "journal/local", "verb": "read", "payload": payload, "timeout_s": _TIMEOUT_S}
        page = client.ask(request, look=True)["body"]
        yield from page["events"]
        after, more = page["upto"], page["more"]
        left -= len(page["events"])


def _row(event: dict[str, Any]) -> list[str]:
    body = json.dumps(event["body"], ensure_ascii=False)
    return [str(event["n"]), moment(event["at_ms"]), event["actor"], event["kind"], body]
