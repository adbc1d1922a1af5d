"""One life of a host upon the store that several hosts share: a set of groups, which is fixed, and what belongs to their actors.

What is read is only that: the tables that a read goes to are views of this connection, of the rows of its groups. What is committed is
fenced by the row of this life: see `schema.py`. Where the set of groups has to change the life ends, and another begins.
"""

from collections.abc import Iterable
from typing import Any

import psycopg

from gateway.store.postgres.postgres import PostgresStore
from gateway.store.postgres.shared.host_name import HostName
from gateway.store.postgres.shared.place import SharedPlace
from gateway.store.postgres.shared.post import MemberPost

LEASE_S = 2.0
"""So long a host may be silent before others take its groups."""
_VIEWED = {
    "actor": "id, version, state, timers, wake_ms, folded, ties",
    "mail": "box, seq, attempt, message",
    "seen": "source, n, id",
    "dead": "n, at_ms, box, reason, attempt, message",
    "event": "n, actor, at_ms, kind, version, body",
}


class GroupedStore(PostgresStore):
    """A store of the actors of some groups, for one life of one host."""

    _HOW_MANY = "SELECT commits FROM member WHERE id = %s AND NOT fenced FOR UPDATE"

    def __init__(self, place: SharedPlace, host: str, *, before: int = 0, clean: bool = False, lease_s: float = LEASE_S) -> None:
        """Join the others, as `host`. `before`: the number of this host's last life, of which it takes over what it may keep; `clean`:
        whether that ended with its last commit.

        Raises StoreFailed where the database cannot be reached, or its shape is of a newer program, and StoreTaken where another gateway
        has the host's name.
        """
        self.unclean_ends = 0
        """How many lives in a row did not give one of its groups back."""
        self.now_ms = 0
        """The time that all hosts go by, when this life began: milliseconds since 1970 by the database's clock, which never goes back."""
        self.groups: frozenset[int] = frozenset()
        """The groups that it has, as long as it lives."""
        self._open(place, 0.0, lambda writer: self._join(writer, host, before, clean=clean, lease_s=lease_s))

    @property
    def member(self) -> int:
        """The number of this life: each has a higher one than all before it, on whatever host."""
        return self._epoch

    def sent(self) -> MemberPost:
        """What other hosts send to this life, and its lease."""
        return MemberPost(self._place, self.member, self.groups)

    def _join(self, connection: psycopg.Connection[Any], host: str, before: int, *, clean: bool, lease_s: float) -> tuple[int, int]:
        assert isinstance(self._place, SharedPlace)
        self._place.give_shape(connection)
        HostName(host).claim(connection)
        query = "SELECT * FROM join_members(%s, %s, %s, make_interval(secs => %s))"
        row = connection.execute(query.encode(), (host, before, clean, lease_s)).fetchone()
        assert row is not None
        member, self.now_ms, self.unclean_ends, groups = row
        self.groups = frozenset(groups)
        self._reads = self._place.seen_through(_views(self._place.schema, int(member), groups))
        return int(member), 0


def _views(schema: str, member: int, groups: Iterable[int]) -> str:
    """Statements that make the views through which a connection sees what belongs to these groups."""
    listed = ",".join(map(str, groups))
    made = [f"CREATE TEMP VIEW note AS SELECT key, value FROM {schema}.note WHERE member = {member}"]
    for table, columns in _VIEWED.items():
        made.append(f"CREATE TEMP VIEW {table} AS SELECT {columns} FROM {schema}.{table} WHERE grp = ANY ('{{{listed}}}'::smallint[])")
    return ";".join([f"SET search_path = pg_temp, {schema}", *made])
