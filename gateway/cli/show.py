"""`gateway show` and `gateway tail`: what the daemon is doing, for people."""

import time
from typing import Any

from gateway.cli.nearest import ask_of
from gateway.console.client import Client
from gateway.console.exits import FINE, NO, NO_GATEWAY, USAGE, Failed
from gateway.console.output import duration, moment, number, pretty, say, say_json, several, size, table

_COUNTERS_SHOWN = 5
_OF_A_KIND = {"turns": "turns", "failed": "failed", "active": "in memory", "passivated": "passivated", "waiting": "waiting"}
"""What is shown of a kind, and its headings."""
_TAIL_PAYLOAD = 110
_FIRST = "first start"
_UNKNOWN = "unknown"
"""What an engine that stands still cannot tell."""
_TELLING_S = 600
"""Uptime from which bytes written say something of a day."""


def show(client: Client, what: str, *, after: str, limit: int, every: bool, as_json: bool) -> int:
    """Print the whole gateway, one actor, or the ids of a kind (`twin`) or with a beginning (`twin/door*`).

    What the gateway and its actors keep for themselves is left out, unless it is named or `every` is wanted.
    """
    if not what:
        return _show_whole(client.ask({"do": "show"})["show"], every=every, as_json=as_json)
    if "/" in what and not what.endswith("*"):
        return _show_one(ask_of(client, what, {"do": "show", "id": what}), as_json=as_json)
    prefix = what.removesuffix("*") if what.endswith("*") else f"{what}/"
    return _show_ids(client, prefix, after=after, limit=limit, every=every, as_json=as_json)


def show_machine(client: Client, of: str, *, as_json: bool) -> int:
    """Print the machine of a kind or an actor, as the text of a Mermaid state diagram."""
    if not of:
        raise Failed("say whose: gateway show --machine KIND, or ID", USAGE)
    answer = client.ask({"do": "machine", "of": of})
    if as_json:
        say_json({"machine": answer["machine"], "now": answer["now"]})
    else:
        say(answer["machine"])
    return FINE


def _show_whole(view: dict[str, Any], *, every: bool, as_json: bool) -> int:
    if as_json:
        say_json(view)
    else:
        say("\n".join(_whole(view, every=every)))
    return FINE if view["healthy"] else NO


def _whole(view: dict[str, Any], *, every: bool) -> list[str]:
    totals, store = view["totals"], view["store"]
    lines = [
        f"{view['name']}{', simulated' if view['simulated'] else ''}: {'well' if view['healthy'] else 'not well'}; "
        f"up {duration(view['uptime_s'])}, life {view['life']}, process {view['pid']}, {size(view['memory_bytes'])} of memory"
        + (f"; simulated: {', '.join(view['simulated_devices'])}" if view["simulated_devices"] and not view["simulated"] else ""),
        "",
        table(_host_row(one) for one in view["host_bound"] if every or one["listed"] or one["health"] != "ok") or "  no devices",
        "",
        table(
            [
                ["turns", number(totals["turns"]), _turns(totals)],
                ["commits", number(totals["commits"]), f"{number(totals['duplicates'])} repeats were known"],
                [
                    "actors",
                    number(totals["stored_actors"]) if "stored_actors" in totals else _UNKNOWN,
                    f"{totals['active_actors']} in memory, {totals['passivated']} passivated",
                ],
                *_mail(totals),
                ["dead letters", number(totals["dead_letters"]), "gateway dead-letters" if totals["dead_letters"] else ""],
                *_shared(view["shared"]),
                ["store", size(store["bytes"]) if "bytes" in store else _UNKNOWN, store.get("path") or store.get("url", "")],
                ["written", size(view["written_bytes"]), written_a_day(view)],
                *left_out(view["budget"]),
                *([] if view["clock"]["trusted"] else [["clock", "not trusted yet", view["clock"]["because"]]]),
            ]
        ),
    ]
    lines += _kinds([one for one in view.get("kinds", []) if every or one["listed"]])
    above = {f"{one['id']} is {one['health']}: {one['detail']}": f"{one['id']} is {one['health']}, see above" for one in view["host_bound"]}
    lines += _section("not well", [above.get(problem, problem) for problem in view["problems"]])
    lines += _section(f"the last reload of {view['config']}", [view["config_fault"]] if view["config_fault"] else [])
    blocked = view.get("blocked", [])
    lines += _section("paused, until gateway resume ID", [_blocked(one) for one in blocked if one["paused"]])
    lines += _section("waiting", [_blocked(one) for one in blocked if not one["paused"]])
    lines += _section("lately", [f"{moment(f['at_ms'])}  {f['text']}" for f in view["last_faults"] if f["text"] not in above])
    lines += _earlier(view)
    return lines


def _turns(totals: dict[str, Any]) -> str:
    said = [f"{totals['failed']} failed", f"{totals['expired']} expired"]
    return ", ".join([f"{totals['turns_a_second']:g} a second", *said] if totals["turns_a_second"] else said)


def _mail(totals: dict[str, Any]) -> list[list[str]]:
    """A row that says how much mail waits, and which mailbox has most of it."""
    if not totals.get("waiting"):
        return []
    largest = totals["largest_mailbox"]
    return [["mail", number(totals["waiting"]), f"waits, {number(largest['waiting'])} of it for {largest['id']}"]]


def _shared(shared: dict[str, Any] | None) -> list[list[str]]:
    """A row that says how many groups of the shared actors are served here; none where this host serves none."""
    if not shared:
        return []
    letters = f", {several(shared['dead_letters'], 'dead letter')}: gateway dead-letters --hosts" if shared["dead_letters"] else ""
    return [["shared", number(shared["groups"]), f"of 256 groups of actors, {number(shared['turns'])} turns{letters}"]]


def written_a_day(view: dict[str, Any]) -> str:
    """What is written a day, and how long a card bears that; empty where the gateway is not up for long enough to tell."""
    if view["uptime_s"] < _TELLING_S:
        return ""
    from pathlib import Path  # noqa: PLC0415  # most looks come before it can be told

    from gateway.cli.wear import borne_by_card  # noqa: PLC0415  # as above

    a_day = view["written_bytes"] / view["uptime_s"] * 86400
    borne = "" if view["store"]["url"] else f"; {borne_by_card(Path(view['store']['path']).absolute(), a_day)} at that rate"
    return f"about {size(a_day)} a day{borne}"


def left_out(budget: dict[str, Any]) -> list[list[str]]:
    """A row that says how much may be written a day, and what is left out for that."""
    if not budget["bytes_a_day"]:
        return []
    now = f"readings of the same come up to {duration(budget['apart_s'])} apart now" if budget["apart_s"] else "every reading comes in now"
    out = f", {number(budget['thinned'])} were left out, most of {budget['most_of']}" if budget["thinned"] else ""
    return [["budget", size(budget["bytes_a_day"]), f"a day; {now}{out}"]]


def _kinds(kinds: list[dict[str, Any]]) -> list[str]:
    """A table of the kinds that were written to in this life of the gateway."""
    if not kinds:
        return []
    rows = [[one["kind"], *(number(one[name]) for name in _OF_A_KIND), one["largest"]] for one in kinds]
    return ["", table([["kind", *_OF_A_KIND.values(), "most for" if any(one["largest"] for one in kinds) else ""], *rows])]


def _blocked(one: dict[str, Any]) -> str:
    return f"{one['id']}  {several(one['waiting'], 'message')}: {one['fault']}"


def _earlier(view: dict[str, Any]) -> list[str]:
    """How the life before ended, where its threads stood, and what was taken up from it; nothing where there was none."""
    last, taken_up = view["last_exit"], view["taken_up"]
    if last["how"] == _FIRST:
        return []
    rows = [last["said"], *(f"thread: {stack}" for stack in last["stacks"])]
    if taken_up["messages"]:
        rows.append(f"{several(taken_up['messages'], 'message')} that waited, for {several(taken_up['mailboxes'], 'mailbox', 'mailboxes')}")
    return _section("the life before" if last["well"] else "the life before did not end well", rows)


def _section(title: str, rows: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []


def _host_row(one: dict[str, Any]) -> list[str]:
    counters = sorted(one["counted"].items(), key=lambda row: -row[1])[:_COUNTERS_SHOWN]
    counted = ", ".join(f"{name} {number(count)}" for name, count in counters)
    waiting = f"{number(one['waiting'])} waiting" if one["waiting"] else ""
    return [one["id"], one["health"], waiting, "; ".join(part for part in (one["detail"], counted) if part)]


def _show_one(answer: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        say_json(answer.get("hosted") or answer.get("stranded") or answer["actor"])
    elif "stranded" in answer:
        say(_stranded(answer["stranded"]))
    elif "hosted" in answer:
        hosted = answer["hosted"]
        say(pretty({name: hosted["counted"] if name == "counters" else hosted[name] for name in hosted if name != "counted"}, indent=0))
    else:
        actor = answer["actor"]
        waiting = f", {several(actor['waiting'], 'message waits', 'messages wait')}" if actor["waiting"] else ""
        where = "in memory" if actor["active"] else "in the store" if actor.get("stored", True) else "at its beginning"
        say(f"{actor['id']}  {where}{waiting}")
        say(pretty(_told(actor["state"], actor.get("inner", []))))
        for timer in actor["timers"]:
            say(f"  timer {timer['name']}: {timer['verb']} in {duration(timer['in_s'])}")
        if actor["fault"]:
            say(f"  {'its mail waits: ' if actor['waiting'] else ''}{actor['fault']}")
    return FINE


def _told(state: Any, inner: list[str]) -> Any:
    """The fields of a state that people are shown: without those that the actor keeps for itself."""
    if not isinstance(state, dict):
        return state
    deeper = {name: [one.removeprefix(f"{name}.") for one in inner if one.startswith(f"{name}.")] for name in state}
    return {name: _told(value, deeper[name]) if deeper[name] else value for name, value in state.items() if name not in inner}


def _stranded(found: dict[str, Any]) -> str:
    """The mail that waits for somebody who is no more, a line each."""
    id, waiting = found["id"], found["waiting"]
    wait = several(waiting, "message waits", "messages wait")
    rows = [[f"{one['sender'] or '-'} → {one['verb']}", one["message"], one["payload"][:_TAIL_PAYLOAD]] for one in found["mail"]]
    lines = [f"{id}  is no more: {found['why']}; configure it again, or gateway forget {id}; {wait}:", table(rows)]
    return "\n".join([*lines, f"  {found['left_out']} more"] if found["left_out"] else lines)


def _show_ids(client: Client, prefix: str, *, after: str, limit: int, every: bool, as_json: bool) -> int:
    hosted = _hosted(client, prefix, every=every) if not after else []
    ids, more = list(hosted), True
    while more and len(ids) - len(hosted) < limit:
        wanted = limit - (len(ids) - len(hosted))
        answer = client.ask({"do": "list", "prefix": prefix, "after": after, "limit": wanted, "every": every})
        ids, more, after = [*ids, *answer["ids"]], answer["more"], answer["after"]
    if as_json:
        say_json({"ids": ids, "more": more})
    else:
        none = f"there is no {prefix[:-1]} yet: nobody has written to one" if prefix.endswith("/") else f"nothing begins with {prefix}"
        say("\n".join(ids) if ids else none)
        if more:
            say(f"more: gateway show '{prefix}*' --after {after}{' --all' if every else ''}")
    return FINE if ids else NO


def _hosted(client: Client, prefix: str, *, every: bool) -> list[str]:
    """The ids of host-bound actors with a beginning; those of the gateway itself only where they are named."""
    rows = [one for one in client.ask({"do": "show"})["show"]["host_bound"] if one["id"].startswith(prefix)]
    return [one["id"] for one in rows if every or one["listed"] or prefix.endswith("/")]


def tail(client: Client, *, prefix: str, verb: str, as_json: bool) -> int:
    """Print the turns as they are committed, until interrupted. Raises Failed when the gateway ends first."""
    for answer in client.stream({"do": "tail", "prefix": prefix, "verb": verb}):
        if as_json:
            say_json({name: value for name, value in answer.items() if name not in ("n", "ok")})
        elif "left_out" in answer:
            say(f"… {several(answer['left_out'], 'turn')} left out: they came faster than they could be shown")
        else:
            say(_turn(answer["turn"]))
    raise Failed("the gateway has ended", NO_GATEWAY)


def _turn(turn: dict[str, Any]) -> str:
    payload = turn["payload"] if len(turn["payload"]) <= _TAIL_PAYLOAD else turn["payload"][:_TAIL_PAYLOAD] + "…"
    outcome = f"  FAILED: {turn['outcome']}" if turn.get("outcome") else ""
    said = f"{turn['sender'] or '-'} → {turn['to']} {turn['verb']}  {'' if payload == '{}' else payload}{outcome}"
    return f"{time.strftime('%H:%M:%S')}  {turn['id']}  {said}"
