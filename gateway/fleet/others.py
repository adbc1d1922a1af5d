"""The other hosts, as the database knows them: it is asked whenever somebody wants to know, by a connection that lasts no longer."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any, TypeVar

from gateway.actors.errors import StoreFailed
from gateway.config import Configuration
from gateway.fleet.saying import SAY_S
from gateway.fleet.settings import LinkSettings, link_of

if TYPE_CHECKING:
    from gateway.store.postgres.shared.board import ComingMail, HostBoard, HostRow
    from gateway.store.store import DeadRow

T = TypeVar("T")

AWAY_S = 3 * SAY_S
"""A host that has said nothing for so many seconds is away."""
_FRESH_S = 1.0
"""What is known of all hosts is good for so long, however many look."""


class LinkedHosts:
    """The hosts that share the database of a link. Any thread."""

    def __init__(self, link: LinkSettings) -> None:
        self.me = link.host
        self.shared = frozenset(link.kinds)
        self._link = link
        self._lock = threading.Lock()
        self._seen: dict[str, Any] = {}
        self._seen_s = 0.0

    def hosts(self) -> dict[str, Any]:
        """All hosts, this one too, what waits for hosts that nobody has heard of, and what nobody serves, as JSON. Raises StoreFailed."""
        with self._lock:
            if not self._seen or time.monotonic() - self._seen_s > _FRESH_S:
                self._seen = self._asked(self._look)
                self._seen_s = time.monotonic()
            return self._seen

    def server_of(self, id: str) -> str:
        """The host that serves a shared actor; empty where none does at the moment. Raises StoreFailed."""
        return self._asked(lambda board: board.server_of(id))

    def ids(self, prefix: str, after: str, limit: int) -> list[str]:
        """The ids of shared actors that begin so, behind one of them. Raises StoreFailed."""
        return self._asked(lambda board: board.ids(prefix, after, limit))

    def letters(self, after: int, limit: int) -> "list[DeadRow]":
        """Dead letters of shared actors, behind a number. Raises StoreFailed."""
        return self._asked(lambda board: board.letters(after, limit))

    def forget(self, host: str) -> int:
        """Delete what a host that is no more has said, and the mail for it; return how many messages those were. Raises StoreFailed."""
        dropped = self._asked(lambda board: board.forget(host))
        with self._lock:
            self._seen = {}
        return dropped

    def _look(self, board: "HostBoard") -> dict[str, Any]:
        said = [(row, json.loads(row.view)) for row in board.hosts()]
        here = board.here
        hosts = [self._shown(row, view, here) for row, view in said]
        serving = [host for host in hosts if host["serves"]]
        if serving:
            done_x = [view["shared_x"] for (_, view), host in zip(said, hosts, strict=True) if host["serves"] and not host["away"]]
            mail = board.to_groups(min(done_x, default=0))
            for host in serving:
                _add(host, mail.by_host.get(host["name"]))
            unserved = _add({"groups": mail.unserved, "coming": 0, "coming_s": 0.0}, mail.by_host.get(""))
        unheard = [_add({"name": name, "away": True, "coming": 0, "coming_s": 0.0}, mail) for name, mail in board.unheard().items()]
        return {"hosts": hosts, "unheard": unheard, "unserved": unserved if serving else None, "most_counted": board.most_counted}

    def _shown(self, row: "HostRow", said: dict[str, Any], here: str) -> dict[str, Any]:
        """`here`: this process, which is not the host of its name where another gateway has that."""
        away = row.stopped or row.silent_s > AWAY_S
        return {
            "name": row.name,
            "me": row.name == self.me and row.holder in ("", here),
            "serves": said["serves"],
            "groups": row.groups,
            "well": said["healthy"] and not away,
            "away": away,
            "stopped": row.stopped,
            "heard_ms": round(row.at_s * 1000),
            "silent_s": round(max(0.0, row.silent_s), 1),
            "problems": said["problems"],
            "life": row.life,
            "version": said["version"],
            "gateway": said["gateway"],
            "uptime_s": said["uptime_s"],
            "dead_letters": said["dead_letters"],
            "waiting": said["waiting"],
            "coming": row.coming.many,
            "coming_s": round(row.coming.oldest_s, 1),
        }

    def _asked(self, question: "Callable[[HostBoard], T]") -> T:
        try:
            from gateway.store.postgres.shared.board import HostBoard  # noqa: PLC0415  # psycopg need not be there
        except ImportError as error:
            raise StoreFailed(f"cannot open {self._link.url}: {error}; pip install 'psycopg[binary]'") from error
        with closing(HostBoard(self._link.url, self._link.password_path, simulated=self._link.simulate)) as board:
            return question(board)


def _add(to: dict[str, Any], mail: "ComingMail | None") -> dict[str, Any]:
    """Add what is on its way to shared actors to what is shown."""
    if mail is not None:
        to["coming"] += mail.many
        to["coming_s"] = max(to["coming_s"], round(mail.oldest_s, 1))
    return to


def others_of(configuration: Configuration) -> LinkedHosts | None:
    """The hosts that a configuration links this one with; None where it links it with none."""
    link = link_of(configuration)
    return LinkedHosts(link) if link is not None else None
