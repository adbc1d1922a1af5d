"""The dead letters of all hosts, and of the actors that they share, gathered by whichever host is asked."""

import threading
from typing import Any, NamedTuple

from gateway.control import dead
from gateway.control.house import OtherHosts
from gateway.control.pending import Answer

SHARED = ""
"""The host of the letters of shared actors: they are nobody's own."""


class LetterPage(NamedTuple):
    """The first dead letters of one host."""

    letters: list[dict[str, Any]]
    more: bool


class AllLetters:
    """What has come so far of the letters of all hosts. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._missing = set[str]()
        self._pages: dict[str, LetterPage] = {}
        self._silent: list[dict[str, str]] = []

    def begin(self, asked: list[str], away: dict[str, str]) -> None:
        """Say whose letters are to come; and who has letters and is not asked, each with the reason."""
        with self._lock:
            self._missing = set(asked)
            self._silent = [{"host": host, "why": why} for host, why in away.items()]

    def come(self, host: str, answer: Answer) -> bool:
        """Take what a host has answered; return whether all have."""
        with self._lock:
            if host in self._missing:
                self._missing.discard(host)
                if answer.get("ok"):
                    self._pages[host] = LetterPage(answer["letters"], answer["more"])
                else:
                    self._silent.append({"host": host, "why": str(answer.get("error", ""))})
            return not self._missing

    def answer(self) -> Answer:
        """All that has come, by host; and who has not answered."""
        with self._lock:
            letters = [{"host": host, **one} for host, page in sorted(self._pages.items()) for one in page.letters]
            silent = [*self._silent, *({"host": host, "why": "no answer came in time"} for host in sorted(self._missing))]
            return {"ok": True, "letters": letters, "more": [host for host, page in self._pages.items() if page.more], "silent": silent}


def of_shared(others: OtherHosts, limit: int) -> Answer:
    """The first dead letters of shared actors, from the database."""
    rows = others.letters(0, limit + 1)
    return {"ok": True, "letters": [dead.shown(row, row.at_ms) for row in rows[:limit]], "more": len(rows) > limit}
