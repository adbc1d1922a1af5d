"""`gateway explain`: what a message led to and what led to it, or what an actor handled lately."""

from typing import Any

from gateway.console.client import Client
from gateway.console.exits import FINE, NO
from gateway.console.output import clock_time, duration, moment, say, say_json, table


def explain(client: Client, id: str, *, limit: int, as_json: bool) -> int:
    """Print what happened to one message, or to one actor. Raises Failed where nothing is known of it."""
    found = client.ask({"do": "explain", "id": id, "limit": limit})["explained"]
    if as_json:
        say_json(found)
    elif "actor" in found:
        say(_actor(found))
    else:
        say("\n\n".join(_message(told) for told in found["told"]))
    return FINE


def explain_by_all(client: Client, id: str, *, limit: int, as_json: bool) -> int:
    """Print what each host knows of a message, the first to handle it first; and who does not answer."""
    answer = client.ask({"do": "explain", "id": id, "limit": limit, "hosts": True})
    found = answer["explained"]
    if as_json:
        say_json({"explained": found, "silent": answer["silent"]})
    else:
        for one in found:
            text = _actor(one["explained"]) if "actor" in one["explained"] else "\n\n".join(map(_message, one["explained"]["told"]))
            say(f"{one['host']}:\n" + "\n".join(f"  {line}" for line in text.split("\n")))
        if not found:
            say(f"no host knows of {id}")
        for one in answer["silent"]:
            say(f"not what {one['host']} knows: {one['why']}")
    return FINE if found else NO


def _message(told: dict[str, Any]) -> str:
    """Print where a message began, then a line for each message, indented below what made it; the one asked for has a mark."""
    began_ms = next((step["at_ms"] for node in told["nodes"] for step in node["steps"]), 0)
    rows = [row for node in told["nodes"] for row in _rows(node, began_ms)]
    lines = [_origin(told["origin"], began_ms), table(rows, indent="")]
    return "\n".join([*lines, f"{told['left_out']} more; --limit shows them"] if told["left_out"] else lines)


def _origin(origin: dict[str, Any], began_ms: int) -> str:
    at = f", {moment(began_ms)}" if began_ms else ""
    if origin["from"] == "forgotten":
        began = f"; it all began with {origin['trace']}" if origin["trace"] else ""
        return f"made by {origin['sender']}, in a turn that is no longer kept{began}{at}"
    if origin["from"] == "timer":
        return f"a timer of {origin['sender']}, set in a turn that is no longer kept{at}"
    return f"from {origin['sender'] or 'the gateway itself, at its start'}{at}"


def _rows(node: dict[str, Any], began_ms: int) -> list[list[str]]:
    """The rows of a message, one for each attempt; the last one where it waits."""
    named = f"{'  ' * node['depth']}{node['to']} {node['verb']}" if node["message"] else f"{'  ' * node['depth']}?"
    if node["timer"]:
        named += " (timer)" if node["timer"] == node["verb"] else f" (timer {node['timer']})"
    outcomes = [(_later(step["at_ms"] - began_ms), _outcome(step)) for step in node["steps"]]
    if node["waits"] or not outcomes:
        outcomes.append(("", node["waits"]))
    first, *more = outcomes
    rows = [[">" if node["asked"] else "", first[0], named, node["message"], first[1]]]
    return [*rows, *(["", at, "", "", outcome] for at, outcome in more)]


def _outcome(step: dict[str, Any]) -> str:
    where = f"commit {step['commit']}" if step["on_disk"] else "not on disk yet"
    return f"{step['outcome']}  ({where})"


def _later(later_ms: int) -> str:
    if abs(later_ms) < 1000:
        return f"{later_ms:+d} ms"
    return f"{'+' if later_ms > 0 else '-'}{duration(abs(later_ms) / 1000)}"


def _actor(found: dict[str, Any]) -> str:
    rows = [
        [clock_time(step["at_ms"]), f"{step['sender'] or '-'} → {step['verb']}", step["message"], _outcome(step), _made(step["made"])]
        for step in found["steps"]
    ]
    left_out = [f"{found['left_out']} before; --limit shows them"] if found["left_out"] else []
    waiting = [["waits", f"{one['sender'] or '-'} → {one['verb']}", one["message"], _tried(one["attempt"])] for one in found["waiting"]]
    return "\n".join([*left_out, *filter(None, [table(rows, indent=""), table(waiting, indent="")])])


def _tried(attempt: int) -> str:
    return f"tried {attempt} time{'' if attempt == 1 else 's'}" if attempt else ""


def _made(count: int) -> str:
    return f"made {count} message{'' if count == 1 else 's'}" if count else ""
