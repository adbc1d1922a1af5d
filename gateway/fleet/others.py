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
from gateway.fleet.settings import LinkSettings

if TYPE_CHECKING:
    from gateway.store.postgres.shared.board import HostBoard, HostRow
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
        """All hosts, this one too, and what nobody serves, as JSON. Raises StoreFailed."""
        with self._lock:
            if not self._seen or time.monotonic() - self._seen_s > _FRESH_S:
                found = self._asked(lambda board: board.hosts())
                mail = found.unserved_mail
                unserved = {"groups": found.unserved, "coming": mail.many, "coming_s": round(mail.oldest_s, 1)}
                hosts = [self._shown(row) for row in found.hosts]
                served = any(host["serves"] for host in hosts)
                self._seen = {"hosts": hosts, "unserved": unserved if served else None, "most_counted": found.most_counted}
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

    def _shown(self, row: "HostRow") -> dict[str, Any]:
        said = json.loads(row.view)
        away = row.stopped or row.silent_s > AWAY_S
        return {
            "name": row.name,
            "me": row.name == self.me,
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
        with closing(HostBoard(self._link.url, self._link.password_path)) as board:
            return question(board)


def others_of(configuration: Configuration) -> LinkedHosts | None:
    """The hosts that a configuration links this one with; None where it links it with none."""
    link = next((part.settings for part in configuration.host_bound if isinstance(part.settings, LinkSettings)), None)
    return LinkedHosts(link) if link is not None else None
