"""`gateway check`: what is wrong with a configuration, all of it; and what is wrong with what it relies on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.config import ConfigProblems, Problem, read
from gateway.config.locator import Position
from gateway.config.problems import KeepsFromStarting, counted, listed
from gateway.console.exits import BAD_CONFIG, FINE, NO
from gateway.console.output import complain, say, say_json


def check(path: Path, *, as_json: bool) -> int:
    """Read the configuration as the daemon does, and print its problems. One that could start, although a
    file that it names is not there or an actor of one's own is odd, is not fine."""
    try:
        configuration = read(path, outside=True)
    except ConfigProblems as error:
        more = [Problem(None, "", error.more)] if error.more else []  # a list that is cut says so
        _say([*error.problems, *more], str(error), as_json=as_json)
        return BAD_CONFIG
    outside = sorted((*configuration.outside, *configuration.loops), key=lambda problem: problem.position or Position(0, 0))
    if outside:
        starts = not any(isinstance(one, KeepsFromStarting) for one in outside)
        can = "can start, but with" if starts else "cannot start:"
        _say(outside, "\n".join([f"{can} {counted(len(outside), str(path))}", *listed(outside)]), as_json=as_json)
        return NO if starts else BAD_CONFIG
    if configuration.notes and not as_json:
        complain("\n".join(["to know:", *listed(configuration.notes)]))
    devices, kinds = len(configuration.host_bound), len(configuration.actors)
    if as_json:
        say_json([])
    else:
        fine = "fine, simulated" if configuration.gateway.simulate else "fine"
        say(f"{fine}: {devices} device{'' if devices == 1 else 's'}, {kinds} kind{'' if kinds == 1 else 's'} of actors in {path}")
    return FINE


def _say(problems: Sequence[Problem], text: str, *, as_json: bool) -> None:
    if as_json:
        say_json([_fields(problem) for problem in problems])
    else:
        complain(text)


def _fields(problem: Problem) -> dict[str, Any]:
    line, column = problem.position or (None, None)
    return {"line": line, "column": column, "key": problem.key_path, "text": problem.text}
