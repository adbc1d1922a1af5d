"""What all hosts have answered to one question, gathered by whichever of them is asked: their dead letters, what they know of a message."""

import threading
import time
from collections.abc import Sequence
from typing import Any

from gateway.actors.words import several
from gateway.control import dead
from gateway.control.house import OtherHosts
from gateway.control.pending import Answer

SHARED = ""
"""The host of the letters of shared actors: they are nobody's own."""
MOST_ASKED = 100
"""So many hosts are asked at once."""
_NOTHING = "not_found"


class GatheredAnswers:
    """The answers that have come so far. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._missing = set[str]()
        self._answers: dict[str, Answer] = {}
        self._silent: list[dict[str, str]] = []

    def begin(self, asked: Sequence[str], away: dict[str, str]) -> None:
        """Say whose answers are to come; and who is not asked, each with the reason."""
        with self._lock:
            self._missing = set(asked)
            self._silent = [{"host": host, "why": why} for host, why in away.items()]

    def come(self, host: str, answer: Answer) -> bool:
        """Take what a host has answered; return whether all have."""
        with self._lock:
            if host in self._missing:
                self._missing.discard(host)
                if answer.get("ok"):
                    self._answers[host] = answer
                elif answer.get("fault") != _NOTHING:
                    self._silent.append({"host": host, "why": str(answer.get("error", ""))})
            return not self._missing

    def answer(self) -> Answer:
        """What has come, and who has not answered."""
        with self._lock:
            silent = [*self._silent, *({"host": host, "why": "no answer came in time"} for host in sorted(self._missing))]
            return {"ok": True, **self._told(self._answers), "silent": silent}

    def _told(self, answers: dict[str, Answer]) -> dict[str, Any]:
        """Make one answer of those of all hosts."""
        raise NotImplementedError


class GatheredLetters(GatheredAnswers):
    """The dead letters of all hosts."""

    def _told(self, answers: dict[str, Answer]) -> dict[str, Any]:
        letters = [{"host": host, **one} for host, answer in sorted(answers.items()) for one in answer["letters"]]
        return {"letters": letters, "more": [host for host, answer in answers.items() if answer["more"]]}


class GatheredPasts(GatheredAnswers):
    """What all hosts know of a message: first whoever knows where it came from, then by when they handled it."""

    def _told(self, answers: dict[str, Answer]) -> dict[str, Any]:
        found = [{"host": host, "explained": answer["explained"]} for host, answer in answers.items()]
        return {"explained": sorted(found, key=lambda one: (not _knows_origin(one), _first_ms(one)))}


def _knows_origin(one: dict[str, Any]) -> bool:
    """Whether a host knows where the message came from. Its clock does not tell who was first: a message may be handled before its sender
    hears that it was handed over."""
    return any(told["origin"]["from"] != "forgotten" for told in one["explained"].get("told", []))


def _first_ms(one: dict[str, Any]) -> int:
    """When a host handled the first of what it tells; what it has not handled yet comes last."""
    steps = [step for told in one["explained"].get("told", []) for node in told["nodes"] for step in node["steps"]]
    return min((int(step["at_ms"]) for step in steps), default=2**63)


def whom(hosts: Sequence[dict[str, Any]], me: str, *, only_with_letters: bool) -> tuple[list[str], dict[str, str]]:
    """Which hosts are asked, `me` among them; and which not, though they may have something to say, each with the reason."""
    wanted = [one for one in hosts if one["me"] or one["dead_letters"] or not only_with_letters]
    there = sorted((one for one in wanted if not one["away"]), key=lambda one: (not one["me"], not one["serves"]))
    left_out = {several(len(there) - MOST_ASKED, "host"): f"not asked: {MOST_ASKED} are at once"} if len(there) > MOST_ASKED else {}
    return [one["name"] for one in there[:MOST_ASKED]] or [me], {**{one["name"]: since(one) for one in wanted if one["away"]}, **left_out}


def since(host: dict[str, Any]) -> str:
    """Since when a host is away, in words."""
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(host["heard_ms"] / 1000))
    return f"{'stopped' if host['stopped'] else 'away'} since {at}"


def of_shared(others: OtherHosts, limit: int) -> Answer:
    """The first dead letters of shared actors, from the database."""
    rows = others.letters(0, limit + 1)
    return {"ok": True, "letters": [dead.shown(row, row.at_ms) for row in rows[:limit]], "more": len(rows) > limit}
