"""How this host is, said to all that share the database every few seconds: so that any of them can tell, and since when it says nothing."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from gateway.actors.errors import Refused

SAY_S = 5.0
"""Seconds between two times."""

Ask = Callable[[dict[str, Any], Callable[[dict[str, Any]], None]], Callable[[], None]]
"""Asks the control actor of this gateway: see `Host.request`."""


class HostRecord(NamedTuple):
    """What is said."""

    life: int
    view: bytes


class Sayable(Protocol):
    """Where it is said."""

    def say_how(self, life: int, view: bytes, *, ends: bool = False) -> tuple[int, float]:
        """Say how this host is; return how many messages are there for it, and for how many seconds the oldest is."""


class HostReport:
    """Says how this host is. On the link's thread, but what hears the control actor."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._ask_s = 0.0
        self._give_up: Callable[[], None] = _nothing
        self._record: HostRecord | None = None
        self._is_new = False

    def at_once(self) -> None:
        """Say it at the next look: the database is there again."""
        self._ask_s = 0.0

    def say(self, where: Sayable) -> tuple[int, float] | None:
        """Say how this host is, where that is due; return what is there for it. Raises StoreFailed."""
        now_s = time.monotonic()
        late = now_s >= self._ask_s
        if late:
            self._ask_s = now_s + SAY_S
            self._give_up()
            try:
                self._give_up = self._ask({"do": "standing"}, self._hear)
            except Refused:
                self._give_up = _nothing
        if self._record is None or not (self._is_new or late):
            return None
        self._is_new = False
        return where.say_how(self._record.life, self._record.view)

    def say_end(self, where: Sayable) -> None:
        """Say that this host ends, where it has said that it is there. Raises StoreFailed."""
        self._give_up()
        if self._record is not None:
            where.say_how(self._record.life, self._record.view, ends=True)

    def _hear(self, answer: dict[str, Any]) -> None:
        if answer.get("ok"):
            standing = answer["standing"]
            self._record, self._is_new = HostRecord(standing["life"], json.dumps(standing).encode()), True


def _nothing() -> None:
    """Give nothing up: nothing was asked."""
