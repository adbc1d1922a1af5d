"""`gateway show --hosts`: every host that shares a database with this one, a line each; whichever of them is asked."""

import time
from typing import Any

from gateway.console.client import Client
from gateway.console.exits import FINE, NO, USAGE, Failed
from gateway.console.output import duration, number, say, say_json, several, table


def show_hosts(client: Client, what: str, *, as_json: bool) -> int:
    """Print all hosts; whether all are well is what to exit with."""
    if what:
        raise Failed(f"show --hosts shows all hosts; for an actor of one: gateway show host/NAME/{what}", USAGE)
    answer = client.ask({"do": "hosts"})
    hosts, unserved, unheard = answer["hosts"], answer["unserved"], answer["unheard"]
    if as_json:
        say_json({name: answer[name] for name in ("hosts", "unheard", "unserved", "most_counted")})
    else:
        say("\n".join([table((_row(one, answer["most_counted"]) for one in hosts), indent=""), *_notes(hosts, unserved, answer)]))
    return FINE if all(one["well"] for one in hosts) and not (unserved and unserved["groups"]) and not unheard else NO


def _row(one: dict[str, Any], most: int) -> list[str]:
    part = f"serves {several(one['groups'], 'group')}" if one["serves"] else "at the edge"
    about = f"life {one['life']}{', version ' + one['version'] if one['version'] else ''}"
    return [f"{one['name']}{' *' if one['me'] else ''}", part, about, lag_of(one, most), standing_of(one)]


def standing_of(one: dict[str, Any]) -> str:
    """How a host is, in words: well, or the first of what is not, or since when it is away."""
    if one["away"]:
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(one["heard_ms"] / 1000))
        return f"{'stopped' if one['stopped'] else 'away'} for {duration(one['silent_s'])}, since {since}"
    problems = one["problems"]
    if not problems:
        return "well"
    return f"not well: {problems[0]}" + (f"; and {len(problems) - 1} more" if len(problems) > 1 else "")


def lag_of(one: dict[str, Any], most: int) -> str:
    """What is on its way to a host, and what waited there for others, in words; empty where nothing does."""
    coming = one["coming"]
    many = f"more than {number(most - 1)} messages" if coming >= most else several(coming, "message")
    said = [f"{many} on the way to it, for {duration(one['coming_s'])}"] if coming else []
    said += [f"{several(one['waiting'], 'message')} waited there"] if one["waiting"] else []
    return "; ".join(said)


def _notes(hosts: list[dict[str, Any]], unserved: dict[str, Any] | None, answer: dict[str, Any]) -> list[str]:
    lines = [
        "* answers here" if any(one["me"] for one in hosts) else "the gateway that answers here is none of them: gateway show says why"
    ]
    if unserved and unserved["groups"]:
        waits = lag_of({**unserved, "waiting": 0}, answer["most_counted"]).replace(" to it", "")
        lines.append(f"nobody serves {several(unserved['groups'], 'group')} of shared actors{': ' + waits if waits else ''}")
    for one in answer["unheard"]:
        waits = lag_of({**one, "waiting": 0}, answer["most_counted"])
        lines.append(
            f"no host {one['name']} was ever linked: {waits}; mend the name where that is sent, or gateway forget host/{one['name']}"
        )
    if any(one["dead_letters"] for one in hosts):
        lines.append("dead letters: gateway dead-letters --hosts")
    return ["", *lines]
