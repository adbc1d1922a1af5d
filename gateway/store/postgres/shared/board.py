"""The board: what each host has said of itself in the database that all share, and what there is of the actors that they share.

It is read when somebody wants to know, by whichever host; nothing here is written, but that a host is no more.
"""

from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from gateway.actors.ids import group_of
from gateway.store.postgres.reading import HIGHEST
from gateway.store.postgres.shared.board_step import MOST_COUNTED
from gateway.store.postgres.shared.host_name import this_holder
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.schema import LATE
from gateway.store.store import DeadRow

_HOSTS = """
    SELECT state.name, life, stopped, extract(epoch FROM at)::double precision, extract(epoch FROM the_time() - at)::double precision,
        coalesce(groups, 0), coming.many, coming.oldest_s, view, coalesce(holder, '')
    FROM host_state state CROSS JOIN LATERAL coming_to(state.name, done_x) coming LEFT JOIN (
        SELECT member.name, count(*) AS groups FROM placement JOIN member ON member.id = owner WHERE NOT fenced GROUP BY member.name
    ) serving ON serving.name = state.name LEFT JOIN host_name ON host_name.name = state.name ORDER BY state.name
"""
_TO_GROUPS = f"""
    SELECT coalesce(member.name, ''), count(*)::integer, extract(epoch FROM clock_timestamp() - min(at))::double precision
    FROM (SELECT to_grp, to_member, at FROM post WHERE to_host IS NULL AND x >= %b::text::xid8 ORDER BY x, n LIMIT {MOST_COUNTED}) waiting
    LEFT JOIN placement ON grp = to_grp LEFT JOIN member ON member.id = coalesce(to_member, owner) AND NOT fenced GROUP BY 1
"""
_UNSERVED = f"""
    SELECT count(*)::integer FROM placement LEFT JOIN member ON member.id = owner WHERE member.id IS NULL OR fenced OR ({LATE})
"""
UNHEARD = f"""
    SELECT to_host, count(*)::integer, extract(epoch FROM clock_timestamp() - min(at))::double precision
    FROM (
        SELECT name AS above, lead(name) OVER (ORDER BY name) AS below
        FROM (SELECT name FROM host_state UNION ALL SELECT '' COLLATE "C") heard
    ) gap CROSS JOIN LATERAL (
        SELECT to_host, at FROM post WHERE to_host > above AND to_host < coalesce(below, '{HIGHEST}')
        ORDER BY to_host, x, n LIMIT {MOST_COUNTED}
    ) waiting GROUP BY to_host ORDER BY to_host
"""
"""It looks between the names that are known, so it goes through no mail that is for one of them, nor through what that has left behind."""
_SERVER = f"SELECT name FROM placement JOIN member ON member.id = owner WHERE grp = %b AND NOT fenced AND NOT ({LATE})"
_DROP = """
    WITH gone AS (
        DELETE FROM post WHERE n IN (SELECT n FROM post WHERE to_host = %b ORDER BY x, n LIMIT %b) RETURNING 1
    ) SELECT count(*) FROM gone
"""
_DROPPED_AT_ONCE = 5000
_DEAD = "SELECT n, at_ms, box, reason, attempt, message FROM dead"
_ANSWER_S = 4.0
"""Nothing that is asked here takes the database longer: somebody waits for it."""
_SLOW = "; SET statement_timeout = '4s';"


class ComingMail(NamedTuple):
    """What is on its way to somebody."""

    many: int
    """`MOST_COUNTED`: so many or more."""
    oldest_s: float
    """For how many seconds the oldest of it is on its way; 0 where nothing is."""


class HostRow(NamedTuple):
    """What is known of one host."""

    name: str
    life: int
    stopped: bool
    """Whether it has said that it ends."""
    at_s: float
    """When it said last how it is: seconds since 1970, by the database's clock."""
    silent_s: float
    """For how many seconds it has said nothing."""
    groups: int
    coming: ComingMail
    view: bytes
    """What it has said, as JSON."""
    holder: str
    """The process that has its name, see HostName; empty: none has."""


class SharedMail(NamedTuple):
    """What is on its way to shared actors."""

    by_host: dict[str, ComingMail]
    """By the host that serves them; that of groups which nobody serves under no name."""
    unserved: int
    """How many groups nobody serves."""


class HostBoard:
    """One connection to the database, for a few questions. One thread."""

    most_counted = MOST_COUNTED
    """So many messages on their way to one host are counted, and no more."""

    def __init__(self, url: str, password_file: Path | None, *, simulated: bool = False) -> None:
        """Connect. Raises StoreFailed."""
        self.here = this_holder()
        """This process, as the holder of a name."""
        self._place = SharedPlace(url, password_file, simulated=simulated, answer_s=_ANSWER_S)
        self._connection = self._place.connect(session=_SLOW)
        try:
            self._place.give_shape(self._connection)
        except psycopg.Error as error:
            self.close()
            raise self._place.named("open", error) from error
        except BaseException:
            self.close()
            raise

    def hosts(self) -> list[HostRow]:
        """All hosts, by their names, each with the mail for its own devices and actors. Raises StoreFailed."""
        return [
            HostRow(name, life, stopped, at_s, silent_s, groups, ComingMail(many, oldest_s), *said)
            for name, life, stopped, at_s, silent_s, groups, many, oldest_s, *said in self._rows(_HOSTS)
        ]

    def unheard(self) -> dict[str, ComingMail]:
        """The mail for hosts that have never said anything, by the name that it was sent to. Raises StoreFailed."""
        return {name: ComingMail(many, oldest_s) for name, many, oldest_s in self._rows(UNHEARD)}

    def to_groups(self, since_x: int) -> SharedMail:
        """The mail for groups of shared actors; what older transactions than this one have written is not looked at. Raises StoreFailed."""
        found = {name: ComingMail(many, oldest_s) for name, many, oldest_s in self._rows(_TO_GROUPS, (str(since_x),))}
        ((unserved,),) = self._rows(_UNSERVED)
        return SharedMail(found, unserved)

    def server_of(self, id: str) -> str:
        """The host that serves a shared actor; empty where none does at the moment. Raises StoreFailed."""
        return next((name for (name,) in self._rows(_SERVER, (group_of(id),))), "")

    def ids(self, prefix: str, after: str, limit: int) -> list[str]:
        """The ids of shared actors that begin so, behind one of them. Raises StoreFailed."""
        query = "SELECT id FROM actor WHERE id >= %b AND id < %b AND id > %b ORDER BY id LIMIT %b"
        return [id for (id,) in self._rows(query, (prefix, prefix + HIGHEST, after, limit))]

    def letters(self, after: int, limit: int) -> list[DeadRow]:
        """Dead letters of shared actors, behind a number. Raises StoreFailed."""
        rows = self._rows(f"{_DEAD} WHERE n > %b ORDER BY n LIMIT %b", (after, limit))
        return [DeadRow(n, at_ms, box, why.decode(), *more) for n, at_ms, box, why, *more in rows]

    def forget(self, host: str) -> int:
        """Delete the mail for a host that is no more, and then what it has said; return how many messages those were. What it has handed in
        is remembered: should it come back, it may hand in some of that again. Raises StoreFailed."""
        dropped = 0
        while gone := self._rows(_DROP, (host, _DROPPED_AT_ONCE))[0][0]:
            dropped += gone
        self._rows("DELETE FROM host_state WHERE name = %b RETURNING name", (host,))
        return dropped

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(query.encode(), values, binary=True).fetchall()
        except psycopg.Error as error:
            raise self._place.named("read", error) from error
