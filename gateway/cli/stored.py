"""`gateway export` and `gateway forget`: what is stored of an actor, to keep or to drop."""

import json
import sys
from typing import Any

from gateway.cli.nearest import ask_of
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, USAGE, Failed
from gateway.console.output import complain, say, say_json, several, size


def export(client: Client, id: str, *, as_json: bool) -> int:
    """Print an actor's state as it is on disk; of a device or a kind that is no more the mail that waits, a line of JSON each."""
    answer = ask_of(client, id, {"do": "export", "id": id})
    if "stranded" in answer:
        _export_mail(answer["stranded"])
        return FINE
    stored = answer["stored"]
    if as_json:
        say_json(stored)
        return FINE
    say(stored["state"])
    if stored["events"]:
        complain(f"this is a snapshot: the state is what {id}'s events add up to; gateway events {id}")
    return FINE


def _export_mail(stranded: dict[str, Any]) -> None:
    for one in stranded["mail"]:
        say_json({**one, "payload": _as_json(one["payload"])})
    if stranded["left_out"]:
        complain(f"these are the first {len(stranded['mail'])} messages of {stranded['waiting']} that wait for {stranded['id']}")


def _as_json(payload: str) -> Any:
    """A stored payload; its text where it is no JSON."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload


def forget(client: Client, id: str, *, sure: bool, as_json: bool) -> int:
    """Drop an actor's state and what belongs to it, once somebody has said yes; the actor's mail stays, and begins a new life."""
    if not sure and not _agreed(ask_of(client, id, {"do": "forget", "id": id})["would_forget"]):
        complain("not forgotten")
        return NO
    found = ask_of(client, id, {"do": "forget", "id": id, "sure": True})["forgotten"]
    if as_json:
        say_json(found)
    else:
        say(f"forgot {_belongings(found)}")
    return FINE


def _agreed(found: dict[str, Any]) -> bool:
    """Whether somebody at the terminal says yes."""
    if not sys.stdin.isatty():
        raise Failed(f"cannot ask whether to forget {found['id']}: standard input is no terminal; say --yes", USAGE)
    complain(f"this forgets {_belongings(found)}")
    sys.stderr.write("forget it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _belongings(found: dict[str, Any]) -> str:
    """What a forgotten actor, or host, loses, and what stays, in words."""
    if "host" in found:
        mail = f"; {several(found['mail_dropped'], 'message')} for it: dropped" if found["mail_dropped"] else ""
        return f"{found['id']}: what it has said of itself{mail}"
    state = [] if found["version"] is None else [f"its state (version {found['version']}, {size(found['bytes'])})"]
    counted = [(found["timers"], "timer", ""), (found["events"], "event", ""), (found["children_total"], "child", "children")]
    parts = [*state, *(several(number, one, many) for number, one, many in counted if number)]
    gone = f"{found['id']}: {', '.join(parts) or 'what it had in memory'}"
    if found["children"]:
        more = ", …" if found["children_total"] > len(found["children"]) else ""
        gone += f" ({', '.join(found['children'])}{more})"
    if found["mail_of_children"]:
        gone += f"; {several(found['mail_of_children'], 'message')} to them: dead letters"
    if found["mail_dropped"]:
        gone += f"; {several(found['mail_dropped'], 'message')} for it: dropped, for there is nobody to take them"
    return f"{gone}; {several(found['mail'], 'message')} for it: kept, for its new life" if found["mail"] else gone
