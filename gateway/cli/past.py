"""`gateway show ID --since 2h`: what the values of a twin were, as small charts, as a table of all readings (`--csv`), or as JSON."""

import re
import time
from typing import Any

from gateway.cli.chart import chart
from gateway.cli.nearest import ask_of
from gateway.console import streams
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, USAGE, Failed
from gateway.console.output import say, say_json

_UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 366 * 86_400}
_LONGEST_S = 100 * _UNITS_S["y"]
_AGO = re.compile(r"(\d{1,9})\s{0,3}(s|min|h|d|w|y)", re.ASCII)
_COLUMNS = 72
_PAGE = 2000


def past(client: Client, id: str, *, since: str, value: str, as_csv: bool, as_json: bool) -> int:
    """Print what the numbers and booleans of a twin were, or one of them. Raises Failed where it has none, or keeps nothing."""
    now_ms = round(time.time() * 1000)
    since_ms = now_ms - seconds_ago(since) * 1000
    if not id.startswith("twin/"):
        advice = "only twins keep it; say which, as in gateway show twin/boiler --since 2h"
        raise Failed(f"cannot show what {id or 'the gateway'} was: {advice}", USAGE)
    state = ask_of(client, id, {"do": "show", "id": id})["actor"]["state"]
    names = [value] if value else list(state["values"])
    numbers = {name for name in names if value or isinstance(state["values"][name]["value"], bool | int | float)}
    if as_csv:
        return _say_csv(client, id, names, since_ms, now_ms)
    found = [_answer(client, id, name, since_ms=since_ms, until_ms=now_ms + 1, most=_COLUMNS) for name in names]
    found = [one for one in found if one["rows"] or one["value"] in numbers]  # what is a text now, or missing, may have been a number
    if as_json:
        say_json(found)
    elif found:
        say("\n\n".join(chart(one, unicode=streams.speaks_unicode()) for one in found))
    else:
        raise Failed(f"{id} has no number and no boolean yet", NO)
    return FINE


def seconds_ago(text: str) -> int:
    """The seconds of a text like 90s, 15min, 2h, 7d, 3w or 1y. Raises Failed."""
    found = _AGO.fullmatch(text.strip())
    if found is None:
        raise Failed(f"cannot look back {text!r}: say how long, as in 90s, 15min, 2h, 7d, 3w or 1y", USAGE)
    seconds = int(found[1]) * _UNITS_S[found[2]]
    if seconds > _LONGEST_S:
        raise Failed(f"cannot look back {text!r}: the longest is 100y", USAGE)
    return seconds


def _say_csv(client: Client, id: str, names: list[str], since_ms: int, now_ms: int) -> int:
    """Print every reading that is kept, one a line, value by value; it costs memory for one page of them."""
    title = "value,at_ms,at,reading\n"
    for name in names:
        begin_ms = since_ms
        while begin_ms:
            answer = _answer(client, id, name, since_ms=begin_ms, until_ms=now_ms + 1, every=True, most=_PAGE)
            rows = "\n".join(f"{_quoted(name)},{row[0]},{_utc(row[0])},{row[2]:.12g}" for row in answer["rows"])
            if title or rows:
                say(f"{title}{rows}".rstrip("\n"))
                title = ""  # which stands above readings, and above none: not above an error
            begin_ms = answer["next_ms"]
    if title:
        say(title.rstrip())
    return FINE


def _answer(client: Client, id: str, name: str, **asked: Any) -> dict[str, Any]:
    """What a value was. Raises Failed where the twin refuses."""
    request = {"do": "ask", "to": id, "verb": "history", "payload": {"value": name, **asked}, "timeout_s": 60}
    body: dict[str, Any] = client.ask(request, patience_s=65, look=True)["body"]
    return body


def _quoted(text: str) -> str:
    """A text as a field of CSV.

    Source: RFC 4180, section 2.
    """
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def _utc(at_ms: int) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at_ms // 1000))}.{at_ms % 1000:03d}Z"
